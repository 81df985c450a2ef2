#include "jepsen/checker/dependency_graph.h"

#include <algorithm>
#include <array>
#include <deque>
#include <utility>

namespace keel::jepsen {
namespace {

// How many nodes of a component the shortest cycle is sought from.
constexpr size_t kStartsMax = 200;

bool IsAllowed(Dependency why, uint8_t allowed) { return why == kThrough || (why & allowed) != 0; }

struct KindOfCycle {
  std::string_view name;
  uint8_t allowed;
  bool has_one_read_write;
};
constexpr std::array<KindOfCycle, 8> kKinds = {{
    {"G0", kWriteWrite, false},
    {"G1c", kWriteWrite | kWriteRead, false},
    {"G-single", kWriteWrite | kWriteRead, true},
    {"G2", kWriteWrite | kWriteRead | kReadWrite, false},
    {"G0-realtime", kWriteWrite | kRealTime, false},
    {"G1c-realtime", kWriteWrite | kWriteRead | kRealTime, false},
    {"G-single-realtime", kWriteWrite | kWriteRead | kRealTime, true},
    {"G2-realtime", kWriteWrite | kWriteRead | kReadWrite | kRealTime, false},
}};
constexpr uint8_t kAll = kWriteWrite | kWriteRead | kReadWrite | kRealTime;

}  // namespace

// Strongly connected components (Tarjan's), by the edges that are allowed; without recursion.
class DependencyGraph::Components {
 public:
  Components(const DependencyGraph& graph, uint8_t allowed)
      : graph_(graph),
        allowed_(allowed),
        component_(graph.edges_.size(), kNone),
        order_(graph.edges_.size(), kNone),
        low_(graph.edges_.size(), 0) {
    for (size_t node = 0; node < graph.edges_.size(); node++) {
      if (order_[node] == kNone) Visit(node);
    }
  }

  [[nodiscard]] bool AreTogether(size_t a, size_t b) const {
    return component_[a] == component_[b];
  }

  // Of the components with more than one node, the operations; the smallest first.
  [[nodiscard]] std::vector<std::vector<size_t>> Cyclic() const {
    std::vector<std::vector<size_t>> members(count_);
    std::vector<size_t> sizes(count_, 0);
    for (size_t node = 0; node < component_.size(); node++) {
      sizes[component_[node]]++;
      if (node < graph_.operation_count_) members[component_[node]].push_back(node);
    }
    std::vector<std::vector<size_t>> cyclic;
    for (size_t i = 0; i < count_; i++) {
      if (sizes[i] > 1 && !members[i].empty()) cyclic.push_back(std::move(members[i]));
    }
    std::sort(cyclic.begin(), cyclic.end(),
              [](const auto& a, const auto& b) { return a.size() < b.size(); });
    return cyclic;
  }

 private:
  static constexpr size_t kNone = static_cast<size_t>(-1);

  void Visit(size_t root) {
    std::vector<std::pair<size_t, size_t>> calls = {{root, 0}};  // node, next edge
    Open(root);
    while (!calls.empty()) {
      auto& [node, edge] = calls.back();
      if (edge < graph_.edges_[node].size()) {
        const Edge& next = graph_.edges_[node][edge++];
        if (!IsAllowed(next.why, allowed_)) continue;
        if (order_[next.to] == kNone) {
          Open(next.to);
          calls.emplace_back(next.to, 0);
        } else if (component_[next.to] == kNone) {
          low_[node] = std::min(low_[node], order_[next.to]);
        }
        continue;
      }
      const size_t done = node;
      calls.pop_back();
      if (!calls.empty()) low_[calls.back().first] = std::min(low_[calls.back().first], low_[done]);
      if (low_[done] == order_[done]) Close(done);
    }
  }

  void Open(size_t node) {
    order_[node] = low_[node] = opened_++;
    stack_.push_back(node);
  }

  void Close(size_t node) {
    size_t member = kNone;
    while (member != node) {
      member = stack_.back();
      stack_.pop_back();
      component_[member] = count_;
    }
    count_++;
  }

