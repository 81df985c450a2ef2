// The wires of a cluster in user space, packet by packet: what comes out of one end's device is
// carried to the device of the end that it is for, over a PacketLink for each two of them.
//
// An end is a descriptor that gives and takes whole packets of IPv4: a TUN device, or a socket that
// keeps the bounds of messages. It has an address; packets for nobody's are dropped. The switch
// owns the descriptors and a thread, and both end with it: a TUN device disappears with its
// descriptor, however the process ends. The methods may be called from one other thread.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/prng.h"
#include "base/result.h"
#include "jepsen/cluster/links.h"
#include "jepsen/cluster/packet_link.h"
#include "net/system_clock.h"

namespace keel::jepsen {

class PacketSwitch {
 public:
  struct End {
    int descriptor = -1;   // does not block
    uint32_t address = 0;  // of IPv4, as a number
  };
  // In the order of the links' ends: the nodes, then the clients.
  static Result<std::unique_ptr<PacketSwitch>> Start(std::vector<End> ends, uint64_t seed);
  PacketSwitch(const PacketSwitch&) = delete;
  PacketSwitch& operator=(const PacketSwitch&) = delete;
  ~PacketSwitch();

  // For packets that come from now on.
  void Apply(const Links& links);
  [[nodiscard]] LinkCounters Counters() const;

 private:
  PacketSwitch(std::vector<End> ends, uint64_t seed);
  void Carry();
  // Until the next packet is due; nothing when none is under way.
  [[nodiscard]] std::optional<uint64_t> LeftUs() const;
  void ReadAll(size_t from);
  void WriteDue();
  [[nodiscard]] PacketLink& LinkOf(Links::Way way) {
    return under_way_[way.from * ends_.size() + way.to];
  }

  const std::vector<End> ends_;
  const net::SystemClock clock_;
  int stop_ = -1;  // an eventfd
  mutable std::mutex mutex_;
  std::shared_ptr<const Links> next_links_;  // under mutex_
  LinkCounters told_;                        // under mutex_
  // The thread's own.
  std::shared_ptr<const Links> links_;
  LinkCounters counters_;
  Prng dice_;
  std::string buffer_;
  std::vector<PacketLink> under_way_;  // by way
  std::thread thread_;
};

// A TUN device of that name in the network namespace of the calling thread: its descriptor.
Result<int> OpenTun(const std::string& name);

// Whom a packet is for; 0: it is none of IPv4.
[[nodiscard]] uint32_t DestinationOf(std::string_view packet);

}  // namespace keel::jepsen
