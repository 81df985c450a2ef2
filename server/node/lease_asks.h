// What this node asks of the leader's lease clock, wherever that is: renewals, and what is left.
//
// Any member is asked by clients, and only the leader keeps time. A question goes to whoever leads,
// this node too, and goes again when the leader changes, when the link to it breaks, or when the
// one that was asked does not lead yet: asking twice does no harm. It ends with the first answer of
// the leader that was asked last, or when patience does. Belongs to the node role.
#pragma once

#include <cstdint>
#include <functional>
#include <map>

#include "server/node/once.h"
#include "server/node/peer_message.h"

namespace keel::node {

// Nobody who leads has answered: `led` is false.
struct LeaseAnswer {
  bool led = false;
  bool found = false;
  uint64_t seconds = 0;
};
using LeaseAnswerDone = Once<LeaseAnswer>;

class LeaseAsks {
 public:
  struct Options {
    raft::BootId boot;
    uint64_t patience_ms = 0;
    size_t asks_max = 65'536;  // more are answered at once: nobody led
    std::function<void(NodeId leader, LeaseAsk ask)> send;
  };
  explicit LeaseAsks(Options options) : options_(std::move(options)) {}

  struct Question {
    kv::LeaseId lease;
    bool renews = false;
  };
  void Add(const Question& question, LeaseAnswerDone done, uint64_t now_ms);
  // Who leads now; none: nobody.
  void SetLeader(NodeId leader);
  void OnTold(NodeId from, const LeaseTold& told);
  void OnLost(NodeId peer);
  // Now and then: asks again what was put off, ends what has waited long enough.
  void Housekeep(uint64_t now_ms);
  void Shutdown();

  [[nodiscard]] size_t size() const { return asked_.size(); }

 private:
  struct Asked {
    Question question;
    LeaseAnswerDone done;
    uint64_t deadline_ms = 0;
    NodeId of;  // none: to be asked
  };
  void Ask(uint64_t sequence, Asked* asked);

  const Options options_;
  NodeId leader_;
  uint64_t next_sequence_ = 1;
  std::map<uint64_t, Asked> asked_;
};

}  // namespace keel::node
