// Which handler serves which path: filled at start, constant afterwards, shared by all connections.
//
// Owned by the server's main; it outlives every session that routes by it. Not changed once a
// session uses it, and then safe to read from any thread (what the handlers touch is theirs).
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "base/status.h"
#include "net/rpc.h"

namespace keel::net {

class MethodTable {
 public:
  using Method = std::variant<UnaryMethod, StreamingMethod>;

  MethodTable() = default;
  MethodTable(const MethodTable&) = delete;
  MethodTable& operator=(const MethodTable&) = delete;

  // `path` is "/package.Service/Method" and not in the table yet.
  void AddUnary(std::string path, UnaryMethod method);
  void AddStreaming(std::string path, StreamingMethod method);

  [[nodiscard]] const Method* Find(std::string_view path) const;

  // The paths of all methods, sorted.
  [[nodiscard]] std::vector<std::string_view> Paths() const;

  // UNIMPLEMENTED, in the words that gRPC users know, telling a wrong method from a wrong service.
  [[nodiscard]] Status NotServed(std::string_view path) const;

  // The services, sorted, each once: "etcdserverpb.KV".
  [[nodiscard]] std::vector<std::string> Services() const;

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };

  void Add(std::string path, Method method);

  std::unordered_map<std::string, Method, Hash, std::equal_to<>> methods_;
};

}  // namespace keel::net
