// The messages between the members of a test cluster, in the order in which they were sent.
//
// A link is one direction between two members. An open link delivers when the cluster settles; a
// held one keeps its messages until they are delivered, dropped or released by hand; a cut one
// loses what is sent over it.
#pragma once

#include <list>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "raft/message.h"

namespace keel::raft {

struct Link {
  NodeId from;
  NodeId to;

  friend auto operator<=>(const Link&, const Link&) = default;
};

class Wire {
 public:
  void Send(Message message);

  void Hold(Link link) { held_.insert(link); }
  void Release(Link link) { held_.erase(link); }
  void Cut(Link link);
  void Mend(Link link) { cut_.erase(link); }
  void MendAll() { cut_.clear(); }

  // The oldest message on an open link.
  [[nodiscard]] std::optional<Message> TakeNextOpen();
  // The oldest (or newest) message on this link, held or not.
  [[nodiscard]] std::optional<Message> TakeFrom(Link link, bool newest = false);
  // Looks at it and leaves it there.
  [[nodiscard]] const Message* PeekAt(Link link) const;
  size_t DropAll(Link link);
  // The link's messages come out in the opposite order.
  void Reverse(Link link);
  // Whatever a member has under way to others, it has sent; what is under way to it is lost.
  void DropAllTo(NodeId to);

  [[nodiscard]] size_t CountOn(Link link) const;
  [[nodiscard]] const std::list<Message>& messages() const { return messages_; }

 private:
  static Link LinkOf(const Message& message) { return {message.from, message.to}; }

  std::list<Message> messages_;
  std::set<Link> held_;
  std::set<Link> cut_;
};

}  // namespace keel::raft
