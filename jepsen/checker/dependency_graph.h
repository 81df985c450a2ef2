// Who must come before whom, and why; finds cycles and names them as Adya and Elle do.
//
//   ww  overwrites what the other wrote        wr  reads what the other wrote
//   rw  the other overwrites what it read      rt  it ended before the other was called
// A cycle of ww is G0, with wr G1c, with one rw besides G-single, with more G2; a cycle that needs
// real time has "-realtime" added to its name: the histories of serializable stores have those too,
// the linearizable ones none.
//
// Nodes are operations, by number, and helpers, which stand for many edges at once. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "jepsen/history/op.h"

namespace keel::jepsen {

enum Dependency : uint8_t {
  kThrough = 0,  // out of a helper
  kWriteWrite = 1,
  kWriteRead = 2,
  kReadWrite = 4,
  kRealTime = 8,
};

struct Cycle {
  std::string anomaly;
  struct Step {
    size_t operation;
    uint8_t why;  // how it comes before the next step's; the last, before the first
  };
  std::vector<Step> steps;
};

class DependencyGraph {
 public:
  explicit DependencyGraph(size_t operation_count)
      : operation_count_(operation_count), edges_(operation_count) {}

  // A node of no operation's.
  size_t AddHelper() {
    edges_.emplace_back();
    return edges_.size() - 1;
  }

  // An edge from a node to itself is dropped.
  void Add(size_t from, size_t to, Dependency why) {
    if (from != to) edges_[from].push_back({.to = to, .why = why});
  }

  // Everything that real time orders, by O(n) edges: a chain of helpers, one for each answer.
  void AddRealTime(std::span<const Operation* const> operations);

  // A shortest cycle of the worst kind that there is.
  [[nodiscard]] std::optional<Cycle> FindCycle() const;

 private:
  struct Edge {
    size_t to;
    Dependency why;
  };
  class Components;

  [[nodiscard]] std::optional<Cycle> FindOfKind(uint8_t allowed) const;
  [[nodiscard]] std::optional<Cycle> FindWithOneReadWrite(uint8_t allowed) const;
  [[nodiscard]] std::vector<size_t> ShortestPath(size_t from, size_t to, uint8_t allowed) const;
  [[nodiscard]] Cycle Describe(const std::vector<size_t>& nodes, uint8_t allowed,
                               uint8_t first_allowed) const;
  [[nodiscard]] uint8_t WhyBetween(size_t from, size_t to, uint8_t allowed) const;

  size_t operation_count_;
  std::vector<std::vector<Edge>> edges_;
};

}  // namespace keel::jepsen
