// The network of a cluster of network namespaces, one a node, wired in one of two ways: by the
// kernel, to a bridge in the tool's namespace, where nft drops what a link does not let pass and tc
// shapes the rest; or by the tool, which carries each packet from one end's TUN device to another's
// (packet_switch.h), where the kernel has no netem.
//
// All of it lives in namespaces that end with the tool (EnterOwnNetwork comes first). What this
// kernel or machine lacks is found when the wires are made, and named. The clients are in
// the tool's own. Main thread only.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "jepsen/cluster/echo.h"
#include "jepsen/cluster/links.h"
#include "jepsen/cluster/namespaces.h"
#include "jepsen/cluster/packet_switch.h"

namespace keel::jepsen {

class Wires {
 public:
  struct Options {
    size_t nodes = 3;
    bool needs_netem = false;  // a fault delays, reorders or duplicates
    bool by_packets = false;   // the tool carries them
    uint64_t seed = 1;         // of the dice of the links then
  };
  // Whether this kernel delays, reorders and duplicates.
  [[nodiscard]] static bool HasNetem();
  static Result<std::unique_ptr<Wires>> Make(const Options& options);
  Wires(const Wires&) = delete;
  Wires& operator=(const Wires&) = delete;
  ~Wires();

  [[nodiscard]] static std::string HostOf(size_t node);
  [[nodiscard]] int NamespaceOf(size_t node) const { return spaces_[node].descriptor(); }

  // From now on the links are so.
  Status Apply(const Links& links);
  [[nodiscard]] Result<LinkCounters> Counters() const;

  // As Network's pings, from end to end over the links.
  [[nodiscard]] std::vector<std::optional<std::chrono::microseconds>> Pings(
      std::span<const LinkPing> pings, std::chrono::milliseconds patience) const;

 private:
  explicit Wires(const Options& options) : options_(options), shapes_(options.nodes) {}
  Status BuildBridge();
  Status BuildSwitch();
  Status CheckTools() const;
  [[nodiscard]] Result<uint64_t> LostPackets() const;
  Status Shape(size_t node, const std::string& shape);

  const Options options_;
  std::vector<Namespace> spaces_;
  std::unique_ptr<PacketSwitch> switch_;  // null: the kernel's bridge
  std::unique_ptr<EchoServer> echo_;
  std::vector<std::string> shapes_;  // by node: what tc was told of its port; empty: nothing
};

// For nft: a rule a link. For tc: the classes of one node's port, a class a sender; empty: none.
[[nodiscard]] std::string DropRules(const Links& links);
[[nodiscard]] std::string ShapeOf(const Links& links, size_t node);

}  // namespace keel::jepsen
