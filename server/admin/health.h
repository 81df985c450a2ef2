// /health, /livez, /readyz and /version: what probes and etcd's tools ask a member.
//
// A member is healthy when it can answer a linearizable read and no alarm stands; alive while its
// roles answer; ready when it can serve, which is the same as healthy but for the alarm of a full
// quota (reads go on then). Every question is answered within `patience_us`, whatever the node
// does. Belongs to the client port's executor; outlives its table.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/executor.h"
#include "net/http.h"
#include "server/node/node.h"

namespace keel::admin {

// What one look at the member has found.
struct Finding {
  bool reads = false;  // a linearizable read was answered
  bool has_leader = false;
  bool is_corrupt = false;
  bool is_full = false;
};
[[nodiscard]] net::HttpResponse HealthAnswer(const Finding& finding, const std::string& query);
[[nodiscard]] net::HttpResponse ReadyAnswer(const Finding& finding, const std::string& query);
[[nodiscard]] net::HttpResponse LiveAnswer(const std::string& query);
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

 private:
  using Format = net::HttpResponse (*)(const Finding&, const std::string& query);
  void Look(net::HttpCall call, std::string query, Format format);

  const Seams seams_;
};

}  // namespace keel::admin
