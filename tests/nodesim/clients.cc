#include "tests/nodesim/clients.h"

#include <utility>

namespace keel::nodesim {

namespace {

constexpr uint64_t kKeys = 12;

}  // namespace

const kv::TxnResult* TxnOf(const kv::Outcome& outcome) {
  return std::get_if<kv::TxnResult>(&outcome.answer);
}

kv::Compare WrittenAt(const std::string& key, Revision mod) {
  return {.keys = {.begin = key}, .target = kv::CompareTarget::kMod, .number = mod.value()};
}

void Clients::Burst() {
  if (desk_->is_closed()) return;
  Prng& prng = desk_->prng();
  for (uint64_t n = prng.Between(1, profile_.ops_at_once); n > 0; --n) Ask();
  desk_->After(profile_.clients_every.Pick(prng), [this] { Burst(); });
}

void Clients::Ask() {
  Prng& prng = desk_->prng();
  const std::string key = "key/" + std::to_string(prng.Below(kKeys));
  node_test::SimMember* member = desk_->Pick(prng.OneIn(2));
  if (member == nullptr) {
    ++desk_->tally().offered;
    ++desk_->tally().refused;
    return;
  }
  if (prng.Chance(profile_.reads_percent, 100)) return Read(member, key);
  const uint64_t kind = prng.Below(10);
  Write(member,
        kind == 0  ? OpKind::kDelete
        : kind < 4 ? OpKind::kCompareAndPut
                   : OpKind::kPut,
        key);
}

kv::Operation Clients::MakeOperation(OpNumber number, const Op& op) {
  if (op.kind == OpKind::kDelete) return kv::DeleteRangeOp{.keys = {.begin = op.key}};
  kv::PutOp put;
  put.key = op.key;
  put.value = ValueOf(number, std::string(desk_->prng().Below(profile_.value_bytes_max), '.'));
  if (op.kind == OpKind::kPut) return put;
  kv::TxnOp txn;
  txn.compares.push_back(WrittenAt(op.key, op.expected));
  txn.success.emplace_back(std::move(put));
  return txn;
}

void Clients::Write(node_test::SimMember* member, OpKind kind, const std::string& key) {
  const OpNumber number = desk_->history().Add(
      {.kind = kind, .key = key, .expected = known_[key], .invoked_us = desk_->now_us()});
  kv::Command command;
  command.operation = MakeOperation(number, desk_->history().At(number));
  desk_->Propose(member, std::move(command), [this, number](const node::ProposalOutcome* outcome) {
    OnWritten(number, outcome);
  });
}

void Clients::OnWritten(OpNumber number, const node::ProposalOutcome* outcome) {
  Op& op = desk_->history().At(number);
  if (outcome == nullptr || std::holds_alternative<node::Unknown>(*outcome)) {
    op.outcome = Outcome::kUnknown;
    return;
  }
  if (std::holds_alternative<node::Dropped>(*outcome)) {
    op.outcome = Outcome::kRefused;
    return;
  }
  const kv::Outcome& told = std::get<node::Applied>(*outcome).outcome;
  if (told.error != kv::KvError::kNone) {
    return desk_->Report("no-error", "a write of " + op.key +
                                         " was told: " + std::string(kv::KvErrorText(told.error)));
  }
  op.outcome = Outcome::kOk;
  op.returned_us = desk_->now_us();
  op.revision = told.revision;
  op.done = true;
  if (const kv::TxnResult* txn = TxnOf(told)) op.done = txn->succeeded;
  if (const auto* gone = std::get_if<kv::DeleteRangeResult>(&told.answer)) {
    op.done = gone->deleted > 0;
    known_[op.key] = Revision();
  } else if (op.done) {
    known_[op.key] = told.revision;
  }
}

void Clients::Read(node_test::SimMember* member, const std::string& key) {
  const OpNumber number =
      desk_->history().Add({.kind = OpKind::kRead, .key = key, .invoked_us = desk_->now_us()});
  desk_->Read(member,
              [this, number](const node::ReadOutcome* outcome) { OnRead(number, outcome); });
}

void Clients::OnRead(OpNumber number, const node::ReadOutcome* outcome) {
  Op& op = desk_->history().At(number);
  op.outcome = Outcome::kRefused;
  if (outcome == nullptr) return;
  const auto* view = std::get_if<std::shared_ptr<const kv::ReadView>>(outcome);
  if (view == nullptr) return;
  const auto found = (*view)->Get(op.key, (*view)->revision());
  if (!found.ok()) return;  // a failing disk; its node says so itself
  op.outcome = Outcome::kOk;
  op.returned_us = desk_->now_us();
  op.revision = (*view)->revision();
  if (found->has_value()) op.mod = (*found)->mod;
  known_[op.key] = op.mod;
}

}  // namespace keel::nodesim
