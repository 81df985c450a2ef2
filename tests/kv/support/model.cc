#include "tests/kv/support/model.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace keel::kv {

namespace {

bool In(const KeyRange& range, const std::string& key) {
  if (range.end.empty()) return key == range.begin;
  if (key < range.begin) return false;
  return range.end == std::string(1, '\0') || key < range.end;
}

// Whether the compare holds of one key, or of a key that is not there.
bool HoldsOf(const Compare& compare, const KeyValue& kv) {
  int order = 0;
  const auto by = [&order](auto have, auto want) { order = have < want ? -1 : have > want; };
  switch (compare.target) {
    case CompareTarget::kVersion:
      by(kv.version, compare.number);
      break;
    case CompareTarget::kCreate:
      by(kv.create.value(), compare.number);
      break;
    case CompareTarget::kMod:
      by(kv.mod.value(), compare.number);
      break;
    case CompareTarget::kLease:
      by(kv.lease.value(), compare.number);
      break;
    case CompareTarget::kValue:
      order = kv.value.compare(compare.value);
      break;
  }
  switch (compare.result) {
    case CompareResult::kEqual:
      return order == 0;
    case CompareResult::kNotEqual:
      return order != 0;
    case CompareResult::kGreater:
      return order > 0;
    case CompareResult::kLess:
      return order < 0;
  }
  return false;
}

bool Holds(const TxnOp& txn, const Model::Keys& keys) {
  for (const Compare& compare : txn.compares) {
    size_t matched = 0;
    for (const auto& [key, kv] : keys) {
      if (!In(compare.keys, key)) continue;
      ++matched;
      if (!HoldsOf(compare, kv)) return false;
    }
    if (matched > 0) continue;
    if (compare.target == CompareTarget::kValue || !HoldsOf(compare, KeyValue())) return false;
  }
  return true;
}

// Every operation that changes keys, with the branches that lead to it: (transaction, branch).
struct Change {
  std::vector<std::pair<const TxnOp*, bool>> branches;
  const PutOp* put = nullptr;
  const DeleteRangeOp* remove = nullptr;
};

void ListChanges(const TxnOp& txn, std::vector<std::pair<const TxnOp*, bool>> branches,
                 std::vector<Change>* changes) {
  for (const bool success : {true, false}) {
    branches.emplace_back(&txn, success);
    for (const RequestOp& op : success ? txn.success : txn.failure) {
      const auto* put = std::get_if<PutOp>(&op);
      const auto* remove = std::get_if<DeleteRangeOp>(&op);
      if (put != nullptr || remove != nullptr) changes->push_back({branches, put, remove});
      if (const auto* nested = std::get_if<NestedTxn>(&op)) {
        ListChanges(nested->txn.front(), branches, changes);
      }
    }
    branches.pop_back();
  }
}

bool Exclude(const Change& a, const Change& b) {
  for (const auto& [txn, branch] : a.branches) {
    for (const auto& [other, other_branch] : b.branches) {
      if (txn == other && branch != other_branch) return true;
    }
  }
  return false;
}

bool ChangesAKeyTwice(const TxnOp& txn) {
  std::vector<Change> changes;
  ListChanges(txn, {}, &changes);
  for (size_t i = 0; i < changes.size(); ++i) {
    for (size_t j = 0; j < changes.size(); ++j) {
      if (i == j || changes[i].put == nullptr || Exclude(changes[i], changes[j])) continue;
      const std::string& key = changes[i].put->key;
      if (changes[j].put != nullptr && changes[j].put->key == key) return true;
      if (changes[j].remove != nullptr && In(changes[j].remove->keys, key)) return true;
    }
  }
  return false;
}

KvError Malformed(const PutOp& put) {
  if (put.key.empty()) return KvError::kEmptyKey;
  if (put.ignore_value && !put.value.empty()) return KvError::kValueProvided;
  if (put.ignore_lease && !put.lease.IsNone()) return KvError::kLeaseProvided;
  return KvError::kNone;
}

KvError Malformed(const TxnOp& txn) {
  for (const Compare& compare : txn.compares) {
    if (compare.keys.begin.empty()) return KvError::kEmptyKey;
  }
  for (const auto* branch : {&txn.success, &txn.failure}) {
    for (const RequestOp& op : *branch) {
      KvError bad = KvError::kNone;
      if (std::holds_alternative<std::monostate>(op)) bad = KvError::kKeyNotFound;
      if (const auto* put = std::get_if<PutOp>(&op)) bad = Malformed(*put);
      if (const auto* remove = std::get_if<DeleteRangeOp>(&op)) {
        if (remove->keys.begin.empty()) bad = KvError::kEmptyKey;
      }
      if (const auto* range = std::get_if<RangeRequest>(&op)) {
        if (range->keys.begin.empty()) bad = KvError::kEmptyKey;
      }
      if (const auto* nested = std::get_if<NestedTxn>(&op)) {
        bad = Malformed(nested->txn.front());
        if (bad == KvError::kNone && ChangesAKeyTwice(nested->txn.front())) {
          bad = KvError::kDuplicateKey;
        }
      }
      if (bad != KvError::kNone) return bad;
    }
  }
  return KvError::kNone;
}

uint64_t SortNumber(const KeyValue& kv, SortTarget target) {
  if (target == SortTarget::kVersion) return kv.version;
  return target == SortTarget::kCreate ? kv.create.value() : kv.mod.value();
}

}  // namespace

