// One member of the cluster, whole: the consensus core and everything that carries out what it
// says.
//
// The node role owns the core. What has queued since the last step is the next one's input; what
// the step says is carried out in the order that raft/io.h demands: the disk's work to the WAL
// role, messages to the transport, committed entries to the apply role, and every proposal, read
// and change of members to exactly one outcome. Nothing here blocks, reads a socket or starts a
// thread.
//
// Threads: what stands under "any thread" may be called from any; the callbacks run on the node
// role unless they say otherwise, and must not block it. Order of an end: Stop, wait for its
// callback, end the roles, destroy the node. A node that has failed says so by on_failed, once:
// then its member stops, and its process should.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/file_system.h"
#include "raft/raft.h"
#include "server/node/apply_loop.h"
#include "server/node/chain_watch.h"
#include "server/node/compaction.h"
#include "server/node/lease_asks.h"
#include "server/node/log_sizes.h"
#include "server/node/member_files.h"
#include "server/node/options.h"
#include "server/node/pending.h"
#include "server/node/reads.h"
#include "server/node/snapshot_receiver.h"
#include "server/node/snapshot_sender.h"
#include "server/node/states.h"
#include "server/node/transport.h"
#include "server/node/wal_writer.h"

namespace keel::node {

struct NodeStatus {
  NodeId id;
  uint64_t cluster_id = 0;
  raft::Role role = raft::Role::kFollower;
  raft::Health health = raft::Health::kWhole;
  NodeId leader;
  Term term;
  Index last;
  Index commit;
  Index applied;
  Index log_base;  // the log holds what is behind it
  Index archived;  // how far the archive holds the log
  uint64_t log_bytes = 0;
  std::shared_ptr<const raft::Config> config;
  std::shared_ptr<const Membership> membership;
};

class Node final : public TransportSink {
 public:
  struct Seams {
    const Clock* clock = nullptr;
    Roles roles;
    FileSystem* files = nullptr;
    States* states = nullptr;
    Transport* transport = nullptr;
    // On the node role. The member cannot go on; its role in the cluster is over until a restart.
    std::function<void(Status)> on_failed;
    // On the node role. The cluster has removed this member, or another one must be replaced.
    std::function<void(const raft::Notice&)> on_notice;
    // On the node role, at the start and with each change: who the members are, and the config that
    // is committed.
    std::function<void(std::shared_ptr<const Membership>, std::shared_ptr<const raft::Config>)>
        on_members;
    raft::NarrationSink* narration = nullptr;
    // On the node role, for invariant checkers; each may be null: what a step is about to be given,
    // what it said, and how far all is durable, before anything that waited for that is sent.
    std::function<void(const raft::Raft&, std::span<const raft::Input>)> on_inputs;
    std::function<void(const raft::Raft&, const raft::Output&)> on_step;
    std::function<void(const raft::Raft&, raft::PersistId)> on_persisted;
  };

  // Reads everything back; blocks, on a thread of the caller's. The member's phase is kMember.
  [[nodiscard]] static Result<std::unique_ptr<Node>> Open(NodeOptions options, Seams seams,
                                                          std::unique_ptr<MemberFiles> files);
  ~Node() override = default;

  // ---- any thread ----
  void Start();

  struct Request {
    std::string command;  // an encoded kv::Command
    // Frees room, or must not wait behind what fills it: passes the bounds by half.
    bool essential = false;
    bool local_only = false;
  };
  void Propose(Request request, ProposalDone done);
  // A view that holds all that was answered before the call, by whichever member.
  void Read(ReadDone done);
  // Many of both, for one wake-up of the node role.
  struct Asked {
    Request request;
    ProposalDone done;
  };
  struct Asks {
    std::vector<Asked> proposals;
    std::vector<ReadDone> reads;
  };
  void Take(Asks asks);
  struct MemberChange {
    std::vector<raft::ConfigOp> ops;
    std::vector<MemberInfo> members;  // new or changed names and addresses
    // Refused, kIdUsedBefore, where one of `members` has a name already: whoever has an id and no
    // name yet takes it by naming itself, once.
    bool claims = false;
  };
  // Anywhere: a follower hands it to the leader, once. Without operations, names and addresses
  // change alone. Refused while another change is under way: ask again then.
  void ChangeMembers(MemberChange change, ProposalDone done);
  // To `target`, or to the best there is. The callback says how it began, or why it did not.
  void TransferLeadership(NodeId target, Once<raft::TransferOutcome> done);
  // Hands leadership on if it has it, lets what was asked for come to its outcome, within
  // options.hand_off_ms altogether, ends the rest, and makes all durable.
  void Stop(Once<Status> done);

