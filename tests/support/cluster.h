// A cluster whose every step can be taken by hand: cores, their disks, the wire between them, and a
// clock that moves only when told to.
//
// By default the world is prompt: Settle delivers all messages and completes all disk work until
// nothing is left to do, and Advance lets time pass tick by tick, settling in between. Whatever a
// test wants to control it holds back: links, disks, apply, snapshots. The cluster does the
// driver's duties of raft/io.h to the letter, and after every step everything that must always hold
// is checked; what does not is kept in violations(). One thread.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/checks.h"
#include "tests/support/node.h"
#include "tests/support/wire.h"

namespace keel::raft {

// How a read ended, if it has.
struct ReadRecord {
  enum class Fate : uint8_t { kWaiting, kAnswered, kRefused };

  NodeId asked_at;
  ReadId id;
  Index must_see;  // applied somewhere when the read was asked
  Fate fate = Fate::kWaiting;
  Index index;                                   // kAnswered
  ReadRefusal refusal = ReadRefusal::kNoLeader;  // kRefused
};

// What a disk suffers while its member is down.
enum class DiskFate : uint8_t { kIntact, kDamaged, kWiped, kStateLost };

class Cluster final : public NarrationSink {
 public:
  // `options` are everybody's; id, boot and seed are set for each.
  explicit Cluster(const Options& options = {}, uint64_t seed = 1);
  ~Cluster() override;

  // ---- members ----
  // A static cluster of these voters, all started. Requires that nobody is there yet.
  void Bootstrap(const std::vector<NodeId>& voters);
  // A member with this disk, whose state reaches up to the log's base; it is not started.
  Node& Add(NodeId id, Disk disk = {});
  void Start(NodeId id);
  void Crash(NodeId id);
  // Crashes it if it is up, lets its disk suffer, starts it. kDamaged loses entries from `from` on.
  void Restart(NodeId id, DiskFate fate = DiskFate::kIntact, Index from = {});
  [[nodiscard]] Node& node(NodeId id);
  [[nodiscard]] const Raft& core(NodeId id);
  [[nodiscard]] bool Has(NodeId id) const { return nodes_.count(id) != 0; }
  [[nodiscard]] std::map<NodeId, Node>& nodes() { return nodes_; }
  // The leader of the latest term; none if nobody leads.
  [[nodiscard]] NodeId leader() const;

  // ---- time ----
  [[nodiscard]] Instant now() const { return now_; }
  void Advance(DurationMs duration_ms);
  // Time passes without anybody noticing until their next event.
  void Jump(DurationMs duration_ms) { now_ = now_ + duration_ms; }
  void Tick(NodeId id);
  // Time passes, and only this member notices, until it campaigns. Nothing is delivered.
  void Campaign(NodeId id);
  // Campaign, then Settle; again, if need be, a few times.
  void Elect(NodeId id);

  // ---- flow ----
  void Settle();
  [[nodiscard]] Wire& wire() { return wire_; }
  // Hands one message over; nothing if there is none. Returns its line.
  std::string Deliver(Link link, bool newest = false);
  void Inject(const Message& message);
  void Hold(NodeId from, NodeId to) { wire_.Hold({from, to}); }
  void Release(NodeId from, NodeId to) { wire_.Release({from, to}); }
  // Nothing passes between a member of one side and one of the other.
  void Cut(const std::vector<NodeId>& one, const std::vector<NodeId>& other);
  void Heal() { wire_.MendAll(); }
  void Isolate(NodeId id);
  // The next write of this disk completes.
  void CompletePersist(NodeId id);
  void ApplyNext(NodeId id);
  // Answers the oldest wish; a snapshot of what is applied, or the entries asked for.
  bool AnswerSnapshotWish(NodeId id, bool fails = false);
  bool AnswerEntriesWish(NodeId id);

  // ---- clients ----
  void Propose(NodeId at, const std::vector<std::string>& commands);
  // Returns the read's number, from 1 on, by which reads() finds it.
  size_t Read(NodeId at);
  [[nodiscard]] const ReadRecord& read(size_t number) const { return reads_.at(number - 1); }
  [[nodiscard]] const std::vector<ReadRecord>& reads() const { return reads_; }
  void Change(NodeId at, std::vector<ConfigOp> ops);
  void Transfer(NodeId at, NodeId to);
  // The driver has a durable state up to here, and drops the log up to there.
  void Compact(NodeId id, Index index);
  void LosePeer(NodeId at, NodeId peer, bool refused);
  void Step(NodeId id, Event event);

  // ---- what happened ----
  [[nodiscard]] std::vector<std::string> TakeNarration() { return std::move(narration_); }
  void Narrate(std::string line) { narration_.push_back(std::move(line)); }
  [[nodiscard]] const std::vector<std::string>& violations() const { return checks_.violations(); }
  [[nodiscard]] const Checks& checks() const { return checks_; }

 private:
  void Say(NodeId who, std::string_view line) override;
  void Send(Message message);
  void File(Node& member, Output& out);
  void Report(const Node& member, const Output& out);
  bool WorkOnce(Node& member);
  void AnswerReads(Node& member);

  const Options options_;
  const uint64_t seed_;
  Instant now_{1};
  std::map<NodeId, Node> nodes_;
  std::map<NodeId, uint64_t> boots_;  // survives even a wiped directory
  std::map<Index, State> snapshots_;  // the streams' contents, by what they cover
  Wire wire_;
  Checks checks_;
  std::vector<ReadRecord> reads_;
  std::vector<std::string> narration_;
  Output out_;
};

}  // namespace keel::raft