RangeResult Model::RangeOver(const Keys& keys, const RangeRequest& request) {
  RangeResult result;
  std::vector<KeyValue> found;
  for (const auto& [key, kv] : keys) {
    if (In(request.keys, key)) found.push_back(kv);
  }
  result.count = found.size();
  if (request.count_only) return result;
  const bool bounded = request.min_mod.value() + request.max_mod.value() +
                           request.min_create.value() + request.max_create.value() !=
                       0;
  SortOrder order = request.sort_order;
  // Without an order and bounds, the limit comes first and the sorting after it.
  if (request.limit != 0 && order == SortOrder::kNone && !bounded &&
      found.size() > request.limit + 1) {
    found.resize(request.limit + 1);
  }
  std::vector<KeyValue> shown;
  for (const KeyValue& kv : found) {
    if (!request.min_mod.IsNone() && kv.mod < request.min_mod) continue;
    if (!request.max_mod.IsNone() && kv.mod > request.max_mod) continue;
    if (!request.min_create.IsNone() && kv.create < request.min_create) continue;
    if (!request.max_create.IsNone() && kv.create > request.max_create) continue;
    shown.push_back(kv);
  }
  if (order == SortOrder::kNone && request.sort_target != SortTarget::kKey) {
    order = SortOrder::kAscend;
  }
  const auto before = [&request](const KeyValue& a, const KeyValue& b) {
    if (request.sort_target == SortTarget::kKey) return a.key < b.key;
    if (request.sort_target == SortTarget::kValue) return a.value < b.value;
    return SortNumber(a, request.sort_target) < SortNumber(b, request.sort_target);
  };
  if (order == SortOrder::kAscend) std::stable_sort(shown.begin(), shown.end(), before);
  if (order == SortOrder::kDescend) {
    std::stable_sort(shown.begin(), shown.end(),
                     [&before](const KeyValue& a, const KeyValue& b) { return before(b, a); });
  }
  if (request.limit != 0 && shown.size() > request.limit) {
    shown.resize(request.limit);
    result.more = true;
  }
  for (KeyValue& kv : shown) {
    if (request.keys_only) kv.value.clear();
  }
  result.kvs = std::move(shown);
  return result;
}

RangeResult Model::Range(const RangeRequest& request) const {
  if (request.keys.begin.empty()) return {.error = KvError::kEmptyKey};
  if (request.revision > revision()) return {.error = KvError::kFutureRevision};
  if (request.revision.IsNone()) return RangeOver(now(), request);
  if (request.revision < compacted_) return {.error = KvError::kCompacted};
  // A revision below the first shows what the first does: nothing.
  auto at = history_.upper_bound(request.revision);
  return at == history_.begin() ? RangeOver({}, request) : RangeOver((--at)->second, request);
}

