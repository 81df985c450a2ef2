#include "server/node/reads.h"

#include <algorithm>
#include <utility>

#include "base/mutant.h"

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

bool Reads::OnRefused(const raft::ReadRefused& refused, uint64_t now_ms) {
  const auto found = asked_.find(refused.id.sequence);
  if (found == asked_.end()) return false;
  Asked asked = std::move(found->second);
  asked_.erase(found);
  if (refused.reason == raft::ReadRefusal::kTooMany || IsOver(asked.asked_ms, now_ms)) {
    CountIfSlow(asked, now_ms);
    ++failed_count_;
    std::move(asked.done)(refused.reason, {.asked_ms = asked.asked_ms, .indexed_ms = now_ms});
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
    Waiting waiting = std::move(waiting_.begin()->second);
    waiting_.erase(waiting_.begin());
    waiting.times.applied_ms = now_ms;
    std::move(waiting.done)(view, waiting.times);
  }
}

void Reads::Expire(uint64_t now_ms) {
  constexpr uint64_t kLookEveryMs = 500;
  if (now_ms < expired_ms_ + kLookEveryMs) return;
  expired_ms_ = now_ms;
  struct Ended {
    uint64_t sequence = 0;
    Waiting read;
  };
  std::vector<Ended> ended;
  for (auto it = asked_.begin(); it != asked_.end();) {
    Asked& asked = it->second;
    if (!IsOver(asked.asked_ms, now_ms)) {
      ++it;
      continue;
    }
    CountIfSlow(asked, now_ms);
    ++failed_count_;
    const ReadTimes times{.asked_ms = asked.asked_ms, .indexed_ms = now_ms};
    ended.push_back({it->first, {std::move(asked.done), times}});
    it = asked_.erase(it);
  }
  std::sort(ended.begin(), ended.end(),
            [](const Ended& a, const Ended& b) { return a.sequence < b.sequence; });
  for (auto it = waiting_.begin(); it != waiting_.end();) {
    if (!IsOver(it->second.times.asked_ms, now_ms)) {
      ++it;
      continue;
    }
    it->second.times.applied_ms = now_ms;
    ended.push_back({0, std::move(it->second)});
    it = waiting_.erase(it);
  }
  for (Ended& end : ended) {
    std::move(end.read.done)(raft::ReadRefusal::kTimedOut, end.read.times);
  }
}

void Reads::Shutdown() {
  std::vector<std::pair<uint64_t, ReadDone>> ended;
  for (auto& [sequence, asked] : asked_) ended.emplace_back(sequence, std::move(asked.done));
  std::stable_sort(ended.begin(), ended.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  for (Asked& asked : refused_) ended.emplace_back(next_sequence_, std::move(asked.done));
  for (auto& [index, waiting] : waiting_) ended.emplace_back(0, std::move(waiting.done));
  asked_.clear();
  refused_.clear();
  waiting_.clear();
  for (auto& [sequence, done] : ended) std::move(done)(raft::ReadRefusal::kNoLeader, {});
}

}  // namespace keel::node
