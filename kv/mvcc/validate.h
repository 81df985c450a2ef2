// What is wrong with a command by itself, whatever the store holds: the server asks before it
// proposes, and apply asks again, since the log outlives the server that wrote to it.
//
// Pure; any thread.
#pragma once

#include <cstdint>

#include "kv/mvcc/command.h"
#include "kv/mvcc/error.h"

namespace keel::kv {

struct CommandLimits {
  uint64_t txn_ops_max = ~uint64_t{0};  // over all levels of nesting; etcd's default is 128
};

[[nodiscard]] KvError ValidateCommand(const Command& command, const CommandLimits& limits);
[[nodiscard]] KvError ValidateTxn(const TxnOp& txn, const CommandLimits& limits);

}  // namespace keel::kv
