#include "server/api/caller.h"

#include <optional>
#include <string_view>

#include "base/numbers.h"
#include "server/api/errors.h"

namespace keel::api {

namespace {

// False where the field is there and is no number.
bool ReadNumber(const net::Metadata& metadata, std::string_view name, uint64_t* number) {
  const auto text = metadata.Find(name);
  if (!text.has_value()) return true;
  const auto parsed = ParseNumber<uint64_t>(*text);
  if (parsed.has_value()) *number = *parsed;
  return parsed.has_value();
}

}  // namespace

Caller CallerOf(const net::CallContext& context) {
  Caller caller;
  caller.requires_leader = context.metadata.Find("hasleader") == std::string_view("true");
  caller.wants_chunks = context.metadata.Find("keel-snapshot") == std::string_view("chunks");
  uint64_t session = 0;
  uint64_t acknowledged = 0;
  const bool numbers = ReadNumber(context.metadata, "keel-session", &session) &&
                       ReadNumber(context.metadata, "keel-sequence", &caller.origin.sequence) &&
                       ReadNumber(context.metadata, "keel-acknowledged", &acknowledged);
  caller.origin.session = kv::SessionId(session);
  caller.origin.lowest_unacknowledged = session == 0 ? 0 : acknowledged + 1;
  // A session says which of its commands this is; without a session there is nothing to count.
  const bool whole = (session == 0) == (caller.origin.sequence == 0);
  if (!numbers || !whole || acknowledged > UINT64_MAX - 1) {
    caller.bad_metadata = StatusOf(ApiError::kBadSession);
    caller.origin = {};
  }
  return caller;
}

}  // namespace keel::api
