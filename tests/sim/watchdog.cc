#include "tests/sim/watchdog.h"

#include <algorithm>
#include <string>

namespace keel::sim {

bool Watchdog::IsWell(const Host& host) const {
  return host.IsReachable() && host.IsWhole() && host.HasHealthyDisk(world_->now()) &&
         !world_->network().IsRough(host.slot());
}

bool Watchdog::IsConnected(SlotSet set) const {
  for (SlotSet rest = set; rest != 0; rest &= rest - 1) {
    const auto a = static_cast<Slot>(std::countr_zero(rest));
    for (SlotSet others = rest & (rest - 1); others != 0; others &= others - 1) {
      const auto b = static_cast<Slot>(std::countr_zero(others));
      if (world_->network().IsCut(a, b) || world_->network().IsCut(b, a)) return false;
    }
  }
  return true;
}

bool Watchdog::IsMajority(SlotSet set) const {
  for (SlotSet rest = set; rest != 0; rest &= rest - 1) {
    const Host& host = world_->HostAt(static_cast<Slot>(std::countr_zero(rest)));
    const raft::Config& config = host.core().config();
    if (!config.IsVoter(host.id())) return false;
    const raft::Verdict verdict = raft::CountVotes(config, [set](NodeId voter) {
      const bool is_in = (set & SetOf(static_cast<Slot>(voter.value() - 1))) != 0;
      return is_in ? raft::Ballot::kYes : raft::Ballot::kMissing;
    });
    if (verdict != raft::Verdict::kWon) return false;
  }
  return set != 0;
}

bool Watchdog::StillHolds() const {
  for (SlotSet rest = well_; rest != 0; rest &= rest - 1) {
    if (!IsWell(world_->HostAt(static_cast<Slot>(std::countr_zero(rest))))) return false;
  }
  return well_ != 0 && IsConnected(well_) && IsMajority(well_);
}

SlotSet Watchdog::FindWellMajority() const {
  std::vector<Slot> well;
  for (const auto& host : world_->hosts()) {
    if (IsWell(*host) && host->core().config().IsVoter(host->id())) well.push_back(host->slot());
  }
  constexpr size_t kTriedMax = 10;  // subsets of so many are tried
  if (well.size() > kTriedMax) well.resize(kTriedMax);
  for (uint32_t pick = (1u << well.size()) - 1; pick > 0; --pick) {
    SlotSet set = 0;
    for (size_t i = 0; i < well.size(); ++i) {
      if ((pick >> i & 1) != 0) set |= SetOf(well[i]);
    }
    if (IsMajority(set) && IsConnected(set)) return set;
  }
  return 0;
}

void Watchdog::Look() {
  if (!StillHolds()) {
    well_ = FindWellMajority();
    since_ = world_->now();
    return;
  }
  const Host* const leader = world_->Leader();
  if (leader != nullptr && world_->network().IsRough(leader->slot())) since_ = world_->now();
  const Micros patience = kPatienceTimeouts * world_->profile().election_timeout();
  const Micros from = std::max(since_, world_->clients().last_write_acknowledged_at());
  if (world_->now() <= from + patience) return;
  std::string who;
  for (SlotSet rest = well_; rest != 0; rest &= rest - 1) {
    who += " " + std::to_string(std::countr_zero(rest) + 1);
  }
  world_->checker().Report("progress", NodeId(),
                           "a majority has been well and connected for 20 election timeouts, and "
                           "no write was acknowledged; it is" +
                               who);
}

}  // namespace keel::sim
