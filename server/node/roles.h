// The roles of a node: where its work runs. Given from outside, so that the same node runs on real
// threads and on a simulated scheduler.
//
// A role is an Executor; several may share a thread, even all of them. Who starts a node ends its
// roles first and destroys the node after that: tasks refer to the node without keeping it.
#pragma once

#include "base/executor.h"

namespace keel::node {

struct Roles {
  Executor* node = nullptr;   // the consensus core, and all bookkeeping; never blocks
  Executor* wal = nullptr;    // the log and the vote file
  Executor* apply = nullptr;  // the replicated state
  Executor* pool = nullptr;   // blocking work that nobody waits for in line: cold reads, snapshots
};

}  // namespace keel::node
