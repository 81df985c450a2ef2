// One member: a core, the disk, the clock and the state machine around it, driven exactly as
// raft/io.h asks of a driver.
//
// The host carries out every update: it writes to its disk, holds back what waits for a write, lets
// its state machine apply, streams snapshots, reads old entries back, compacts. It may be stopped,
// crashed, paused and started again; what it knows then is what its disk kept. It lives as long as
// the world; its core lives from one start to the next crash. One thread.
#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "raft/invariants.h"
#include "raft/raft.h"
#include "tests/sim/disk.h"
#include "tests/sim/network.h"
#include "tests/sim/node_clock.h"
#include "tests/sim/phases.h"
#include "tests/sim/profile.h"
#include "tests/sim/trace.h"

namespace keel::sim {

// Whom the host answers.
class Answers {
 public:
  virtual ~Answers() = default;
  // The command was applied at `index`.
  virtual void OnWritten(OpId op, Index index, const KvState::Result& result) = 0;
  // It was not and will never be.
  virtual void OnWriteRefused(OpId op) = 0;
  // Nobody knows.
  virtual void OnWriteUnknown(OpId op) = 0;
  virtual void OnRead(OpId op, Index state_index, const KvState::Cell& cell) = 0;
  virtual void OnReadRefused(OpId op) = 0;
  // Some replica applied the entry; `state` is what it made of it.
  virtual void OnApplied(NodeId replica, const raft::Entry& entry, const KvState& state) = 0;
  virtual void OnChanged(const raft::ConfigChangeResult& result) = 0;
  virtual void OnTransferred(NodeId leader, const raft::TransferResult& result) = 0;
};

// What all hosts of a world share; all of it outlives them.
struct Surroundings {
  const Profile* profile = nullptr;
  EventQueue* queue = nullptr;
  Network* network = nullptr;
  raft::ClusterChecker* checker = nullptr;
  PhaseTracker* phases = nullptr;
  TraceHash* trace = nullptr;
  Story* story = nullptr;  // null: nobody listens
  Answers* answers = nullptr;
  Micros now = 0;
};

class Host {
 public:
  struct PendingWrite {
    OpId op = 0;
    Index index;
    Term term;
  };

  // `base` as for Disk.
  Host(Surroundings* world, Slot slot, raft::SnapshotMeta base, Prng prng, NodeClock clock);

  [[nodiscard]] NodeId id() const { return id_; }
  [[nodiscard]] Slot slot() const { return slot_; }
  [[nodiscard]] bool IsUp() const { return core_ != nullptr; }
  [[nodiscard]] bool IsPaused() const { return is_paused_; }
  // Somebody is there to answer.
  [[nodiscard]] bool IsReachable() const { return IsUp() && !is_paused_; }
  // Requires IsUp().
  [[nodiscard]] const raft::Raft& core() const { return *core_; }
  [[nodiscard]] const Disk& disk() const { return disk_; }
  [[nodiscard]] const KvState& state() const { return state_; }
  [[nodiscard]] const NodeClock& clock() const { return clock_; }
  [[nodiscard]] bool IsLeader() const { return IsUp() && core_->role() == raft::Role::kLeader; }
  // Holds all that it should: neither damaged nor wiped, its state not lost.
  [[nodiscard]] bool IsWhole() const;

  // ---- life ----
  void Start();
  void Crash();
  void Pause() { is_paused_ = true; }
  void Resume();

  // ---- faults of the disk ----
  void SetDiskSlowness(Micros extra) { disk_extra_ = extra; }
  void StallDiskUntil(Micros until) { disk_stalled_until_ = until; }
  [[nodiscard]] bool HasHealthyDisk(Micros now) const {
    return disk_extra_ == 0 && disk_stalled_until_ <= now;
  }
  // While down.
  void DamageLog(Prng& prng);
  void LoseState() { disk_.LoseState(); }
  void Wipe();

  // ---- requests; they require IsReachable() ----
  void Propose(const std::vector<Command>& commands);
  struct ReadAsked {
    OpId op = 0;
    uint32_t key = 0;
  };
  void Read(const std::vector<ReadAsked>& reads);
  void Change(uint64_t change, std::vector<raft::ConfigOp> ops);
  void Transfer(NodeId target);
  // Copies the state to disk now and drops the log behind it, down to `keeps` entries; also what a
  // peer will need that is being sent a snapshot, which no good driver does (raft/io.h).
  void CompactNow(uint64_t keeps);

