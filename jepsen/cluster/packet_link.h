// One direction of a link as its packets see it: each that enters leaves later, twice, or never, as
// the link's state says.
//
// A pure state machine: the time and the dice are given. What is under way when the state changes
// stays under way. A slow link is a queue of bounded length, and drops what finds it full, as a
// router does.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/prng.h"
#include "jepsen/cluster/links.h"

namespace keel::jepsen {

class PacketLink {
 public:
  // A packet enters. The counters tell what became of it: lost ones are `stalls`.
  struct Entry {
    uint64_t now_us = 0;
    const LinkState* state = nullptr;
    Prng* dice = nullptr;
    LinkCounters* counters = nullptr;
  };
  void Take(const std::string& packet, const Entry& entry);

  // When the next one leaves; nothing when none is under way.
  [[nodiscard]] std::optional<uint64_t> NextUs() const;
  // The next one that is due, in the order of their times.
  [[nodiscard]] std::optional<std::string> Leave(uint64_t now_us);

 private:
  std::multimap<uint64_t, std::string> under_way_;  // by when it leaves
  uint64_t sent_until_us_ = 0;  // of a slow link: when all that was taken has been sent
};

}  // namespace keel::jepsen
