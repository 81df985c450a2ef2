#include "net/method_table.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/bytes.h"
#include "base/check.h"

namespace keel::net {

namespace {

constexpr size_t kShownBytesMax = 200;

struct PathParts {
  std::string_view service;
  std::string_view method;
};

// Both parts empty if `path` is not of the form "/service/method".
PathParts Split(std::string_view path) {
  const size_t slash = path.rfind('/');
  if (!path.starts_with('/') || slash == 0) return {};
  const PathParts parts{path.substr(1, slash - 1), path.substr(slash + 1)};
  return parts.service.empty() || parts.method.empty() ? PathParts{} : parts;
}

}  // namespace

void MethodTable::AddUnary(std::string path, UnaryMethod method) {
  Add(std::move(path), std::move(method));
}

void MethodTable::AddStreaming(std::string path, StreamingMethod method) {
  Add(std::move(path), std::move(method));
}

void MethodTable::Add(std::string path, Method method) {
  KEEL_CHECK(!Split(path).method.empty()) << "not a path of a method: " << path;
  const bool added = methods_.emplace(path, std::move(method)).second;
  KEEL_CHECK(added) << "two handlers for " << path;
}

const MethodTable::Method* MethodTable::Find(std::string_view path) const {
  const auto found = methods_.find(path);
  return found == methods_.end() ? nullptr : &found->second;
}

std::vector<std::string_view> MethodTable::Paths() const {
  std::vector<std::string_view> paths;
  for (const auto& [path, unused] : methods_) paths.push_back(path);
  std::sort(paths.begin(), paths.end());
  return paths;
}

Status MethodTable::NotServed(std::string_view path) const {
  const auto [service, method] = Split(path);
  if (method.empty()) {
    return Unimplemented("malformed method name: " + Printable(path, kShownBytesMax));
  }
  for (const auto& [known, unused] : methods_) {
    if (Split(known).service != service) continue;
    return Unimplemented("unknown method " + Printable(method, kShownBytesMax) + " for service " +
                         std::string(service));
  }
  return Unimplemented("unknown service " + Printable(service, kShownBytesMax));
}

std::vector<std::string> MethodTable::Services() const {
  std::set<std::string> names;
  for (const auto& [path, unused] : methods_) names.emplace(Split(path).service);
  return {names.begin(), names.end()};
}

}  // namespace keel::net
