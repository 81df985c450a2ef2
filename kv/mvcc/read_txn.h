// Transactions that change nothing, carried out on a view: they need no place in the log.
//
// Their answer is the one that Executor would give at the view's revision. Pure but for the view's
// reads, which may block for the disk; any thread.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "kv/mvcc/answer.h"
#include "kv/mvcc/command.h"
#include "kv/mvcc/read_view.h"

namespace keel::kv {

// Requires ReadsOf(txn).only, and that ValidateTxn has nothing against it. An answer of more than
// `bytes_max` keys and values is refused, never cut; 0: no bound.
[[nodiscard]] Result<Refusable<TxnResult>> ReadTxn(const ReadView& view, const TxnOp& txn,
                                                   uint64_t bytes_max);

}  // namespace keel::kv
