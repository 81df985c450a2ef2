// grpc.health.v1.Health: says which services are in order, and tells watchers when that changes.
//
// A watcher that reads slowly misses what lay between, never the last state. Belongs to one
// transport's executor; outlives the table that it is added to, and every call.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

#include "net/method_table.h"
#include "net/rpc.h"

namespace keel::net {

class HealthService {
 public:
  // The server as a whole is known from the start, and not in order.
  HealthService();
  HealthService(const HealthService&) = delete;
  HealthService& operator=(const HealthService&) = delete;

  void AddTo(MethodTable* table);

  // `service` is a full name; empty is the server as a whole.
  void Set(std::string_view service, bool serving);
  // At shutdown: nothing is in order any more.
  void SetAll(bool serving);

  [[nodiscard]] size_t watchers() const { return watchers_.size(); }

 private:
  class Watcher;

  std::map<std::string, bool, std::less<>> serving_;
  std::set<Watcher*> watchers_;
};

}  // namespace keel::net
