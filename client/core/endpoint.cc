#include "client/core/endpoint.h"

#include "base/bytes.h"
#include "base/numbers.h"

namespace keel::client {

namespace {

constexpr uint16_t kDefaultPort = 2379;
constexpr size_t kShownBytesMax = 100;

Status NoEndpoint(std::string_view text) {
  return InvalidArgument("no endpoint: \"" + Printable(text, kShownBytesMax) +
                         "\"; write host:port or http://host:port");
}

}  // namespace

Result<net::Address> ParseEndpoint(std::string_view text) {
  const std::string_view whole = text;
  if (const size_t scheme = text.find("://"); scheme != std::string_view::npos) {
    const std::string_view name = text.substr(0, scheme);
    if (name != "http" && name != "https") return NoEndpoint(whole);
    text.remove_prefix(scheme + 3);
  }
  text = text.substr(0, text.find('/'));
  std::string_view host = text;
  std::string_view port;
  const size_t bracket = text.find(']');
  const size_t colon = text.find(':', bracket == std::string_view::npos ? 0 : bracket);
  if (colon != std::string_view::npos) {
    host = text.substr(0, colon);
    port = text.substr(colon + 1);
    if (port.empty()) return NoEndpoint(whole);
  }
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (host.empty()) return NoEndpoint(whole);
  net::Address address{.host = std::string(host), .port = kDefaultPort};
  if (!port.empty()) {
    address.port = ParseNumber<uint16_t>(port).value_or(0);
    if (address.port == 0) return NoEndpoint(whole);
  }
  return address;
}

std::string EndpointName(const net::Address& address) {
  const bool v6 = address.host.find(':') != std::string::npos;
  return (v6 ? "[" + address.host + "]" : address.host) + ":" + std::to_string(address.port);
}

}  // namespace keel::client
