#include "raft/progress.h"

#include <algorithm>

#include "base/mutant.h"

namespace keel::raft {

void Inflight::Add(Index last, size_t bytes) {
  sent_.push_back({last, bytes});
  bytes_ += bytes;
}

void Inflight::FreeUpTo(Index match) {
  while (!sent_.empty() && sent_.front().last <= match) {
    bytes_ -= sent_.front().bytes;
    sent_.pop_front();
  }
}

void Inflight::Clear() {
  sent_.clear();
  bytes_ = 0;
}

bool Progress::IsPaused(size_t inflight_messages_max, size_t inflight_bytes_max) const {
  switch (state) {
    case FlowState::kProbe:
      return probing;
    case FlowState::kReplicate:
      if (KEEL_MUTANT(kFloodsASlowPeer49)) return false;
      return inflight.messages() >= inflight_messages_max || inflight.bytes() >= inflight_bytes_max;
    case FlowState::kSnapshot:
      return true;
  }
  return true;
}

void Progress::BecomeProbe(Index next_index) {
  state = FlowState::kProbe;
  next = std::max(next_index, match.Next());
  probing = false;
  inflight.Clear();
}

void Progress::BecomeReplicate() {
  state = FlowState::kReplicate;
  next = std::max(next, match.Next());
  probing = false;
}

void Progress::BecomeSnapshot(Instant now, Index needed) {
  state = FlowState::kSnapshot;
  snapshot_needed = needed;
  snapshot_index = Index();
  snapshot_asked_at = now;
  probing = false;
  inflight.Clear();
}

bool Progress::Acknowledge(Index index) {
  inflight.FreeUpTo(index);
  next = std::max(next, index.Next());
  if (index <= match) return false;
  match = index;
  return true;
}

bool Progress::Refuse(Index refused, Index meeting) {
  if (refused <= match && health == Health::kWhole) return false;
  if (state == FlowState::kProbe && refused != next.Prev()) return false;
  BecomeProbe(std::min(refused, meeting.Next()));
  return true;
}

}  // namespace keel::raft
