#include "tests/support/wire.h"

#include <algorithm>
#include <utility>

namespace keel::raft {

void Wire::Send(Message message) {
  if (cut_.count(LinkOf(message)) == 0) messages_.push_back(std::move(message));
}

void Wire::Cut(Link link) {
  cut_.insert(link);
  DropAll(link);
}

std::optional<Message> Wire::TakeNextOpen() {
  for (auto at = messages_.begin(); at != messages_.end(); ++at) {
    if (held_.count(LinkOf(*at)) != 0) continue;
    Message message = std::move(*at);
    messages_.erase(at);
    return message;
  }
  return std::nullopt;
}

std::optional<Message> Wire::TakeFrom(Link link, bool newest) {
  auto found = messages_.end();
  for (auto at = messages_.begin(); at != messages_.end(); ++at) {
    if (LinkOf(*at) != link) continue;
    found = at;
    if (!newest) break;
  }
  if (found == messages_.end()) return std::nullopt;
  Message message = std::move(*found);
  messages_.erase(found);
  return message;
}

const Message* Wire::PeekAt(Link link) const {
  const auto at = std::find_if(messages_.begin(), messages_.end(),
                               [&](const Message& message) { return LinkOf(message) == link; });
  return at == messages_.end() ? nullptr : &*at;
}

size_t Wire::DropAll(Link link) {
  return messages_.remove_if([&](const Message& message) { return LinkOf(message) == link; });
}

void Wire::Reverse(Link link) {
  std::vector<Message> taken;
  while (std::optional<Message> message = TakeFrom(link)) taken.push_back(std::move(*message));
  messages_.insert(messages_.end(), taken.rbegin(), taken.rend());
}

void Wire::DropAllTo(NodeId to) {
  messages_.remove_if([&](const Message& message) { return message.to == to; });
}

size_t Wire::CountOn(Link link) const {
  return static_cast<size_t>(
      std::count_if(messages_.begin(), messages_.end(),
                    [&](const Message& message) { return LinkOf(message) == link; }));
}

}  // namespace keel::raft
