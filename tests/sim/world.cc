#include "tests/sim/world.h"

#include <utility>

#include "base/check.h"

namespace keel::sim {

namespace {

raft::SnapshotMeta InitialBase(const Profile& profile) {
  std::vector<raft::Member> members;
  for (uint32_t i = 1; i <= profile.voters; ++i) {
    raft::Member member{.id = NodeId(i), .votes = true};
    if (profile.priorities) member.priority = 1 + i % 3;
    members.push_back(member);
  }
  return {.last = {},
          .config = std::make_shared<const raft::Config>(
              raft::Config::OfMembers(std::move(members), profile.lease_reads))};
}

}  // namespace

World::World(const Profile& profile, Story* story)
    : profile_(profile),
      story_(story),
      prng_(profile.seed),
      network_(&queue_, prng_.Fork()),
      phases_(this),
      clients_(profile_, &hosts_, prng_.Fork()) {
  around_ = {.profile = &profile_,
             .queue = &queue_,
             .network = &network_,
             .checker = &checker_,
             .phases = &phases_,
             .trace = &trace_,
             .story = story_,
             .answers = this};
  const raft::SnapshotMeta base = InitialBase(profile_);
  for (uint32_t i = 0; i < profile_.voters; ++i) AddHost(base).Start();
}

Host& World::AddHost(raft::SnapshotMeta base) {
  KEEL_CHECK(hosts_.size() < kSlotsMax) << "the nemesis knows how many hosts there may be";
  Prng prng = prng_.Fork();
  const uint64_t spread = profile_.pace_spread;
  // One draw a statement: the order of a call's arguments is the compiler's own.
  const Micros offset = prng.Below(1000 * kSecond);
  const uint64_t pace = NodeClock::kTruePace - spread + prng.Below(2 * spread + 1);
  const NodeClock clock(offset, pace);
  hosts_.push_back(std::make_unique<Host>(&around_, static_cast<Slot>(hosts_.size()),
                                          std::move(base), prng, clock));
  return *hosts_.back();
}

Host& World::AddJoiner() {
  Host& host = AddHost({});
  host.Start();
  return host;
}

void World::Schedule(EventKind kind, Micros delay, uint64_t argument) {
  queue_.Push({.at = now() + delay, .argument = argument, .slot = kNoSlot, .kind = kind});
}

void World::StartClients() {
  clients_run_ = true;
  Schedule(EventKind::kClients, 0);
}

bool World::RunUntil(Micros until) {
  while (!queue_.IsEmpty() && queue_.NextAt() <= until) {
    const Event event = queue_.Pop();
    around_.now = event.at;
    if (story_ != nullptr) story_->SetTime(event.at);
    trace_.Mix(event.at << 8 | static_cast<uint64_t>(event.kind));
    trace_.Mix(event.argument << 16 | event.slot);
    Dispatch(event);
    if (!checker_.IsClean()) return false;
  }
  around_.now = until;
  return true;
}

void World::Dispatch(const Event& event) {
  switch (event.kind) {
    case EventKind::kClients:
      if (clients_run_) Schedule(EventKind::kClients, clients_.Burst(now()) - now());
      return;
    case EventKind::kStart:
      // A new start is an event of the host's, but of none of its starts.
      if (!HostAt(event.slot).IsUp()) HostAt(event.slot).Start();
      return;
    case EventKind::kNemesis:
    case EventKind::kStrike:
    case EventKind::kFaultEnds:
    case EventKind::kWatch:
      if (actor_ != nullptr) actor_->OnActorEvent(event);
      return;
    default:
      HostAt(event.slot).OnEvent(event);
  }
}

Host* World::Leader() {
  Host* leader = nullptr;
  for (const auto& host : hosts_) {
    if (!host->IsLeader() || host->IsPaused()) continue;
    if (leader == nullptr || host->core().term() > leader->core().term()) leader = host.get();
  }
  return leader;
}

void World::Tell(const std::string& line) {
  if (story_ != nullptr) story_->Tell(line);
}

void World::OnWritten(OpId op, Index index, const KvState::Result& result) {
  clients_.OnWritten(now(), op, index, result);
}

void World::OnWriteRefused(OpId op) { clients_.OnRefused(now(), op); }

void World::OnWriteUnknown(OpId op) { clients_.OnUnknown(now(), op); }

void World::OnRead(OpId op, Index state_index, const KvState::Cell& cell) {
  clients_.OnRead(now(), op, state_index, cell);
}

void World::OnReadRefused(OpId op) { clients_.OnRefused(now(), op); }

void World::OnApplied(NodeId replica, const raft::Entry& entry, const KvState& state) {
  const uint64_t at = entry.index.value();
  if (state_hashes_.size() <= at) state_hashes_.resize(at + 1);
  if (state_hashes_[at] == 0) {
    state_hashes_[at] = state.hash();
    if (entry.kind == raft::EntryKind::kCommand) {
      clients_.history().OnApplied(entry.index, DecodeCommand(entry.payload).op);
    }
  } else if (state_hashes_[at] != state.hash()) {
    checker_.Report("replicas-equal", replica,
                    "its state at index " + std::to_string(at) + " differs from another's");
  }
}

void World::OnChanged(const raft::ConfigChangeResult& result) {
  if (actor_ != nullptr) actor_->OnChanged(result);
}

void World::OnTransferred(NodeId leader, const raft::TransferResult& result) {
  if (actor_ != nullptr) actor_->OnTransferred(leader, result);
}

void World::OnPhaseBegun(Phase phase) {
  if (phase != Phase::kSteady) phases_.End(Phase::kSteady, 0);
  if (actor_ != nullptr) actor_->OnPhaseBegun(phase);
}

}  // namespace keel::sim
