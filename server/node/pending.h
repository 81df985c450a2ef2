// The proposals that this node was asked for, from the asking to the one outcome that each gets.
//
//   held       not handed to anybody yet: nobody leads
//   proposed   given to this node's own core, or forwarded, once, to the leader
//   placed     at a known index and term
//
// A held proposal is in no log and can be dropped for certain. One that is proposed ends when its
// entry is applied here: this node answers, whoever leads. It is Dropped when another entry was
// applied in its place. It goes back to being held, under a new sequence, only on a typed refusal,
// which proves that it is in no log; it is never handed on a second time otherwise (pitfall 58).
// When its leader leads no more it has `settle_ms` to turn up, or to be refused, and is Unknown
// then. Where the leader is gone and can refuse nothing, it is Unknown as soon as an entry of a
// later term is applied here; and Dropped, in either case, if its place is known to be another's.
//
// Every callback is called exactly once, from within a call of this class or of Settle; what turns
// up after an Unknown is counted and forgotten. Belongs to the node role.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/payload.h"
#include "raft/io.h"
#include "raft/types.h"
#include "server/node/envelope.h"
#include "server/node/outcome.h"

namespace keel::node {

class Pending {
 public:
  struct Options {
    NodeId self;
    raft::BootId boot;
    size_t proposals_bytes_max = 0;
    size_t proposals_max = 0;
    uint64_t leader_patience_ms = 0;
    uint64_t settle_ms = 0;
    uint64_t proposal_patience_ms = 0;
  };
  explicit Pending(const Options& options) : options_(options) {}

  struct Proposal {
    Payload command;
    bool essential = false;
    bool local_only = false;  // never forwarded: dropped where this node does not lead
    ProposalDone done;
  };
  // Holds it, or drops it at a bound.
  void Add(Proposal proposal, uint64_t now_ms);

  // The held ones, oldest first, within the bound, or one: from now on they are under way at the
  // leader of this term, which may be this node. The payloads are the commands.
  struct Leader {
    NodeId id;
    Term term;
  };
  struct Handed {
    uint64_t sequence = 0;
    Payload command;
  };
  [[nodiscard]] std::vector<Handed> Take(const Leader& leader, size_t size_bytes_max,
                                         uint64_t now_ms);
  [[nodiscard]] bool HasHeld() const { return !held_.empty(); }
  [[nodiscard]] size_t held() const { return held_.size(); }

  // What the leader said.
  void Placed(uint64_t sequence, const raft::Position& position);
  void Refused(uint64_t sequence, raft::ProposalRefusal refusal, uint64_t now_ms);

  // What was applied: the outcome of one entry; and the last of all that is applied, which decides
  // what had been placed there and was not among it, and what a lost leader of an earlier term had.
  void OnApplied(uint64_t sequence, Applied applied);
  void OnAppliedThrough(const raft::Position& last);
  // A snapshot took the place of entries that may hold what is under way.
  void OnOvertaken();

  // The leader to which they were handed leads no more, or the link to it is gone.
  void OnLeaderLost(NodeId leader, UnknownReason reason, uint64_t now_ms);

  // Ends what has run out of patience; the time of the next such end, or 0.
  uint64_t Settle(uint64_t now_ms);
  // This node stops: everything gets its outcome now, and so does all that is added later.
  void Shutdown();

  [[nodiscard]] size_t size() const { return entries_.size(); }
  [[nodiscard]] size_t size_bytes() const { return size_bytes_; }
  [[nodiscard]] uint64_t late_count() const { return late_count_; }
  // Those that ended as Dropped or Unknown.
  [[nodiscard]] uint64_t failed_count() const { return failed_count_; }

 private:
  enum class Stage : uint8_t { kHeld, kProposed, kPlaced };
  struct Entry {
    Payload command;
    ProposalDone done;
    bool local_only = false;
    Stage stage = Stage::kHeld;
    uint64_t added_ms = 0;
    uint64_t handed_ms = 0;
    uint64_t deadline_ms = 0;
    Leader leader;
    bool is_lost = false;  // its leader leads no more, as far as is known here
    bool is_mute = false;  // and is gone: it will say nothing more of it
    raft::Position position;
    UnknownReason why = UnknownReason::kTimedOut;  // if the deadline passes
  };
  using Entries = std::unordered_map<uint64_t, Entry>;

  void Finish(Entries::iterator found, ProposalOutcome outcome);
  void End(Entry entry, ProposalOutcome outcome);
  void Hold(Entry entry);
  void EndLostBefore(Term term);
  void NoteLost(Term term);
  [[nodiscard]] std::vector<uint64_t> Sequences() const;

  const Options options_;
  uint64_t next_sequence_ = 1;
  Entries entries_;  // by sequence
  std::deque<uint64_t> held_;
  // One index may have been given out by several leaders in turn.
  std::set<std::pair<Index, uint64_t>> placed_;
  // (deadline, sequence), not sorted: entries that ended or moved on are skipped.
  std::map<uint64_t, std::vector<uint64_t>> deadlines_;
  Term lost_term_;  // the earliest of those whose leader is lost; none if there are none
  size_t size_bytes_ = 0;
  uint64_t late_count_ = 0;
  uint64_t failed_count_ = 0;
  bool stopped_ = false;
};

}  // namespace keel::node