KvError Model::RefusesPut(const PutOp& put, const Keys& keys) const {
  if (!put.lease.IsNone() && !leases_.contains(put.lease)) return KvError::kLeaseNotFound;
  if ((put.ignore_value || put.ignore_lease) && !keys.contains(put.key)) {
    return KvError::kKeyNotFound;
  }
  return KvError::kNone;
}

KvError Model::RefusesTxn(const TxnOp& txn, const Keys& keys, int depth) const {
  for (const RequestOp& op : Holds(txn, keys) ? txn.success : txn.failure) {
    KvError bad = KvError::kNone;
    if (const auto* put = std::get_if<PutOp>(&op)) bad = RefusesPut(*put, keys);
    if (const auto* range = std::get_if<RangeRequest>(&op)) {
      if (range->revision > revision()) bad = KvError::kFutureRevision;
      if (!range->revision.IsNone() && range->revision < compacted_) bad = KvError::kCompacted;
    }
    if (const auto* nested = std::get_if<NestedTxn>(&op)) {
      bad = RefusesTxn(nested->txn.front(), keys, depth + 1);
    }
    if (bad != KvError::kNone) return bad;
  }
  return KvError::kNone;
}

PutResult Model::Put(const PutOp& put, Draft* draft) {
  PutResult result;
  const auto found = draft->keys.find(put.key);
  KeyValue kv{.key = put.key,
              .value = put.value,
              .create = draft->revision,
              .mod = draft->revision,
              .version = 1,
              .lease = put.lease};
  Event event{.kind = EventKind::kPut, .kv = {}, .previous = {}};
  if (found != draft->keys.end()) {
    const KeyValue& old = found->second;
    kv.create = old.create;
    kv.version = old.version + 1;
    if (put.ignore_value) kv.value = old.value;
    if (put.ignore_lease) kv.lease = old.lease;
    if (put.prev_kv) result.previous = old;
    event.previous = old.mod;
  }
  event.kv = kv;
  draft->keys[put.key] = kv;
  draft->events.push_back(event);
  return result;
}

DeleteRangeResult Model::Delete(const DeleteRangeOp& op, Draft* draft) {
  DeleteRangeResult result;
  Keys left;
  for (const auto& [key, kv] : draft->keys) {
    if (!In(op.keys, key)) {
      left.emplace(key, kv);
      continue;
    }
    ++result.deleted;
    if (op.prev_kv) result.previous.push_back(kv);
    KeyValue gone;
    gone.key = key;
    gone.mod = draft->revision;
    draft->events.push_back({.kind = EventKind::kDelete, .kv = gone, .previous = kv.mod});
  }
  draft->keys = std::move(left);
  return result;
}

TxnResult Model::Run(const TxnOp& txn, const Keys& before, Draft* draft) {
  TxnResult result;
  // All compares look at what was there before the whole transaction.
  result.succeeded = Holds(txn, before);
  for (const RequestOp& op : result.succeeded ? txn.success : txn.failure) {
    if (const auto* put = std::get_if<PutOp>(&op)) result.results.emplace_back(Put(*put, draft));
    if (const auto* remove = std::get_if<DeleteRangeOp>(&op)) {
      result.results.emplace_back(Delete(*remove, draft));
    }
    if (const auto* range = std::get_if<RangeRequest>(&op)) {
      result.results.emplace_back(range->revision.IsNone() ? RangeOver(draft->keys, *range)
                                                           : Range(*range));
    }
    if (const auto* nested = std::get_if<NestedTxn>(&op)) {
      NestedTxnResult inner;
      inner.txn.push_back(Run(nested->txn.front(), before, draft));
      result.results.emplace_back(std::move(inner));
    }
  }
  return result;
}

Model::Draft Model::Begin() const {
  return {.keys = now(), .events = {}, .revision = revision().Next()};
}

void Model::Finish(Draft draft) {
  if (draft.events.empty()) return;
  history_[draft.revision] = std::move(draft.keys);
  events_[draft.revision] = std::move(draft.events);
}

