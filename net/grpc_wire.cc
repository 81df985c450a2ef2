#include "net/grpc_wire.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

namespace keel::net {

namespace {

constexpr std::string_view kHexDigits = "0123456789ABCDEF";
constexpr size_t kTimeoutDigitsMax = 8;
constexpr uint64_t kTimeoutValueMax = 99'999'999;

struct TimeoutUnit {
  char letter;
  uint64_t us;
};
// The finest first; nanoseconds are only read.
constexpr std::array<TimeoutUnit, 5> kTimeoutUnits = {
    {{'u', 1}, {'m', 1'000}, {'S', 1'000'000}, {'M', 60'000'000}, {'H', 3'600'000'000}}};

constexpr std::array<std::string_view, 17> kCodeNumbers = {
    "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "16"};

struct HttpMeaning {
  std::string_view status;
  Code code;
};
constexpr std::array<HttpMeaning, 8> kHttpMeanings = {{{"400", Code::kInternal},
                                                       {"401", Code::kUnauthenticated},
                                                       {"403", Code::kPermissionDenied},
                                                       {"404", Code::kUnimplemented},
                                                       {"429", Code::kUnavailable},
                                                       {"502", Code::kUnavailable},
                                                       {"503", Code::kUnavailable},
                                                       {"504", Code::kUnavailable}}};

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

std::string_view Trim(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

}  // namespace

std::string PercentEncode(std::string_view text) {
  std::string encoded;
  encoded.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    // HTTP trims fields: a space at either end would be lost, or refused (RFC 9113, 8.2.1).
    const bool at_an_end = i == 0 || i + 1 == text.size();
    if (c >= (at_an_end ? 0x21 : 0x20) && c <= 0x7e && c != '%') {
      encoded.push_back(c);
      continue;
    }
    const auto byte = static_cast<uint8_t>(c);
    encoded.push_back('%');
    encoded.push_back(kHexDigits[byte >> 4]);
    encoded.push_back(kHexDigits[byte & 15]);
  }
  return encoded;
}

std::string PercentDecode(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      const int high = HexValue(text[i + 1]);
      const int low = HexValue(text[i + 2]);
      if (high >= 0 && low >= 0) {
        decoded.push_back(static_cast<char>(high * 16 + low));
        i += 2;
        continue;
      }
    }
    decoded.push_back(text[i]);
  }
  return decoded;
}

std::optional<uint64_t> ParseTimeoutUs(std::string_view text) {
  if (text.size() < 2 || text.size() > kTimeoutDigitsMax + 1) return std::nullopt;
  const char letter = text.back();
  text.remove_suffix(1);
  uint64_t value = 0;
  for (const char digit : text) {
    if (digit < '0' || digit > '9') return std::nullopt;
    value = value * 10 + static_cast<uint64_t>(digit - '0');
  }
  if (letter == 'n') return (value + 999) / 1000;
  for (const TimeoutUnit& unit : kTimeoutUnits) {
    if (unit.letter == letter) return value * unit.us;
  }
  return std::nullopt;
}

std::string FormatTimeout(uint64_t timeout_us) {
  for (const TimeoutUnit& unit : kTimeoutUnits) {
    const uint64_t value = timeout_us / unit.us + (timeout_us % unit.us == 0 ? 0 : 1);
    if (value <= kTimeoutValueMax) return std::to_string(value) + unit.letter;
  }
  return std::to_string(kTimeoutValueMax) + 'H';
}

bool IsGrpcContentType(std::string_view text) {
  constexpr std::string_view kType = "application/grpc";
  if (!text.starts_with(kType)) return false;
  text.remove_prefix(kType.size());
  return text.empty() || text.front() == '+' || text.front() == ';';
}

Code ParseCode(std::string_view text) {
  const auto found = std::find(kCodeNumbers.begin(), kCodeNumbers.end(), text);
  if (found == kCodeNumbers.end()) return Code::kUnknown;
  return static_cast<Code>(found - kCodeNumbers.begin());
}

std::string_view CodeNumber(Code code) {
  const auto number = static_cast<size_t>(code);
  return number < kCodeNumbers.size() ? kCodeNumbers[number] : kCodeNumbers[2];
}

Code CodeOfHttpStatus(std::string_view http_status) {
  for (const HttpMeaning& meaning : kHttpMeanings) {
    if (meaning.status == http_status) return meaning.code;
  }
  return Code::kUnknown;
}

Code CodeOfHttp2Error(uint32_t error_code) {
  switch (error_code) {
    case 7:  // REFUSED_STREAM: not processed, safe to try again
      return Code::kUnavailable;
    case 8:  // CANCEL
      return Code::kCancelled;
    case 11:  // ENHANCE_YOUR_CALM
      return Code::kResourceExhausted;
    case 12:  // INADEQUATE_SECURITY
      return Code::kPermissionDenied;
    default:
      return Code::kInternal;
  }
}

bool AcceptsEncoding(std::string_view accepted, std::string_view encoding) {
  while (!accepted.empty()) {
    const size_t comma = std::min(accepted.find(','), accepted.size());
    if (Trim(accepted.substr(0, comma)) == encoding) return true;
    accepted.remove_prefix(std::min(comma + 1, accepted.size()));
  }
  return false;
}

}  // namespace keel::net
