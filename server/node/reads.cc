#include "server/node/reads.h"

#include <algorithm>
#include <utility>

namespace keel::node {

std::optional<raft::ReadId> Reads::Add(ReadDone done, uint64_t now_ms) {
  if (size() >= options_.reads_max) {
    ++failed_count_;
    std::move(done)(raft::ReadRefusal::kTooMany, {.asked_ms = now_ms});
    return std::nullopt;
  }
  return Ask({.done = std::move(done), .asked_ms = now_ms});
}

raft::ReadId Reads::Ask(Asked asked) {
  const uint64_t sequence = next_sequence_++;
  asked_.emplace(sequence, std::move(asked));
  return {.node = options_.self, .boot = options_.boot, .sequence = sequence};
}

void Reads::CountIfSlow(const Asked& asked, uint64_t now_ms) {
  if (now_ms >= asked.asked_ms + options_.slow_index_ms) ++slow_count_;
}

void Reads::OnReady(const raft::ReadReady& ready, uint64_t now_ms) {
  const auto found = asked_.find(ready.id.sequence);
  if (found == asked_.end()) return;
  CountIfSlow(found->second, now_ms);
  const ReadTimes times{.asked_ms = found->second.asked_ms, .indexed_ms = now_ms};
  waiting_.emplace(ready.index, Waiting{std::move(found->second.done), times});
  asked_.erase(found);
}

void Reads::OnRefused(const raft::ReadRefused& refused, uint64_t now_ms,
                      std::vector<raft::ReadId>* again) {
  const auto found = asked_.find(refused.id.sequence);
  if (found == asked_.end()) return;
  Asked asked = std::move(found->second);
  asked_.erase(found);
  if (refused.reason == raft::ReadRefusal::kTooMany ||
      now_ms >= asked.asked_ms + options_.patience_ms) {
    CountIfSlow(asked, now_ms);
    ++failed_count_;
    return std::move(asked.done)(refused.reason,
                                 {.asked_ms = asked.asked_ms, .indexed_ms = now_ms});
  }
  again->push_back(Ask(std::move(asked)));
}

void Reads::OnApplied(const std::shared_ptr<const kv::ReadView>& view, uint64_t now_ms) {
  while (!waiting_.empty() && waiting_.begin()->first <= view->applied()) {
    Waiting waiting = std::move(waiting_.begin()->second);
    waiting_.erase(waiting_.begin());
    waiting.times.applied_ms = now_ms;
    std::move(waiting.done)(view, waiting.times);
  }
}

void Reads::Shutdown() {
  std::vector<std::pair<uint64_t, ReadDone>> ended;
  for (auto& [sequence, asked] : asked_) ended.emplace_back(sequence, std::move(asked.done));
  std::sort(ended.begin(), ended.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  for (auto& [index, waiting] : waiting_) ended.emplace_back(0, std::move(waiting.done));
  asked_.clear();
  waiting_.clear();
  for (auto& [sequence, done] : ended) std::move(done)(raft::ReadRefusal::kNoLeader, {});
}

}  // namespace keel::node
