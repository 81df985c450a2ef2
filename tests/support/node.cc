#include "tests/support/node.h"

namespace keel::raft {

void Node::LoseMemory() {
  core.reset();
  disk.LoseWaiting();
  promised.clear();
  to_apply.clear();
  to_read.clear();
  snapshots_wanted.clear();
  entries_wanted.clear();
  read_sequence = 0;
}

}  // namespace keel::raft
