// How the values of flags are read, and what must hold of all of them together.
#include <algorithm>

#include "server/flags.h"
#include "server/peer/peer_url.h"

namespace keel::server {

namespace {

constexpr uint64_t kElectionMsMax = 50'000;  // etcd's own

// Only loopback may be listened on without TLS and without a word.
bool IsLoopback(const std::string& host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

Result<std::vector<net::Address>> ParseListen(std::string_view flag,
                                              const std::vector<std::string>& urls, bool insecure) {
  std::vector<net::Address> addresses;
  for (const std::string& url : urls) {
    Result<net::Address> address = peers::ParseUrl(url);
    if (!address.ok()) return address.status().WithContext("--" + std::string(flag));
    if (!IsLoopback(address->host) && !insecure) {
      return InvalidArgument("--" + std::string(flag) + " " + url +
                             " is beyond loopback and has no TLS: whoever reaches the port would "
                             "read and write everything; listen on 127.0.0.1, or say --insecure");
    }
    if (address->host == "localhost") address->host = "127.0.0.1";
    addresses.push_back(std::move(*address));
  }
  return addresses;
}

Status CheckUrls(std::string_view flag, const std::vector<std::string>& urls) {
  for (const std::string& url : urls) {
    const Result<net::Address> address = peers::ParseUrl(url);
    if (!address.ok()) return address.status().WithContext("--" + std::string(flag));
    if (address->host == "0.0.0.0" || address->host == "::") {
      return InvalidArgument("--" + std::string(flag) + " " + url +
                             " is no address that others can reach: name this machine's own");
    }
  }
  return {};
}

Status CheckTimes(const Config& config) {
  if (config.heartbeat_ms == 0) return InvalidArgument("--heartbeat-interval is 1 at least");
  if (config.election_ms < 5 * config.heartbeat_ms || config.election_ms > kElectionMsMax) {
    return InvalidArgument("--election-timeout is 5 times --heartbeat-interval at least (" +
                           std::to_string(5 * config.heartbeat_ms) + ") and " +
                           std::to_string(kElectionMsMax) + " at most");
  }
  return {};
}

Status FillRetention(Config* config) {
  const std::string& said = config->compaction_retention;
  const bool is_number =
      std::all_of(said.begin(), said.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (config->compaction_mode == CompactionMode::kRevision) {
    // "1h" is the default of the other mode.
    Result<uint64_t> count = ParseCount(said == "1h" ? "0" : said);
    if (!count.ok()) return count.status().WithContext("--auto-compaction-retention");
    config->compaction_retention_revisions = *count;
    return {};
  }
  Result<uint64_t> time = ParseDurationMs(is_number && !said.empty() ? said + "h" : said);
  if (!time.ok()) return time.status().WithContext("--auto-compaction-retention");
  config->compaction_retention_ms = *time;
  return {};
}

// In one spelling, and sorted; this machine's own name is an address like any other.
std::vector<std::string> Addresses(const std::vector<std::string>& urls) {
  std::vector<std::string> addresses;
  for (const std::string& url : urls) {
    Result<net::Address> address = peers::ParseUrl(url);
    if (address.ok() && address->host == "localhost") address->host = "127.0.0.1";
    addresses.push_back(address.ok() ? address->ToString() : url);
  }
  std::sort(addresses.begin(), addresses.end());
  return addresses;
}

Status FillMembers(Config* config) {
  if (config->initial_cluster.empty()) {
    if (config->joins) {
      return InvalidArgument(
          "--initial-cluster-state existing needs --initial-cluster, with every "
          "member and this one: etcdctl member add prints it");
    }
    config->initial_members = {
        {.name = config->name, .peer_urls = config->initial_advertise_peer_urls}};
  } else {
    Result<std::vector<node::MemberInfo>> members = ParseInitialCluster(config->initial_cluster);
    if (!members.ok()) return members.status().WithContext("--initial-cluster");
    config->initial_members = std::move(*members);
  }
  for (node::MemberInfo& member : config->initial_members) {
    if (member.name != config->name) continue;
    const std::vector<std::string>& here = config->initial_advertise_peer_urls;
    if (Addresses(member.peer_urls) != Addresses(here)) {
      return InvalidArgument("--initial-cluster says that " + config->name + " is at " +
                             member.peer_urls[0] + ", --initial-advertise-peer-urls says " +
                             here[0] + ": they must be the same");
    }
    member.client_urls = config->advertise_client_urls;
    return {};
  }
  return InvalidArgument("--initial-cluster does not name this member, \"" + config->name +
                         "\": mend --name or --initial-cluster");
}

}  // namespace

std::vector<std::string> SplitList(const std::string& value) {
  std::vector<std::string> parts;
  size_t begin = 0;
  while (begin <= value.size()) {
    const size_t end = std::min(value.find(',', begin), value.size());
    if (end > begin) parts.push_back(value.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

Result<uint64_t> ParseCount(const std::string& value) {
  uint64_t count = 0;
  for (const char c : value) {
    if (c < '0' || c > '9' || count > (uint64_t{1} << 58)) {
      return InvalidArgument("needs a whole number, not \"" + value + "\"");
    }
    count = count * 10 + static_cast<uint64_t>(c - '0');
  }
  if (value.empty()) return InvalidArgument("needs a whole number");
  return count;
}

Result<bool> ParseSwitch(const std::string& value) {
  for (const char* yes : {"true", "True", "TRUE", "t", "T", "1", "on"}) {
    if (value == yes) return true;
  }
  for (const char* no : {"false", "False", "FALSE", "f", "F", "0", "off"}) {
    if (value == no) return false;
  }
  return InvalidArgument("is true or false, not \"" + value + "\"");
}

Result<uint64_t> ParseDurationMs(const std::string& value) {
  constexpr struct {
    std::string_view unit;
    double ms;
  } kUnits[] = {{"ns", 1e-6}, {"us", 1e-3}, {"ms", 1}, {"s", 1e3}, {"m", 6e4}, {"h", 3.6e6}};
  constexpr std::string_view kDigits = "0123456789.";
  constexpr size_t kDigitsMax = 12;
  const Status wrong =
      InvalidArgument("needs a time such as 30s, 5m or 1h30m, not \"" + value + "\"");
  if (value == "0") return uint64_t{0};
  double total_ms = 0;
  for (size_t at = 0; at < value.size();) {
    const size_t unit_at = value.find_first_not_of(kDigits, at);
    if (unit_at == std::string::npos || unit_at == at || unit_at - at > kDigitsMax) return wrong;
    const std::string number = value.substr(at, unit_at - at);
    if (number == "." || number.find('.') != number.rfind('.')) return wrong;
    const size_t end = std::min(value.find_first_of(kDigits, unit_at), value.size());
    const std::string unit = value.substr(unit_at, end - unit_at);
    const auto* found = std::find_if(std::begin(kUnits), std::end(kUnits),
                                     [&](const auto& known) { return known.unit == unit; });
    if (found == std::end(kUnits)) return wrong;
    total_ms += std::stod(number) * found->ms;
    at = end;
  }
  constexpr double kTotalMsMax = 1e13;  // three centuries
  if (value.empty() || total_ms > kTotalMsMax) return wrong;
  const auto rounded = static_cast<uint64_t>(total_ms + 0.5);
  return total_ms > 0 && rounded == 0 ? 1 : rounded;
}

Result<std::vector<node::MemberInfo>> ParseInitialCluster(const std::string& value) {
  std::vector<node::MemberInfo> members;
  for (const std::string& part : SplitList(value)) {
    const size_t equals = part.find('=');
    if (equals == std::string::npos || equals == 0) {
      return InvalidArgument("\"" + part + "\" is not NAME=URL");
    }
    const std::string name = part.substr(0, equals);
    const std::string url = part.substr(equals + 1);
    const Result<net::Address> address = peers::ParseUrl(url);
    if (!address.ok()) return address.status();
    auto found = std::find_if(members.begin(), members.end(),
                              [&](const auto& member) { return member.name == name; });
    if (found == members.end()) found = members.insert(found, {.name = name});
    found->peer_urls.push_back(url);
  }
  if (members.empty()) return InvalidArgument("names nobody");
  return members;
}

Status CheckConfig(Config* config) {
  if (config->name.empty()) return InvalidArgument("--name may not be empty");
  if (config->data_dir.empty()) config->data_dir = config->name + ".keel";
  KEEL_ASSIGN_OR_RETURN(
      config->client_addresses,
      ParseListen("listen-client-urls", config->listen_client_urls, config->insecure));
  KEEL_ASSIGN_OR_RETURN(
      config->peer_addresses,
      ParseListen("listen-peer-urls", config->listen_peer_urls, config->insecure));
  // No key and no value is on these pages: who may reach them is the network's to say.
  KEEL_ASSIGN_OR_RETURN(
      config->metrics_addresses,
      ParseListen("listen-metrics-urls", config->listen_metrics_urls, /*insecure=*/true));
  if (config->advertise_client_urls.empty()) {
    config->advertise_client_urls = config->listen_client_urls;
  }
  if (config->initial_advertise_peer_urls.empty()) {
    config->initial_advertise_peer_urls = config->listen_peer_urls;
  }
  KEEL_RETURN_IF_ERROR(CheckUrls("advertise-client-urls", config->advertise_client_urls));
  KEEL_RETURN_IF_ERROR(
      CheckUrls("initial-advertise-peer-urls", config->initial_advertise_peer_urls));
  KEEL_RETURN_IF_ERROR(CheckTimes(*config));
  constexpr uint64_t kRequestBytesMax = 7 << 20;  // an entry holds 8 MiB
  if (config->request_bytes_max == 0 || config->request_bytes_max > kRequestBytesMax) {
    return InvalidArgument("--max-request-bytes is between 1 and " +
                           std::to_string(kRequestBytesMax));
  }
  if (config->archive_interval_ms == 0)
    return InvalidArgument("--archive-interval is 1ms at least");
  if (config->archive_hold_bytes == 0) return InvalidArgument("--archive-hold-bytes is above 0");
  if (config->txn_ops_max == 0) return InvalidArgument("--max-txn-ops is 1 at least");
  if (config->streams_max == 0 || config->streams_max > 1'000'000) {
    return InvalidArgument("--max-concurrent-streams is between 1 and 1000000");
  }
  KEEL_RETURN_IF_ERROR(FillRetention(config));
  config->initial_wrong = FillMembers(config);
  return {};
}

}  // namespace keel::server
