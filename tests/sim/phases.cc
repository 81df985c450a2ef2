#include "tests/sim/phases.h"

namespace keel::sim {

std::string_view ToString(Phase phase) {
  constexpr std::array<std::string_view, kPhases> kNames{
      "election", "joint",     "snap-sent", "snap-inst", "transfer", "compact", "restart",
      "lease",    "disk-full", "repair",    "hand-over", "gap",      "steady"};
  return kNames[static_cast<size_t>(phase)];
}

std::string_view ToString(FaultKind kind) {
  constexpr std::array<std::string_view, kFaultKinds> kNames{
      "loss",      "duplicate",   "reorder",     "delay",         "cut",     "one-way",
      "bridge",    "crash",       "slow-disk",   "stall-disk",    "damage",  "lost-state",
      "wipe",      "clock-skew",  "pause",       "process-death", "reset",   "transfer",
      "add",       "alter",       "remove",      "remove-leader", "replace", "settings",
      "compact",   "full-disk",   "broken-sync", "stop",          "outage",  "arch-slow",
      "arch-full", "arch-errors", "arch-power",  "arch-torn"};
  return kNames[static_cast<size_t>(kind)];
}

void Matrix::Add(const Matrix& other) {
  for (size_t fault = 0; fault < kFaultKinds; ++fault) {
    for (size_t phase = 0; phase < kPhases; ++phase) {
      cells[fault][phase] += other.cells[fault][phase];
    }
  }
}

bool PhaseTracker::IsUnderWay(Phase phase, uint64_t key) const {
  for (const UnderWay& one : under_way_) {
    if (one.phase == phase && one.key == key) return true;
  }
  return false;
}

void PhaseTracker::Begin(Phase phase, uint64_t key) {
  if (IsUnderWay(phase, key)) return;
  under_way_.push_back({phase, key, 0});
  ++counts_[Slot(phase)];
  if (listener_ != nullptr) listener_->OnPhaseBegun(phase);
}

void PhaseTracker::Count(const UnderWay& ended) {
  --counts_[Slot(ended.phase)];
  ++ended_[Slot(ended.phase)];
  for (size_t fault = 0; ended.faults >> fault != 0; ++fault) {
    if ((ended.faults >> fault & 1) != 0) ++matrix_.cells[fault][Slot(ended.phase)];
  }
}

void PhaseTracker::End(Phase phase, uint64_t key) {
  if (counts_[Slot(phase)] == 0) return;
  for (size_t i = 0; i < under_way_.size(); ++i) {
    if (under_way_[i].phase != phase || under_way_[i].key != key) continue;
    const UnderWay ended = under_way_[i];
    under_way_.erase(under_way_.begin() + static_cast<std::ptrdiff_t>(i));
    return Count(ended);
  }
}

void PhaseTracker::EndAllOf(uint64_t key) {
  for (size_t phase = 0; phase < kPhases; ++phase) {
    const auto one = static_cast<Phase>(phase);
    if (one != Phase::kSnapshotSent && one != Phase::kSteady) End(one, key);
  }
}

void PhaseTracker::EndEverything() {
  for (const UnderWay& ended : under_way_) Count(ended);
  under_way_.clear();
}

void PhaseTracker::FaultStarted(FaultKind kind) {
  for (UnderWay& one : under_way_) one.faults |= uint64_t{1} << static_cast<uint32_t>(kind);
}

}  // namespace keel::sim
