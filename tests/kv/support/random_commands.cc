#include "tests/kv/support/random_commands.h"

#include <utility>

namespace keel::kv {

std::string RandomCommands::Key() {
  if (prng_.OneIn(200)) return {};
  std::string key(1, static_cast<char>('a' + prng_.Below(4)));
  // Zero bytes and 0xff are where escaping goes wrong.
  const std::string_view alphabet(
      "\0\x01\xff"
      "bc",
      5);
  for (uint64_t i = prng_.Below(3); i > 0; --i) key.push_back(alphabet[prng_.Below(5)]);
  return key;
}

std::string RandomCommands::Value() {
  return std::string(prng_.Below(20), static_cast<char>('0' + prng_.Below(4)));
}

KeyRange RandomCommands::NextKeys() {
  KeyRange keys{.begin = Key(), .end = {}};
  switch (prng_.Below(5)) {
    case 0:
      keys.end = Key();
      break;
    case 1:
      keys.end.assign(1, '\0');
      break;
    case 2:
      keys = PrefixRange(keys.begin);
      break;
    default:
      break;
  }
  return keys;
}

Revision RandomCommands::NextRevision(const Hints& hints) {
  const uint64_t low = hints.compacted.value() > 2 ? hints.compacted.value() - 2 : 1;
  return Revision(prng_.Between(low, hints.revision.value() + 1));
}

PutOp RandomCommands::Put() {
  PutOp put{.key = Key(), .value = Value(), .lease = {}, .prev_kv = prng_.OneIn(4)};
  if (prng_.OneIn(4)) put.lease = AnyLease();
  if (prng_.OneIn(12)) {
    put.ignore_value = true;
    if (!prng_.OneIn(8)) put.value.clear();
  }
  if (prng_.OneIn(12)) {
    put.ignore_lease = true;
    if (!prng_.OneIn(8)) put.lease = LeaseId();
  }
  return put;
}

DeleteRangeOp RandomCommands::Delete() {
  DeleteRangeOp remove{.keys = NextKeys(), .prev_kv = prng_.OneIn(3)};
  // Or nothing would ever be there.
  if (prng_.OneIn(2)) remove.keys.end.clear();
  return remove;
}

RangeRequest RandomCommands::NextRange(const Hints& hints) {
  RangeRequest range{.keys = NextKeys()};
  if (prng_.OneIn(2)) range.revision = NextRevision(hints);
  if (prng_.OneIn(3)) range.limit = prng_.Below(6);
  range.sort_order = static_cast<SortOrder>(prng_.Below(3));
  range.sort_target = static_cast<SortTarget>(prng_.Below(5));
  range.keys_only = prng_.OneIn(5);
  range.count_only = prng_.OneIn(6);
  if (prng_.OneIn(6)) range.min_mod = NextRevision(hints);
  if (prng_.OneIn(6)) range.max_mod = NextRevision(hints);
  if (prng_.OneIn(6)) range.min_create = NextRevision(hints);
  if (prng_.OneIn(6)) range.max_create = NextRevision(hints);
  return range;
}

Compare RandomCommands::NextCompare(const Hints& hints) {
  Compare compare{.keys = NextKeys(),
                  .result = static_cast<CompareResult>(prng_.Below(4)),
                  .target = static_cast<CompareTarget>(prng_.Below(5))};
  compare.number = prng_.OneIn(2) ? prng_.Below(4) : NextRevision(hints).value();
  compare.value = Value();
  return compare;
}

TxnOp RandomCommands::Txn(const Hints& hints, int depth, Ops ops) {
  TxnOp txn;
  for (uint64_t i = prng_.Below(3); i > 0; --i) txn.compares.push_back(NextCompare(hints));
  for (auto* branch : {&txn.success, &txn.failure}) {
    for (uint64_t i = prng_.Below(4); i > 0; --i) {
      const uint64_t kind = ops == Ops::kReads ? prng_.Between(6, 9) : prng_.Below(10);
      if (kind < 4) {
        branch->emplace_back(Put());
      } else if (kind < 6) {
        branch->emplace_back(Delete());
      } else if (kind < 9 || depth >= 3) {
        branch->emplace_back(NextRange(hints));
      } else {
        NestedTxn nested;
        nested.txn.push_back(Txn(hints, depth + 1, ops));
        branch->emplace_back(std::move(nested));
      }
    }
    if (prng_.OneIn(300)) branch->emplace_back();
  }
  return txn;
}

Command RandomCommands::Next(const Hints& hints) {
  Command command;
  const uint64_t kind = prng_.Below(100);
  if (kind < 45) {
    command.operation = Put();
  } else if (kind < 58) {
    command.operation = Delete();
  } else if (kind < 90) {
    command.operation = Txn(hints, 0);
  } else if (kind < 94) {
    command.operation = LeaseGrantOp{.id = AnyLease(), .ttl_s = 1 + prng_.Below(100)};
  } else if (kind < 97) {
    LeaseRevokeOp revoke{.ids = {AnyLease()}, .leader_term = {}};
    if (prng_.OneIn(2)) {
      revoke.ids.push_back(AnyLease());
      revoke.leader_term = prng_.OneIn(4) ? hints.term.Next() : hints.term;
    }
    command.operation = std::move(revoke);
  } else if (kind < 99) {
    // Revision 0 is one of etcd's corner cases.
    const Revision at = prng_.OneIn(4) ? Revision() : NextRevision(hints);
    command.operation = CompactOp{.revision = at};
  } else {
    command.operation = LeaseCheckpointOp{.remainders = {{.id = AnyLease(), .remaining_s = 5}}};
  }
  return command;
}

}  // namespace keel::kv
