// The state of the network between the ends of a cluster: what happens to bytes from one to
// another.
//
// The ends are the nodes, by number, and all clients as one end more. A link has a direction: a cut
// from 0 to 1 holds what 0 sends to 1 and lets the answers pass. Bytes on a cut link are held and
// not lost, as TCP holds them by sending again; connections may be closed on top. Belongs to the
// executor of the proxies.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/check.h"

namespace keel::jepsen {

struct LinkState {
  bool is_cut = false;
  uint64_t delay_us = 0;
  uint64_t jitter_us = 0;         // up to so much more
  uint64_t bytes_per_second = 0;  // 0: as fast as it goes
  // Of a thousand reads: how many are held for a retransmission, and how many end the connection.
  uint32_t stalls_per_mille = 0;
  uint32_t closes_per_mille = 0;
  // Of a thousand packets, where there are packets: how many overtake, and how many come twice.
  uint32_t reorders_per_mille = 0;
  uint32_t duplicates_per_mille = 0;

  friend bool operator==(const LinkState&, const LinkState&) = default;
};

class Links {
 public:
  explicit Links(size_t nodes) : nodes_(nodes), states_((nodes + 1) * (nodes + 1)) {}

  [[nodiscard]] size_t nodes() const { return nodes_; }
  [[nodiscard]] size_t clients() const { return nodes_; }

  struct Way {
    size_t from = 0;
    size_t to = 0;

    friend auto operator<=>(const Way&, const Way&) = default;
  };
  [[nodiscard]] LinkState& At(Way way) { return states_[Place(way)]; }
  [[nodiscard]] const LinkState& At(Way way) const { return states_[Place(way)]; }

 private:
  [[nodiscard]] size_t Place(Way way) const {
    KEEL_CHECK(way.from <= nodes_ && way.to <= nodes_) << "no such end of a link";
    return way.from * (nodes_ + 1) + way.to;
  }

  size_t nodes_;
  std::vector<LinkState> states_;
};

// Bytes from one end to another, and back.
struct LinkPing {
  Links::Way way;
  size_t bytes = 1;
};

// What the proxies, or the kernel, have done, for those who must know that a fault had an effect.
struct LinkCounters {
  uint64_t bytes = 0;
  uint64_t stalls = 0;
  uint64_t closes = 0;
  uint64_t reorders = 0;
  uint64_t duplicates = 0;
};

}  // namespace keel::jepsen
