#include "server/peer/peer_url.h"

#include <string_view>

namespace keel::peers {

namespace {

Status Malformed(const std::string& url, std::string_view why) {
  return InvalidArgument("\"" + url + "\" " + std::string(why) +
                         ": write it as http://HOST:PORT, for example http://127.0.0.1:2379");
}

}  // namespace

Result<net::Address> ParseUrl(const std::string& url) {
  constexpr std::string_view kScheme = "http://";
  if (url.starts_with("https://")) {
    return InvalidArgument("\"" + url + "\" asks for TLS, which this Keel does not speak yet");
  }
  if (url.starts_with("unix://") || url.starts_with("unixs://")) {
    return Malformed(url, "is a socket in the file system, and Keel serves TCP alone");
  }
  if (!url.starts_with(kScheme)) return Malformed(url, "is no URL");
  std::string rest = url.substr(kScheme.size());
  if (rest.ends_with('/')) rest.pop_back();
  const size_t colon = rest.rfind(':');
  if (colon == std::string::npos || colon == 0) return Malformed(url, "names no port");
  std::string host = rest.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  } else if (host.find_first_of("[]:/@ ") != std::string::npos) {
    return Malformed(url, "has a host that cannot be");
  }
  const std::string digits = rest.substr(colon + 1);
  uint32_t port = 0;
  for (const char digit : digits) {
    if (digit < '0' || digit > '9' || port > 65'535)
      return Malformed(url, "has a port that cannot be");
    port = port * 10 + static_cast<uint32_t>(digit - '0');
  }
  if (digits.empty() || port == 0 || port > 65'535) {
    return Malformed(url, "has a port that cannot be");
  }
  return net::Address{.host = host, .port = static_cast<uint16_t>(port)};
}

}  // namespace keel::peers
