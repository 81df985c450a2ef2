// Queueing for a name, for a lock or to be elected, as etcd's own clients do it.
//
// Each contender has a key below the name, bound to its lease; the one whose key is the oldest has
// its turn, and each of the others waits for the key before its own to go. All of it is reads,
// watches and session writes of this side, so that it survives any member: a call that a member
// keeps open for us would end with the member, and its leaving the queue for us could meet our own
// return. Waits on the caller's thread.
#pragma once

#include <string>

#include "client/client.h"
#include "client/types.h"

namespace keel::client {

struct Contest {
  std::string name;
  LeaseId lease;
  std::string value;
  // 0: for as long as it takes.
  Milliseconds patience{0};
};

// Its turn has come: its key, and that key's creation.
struct Turn {
  std::string key;
  Revision revision;
};

// On failure it has left the queue, if the cluster could be told.
[[nodiscard]] Result<Turn> Contend(const Client* client, const ViewOptions& view,
                                   const Contest& contest);

}  // namespace keel::client
