// The network of a cluster on one machine, in user space: a proxy before every node's peer port and
// one before its client port, links that faults change, and pings that show their effect.
//
// The network has a thread of its own, on which proxies, and whatever else is made on its executor,
// run; the methods below may be called from any other thread and return when they have taken
// effect. Nodes are told the proxies' ports as theirs. Stop ends the thread; what was made on the
// executor is destroyed after that.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"
#include "base/run_on.h"
#include "jepsen/cluster/links.h"
#include "jepsen/cluster/pipe.h"
#include "jepsen/cluster/wires.h"
#include "net/system_clock.h"
#include "net/tcp.h"

namespace keel::jepsen {

class Network {
 public:
  struct NodePorts {
    std::string host = "127.0.0.1";
    uint16_t peer = 0;  // 0: nothing stands before its peer port
    uint16_t client = 0;
  };
  // The ports that the nodes listen on; the seed is that of the dice of the links.
  static Result<std::unique_ptr<Network>> Start(std::span<const NodePorts> nodes, uint64_t seed);
  // Without proxies: over the kernel's wires, which change with the links and answer the pings.
  static Result<std::unique_ptr<Network>> StartOn(std::unique_ptr<Wires> wires,
                                                  std::span<const NodePorts> nodes);
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;
  ~Network();
  void Stop();

  [[nodiscard]] net::AsioExecutor* executor() { return &executor_; }
  [[nodiscard]] const Clock& clock() const { return clock_; }
  // Where others find the node.
  [[nodiscard]] const NodePorts& PortsOf(size_t node) const { return proxied_[node]; }
  // Null where there are proxies.
  [[nodiscard]] const Wires* wires() const { return wires_.get(); }

  // The node's process has this id now; 0: it has none.
  void SetProcess(size_t node, pid_t process);
  // Changes links, on the network's thread. An error: the kernel refuses.
  Status Change(const std::function<void(Links*)>& change);
  Status Heal();
  // Ends every connection of the way, in either direction.
  void CloseConnections(Links::Way way);
  [[nodiscard]] Result<LinkCounters> Counters();

  // Sends so many bytes from one end to another through the proxy and awaits their echo.
  using Ping = LinkPing;
  // How long each took; nothing for one that was lost, as far as `patience` tells.
  [[nodiscard]] std::vector<std::optional<std::chrono::microseconds>> Pings(
      std::span<const Ping> pings, std::chrono::milliseconds patience);

  // Runs it on the network's thread and gives its answer.
  template <class Work>
  auto Run(Work work) {
    return RunOn(&executor_, std::move(work));
  }

 private:
  struct Echo;

  Network(std::unique_ptr<Wires> wires, std::span<const NodePorts> nodes, uint64_t seed);
  Status Listen();
  [[nodiscard]] Result<std::unique_ptr<net::TcpListener>> ListenFor(size_t node, bool is_peer);
  void Accept(size_t node, bool is_peer, std::unique_ptr<net::ByteStream> stream);
  void Open(Links::Way way, const net::Address& address, std::unique_ptr<net::ByteStream> stream);

  const std::unique_ptr<Wires> wires_;
  net::SystemClock clock_;
  net::AsioExecutor executor_{&clock_};
  const std::vector<NodePorts> real_;
  std::vector<NodePorts> proxied_;
  Links links_;
  LinkCounters counters_;
  Prng dice_;
  std::vector<pid_t> processes_;
  // Ports that pings come from, and the end each stands for.
  std::map<uint16_t, size_t> pingers_;
  uint64_t last_pipe_ = 0;
  std::unique_ptr<net::TcpListener> echo_listener_;
  std::vector<std::unique_ptr<net::TcpListener>> listeners_;
  std::map<uint64_t, std::unique_ptr<Echo>> echoes_;
  std::map<uint64_t, std::unique_ptr<Pipe>> pipes_;
  std::thread thread_;
};

}  // namespace keel::jepsen
