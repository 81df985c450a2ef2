#include "client/types.h"

namespace keel::client {

namespace {

// To etcd's API, a range that ends here has no end.
const std::string kNoEnd(1, '\0');
constexpr std::string_view kOutcomeUnknown = "outcome unknown";

}  // namespace

KeyRange KeyRange::Prefix(std::string_view prefix) {
  if (prefix.empty()) return All();
  std::string end(prefix);
  while (!end.empty() && end.back() == '\xff') end.pop_back();
  if (end.empty()) return {.begin = std::string(prefix), .end = kNoEnd};
  end.back() = static_cast<char>(static_cast<unsigned char>(end.back()) + 1);
  return {.begin = std::string(prefix), .end = std::move(end)};
}

KeyRange KeyRange::From(std::string_view key) {
  // No key is empty: the lowest one is a zero byte.
  return {.begin = key.empty() ? kNoEnd : std::string(key), .end = kNoEnd};
}

KeyRange KeyRange::All() { return From(""); }

bool IsOutcomeUnknown(const Status& status) {
  return !status.ok() && status.message().starts_with(kOutcomeUnknown);
}

}  // namespace keel::client
