// Which process is at the other end of a connection on this machine.
//
// A proxy before a node must know which node connects, and nodes do not say; the system knows: the
// socket's inode by its ports in /proc/net/tcp, and whose descriptor that is. Reads /proc only.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace keel::jepsen {

struct PortPair {
  uint16_t local = 0;   // of the socket that is looked for
  uint16_t remote = 0;  // whom it talks to
};

// The place in `processes` of the one that has the socket; nothing when none has.
[[nodiscard]] std::optional<size_t> PeerOf(PortPair ports, std::span<const pid_t> processes);

// The inode of that socket in a text as /proc/net/tcp is; 0 when it is not there.
[[nodiscard]] uint64_t InodeIn(std::string_view table, PortPair ports);

}  // namespace keel::jepsen
