#include "tests/nodesim/bank.h"

#include <cstdlib>
#include <utility>

#include "tests/nodesim/clients.h"

namespace keel::nodesim {

namespace {

constexpr uint64_t kAccounts = 6;
constexpr uint64_t kEach = 100;
constexpr uint64_t kPauseUs = 60'000;
constexpr size_t kTellers = 2;

std::string KeyOf(uint64_t account) { return "bank/" + std::to_string(account); }

}  // namespace

void Bank::Start() {
  Open();
  for (size_t i = 0; i < kTellers; ++i) LookLater();
}

// Once, whoever asks how often: only where no account is there yet.
void Bank::Open() {
  if (desk_->is_closed() || is_open_) return;
  const OpNumber number = desk_->history().Add(
      {.kind = OpKind::kTransfer, .key = KeyOf(0), .invoked_us = desk_->now_us()});
  kv::TxnOp txn;
  txn.compares.push_back(WrittenAt(KeyOf(0), Revision()));
  for (uint64_t i = 0; i < kAccounts; ++i) {
    kv::PutOp put;
    put.key = KeyOf(i);
    put.value = ValueOf(number, std::to_string(kEach));
    txn.success.emplace_back(std::move(put));
  }
  Move(number, std::move(txn));
  desk_->After(1'000'000, [this] { Open(); });
}

void Bank::LookLater() {
  desk_->After(desk_->prng().Between(1, kPauseUs), [this] { Look(); });
}

void Bank::Look() {
  if (desk_->is_closed()) return;
  node_test::SimMember* member = desk_->Pick(false);
  if (member == nullptr) return LookLater();
  desk_->Read(member, [this](const node::ReadOutcome* outcome) {
    LookLater();
    if (outcome == nullptr) return;
    const auto* view = std::get_if<std::shared_ptr<const kv::ReadView>>(outcome);
    if (view != nullptr) OnView(**view);
  });
}

void Bank::OnView(const kv::ReadView& view) {
  const auto found = view.Range({.keys = kv::PrefixRange("bank/")});
  if (!found.ok() || found->error != kv::KvError::kNone || found->kvs.empty()) return;
  is_open_ = true;
  std::vector<Account> accounts;
  uint64_t sum = 0;
  for (const kv::KeyValue& kv : found->kvs) {
    const uint64_t balance = std::strtoull(std::string(TextOfValue(kv.value)).c_str(), nullptr, 10);
    accounts.push_back({kv.key, kv.mod, balance});
    sum += balance;
  }
  if (sum != kAccounts * kEach) {
    desk_->Report("constant-sum", "at revision " + std::to_string(view.revision().value()) +
                                      " the accounts hold " + std::to_string(sum));
  }
  const Account from = accounts[desk_->prng().Below(accounts.size())];
  const Account to = accounts[desk_->prng().Below(accounts.size())];
  if (from.key != to.key && from.balance > 0) Transfer(from, to);
}

void Bank::Transfer(Account from, Account to) {
  node_test::SimMember* member = desk_->Pick(true);
  if (member == nullptr || desk_->is_closed()) return;
  const uint64_t amount = desk_->prng().Between(1, from.balance);
  from.balance -= amount;
  to.balance += amount;
  const OpNumber number = desk_->history().Add(
      {.kind = OpKind::kTransfer, .key = from.key, .invoked_us = desk_->now_us()});
  kv::TxnOp txn;
  for (const Account& account : {from, to}) {
    txn.compares.push_back(WrittenAt(account.key, account.mod));
    kv::PutOp put;
    put.key = account.key;
    put.value = ValueOf(number, std::to_string(account.balance));
    txn.success.emplace_back(std::move(put));
  }
  Move(number, std::move(txn));
}

void Bank::Move(OpNumber number, kv::TxnOp txn) {
  node_test::SimMember* member = desk_->Pick(true);
  if (member == nullptr) return;
  kv::Command command;
  command.operation = std::move(txn);
  desk_->Propose(member, std::move(command), [this, number](const node::ProposalOutcome* outcome) {
    Op& op = desk_->history().At(number);
    op.outcome = Outcome::kUnknown;
    if (outcome == nullptr) return;
    if (std::holds_alternative<node::Dropped>(*outcome)) op.outcome = Outcome::kRefused;
    const auto* applied = std::get_if<node::Applied>(outcome);
    if (applied == nullptr) return;
    const kv::TxnResult* told = TxnOf(applied->outcome);
    if (told == nullptr) return desk_->Report("no-error", "a transfer has no answer");
    op.outcome = Outcome::kOk;
    op.done = told->succeeded;
    op.revision = applied->outcome.revision;
    op.returned_us = desk_->now_us();
  });
}

}  // namespace keel::nodesim