  [[nodiscard]] NodeStatus status() const;
  // The state as this node knows it now, perhaps behind the others'.
  [[nodiscard]] std::shared_ptr<const kv::ReadView> view() const { return apply_.machine().view(); }
  [[nodiscard]] kv::WatchHub& hub() { return apply_.machine().hub(); }
  [[nodiscard]] const kv::OperationCounts& operations() const { return apply_.machine().counts(); }
  // The room that it takes on this member's disk, roughly.
  [[nodiscard]] uint64_t StateBytes() const { return apply_.machine().SizeBytes(); }
  // By the leader's clock, wherever it is: a lease that was granted before the call is known.
  void RenewLease(kv::LeaseId id, LeaseAnswerDone done);
  void LeaseRemaining(kv::LeaseId id, LeaseAnswerDone done);
  // Entries of the log from `first` on within the bound, or one; those that are applied are
  // committed. None if the log has them no more, or not yet. The callback runs on the node role.
  struct LogPiece {
    Index first;
    size_t size_bytes_max = 0;
  };
  void ReadLog(const LogPiece& piece, Once<std::vector<raft::Entry>> done);
  // Once this member's disk holds nothing that is compacted away as of now.
  void AwaitCompaction(Once<Status> done);
  // On the apply role, for what is only there: leases, sessions, auth, alarms.
  void RunOnApply(Once<const StateMachine&> task) { apply_.Run(std::move(task)); }

  // ---- TransportSink: any thread ----
  void OnPeerMessage(NodeId from, PeerMessage message) override;
  void OnPeerLost(const Loss& loss) override;

  // ---- node role: for tests and status pages ----
  [[nodiscard]] const raft::Raft& core() const { return *core_; }
  [[nodiscard]] const Pending& pending() const { return pending_; }
  [[nodiscard]] const Reads& reads() const { return reads_; }
  [[nodiscard]] const SnapshotSender& sender() const { return sender_; }
  // Whether another member's state is taking the place of this one's.
  [[nodiscard]] bool is_installing() const { return installing_; }
  // Batches of entries that took NodeOptions::slow_apply_ms or longer.
  [[nodiscard]] uint64_t slow_applies() const { return slow_applies_; }

 private:
  struct Batch {  // of proposals given to the core in one event
    NodeId from;  // this node, or who forwarded them
    raft::BootId boot;
    std::vector<uint64_t> sequences;
  };
  struct Change {
    ProposalDone done;
    raft::Position position;
  };
  struct Handed {  // a change of members that the leader was told of
    NodeId leader;
    ProposalDone done;
  };
  struct ForwardSeen {
    raft::BootId boot;
    uint64_t sequence = 0;
  };

  // ---- node_open.cc ----
  struct Opened;
  Node(NodeOptions options, Seams seams, std::unique_ptr<MemberFiles> files);
  [[nodiscard]] Status OpenLog(Opened* opened);
  [[nodiscard]] Status OpenState();
  [[nodiscard]] Status BeginLog(Opened* opened, std::optional<wal::Position> reset_to);
  [[nodiscard]] Status OpenCore(Opened opened);
  [[nodiscard]] WalWriter::Options WriterOptions();
  [[nodiscard]] ApplyLoop::Options ApplyOptions();

  // ---- node_step.cc: one step, and what it says ----
  [[nodiscard]] uint64_t NowMs() const;
  void TakeRead(ReadDone done);
  void Feed(raft::Event event);
  void ScheduleStep();
  void Step();
  void CarryOut();
  void HandPersist();
  void HandMessages();
  void HandReads();
  void HandFetches();
  void NoteLeadership();
  void ArmWake();
  void OnPersisted(raft::PersistId id);
  void OnApplied(AppliedBatch batch);
  void NoteTimes(AppliedBatch* batch, uint64_t now_ms);
  void OnFailed(const Status& status);
  void PublishStatus();
  void TellMembers();
  void Housekeep();
  void HousekeepLater();
  void Retain();
  void CompactLog();
  [[nodiscard]] Index RetentionTarget() const;

  // ---- node_proposals.cc ----
  void TakeProposal(Asked asked);
  void HandProposals();
  [[nodiscard]] bool Gathers() const;
  void GatherOn();
  void EndGathering();
  void ProposeHere();
  void ForwardTo(NodeId leader);
  void OnForward(NodeId from, const Forward& forward);
  void RefuseForward(NodeId from, const Forward& forward);
  void OnForwardReply(NodeId from, const ForwardReply& reply);
  void OnProposalResult(const raft::ProposalResult& result);

  // ---- node_members.cc ----
  void ChangeHere(MemberChange change, ProposalDone done);
  void OnMemberAsk(NodeId from, const MemberAsk& ask);
  void OnMemberTold(const MemberTold& told);
  void OnLeaseAsk(NodeId from, const LeaseAsk& ask);
  void AnswerLease(const LeaseAsk& ask, LeaseAnswerDone done);
  void AskClock(const LeaseAsk& ask, LeaseAnswerDone done);
  void SendLeaseAsk(NodeId leader, const LeaseAsk& ask);
  void EndHanded(NodeId leader, UnknownReason reason);
  void NoteMembership(const std::string& config, Index known);
  bool TakeMembership(const std::string& config);
  void OnConfigResult(const raft::ConfigChangeResult& result);
  void SettleChanges();
  void EndChanges(const ProposalOutcome& outcome);
  void NoteMembers();

