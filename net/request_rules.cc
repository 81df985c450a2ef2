#include "net/request_rules.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <array>

#include "base/numbers.h"

namespace keel::net {

namespace {

const uint8_t* Bytes(std::string_view text) {
  return reinterpret_cast<const uint8_t*>(text.data());
}

bool IsValue(std::string_view value) {
  return nghttp2_check_header_value(Bytes(value), value.size()) != 0;
}

// What belongs to one connection of HTTP/1.1 has no meaning here, and smuggles requests elsewhere.
bool IsOfConnection(std::string_view name) {
  constexpr std::array<std::string_view, 5> kNames = {
      "connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"};
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

}  // namespace

RequestRules::Verdict RequestRules::OnField(std::string_view name, std::string_view value) {
  if (name.starts_with(':')) return OnPseudo(name, value);
  regular_ = true;
  // Upper case is among what it refuses.
  if (nghttp2_check_header_name(Bytes(name), name.size()) == 0) return Verdict::kMalformed;
  if (IsOfConnection(name)) return Verdict::kMalformed;
  if (name == "te" && value != "trailers") return Verdict::kMalformed;
  if (name == "content-length") return OnLength(value);
  return IsValue(value) ? Verdict::kKeep : Verdict::kIgnore;
}

RequestRules::Verdict RequestRules::OnPseudo(std::string_view name, std::string_view value) {
  if (regular_ || in_trailers_ || value.empty() || !IsValue(value)) return Verdict::kMalformed;
  uint8_t which = 0;
  bool is_good = true;
  if (name == ":method") {
    which = kMethod;
    is_good = nghttp2_check_method(Bytes(value), value.size()) != 0;
  } else if (name == ":path") {
    which = kPath;
    is_good = (value.front() == '/' || value == "*") &&
              nghttp2_check_path(Bytes(value), value.size()) != 0;
  } else if (name == ":scheme") {
    which = kScheme;
  } else if (name == ":authority") {
    which = kAuthority;
  }
  if (which == 0 || (pseudo_ & which) != 0 || !is_good) return Verdict::kMalformed;
  pseudo_ |= which;
  return Verdict::kKeep;
}

RequestRules::Verdict RequestRules::OnLength(std::string_view value) {
  const auto length = ParseNumber<uint64_t>(value);
  if (!length.has_value() || length_.has_value() || in_trailers_) {
    return Verdict::kMalformed;
  }
  length_ = length;
  return Verdict::kKeep;
}

bool RequestRules::OnBlockEnd(bool ends_stream) {
  constexpr uint8_t kNeeded = kMethod | kScheme | kPath;
  const bool is_good = in_trailers_ ? ends_stream : (pseudo_ & kNeeded) == kNeeded;
  in_trailers_ = true;
  return is_good;
}

bool RequestRules::OnData(uint64_t bytes) {
  received_ += bytes;
  return !length_.has_value() || received_ <= *length_;
}

bool RequestRules::OnEnd() const { return !length_.has_value() || received_ == *length_; }

}  // namespace keel::net
