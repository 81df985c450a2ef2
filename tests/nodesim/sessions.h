// Clients with sessions: each puts to a key of its own, one put after the other, and asks again,
// anywhere, until it has an answer. Each put takes effect exactly once: the key's version counts
// them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/nodesim/desk.h"

namespace keel::nodesim {

class Sessions {
 public:
  explicit Sessions(Desk* desk) : desk_(desk) {}
  void Start();
  // Nobody waits for an answer any more.
  [[nodiscard]] bool IsIdle() const;

 private:
  struct Client {
    std::string key;
    kv::SessionId session;
    bool is_open = false;
    uint64_t sequence = 0;
    OpNumber op = 0;  // under way
    uint64_t puts = 0;
  };
  void Step(Client* client);
  void StepLater(Client* client, uint64_t pause_us_max);
  void OpenSession(Client* client, node_test::SimMember* member);
  void Put(Client* client, node_test::SimMember* member);
  void OnPut(Client* client, const node::ProposalOutcome* outcome);

  Desk* const desk_;
  std::vector<std::unique_ptr<Client>> clients_;
};

}  // namespace keel::nodesim
