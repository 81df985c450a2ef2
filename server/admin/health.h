// /health, /livez, /readyz and /version: what probes and etcd's tools ask a member.
//
// A member is healthy when it can answer a linearizable read and no alarm stands; alive while it
// can read its own state, whoever else is up; ready when it can serve and votes, whatever the quota
// (reads go on then). `/health?serializable=true` asks of this member alone. Names of checks are
// etcd's, and each has a page of its own. Every question is answered within `patience_us`, whatever
// the node does. Belongs to the client port's executor; outlives its table.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/executor.h"
#include "net/http.h"
#include "server/admin/metrics.h"
#include "server/node/node.h"

namespace keel::admin {

// What one look at the member has found.
struct Finding {
  bool reads = false;       // a linearizable read was answered
  bool reads_here = false;  // this member's own state was read
  bool has_leader = false;
  bool is_corrupt = false;
  bool is_full = false;
  bool is_learner = false;
};
// The value of `name` in a query, each time it is given: "exclude=a&exclude=b".
[[nodiscard]] std::vector<std::string> QueryValues(const std::string& query, std::string_view name);
[[nodiscard]] net::HttpResponse HealthAnswer(const Finding& finding, const std::string& query);
// `only`: the one check that is asked for; empty: all of them, but for those that the query
// excludes.
[[nodiscard]] net::HttpResponse ReadyAnswer(const Finding& finding, const std::string& query,
                                            std::string_view only = {});
[[nodiscard]] net::HttpResponse LiveAnswer(const Finding& finding, const std::string& query,
                                           std::string_view only = {});
[[nodiscard]] net::HttpResponse VersionAnswer();

class Health {
 public:
  struct Seams {
    node::Node* node = nullptr;
    Executor* executor = nullptr;  // the client port's
    uint64_t patience_us = 2'000'000;
  };
  explicit Health(const Seams& seams) : seams_(seams) {}

  void AddTo(net::HttpTable* table);
  // The same without /version.
  void AddProbesTo(net::HttpTable* table);
  // How many questions for /health had which answer.
  void AddTo(Page* page) const;

 private:
  using Format = std::function<net::HttpResponse(const Finding&)>;
  // How far a question goes: a linearizable read takes a quorum.
  enum class Reach : uint8_t { kHere, kCluster };
  void Look(net::HttpCall call, Reach reach, Format format);

  const Seams seams_;
  uint64_t successes_ = 0;
  uint64_t failures_ = 0;
};

}  // namespace keel::admin
