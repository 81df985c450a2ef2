// The network of a cluster in the kernel: each node in a namespace of its own, wired to a bridge in
// the tool's, where nft drops what a link does not let pass and tc shapes the rest.
//
// All of it lives in namespaces that end with the tool (EnterOwnNetwork comes first). What this
// kernel or machine lacks is found when the wires are made, and named. The clients are at the
// bridge itself. Main thread only.
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

namespace keel::jepsen {

class Wires {
 public:
  struct Options {
    size_t nodes = 3;
    bool needs_netem = false;  // a fault delays, reorders or duplicates
  };
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
  Status Build();
  Status CheckTools() const;
  Status Shape(size_t node, const std::string& shape);

  const Options options_;
  std::vector<Namespace> spaces_;
  std::unique_ptr<EchoServer> echo_;
  std::vector<std::string> shapes_;  // by node: what tc was told of its port; empty: nothing
};

// For nft: a rule a link. For tc: the classes of one node's port, a class a sender; empty: none.
[[nodiscard]] std::string DropRules(const Links& links);
[[nodiscard]] std::string ShapeOf(const Links& links, size_t node);

}  // namespace keel::jepsen