  // Tells it, after `delay`, that its urgent connection to `peer` broke.
  void LosePeer(NodeId peer, bool refused, Micros delay) {
    Schedule(EventKind::kPeerLost, delay, peer.value() << 1 | (refused ? 1 : 0));
  }
  // Changes how fast its clock runs.
  void SetPace(uint64_t pace);

  // An event of this host.
  void OnEvent(const Event& event);

 private:
  struct Waiting {
    raft::PersistId after;
    raft::Message message;
  };
  struct AskedRead {
    OpId op = 0;
    uint32_t key = 0;
    bool is_open = true;
  };
  struct ReadyRead {
    AskedRead read;
    Index index;
  };
  struct Flush {
    KvImagePtr image;
    bool compacts = false;
    bool spares_streams = true;
    uint64_t keeps = 0;
  };

  // ---- host.cc: life, inputs, updates ----
  [[nodiscard]] raft::Restored Recall();
  void Feed(raft::Event event);
  void StepNow();
  void CarryOut();
  void WatchPhases();
  void ScheduleWake();
  [[nodiscard]] uint64_t NextBoot() const;
  void Schedule(EventKind kind, Micros delay, uint64_t argument = 0);
  [[nodiscard]] raft::ClusterChecker& checker() { return *world_->checker; }
  [[nodiscard]] Micros now() const { return world_->now; }

  // ---- host_io.cc: disk, network, snapshots, state machine, answers ----
  void StartWrite();
  void OnDiskDone();
  void SendOut(raft::Message message);
  void StreamSnapshot(raft::Message message);
  void OnDeliver(uint64_t place);
  void OnSnapshotWanted(const raft::SnapshotWanted& wanted);
  void OnSnapshotMade(NodeId peer);
  void OnFetched(uint64_t place);
  [[nodiscard]] KvImagePtr TakeImage() const;
  void BeginFlush(Flush flush);
  void OnFlushDue();
  void OnFlushDone();
  void Compact(const Flush& flush);
  [[nodiscard]] Index LowestStreamed() const;
  void OnApply();
  void ApplyOne(const raft::Entry& entry);
  void Answer(const raft::ProposalResult& result);
  void OnReadReady(const raft::ReadReady& ready);
  void OnReadRefused(const raft::ReadRefused& refused);
  void AnswerReads();
  void GiveUpEverything();

  Surroundings* world_;
  const Slot slot_;
  const NodeId id_;
  Prng prng_;
  NodeClock clock_;
  Disk disk_;
  uint64_t boot_ = 0;  // of the present or the latest start
  uint64_t starts_ = 0;
  uint32_t epoch_ = 0;
  bool is_paused_ = false;
  std::vector<Event> held_;  // while paused

  std::unique_ptr<raft::Raft> core_;
  std::vector<raft::Input> inputs_;
  bool is_gathering_ = false;
  raft::Output out_;
  Micros wake_scheduled_at_ = kNever;
  raft::Role seen_role_ = raft::Role::kFollower;
  bool is_catching_up_ = false;
  Index catches_up_to_;

  Micros disk_extra_ = 0;
  Micros disk_stalled_until_ = 0;
  Micros disk_busy_until_ = 0;
  raft::PersistId persisted_;
  std::deque<Waiting> waiting_;

  KvState state_;
  std::vector<raft::Entry> to_apply_;
  bool is_applying_ = false;
  std::deque<Flush> flushes_;
  std::vector<KvImagePtr> incoming_;  // the last few that arrived
  std::vector<KvImagePtr> outgoing_;  // the last few that were made
  std::vector<raft::EntriesWanted> fetches_;

  uint64_t batch_ = 0;
  std::deque<std::vector<OpId>> proposed_;  // batches that await their result
  std::deque<PendingWrite> pending_writes_;
  std::vector<AskedRead> reads_;  // by sequence, from 1
  std::vector<ReadyRead> ready_reads_;
};

}  // namespace keel::sim
