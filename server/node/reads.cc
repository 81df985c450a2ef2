#include "server/node/reads.h"

#include <algorithm>
#include <utility>

#include "base/mutant.h"

namespace keel::node {

std::optional<raft::ReadId> Reads::Add(ReadDone done, uint64_t now_ms) {
  if (size() >= options_.reads_max) {
    std::move(done)(raft::ReadRefusal::kTooMany, {.asked_ms = now_ms});
    return std::nullopt;
  }
  return Ask({.done = std::move(done), .times = {.asked_ms = now_ms}});
}

raft::ReadId Reads::Ask(Asked asked) {
  const uint64_t sequence = next_sequence_++;
  asked_.emplace(sequence, std::move(asked));
  return {.node = options_.self, .boot = options_.boot, .sequence = sequence};
}

void Reads::NoteIndexed(Asked* asked, uint64_t now_ms) {
  asked->times.indexed_ms = now_ms;
  if (now_ms >= asked->times.asked_ms + options_.slow_index_ms) ++slow_count_;
}

void Reads::OnReady(const raft::ReadReady& ready, uint64_t now_ms) {
  const auto found = asked_.find(ready.id.sequence);
  if (found == asked_.end()) return;
  NoteIndexed(&found->second, now_ms);
  waiting_.emplace(ready.index, std::move(found->second));
  asked_.erase(found);
}

bool Reads::OnRefused(const raft::ReadRefused& refused, uint64_t now_ms) {
  const auto found = asked_.find(refused.id.sequence);
  if (found == asked_.end()) return false;
  Asked asked = std::move(found->second);
  asked_.erase(found);
  if (refused.reason == raft::ReadRefusal::kTooMany || IsLate(asked, now_ms)) {
    NoteIndexed(&asked, now_ms);
    ++failed_count_;
    std::move(asked.done)(refused.reason, asked.times);
    return false;
  }
  refused_.push_back(std::move(asked));
  return refused_.size() == 1;
}

std::vector<raft::ReadId> Reads::AskAgain() {
  std::vector<raft::ReadId> again;
  for (Asked& asked : refused_) again.push_back(Ask(std::move(asked)));
  refused_.clear();
  return again;
}

void Reads::OnApplied(const std::shared_ptr<const kv::ReadView>& view, uint64_t now_ms) {
  while (!waiting_.empty() &&
         (waiting_.begin()->first <= view->applied() || KEEL_MUTANT(kReadsAtOnce31))) {
    Asked asked = std::move(waiting_.begin()->second);
    waiting_.erase(waiting_.begin());
    asked.times.applied_ms = now_ms;
    std::move(asked.done)(view, asked.times);
  }
}

void Reads::Expire(uint64_t now_ms) {
  constexpr uint64_t kLookEveryMs = 500;
  if (now_ms < expired_ms_ + kLookEveryMs) return;
  expired_ms_ = now_ms;
  std::vector<std::pair<uint64_t, Asked>> ended;
  for (auto it = asked_.begin(); it != asked_.end();) {
    if (!IsLate(it->second, now_ms)) {
      ++it;
      continue;
    }
    NoteIndexed(&it->second, now_ms);
    ++failed_count_;
    ended.emplace_back(it->first, std::move(it->second));
    it = asked_.erase(it);
  }
  std::sort(ended.begin(), ended.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  for (auto it = waiting_.begin(); it != waiting_.end();) {
    if (!IsLate(it->second, now_ms)) {
      ++it;
      continue;
    }
    ended.emplace_back(0, std::move(it->second));
    it = waiting_.erase(it);
  }
  for (auto& [sequence, asked] : ended) {
    std::move(asked.done)(raft::ReadRefusal::kTimedOut, asked.times);
  }
}

void Reads::Shutdown() {
  std::vector<std::pair<uint64_t, ReadDone>> ended;
  for (auto& [sequence, asked] : asked_) ended.emplace_back(sequence, std::move(asked.done));
  std::stable_sort(ended.begin(), ended.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  for (Asked& asked : refused_) ended.emplace_back(next_sequence_, std::move(asked.done));
  for (auto& [index, asked] : waiting_) ended.emplace_back(0, std::move(asked.done));
  asked_.clear();
  refused_.clear();
  waiting_.clear();
  for (auto& [sequence, done] : ended) std::move(done)(raft::ReadRefusal::kNoLeader, {});
}

}  // namespace keel::node
