#include "jepsen/cluster/packet_link.h"

#include <algorithm>

namespace keel::jepsen {
namespace {

constexpr uint64_t kUsPerSecond = 1'000'000;
constexpr uint64_t kOfAll = 1000;
// What a slow link holds, by the time that it takes to send it.
constexpr uint64_t kQueueUsMax = 1'000'000;

}  // namespace

void PacketLink::Take(const std::string& packet, const Entry& entry) {
  const LinkState& state = *entry.state;
  if (state.is_cut) return;
  if (entry.dice->Chance(state.stalls_per_mille, kOfAll)) {
    entry.counters->stalls++;
    return;
  }
  uint64_t due_us = entry.now_us;
  if (state.bytes_per_second > 0) {
    sent_until_us_ = std::max(sent_until_us_, entry.now_us);
    if (sent_until_us_ - entry.now_us > kQueueUsMax) return;
    sent_until_us_ += packet.size() * kUsPerSecond / state.bytes_per_second;
    due_us = sent_until_us_;
  }
  // Who does not wait overtakes those that do.
  const bool overtakes = entry.dice->Chance(state.reorders_per_mille, kOfAll);
  if (overtakes && !under_way_.empty() && under_way_.rbegin()->first > due_us) {
    entry.counters->reorders++;
  }
  if (!overtakes) due_us += state.delay_us + entry.dice->Below(state.jitter_us + 1);
  if (entry.dice->Chance(state.duplicates_per_mille, kOfAll)) {
    entry.counters->duplicates++;
    under_way_.emplace(due_us, packet);
  }
  entry.counters->bytes += packet.size();
  under_way_.emplace(due_us, packet);
}

std::optional<uint64_t> PacketLink::NextUs() const {
  if (under_way_.empty()) return std::nullopt;
  return under_way_.begin()->first;
}

std::optional<std::string> PacketLink::Leave(uint64_t now_us) {
  const auto next = under_way_.begin();
  if (next == under_way_.end() || next->first > now_us) return std::nullopt;
  std::string packet = std::move(next->second);
  under_way_.erase(next);
  return packet;
}

}  // namespace keel::jepsen