  const DependencyGraph& graph_;
  uint8_t allowed_;
  std::vector<size_t> component_;
  std::vector<size_t> order_;
  std::vector<size_t> low_;
  std::vector<size_t> stack_;
  size_t opened_ = 0;
  size_t count_ = 0;
};

void DependencyGraph::AddRealTime(std::span<const Operation* const> operations) {
  std::vector<std::pair<size_t, size_t>> answers;  // place, operation
  for (size_t i = 0; i < operations.size(); i++) {
    if (operations[i]->answered != kNever) answers.emplace_back(operations[i]->answered, i);
  }
  std::sort(answers.begin(), answers.end());
  std::vector<size_t> helpers;
  for (const auto& [place, operation] : answers) {
    const size_t helper = AddHelper();
    Add(operation, helper, kRealTime);
    if (!helpers.empty()) Add(helpers.back(), helper, kThrough);
    helpers.push_back(helper);
  }
  for (size_t i = 0; i < operations.size(); i++) {
    const auto after = std::lower_bound(answers.begin(), answers.end(),
                                        std::pair{operations[i]->called, size_t{0}});
    if (after == answers.begin()) continue;
    Add(helpers[static_cast<size_t>(after - answers.begin()) - 1], i, kThrough);
  }
}

std::optional<Cycle> DependencyGraph::FindCycle() const {
  if (Components(*this, kAll).Cyclic().empty()) return std::nullopt;
  for (const KindOfCycle& kind : kKinds) {
    auto cycle =
        kind.has_one_read_write ? FindWithOneReadWrite(kind.allowed) : FindOfKind(kind.allowed);
    if (!cycle) continue;
    cycle->anomaly = kind.name;
    return cycle;
  }
  return std::nullopt;
}

std::optional<Cycle> DependencyGraph::FindOfKind(uint8_t allowed) const {
  const auto cyclic = Components(*this, allowed).Cyclic();
  if (cyclic.empty()) return std::nullopt;
  std::vector<size_t> shortest;
  for (size_t i = 0; i < cyclic.front().size() && i < kStartsMax; i++) {
    const size_t start = cyclic.front()[i];
    std::vector<size_t> path = ShortestPath(start, start, allowed);
    if (!path.empty() && (shortest.empty() || path.size() < shortest.size())) shortest = path;
  }
  if (shortest.empty()) return std::nullopt;
  return Describe(shortest, allowed, allowed);
}

std::optional<Cycle> DependencyGraph::FindWithOneReadWrite(uint8_t allowed) const {
  const Components components(*this, allowed | kReadWrite);
  std::vector<size_t> shortest;
  size_t starts = 0;
  for (size_t from = 0; from < operation_count_ && starts < kStartsMax; from++) {
    for (const Edge& edge : edges_[from]) {
      if (edge.why != kReadWrite || !components.AreTogether(from, edge.to)) continue;
      starts++;
      std::vector<size_t> path = ShortestPath(edge.to, from, allowed);
      if (path.empty()) continue;
      path.insert(path.begin(), from);
      if (shortest.empty() || path.size() < shortest.size()) shortest = path;
    }
  }
  if (shortest.empty()) return std::nullopt;
  return Describe(shortest, allowed, kReadWrite);
}

// The nodes from `from` to `to`, both included; a cycle when they are the same. Empty: none.
std::vector<size_t> DependencyGraph::ShortestPath(size_t from, size_t to, uint8_t allowed) const {
  constexpr size_t kUnseen = static_cast<size_t>(-1);
  std::vector<size_t> came_from(edges_.size(), kUnseen);
  std::deque<size_t> open = {from};
  while (!open.empty()) {
    const size_t node = open.front();
    open.pop_front();
    for (const Edge& edge : edges_[node]) {
      if (!IsAllowed(edge.why, allowed)) continue;
      if (edge.to == to) {
        std::vector<size_t> path = {to};
        for (size_t at = node; at != from; at = came_from[at]) path.push_back(at);
        path.push_back(from);
        std::reverse(path.begin(), path.end());
        return path;
      }
      if (came_from[edge.to] != kUnseen || edge.to == from) continue;
      came_from[edge.to] = node;
      open.push_back(edge.to);
    }
  }
  return {};
}

uint8_t DependencyGraph::WhyBetween(size_t from, size_t to, uint8_t allowed) const {
  uint8_t why = 0;
  for (const Edge& edge : edges_[from]) {
    if (edge.to == to && IsAllowed(edge.why, allowed)) why = edge.why;
  }
  return why;
}

// `nodes` end where they begin. Helpers are left out; their edges speak for them.
Cycle DependencyGraph::Describe(const std::vector<size_t>& nodes, uint8_t allowed,
                                uint8_t first_allowed) const {
  Cycle cycle;
  for (size_t i = 0; i + 1 < nodes.size(); i++) {
    if (nodes[i] >= operation_count_) continue;
    cycle.steps.push_back(
        {.operation = nodes[i],
         .why = WhyBetween(nodes[i], nodes[i + 1], i == 0 ? first_allowed : allowed)});
  }
  return cycle;
}

}  // namespace keel::jepsen
