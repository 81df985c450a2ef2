// How many calls ended, by method and code: grpc_server_handled_total. Belongs to the client port's
// executor, as the table does whose methods it counts.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "base/status.h"
#include "net/method_table.h"
#include "server/admin/metrics.h"

namespace keel::admin {

// As gRPC's Go library spells it in labels: "OK", "InvalidArgument", "Canceled".
[[nodiscard]] std::string CodeLabel(Code code);

class CallCounts {
 public:
  void Count(const net::MethodTable::Method* method, Code code) { ++counts_[{method, code}]; }
  void AddTo(const net::MethodTable& methods, Page* page) const;

 private:
  std::map<std::pair<const net::MethodTable::Method*, Code>, uint64_t> counts_;
};

}  // namespace keel::admin
