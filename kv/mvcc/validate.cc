#include "kv/mvcc/validate.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "kv/mvcc/range.h"

namespace keel::kv {

namespace {

constexpr uint64_t kLeaseTtlMax = 9'000'000'000;

KvError CheckPut(const PutOp& put) {
  if (put.key.empty()) return KvError::kEmptyKey;
  if (put.ignore_value && !put.value.empty()) return KvError::kValueProvided;
  if (put.ignore_lease && !put.lease.IsNone()) return KvError::kLeaseProvided;
  return KvError::kNone;
}

KvError CheckOp(const RequestOp& op, uint64_t ops_left) {
  if (const auto* range = std::get_if<RangeRequest>(&op)) return CheckRange(*range);
  if (const auto* put = std::get_if<PutOp>(&op)) return CheckPut(*put);
  if (const auto* remove = std::get_if<DeleteRangeOp>(&op)) {
    return remove->keys.begin.empty() ? KvError::kEmptyKey : KvError::kNone;
  }
  if (const auto* nested = std::get_if<NestedTxn>(&op)) {
    if (nested->txn.size() != 1) return KvError::kBadCommand;
    return ValidateTxn(nested->txn.front(), {.txn_ops_max = ops_left});
  }
  return KvError::kKeyNotFound;  // an empty request, and etcd's answer to it
}

// ---- the same key twice ----
// What the operations of one level and all below it may put and delete.
struct Touched {
  std::set<std::string_view> puts;
  std::vector<const KeyRange*> deletes;

  [[nodiscard]] bool Deletes(std::string_view key) const {
    return std::any_of(deletes.begin(), deletes.end(),
                       [key](const KeyRange* range) { return range->Contains(key); });
  }
};

std::optional<Touched> CollectTouched(const std::vector<RequestOp>& ops);

// Both branches of one transaction, of which only one is carried out: they do not clash.
std::optional<Touched> CollectBranches(const TxnOp& txn) {
  auto both = CollectTouched(txn.success);
  const auto failure = CollectTouched(txn.failure);
  if (!both.has_value() || !failure.has_value()) return std::nullopt;
  both->puts.insert(failure->puts.begin(), failure->puts.end());
  both->deletes.insert(both->deletes.end(), failure->deletes.begin(), failure->deletes.end());
  return both;
}

// Adds what is carried out beside what is there; false where they clash.
bool Join(const Touched& more, Touched* all) {
  for (const std::string_view key : more.puts) {
    if (all->puts.contains(key) || all->Deletes(key)) return false;
  }
  // Stricter than etcd, which lets one nested transaction delete what an earlier one has put: here
  // a revision changes a key at most once, as etcd's documentation says.
  for (const std::string_view key : all->puts) {
    if (more.Deletes(key)) return false;
  }
  all->puts.insert(more.puts.begin(), more.puts.end());
  all->deletes.insert(all->deletes.end(), more.deletes.begin(), more.deletes.end());
  return true;
}

std::optional<Touched> CollectTouched(const std::vector<RequestOp>& ops) {
  Touched all;
  for (const RequestOp& op : ops) {
    Touched one;
    if (const auto* put = std::get_if<PutOp>(&op)) one.puts.insert(put->key);
    if (const auto* remove = std::get_if<DeleteRangeOp>(&op)) one.deletes.push_back(&remove->keys);
    if (const auto* nested = std::get_if<NestedTxn>(&op)) {
      auto branches = CollectBranches(nested->txn.front());
      if (!branches.has_value()) return std::nullopt;
      one = std::move(*branches);
    }
    if (!Join(one, &all)) return std::nullopt;
  }
  return all;
}

KvError CheckShape(const TxnOp& txn, uint64_t ops_max) {
  const uint64_t ops = std::max({txn.compares.size(), txn.success.size(), txn.failure.size()});
  if (ops > ops_max) return KvError::kTooManyOps;
  for (const Compare& compare : txn.compares) {
    if (compare.keys.begin.empty()) return KvError::kEmptyKey;
  }
  for (const auto* branch : {&txn.success, &txn.failure}) {
    for (const RequestOp& op : *branch) {
      if (const KvError bad = CheckOp(op, ops_max - ops); bad != KvError::kNone) return bad;
    }
  }
  return KvError::kNone;
}

}  // namespace

KvError ValidateTxn(const TxnOp& txn, const CommandLimits& limits) {
  if (const KvError bad = CheckShape(txn, limits.txn_ops_max); bad != KvError::kNone) return bad;
  return CollectBranches(txn).has_value() ? KvError::kNone : KvError::kDuplicateKey;
}

KvError ValidateCommand(const Command& command, const CommandLimits& limits) {
  const Operation& operation = command.operation;
  if (const auto* put = std::get_if<PutOp>(&operation)) return CheckPut(*put);
  if (const auto* txn = std::get_if<TxnOp>(&operation)) return ValidateTxn(*txn, limits);
  if (const auto* remove = std::get_if<DeleteRangeOp>(&operation)) {
    return remove->keys.begin.empty() ? KvError::kEmptyKey : KvError::kNone;
  }
  if (const auto* grant = std::get_if<LeaseGrantOp>(&operation)) {
    if (grant->ttl_s > kLeaseTtlMax) return KvError::kLeaseTtlTooLarge;
    return grant->id.IsNone() ? KvError::kBadCommand : KvError::kNone;
  }
  if (const auto* open = std::get_if<SessionOpenOp>(&operation)) {
    return open->id.IsNone() ? KvError::kBadCommand : KvError::kNone;
  }
  return KvError::kNone;
}

}  // namespace keel::kv
