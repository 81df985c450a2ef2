#include "server/node/reads.h"

#include <algorithm>
#include <utility>

namespace keel::node {

std::optional<raft::ReadId> Reads::Add(ReadDone done, uint64_t now_ms) {
  if (size() >= options_.reads_max) {
    std::move(done)(raft::ReadRefusal::kTooMany);
    return std::nullopt;
  }
  return Ask({.done = std::move(done), .deadline_ms = now_ms + options_.patience_ms});
}

raft::ReadId Reads::Ask(Asked asked) {
  const uint64_t sequence = next_sequence_++;
  asked_.emplace(sequence, std::move(asked));
  return {.node = options_.self, .boot = options_.boot, .sequence = sequence};
}

void Reads::OnReady(const raft::ReadReady& ready) {
  const auto found = asked_.find(ready.id.sequence);
  if (found == asked_.end()) return;
  waiting_.emplace(ready.index, std::move(found->second.done));
  asked_.erase(found);
}

void Reads::OnRefused(const raft::ReadRefused& refused, uint64_t now_ms,
                      std::vector<raft::ReadId>* again) {
  const auto found = asked_.find(refused.id.sequence);
  if (found == asked_.end()) return;
  Asked asked = std::move(found->second);
  asked_.erase(found);
  if (refused.reason == raft::ReadRefusal::kTooMany || now_ms >= asked.deadline_ms) {
    return std::move(asked.done)(refused.reason);
  }
  again->push_back(Ask(std::move(asked)));
}

void Reads::OnApplied(const std::shared_ptr<const kv::ReadView>& view) {
  while (!waiting_.empty() && waiting_.begin()->first <= view->applied()) {
    ReadDone done = std::move(waiting_.begin()->second);
    waiting_.erase(waiting_.begin());
    std::move(done)(view);
  }
}

void Reads::Shutdown() {
  std::vector<std::pair<uint64_t, ReadDone>> ended;
  for (auto& [sequence, asked] : asked_) ended.emplace_back(sequence, std::move(asked.done));
  std::sort(ended.begin(), ended.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  for (auto& [index, done] : waiting_) ended.emplace_back(0, std::move(done));
  asked_.clear();
  waiting_.clear();
  for (auto& [sequence, done] : ended) std::move(done)(raft::ReadRefusal::kNoLeader);
}

}  // namespace keel::node