  // ---- node_chain.cc ----
  void TellChain(std::vector<kv::ChainHash> hashes);
  void NoteChain(NodeId member, const ChainTold& told);
  void RaiseCorrupt();

  // ---- node_snapshots.cc ----
  [[nodiscard]] SnapshotSender::Options SenderOptions();
  [[nodiscard]] SnapshotReceiver::Options ReceiverOptions();
  void WantSnapshot(const raft::SnapshotWanted& wanted);
  void BeginSnapshots();
  [[nodiscard]] bool MayTake(const raft::Message& message);
  void BeginInstall();
  void Install();
  void FinishInstall(const std::string& membership);
  struct ConfigSave {
    raft::Position base;
    std::string config;
    std::vector<Once<>> then;
  };
  void SaveConfig(const raft::Position& base, std::string config, Once<> then);
  void BeginSave();
  void TrySave(std::shared_ptr<ConfigSave> save);
  void OnSaved(ConfigSave* save, const Status& status);
  void EndInstall();

  // ---- node.cc: the end ----
  void BeginStop(Once<Status> done);
  void MaybeFinishStop();
  [[nodiscard]] bool HasMajority() const;
  void FinishStop();

  const NodeOptions options_;
  const Seams seams_;
  const std::unique_ptr<MemberFiles> files_;  // the WAL role's, once the node is open
  const uint64_t cluster_id_;
  const raft::BootId boot_;
  std::unique_ptr<raft::Raft> core_;
  std::unique_ptr<WalWriter> writer_;
  ApplyLoop apply_;
  CompactionLoop compaction_;
  Pending pending_;
  Reads reads_;
  SnapshotSender sender_;
  SnapshotReceiver receiver_;
  std::map<NodeId, std::shared_ptr<const kv::ReadView>> snapshots_wanted_;
  LogSizes sizes_;
  std::shared_ptr<const Membership> membership_;
  std::shared_ptr<const Membership> membership_told_;
  std::shared_ptr<const raft::Config> config_told_;
  Index membership_known_;  // membership_ is as of here, or later

  // The step under way.
  std::vector<raft::Input> inputs_;
  std::vector<raft::Input> stepping_;
  raft::Output out_;
  bool step_scheduled_ = false;
  TimerId wake_timer_;
  raft::Instant wake_at_;

  // What waits for the disk.
  struct Promise {
    raft::PersistId after;
    std::vector<raft::Message> messages;
  };
  std::deque<Promise> promises_;
  std::deque<raft::Persist> held_persists_;  // behind a snapshot that is being installed
  bool installing_ = false;
  size_t installs_due_ = 0;  // taken by the core, and not yet asked of the receiver

  // What is committed and not yet applied, by the steps that said so.
  struct Commit {
    Index through;
    uint64_t at_ms = 0;
  };
  std::deque<Commit> commits_;
  uint64_t slow_applies_ = 0;

  // Leadership, as last seen.
  NodeId leader_;
  Term term_;
  bool leading_ = false;

  // Proposals and changes under way.
  std::map<uint64_t, Batch> batches_;
  uint64_t next_batch_ = 1;
  uint64_t proposals_wait_until_ms_ = 0;  // a leader that is about to hand over takes none
  uint64_t gather_until_us_ = 0;          // 0: nothing is being gathered
  TimerId gather_timer_;
  std::map<NodeId, ForwardSeen> forwards_seen_;
  std::map<uint64_t, Change> changes_;
  uint64_t next_change_ = 1;
  std::map<uint64_t, Handed> handed_;
  LeaseAsks lease_asks_;
  std::vector<Once<raft::TransferOutcome>> transfers_;

  ChainWatch chain_watch_;
  bool corrupt_asked_ = false;  // an alarm is on its way

  uint64_t retained_ms_ = 0;
  Index durable_seen_;
  Index compacted_;
  std::string config_saved_;  // the newest that was to be saved
  std::optional<ConfigSave> config_wanted_;
  bool saving_config_ = false;
  uint64_t log_bytes_ = 0;

  bool stopping_ = false;
  bool stopped_ = false;
  bool hands_off_ = false;  // another is to lead before this one ends
  uint64_t stop_until_ms_ = 0;
  uint64_t led_until_ms_ = 0;  // if it has led, and does no more
  std::set<NodeId> gone_;      // nobody listens where they were, and they have not spoken since
  Once<Status> stop_done_;
  std::optional<Status> ended_;  // all is closed

  mutable std::mutex status_mutex_;
  NodeStatus status_;  // under status_mutex_
};

}  // namespace keel::node
