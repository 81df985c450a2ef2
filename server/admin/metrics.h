// /metrics: what a member says of itself to Prometheus, under etcd's names where the meaning is the
// same, and as keel_* else. docs/metrics.md lists them all.
//
// Nothing is collected until somebody asks: then each role is asked for its part, and the page is
// put together on the client port's executor, to which this belongs. A role that does not answer
// within `patience_us` is left out, and the page says so: it is read most when something stands
// still. Outlives its table.
#pragma once

#include <prometheus/metric_family.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/executor.h"
#include "base/histogram.h"
#include "net/http.h"
#include "server/node/node.h"

namespace keel::admin {

class Page {
 public:
  enum class Kind : uint8_t { kCounter, kGauge };
  struct Name {
    std::string_view name;
    std::string_view help;
    Kind kind = Kind::kGauge;
  };
  struct Label {
    std::string_view name;
    std::string value;
  };
  // Values of one name follow one another.
  void Add(const Name& name, double value, const std::vector<Label>& labels = {});
  void Add(const Name& name, const Histogram& histogram, const std::vector<Label>& labels = {});
  // What another page has, which has no name in common with this one.
  void Append(Page page);
  [[nodiscard]] std::string ToString() const;

 private:
  [[nodiscard]] prometheus::MetricFamily& Family(const Name& name);

  std::vector<prometheus::MetricFamily> families_;
};

// Counted on the node role; read there too.
struct CoreCounts {
  uint64_t leader_changes = 0;
  uint64_t snapshots = 0;  // received whole, in the place of a log that is gone
  uint64_t late_heartbeats = 0;
  NodeId leader;
  uint64_t heartbeat_ms = 0;  // when this member sent the last one, as a leader; 0: it does not

  void OnStep(NodeId now) {
    if (now == leader) return;
    // As etcd: from nobody to the first one it knows is none.
    if (!now.IsNone()) ++leader_changes;
    leader = now;
  }
  // A leader whose heartbeats come more than two intervals apart is close to being taken for dead.
  void OnHeartbeat(uint64_t now_ms, uint64_t interval_ms) {
    if (heartbeat_ms != 0 && now_ms > heartbeat_ms + 2 * interval_ms) ++late_heartbeats;
    heartbeat_ms = now_ms;
  }
  void OnNoHeartbeats() { heartbeat_ms = 0; }
};

class Metrics {
 public:
  struct Seams {
    node::Node* node = nullptr;
    const Clock* clock = nullptr;
    Executor* core = nullptr;
    Executor* client = nullptr;
    const CoreCounts* core_counts = nullptr;
    const Histogram* wal_syncs = nullptr;
    const Histogram* state_syncs = nullptr;
    // What others add: on the core's executor, and on the client port's.
    std::function<void(Page*)> add_from_core;
    std::function<void(Page*)> add_from_client;
    std::string version;
    uint64_t patience_us = 2'000'000;
  };
  explicit Metrics(Seams seams) : seams_(std::move(seams)) {}

  void AddTo(net::HttpTable* table);

 private:
  struct Scrape;
  void Collect(net::HttpCall call);
  void Answer(Scrape* scrape) const;
  void AddFromCore(Page* page) const;
  void AddFromApply(const node::StateMachine& machine, Page* page) const;
  void AddFromClient(Page* page) const;

  const Seams seams_;
};

}  // namespace keel::admin
