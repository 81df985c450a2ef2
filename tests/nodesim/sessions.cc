#include "tests/nodesim/sessions.h"

#include <algorithm>
#include <utility>

namespace keel::nodesim {

namespace {

constexpr size_t kClients = 3;
constexpr uint64_t kPauseUs = 150'000;
constexpr uint64_t kRetryUs = 100'000;

}  // namespace

void Sessions::Start() {
  for (size_t i = 0; i < kClients; ++i) {
    clients_.push_back(std::make_unique<Client>());
    clients_.back()->key = "session/" + std::to_string(i);
    StepLater(clients_.back().get(), kPauseUs);
  }
}

bool Sessions::IsIdle() const {
  return std::all_of(clients_.begin(), clients_.end(),
                     [](const auto& client) { return client->op == 0; });
}

void Sessions::StepLater(Client* client, uint64_t pause_us_max) {
  desk_->After(desk_->prng().Between(1, pause_us_max), [this, client] { Step(client); });
}

void Sessions::Step(Client* client) {
  if (desk_->is_closed() && client->op == 0) return;
  node_test::SimMember* member = desk_->Pick(false);
  if (member == nullptr) return StepLater(client, kRetryUs);
  client->is_open ? Put(client, member) : OpenSession(client, member);
}

void Sessions::OpenSession(Client* client, node_test::SimMember* member) {
  client->session = kv::SessionId(desk_->prng().Next() | 1);
  client->sequence = 0;
  kv::Command command;
  command.operation = kv::SessionOpenOp{client->session};
  desk_->Propose(member, std::move(command), [this, client](const node::ProposalOutcome* outcome) {
    const auto* applied = outcome == nullptr ? nullptr : std::get_if<node::Applied>(outcome);
    client->is_open = applied != nullptr && applied->outcome.error == kv::KvError::kNone;
    StepLater(client, kRetryUs);
  });
}

void Sessions::Put(Client* client, node_test::SimMember* member) {
  if (client->op == 0) {
    client->op = desk_->history().Add(
        {.kind = OpKind::kPut, .key = client->key, .invoked_us = desk_->now_us()});
    ++client->sequence;
    ++client->puts;
  }
  kv::PutOp put;
  put.key = client->key;
  put.value = ValueOf(client->op, "");
  kv::Command command;
  command.origin = {.session = client->session,
                    .sequence = client->sequence,
                    .lowest_unacknowledged = client->sequence};
  command.operation = std::move(put);
  desk_->Propose(member, std::move(command),
                 [this, client](const node::ProposalOutcome* outcome) { OnPut(client, outcome); });
}

void Sessions::OnPut(Client* client, const node::ProposalOutcome* outcome) {
  const auto* applied = outcome == nullptr ? nullptr : std::get_if<node::Applied>(outcome);
  // Perhaps it took effect, perhaps it still will: it is asked for again, under its number.
  if (applied == nullptr) return StepLater(client, kRetryUs);
  Op& op = desk_->history().At(client->op);
  client->op = 0;
  if (applied->outcome.error != kv::KvError::kNone) {
    desk_->Report("session", "a put of " + client->key + " was told: " +
                                 std::string(kv::KvErrorText(applied->outcome.error)));
    return;
  }
  op.outcome = Outcome::kOk;
  op.done = true;
  op.returned_us = desk_->now_us();
  op.revision = applied->outcome.revision;
  StepLater(client, kPauseUs);
  const kv::Event* written = desk_->chronicle().LastOf(client->key, op.revision);
  if (written == nullptr || written->kv.mod != op.revision) return;  // not yet in the chronicle
  if (written->kv.version == client->puts) return;
  desk_->Report("exactly-once", client->key + " is at version " +
                                    std::to_string(written->kv.version) + " after " +
                                    std::to_string(client->puts) + " puts");
}

}  // namespace keel::nodesim
