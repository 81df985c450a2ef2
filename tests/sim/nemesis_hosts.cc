// The nemesis's faults of hosts: processes, disks, clocks.
#include <algorithm>

#include "tests/sim/nemesis.h"

namespace keel::sim {

Host* Nemesis::PickUp() {
  const size_t count = world_->hosts().size();
  const size_t first = prng_.Below(count);
  for (size_t i = 0; i < count; ++i) {
    Host& host = *world_->hosts()[(first + i) % count];
    if (host.IsReachable()) return &host;
  }
  return nullptr;
}

// A reachable voter, every other time the leader.
Host* Nemesis::PickVoter() {
  Host* const leader = world_->Leader();
  if (leader == nullptr) return PickUp();
  if (prng_.OneIn(2)) return leader;
  const auto& members = leader->core().config().members();
  const size_t first = prng_.Below(members.size());
  for (size_t i = 0; i < members.size(); ++i) {
    const raft::Member& member = members[(first + i) % members.size()];
    Host& host = world_->HostOf(member.id);
    if (member.IsVoter() && host.IsReachable()) return &host;
  }
  return nullptr;
}

// Stops the host and starts it again later.
void Nemesis::TakeDown(Host& host, FaultKind kind, Micros lasts) {
  const NodeId id = host.id();
  host.Crash();
  if (kind == FaultKind::kKill) {
    // The others' connections break, and nobody listens there any more.
    for (const auto& other : world_->hosts()) {
      const bool hears = other->IsUp() && !world_->network().IsCut(other->slot(), host.slot());
      if (hears) other->LosePeer(id, /*refused=*/true, 200 + prng_.Below(3 * kMillisecond));
    }
  }
  Begin(kind, lasts, [this, id] {
    if (!world_->HostOf(id).IsUp()) world_->HostOf(id).Start();
  });
}

bool Nemesis::StartCrash() {
  Host* const first = PickVoter();
  if (first == nullptr) return false;
  // At times the power fails for several, or for all.
  const uint64_t also = prng_.OneIn(6) ? prng_.Below(world_->hosts().size()) : 0;
  const NodeId id = first->id();
  if (also == 0 && prng_.OneIn(5)) {
    TakeDown(*first, FaultKind::kCrash, prng_.Between(1, 30) * kMillisecond);
    CrashAgain(id, prng_.Between(1, 4));
    return true;
  }
  TakeDown(*first, FaultKind::kCrash, Duration());
  for (uint64_t i = 0; i < also; ++i) {
    Host* const next = PickUp();
    if (next != nullptr) TakeDown(*next, FaultKind::kCrash, Duration());
  }
  return true;
}

// A host that crashes soon after every start: what was on its way to one start meets the next.
void Nemesis::CrashAgain(NodeId id, uint64_t times) {
  if (times == 0) return;
  Begin(FaultKind::kCrash, prng_.Between(30, 400) * kMillisecond, [this, id, times] {
    if (is_over_) return;
    Host& host = world_->HostOf(id);
    if (host.IsUp()) TakeDown(host, FaultKind::kCrash, prng_.Between(1, 30) * kMillisecond);
    CrashAgain(id, times - 1);
  });
}

bool Nemesis::StartKill() {
  Host* const host = PickVoter();
  if (host == nullptr) return false;
  TakeDown(*host, FaultKind::kKill, Duration());
  return true;
}

bool Nemesis::StartSlowDisk() {
  Host* const host = PickVoter();
  if (host == nullptr) return false;
  host->SetDiskSlowness(prng_.Between(5, 300) * kMillisecond);
  Begin(FaultKind::kSlowDisk, Duration(), [host] { host->SetDiskSlowness(0); });
  return true;
}

bool Nemesis::StartStalledDisk() {
  Host* const host = PickVoter();
  if (host == nullptr) return false;
  const Micros lasts = Duration();
  host->StallDiskUntil(world_->now() + lasts);
  Begin(FaultKind::kStalledDisk, lasts, [this, host] { host->StallDiskUntil(world_->now()); });
  return true;
}

size_t Nemesis::UnwholeVoters(const raft::Config& config) {
  return static_cast<size_t>(std::count_if(
      config.members().begin(), config.members().end(), [this](const raft::Member& member) {
        return member.IsVoter() && !world_->HostOf(member.id).IsWhole();
      }));
}

// Everybody is there, and whoever leads next leads by the leader's config or by one before it.
bool Nemesis::IsSettled() {
  Host* const leader = world_->Leader();
  if (leader == nullptr) return false;
  const raft::Raft& core = leader->core();
  if (core.log().TermAt(core.commit()) != core.term()) return false;
  const bool is_pending = core.configs().current_index() > core.commit();
  if (is_pending && !core.config().IsJoint()) return false;
  for (const raft::Member& member : core.config().members()) {
    const Host& host = world_->HostOf(member.id);
    if (!member.IsVoter()) continue;
    if (!host.IsUp()) return false;
    if (host.core().configs().current_index() > core.configs().current_index()) return false;
  }
  return true;
}

// A minority of the voters may lose data, in a joint config a minority of either side.
bool Nemesis::MayLoseDisk(const Host& host) {
  if (!host.IsUp() || !host.IsWhole() || !IsSettled()) return false;
  const raft::Config& config = world_->Leader()->core().config();
  if (!config.IsVoter(host.id())) return false;
  const auto bears = [&](bool raft::Member::*votes) {
    size_t voters = 0;
    size_t unwhole = 0;
    for (const raft::Member& member : config.members()) {
      if (!(member.*votes)) continue;
      ++voters;
      unwhole += member.id == host.id() || !world_->HostOf(member.id).IsWhole() ? 1 : 0;
    }
    return voters > 0 && unwhole <= (voters - 1) / 2;
  };
  return bears(&raft::Member::votes) && (!config.IsJoint() || bears(&raft::Member::votes_outgoing));
}

bool Nemesis::StartDamage() {
  Host* const host = PickVoter();
  if (host == nullptr || !MayLoseDisk(*host)) return false;
  TakeDown(*host, FaultKind::kDamage, Duration());
  host->DamageLog(prng_);
  return true;
}

bool Nemesis::StartLostState() {
  Host* const host = PickVoter();
  if (host == nullptr || !MayLoseDisk(*host)) return false;
  if (host->disk().base().last.index.IsNone()) return false;
  TakeDown(*host, FaultKind::kLostState, Duration());
  host->LoseState();
  return true;
}

bool Nemesis::StartWipe() {
  Host* const host = PickVoter();
  if (host == nullptr || !MayLoseDisk(*host)) return false;
  // Who becomes a learner would be taken for a new one: such a member is replaced, not demoted.
  if (!world_->Leader()->core().config().Find(host->id())->votes) return false;
  // Who replaces it must have a place.
  if (world_->hosts().size() + 4 > kSlotsMax) return false;
  TakeDown(*host, FaultKind::kWipe, Duration());
  host->Wipe();
  return true;
}

bool Nemesis::StartSkew() {
  Host* const host = PickVoter();
  if (host == nullptr) return false;
  constexpr uint64_t kSpread = 45'000;
  const uint64_t before = host->clock().pace();
  host->SetPace(NodeClock::kTruePace - kSpread + prng_.Below(2 * kSpread + 1));
  Begin(FaultKind::kSkew, Duration(), [host, before] { host->SetPace(before); });
  return true;
}

bool Nemesis::StartPause() {
  Host* const host = PickVoter();
  if (host == nullptr) return false;
  host->Pause();
  Begin(FaultKind::kPause, Duration(), [host] { host->Resume(); });
  return true;
}

bool Nemesis::StartCompact() {
  Host* const host = PickVoter();
  if (host == nullptr) return false;
  Count(FaultKind::kCompact);
  host->CompactNow(prng_.OneIn(2) ? 0 : prng_.Below(20));
  return true;
}

}  // namespace keel::sim