KvError Model::Revoke(const LeaseRevokeOp& op, Term entry_term) {
  if (!op.leader_term.IsNone() && op.leader_term != entry_term) return KvError::kStaleLeader;
  if (op.leader_term.IsNone() && (op.ids.size() != 1 || !leases_.contains(op.ids[0]))) {
    return KvError::kLeaseNotFound;
  }
  for (const LeaseId id : op.ids) {
    if (leases_.erase(id) == 0) continue;
    Draft draft = Begin();
    std::vector<std::string> attached;
    for (const auto& [key, kv] : draft.keys) {
      if (kv.lease == id) attached.push_back(key);
    }
    for (const std::string& key : attached) Delete({.keys = {.begin = key, .end = {}}}, &draft);
    Finish(std::move(draft));
  }
  return KvError::kNone;
}

Outcome Model::Apply(const Command& command, Term entry_term) {
  Outcome outcome;
  Draft draft = Begin();
  if (const auto* put = std::get_if<PutOp>(&command.operation)) {
    outcome.error = Malformed(*put);
    if (outcome.error == KvError::kNone) outcome.error = RefusesPut(*put, now());
    if (outcome.error == KvError::kNone) outcome.answer = Put(*put, &draft);
  } else if (const auto* remove = std::get_if<DeleteRangeOp>(&command.operation)) {
    if (remove->keys.begin.empty()) outcome.error = KvError::kEmptyKey;
    if (outcome.error == KvError::kNone) outcome.answer = Delete(*remove, &draft);
  } else if (const auto* txn = std::get_if<TxnOp>(&command.operation)) {
    outcome.error = Malformed(*txn);
    if (outcome.error == KvError::kNone && ChangesAKeyTwice(*txn)) {
      outcome.error = KvError::kDuplicateKey;
    }
    if (outcome.error == KvError::kNone) outcome.error = RefusesTxn(*txn, now(), 0);
    if (outcome.error == KvError::kNone) outcome.answer = Run(*txn, Keys(now()), &draft);
  } else if (const auto* compact = std::get_if<CompactOp>(&command.operation)) {
    if (compact->revision > revision()) outcome.error = KvError::kFutureRevision;
    if (has_compacted_ && compact->revision <= compacted_) outcome.error = KvError::kCompacted;
    if (outcome.error == KvError::kNone) {
      has_compacted_ = true;
      compacted_ = compact->revision;
      const auto kept = history_.upper_bound(compacted_);
      if (kept != history_.begin()) history_.erase(history_.begin(), std::prev(kept));
    }
  } else if (const auto* grant = std::get_if<LeaseGrantOp>(&command.operation)) {
    if (!leases_.emplace(grant->id, grant->ttl_s).second) outcome.error = KvError::kLeaseExists;
    if (outcome.error == KvError::kNone) {
      outcome.answer = LeaseResult{.id = grant->id, .ttl_s = grant->ttl_s};
    }
  } else if (const auto* revoke = std::get_if<LeaseRevokeOp>(&command.operation)) {
    outcome.error = Revoke(*revoke, entry_term);
    draft = Begin();
  }
  Finish(std::move(draft));
  outcome.revision = revision();
  return outcome;
}

std::vector<RevisionEvents> Model::EventsSince(Revision from, const KeyRange& keys) const {
  std::vector<RevisionEvents> found;
  for (auto at = events_.lower_bound(from); at != events_.end(); ++at) {
    std::vector<Event> events;
    for (const Event& event : at->second) {
      if (In(keys, event.kv.key)) events.push_back(event);
    }
    if (!events.empty()) found.push_back({at->first, std::move(events)});
  }
  return found;
}

std::optional<KeyValue> Model::Before(const std::string& key, Revision revision) const {
  auto at = history_.upper_bound(revision.Prev());
  if (revision.Prev() < compacted_ || at == history_.begin()) return std::nullopt;
  --at;
  const auto found = at->second.find(key);
  if (found == at->second.end()) return std::nullopt;
  return found->second;
}

}  // namespace keel::kv
