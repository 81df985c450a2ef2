#include "tests/node/support/workload.h"

#include <algorithm>
#include <utility>

namespace keel::node_test {

namespace {

constexpr char kCounter[] = "counter";

}  // namespace

Workload::Workload(SimCluster* cluster, const Options& options)
    : cluster_(cluster), options_(options), executor_(&cluster->world(), {}) {
  for (size_t i = 0; i < options.clients; ++i) {
    clients_.push_back(std::make_unique<Client>());
    clients_.back()->number = i + 1;
  }
}

void Workload::Start() {
  running_ = true;
  for (auto& client : clients_) NextLater(client.get());
}

void Workload::NextLater(Client* client) {
  const uint64_t pause_us = cluster_->world().prng().Between(1, options_.pause_us_max);
  executor_.PostAfter(pause_us, [this, client] { Next(client); });
}

SimMember* Workload::AnyMember() {
  std::vector<SimMember*> up;
  for (size_t i = 0; i < cluster_->size(); ++i) {
    if (cluster_->at(i).IsUp()) up.push_back(&cluster_->at(i));
  }
  return up.empty() ? nullptr : up[cluster_->world().prng().Below(up.size())];
}

void Workload::Next(Client* client) {
  if (!running_ || client->waits) return;
  SimMember* member = AnyMember();
  if (member == nullptr) return NextLater(client);
  client->waits = true;
  client->at = member->id();
  client->request = next_request_++;
  client->key.clear();
  client->counts = false;
  const uint64_t choice = cluster_->world().prng().Below(10);
  if (choice < 5) return Put(client, member);
  if (choice < 7) return Count(client, member);
  Read(client, member);
}

void Workload::Propose(Client* client, SimMember* member, const kv::Command& command) {
  member->node().Propose(
      {.command = kv::EncodeCommand(command)},
      [this, client, request = client->request](const node::ProposalOutcome& outcome) {
        OnOutcome(client, request, outcome);
      });
}

void Workload::Put(Client* client, SimMember* member) {
  client->key = "key" + std::to_string(next_key_++);
  kv::PutOp put;
  put.key = client->key;
  put.value =
      client->key + std::string(cluster_->world().prng().Below(options_.value_bytes_max), '.');
  kv::Command command;
  command.operation = std::move(put);
  Propose(client, member, command);
}

// Each round adds one version to the counter, whatever it held: a transaction with an empty
// compare.
void Workload::Count(Client* client, SimMember* member) {
  client->counts = true;
  kv::TxnOp txn;
  kv::Compare compare;
  compare.keys.begin = kCounter;
  compare.result = kv::CompareResult::kNotEqual;
  compare.target = kv::CompareTarget::kVersion;
  compare.number = UINT32_MAX;
  txn.compares.push_back(std::move(compare));
  kv::PutOp put;
  put.key = kCounter;
  txn.success.emplace_back(std::move(put));
  kv::Command command;
  command.operation = std::move(txn);
  Propose(client, member, command);
}

void Workload::Read(Client* client, SimMember* member) {
  member->node().Read([this, client, request = client->request, floor = highest_](
                          const node::ReadOutcome& outcome, const node::ReadTimes&) {
    OnRead(client, request, floor, outcome);
  });
}

void Workload::OnOutcome(Client* client, uint64_t request, const node::ProposalOutcome& outcome) {
  if (!answered_.insert(request).second) return Complain("two outcomes for one proposal");
  if (!client->waits || client->request != request)
    return Complain("an outcome after its node died");
  client->waits = false;
  if (const auto* applied = std::get_if<node::Applied>(&outcome)) {
    ++counts_.applied;
    if (applied->outcome.error != kv::KvError::kNone) {
      Complain("refused: " + std::string(kv::KvErrorText(applied->outcome.error)));
    }
    highest_ = std::max(highest_, applied->outcome.revision);
    if (client->counts) {
      ++counted_;
    } else {
      acknowledged_[client->key] = applied->outcome.revision;
    }
  } else if (std::holds_alternative<node::Dropped>(outcome)) {
    ++counts_.dropped;
    if (!client->counts) dropped_.insert(client->key);
  } else {
    ++counts_.unknown;
    if (client->counts) ++perhaps_counted_;
  }
  NextLater(client);
}

void Workload::OnRead(Client* client, uint64_t request, Revision floor,
                      const node::ReadOutcome& outcome) {
  if (!answered_.insert(request).second) return Complain("two outcomes for one read");
  if (!client->waits || client->request != request) return Complain("a read after its node died");
  client->waits = false;
  if (const auto* view = std::get_if<std::shared_ptr<const kv::ReadView>>(&outcome)) {
    ++counts_.reads;
    if ((*view)->revision() < floor) {
      Complain("a read saw revision " + std::to_string((*view)->revision().value()) + " after " +
               std::to_string(floor.value()) + " had been answered");
    }
    highest_ = std::max(highest_, (*view)->revision());
  } else {
    ++counts_.reads_refused;
  }
  NextLater(client);
}

void Workload::OnKill(NodeId member) {
  for (auto& client : clients_) {
    if (!client->waits || client->at != member) continue;
    client->waits = false;
    ++counts_.lost;
    if (client->counts) ++perhaps_counted_;
    NextLater(client.get());
  }
}

bool Workload::IsIdle() const {
  return std::none_of(clients_.begin(), clients_.end(),
                      [](const auto& client) { return client->waits; });
}

void Workload::CheckAtEnd() {
  if (!IsIdle()) Complain("a request never ended");
  uint64_t hash = 0;
  for (size_t i = 0; i < cluster_->size(); ++i) {
    CheckMember(&cluster_->at(i));
    cluster_->at(i).node().RunOnApply([&, i](const node::StateMachine& machine) {
      const uint64_t own = machine.store().state().chain_hash;
      if (i > 0 && own != hash) Complain("the members' states differ");
      hash = own;
    });
    cluster_->world().RunFor(100'000);
  }
}

void Workload::CheckMember(SimMember* member) {
  const auto view = member->node().view();
  for (const auto& [key, revision] : acknowledged_) {
    const auto found = view->Get(key, view->revision());
    if (!found.ok() || !found->has_value() || (*found)->mod != revision) {
      Complain("member " + std::to_string(member->id().value()) + " lacks " + key +
               ", which was acknowledged");
    }
  }
  for (const std::string& key : dropped_) {
    const auto found = view->Get(key, view->revision());
    if (found.ok() && found->has_value()) Complain(key + " is there, and was said to be dropped");
  }
  const auto counter = view->Get(kCounter, view->revision());
  const uint64_t count = counter.ok() && counter->has_value() ? (*counter)->version : 0;
  if (count < counted_ || count > counted_ + perhaps_counted_) {
    Complain("the counter is at " + std::to_string(count) + ", with " + std::to_string(counted_) +
             " acknowledged and " + std::to_string(perhaps_counted_) + " unknown");
  }
}

}  // namespace keel::node_test
