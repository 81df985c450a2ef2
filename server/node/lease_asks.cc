#include "server/node/lease_asks.h"

#include <utility>

namespace keel::node {

void LeaseAsks::Add(const Question& question, LeaseAnswerDone done, uint64_t now_ms) {
  if (asked_.size() >= options_.asks_max) return std::move(done)(LeaseAnswer{});
  const uint64_t sequence = next_sequence_++;
  Asked& asked = asked_[sequence];
  asked.question = question;
  asked.done = std::move(done);
  asked.deadline_ms = now_ms + options_.patience_ms;
  Ask(sequence, &asked);
}

void LeaseAsks::Ask(uint64_t sequence, Asked* asked) {
  asked->of = leader_;
  if (leader_.IsNone()) return;
  options_.send(leader_, {.boot = options_.boot,
                          .sequence = sequence,
                          .lease = asked->question.lease,
                          .renews = asked->question.renews});
}

void LeaseAsks::SetLeader(NodeId leader) {
  leader_ = leader;
  // Sending may not call back: the map stays as it is.
  for (auto& [sequence, asked] : asked_) Ask(sequence, &asked);
}

void LeaseAsks::OnTold(NodeId from, const LeaseTold& told) {
  const auto found = asked_.find(told.sequence);
  if (told.boot != options_.boot || found == asked_.end() || found->second.of != from) return;
  if (!told.leads) {
    found->second.of = NodeId();  // asked again by Housekeep: at once would only spin
    return;
  }
  LeaseAnswerDone done = std::move(found->second.done);
  asked_.erase(found);
  std::move(done)(LeaseAnswer{.led = true, .found = told.found, .seconds = told.seconds});
}

void LeaseAsks::OnLost(NodeId peer) {
  for (auto& [sequence, asked] : asked_) {
    if (asked.of == peer) asked.of = NodeId();
  }
}

void LeaseAsks::Housekeep(uint64_t now_ms) {
  // In the order of asking, which with one patience for all is that of the deadlines.
  while (!asked_.empty() && asked_.begin()->second.deadline_ms <= now_ms) {
    LeaseAnswerDone done = std::move(asked_.begin()->second.done);
    asked_.erase(asked_.begin());
    std::move(done)(LeaseAnswer{});
  }
  for (auto& [sequence, asked] : asked_) {
    if (asked.of.IsNone()) Ask(sequence, &asked);
  }
}

void LeaseAsks::Shutdown() {
  std::map<uint64_t, Asked> ended;
  ended.swap(asked_);
  for (auto& [sequence, asked] : ended) std::move(asked.done)(LeaseAnswer{});
}

}  // namespace keel::node
