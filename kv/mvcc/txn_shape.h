// What a transaction may do, whichever branches its compares will choose.
//
// Pure; any thread.
#pragma once

#include <cstdint>

#include "kv/mvcc/command.h"

namespace keel::kv {

// What a transaction reads, both branches and all that is nested in them taken together.
struct TxnReads {
  bool only = true;         // nothing in it puts or deletes
  bool single_keys = true;  // no compare and no range is over more than one key
  uint64_t count = 0;       // compares and ranges
};
[[nodiscard]] TxnReads ReadsOf(const TxnOp& txn);

// Whether anything in it puts, taken or not: etcd's measure of a transaction that costs room.
[[nodiscard]] bool Puts(const TxnOp& txn);

// Whether it reads at a revision of its own, which needs all earlier commands in the engine.
[[nodiscard]] bool ReadsThePast(const TxnOp& txn);

}  // namespace keel::kv
