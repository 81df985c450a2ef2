// How a name of a flag is found: as it stands, in etcd's other spelling, among those that are
// refused, or by its nearest.
#include <algorithm>
#include <array>
#include <vector>

#include "server/flags.h"

namespace keel::server {

namespace {

constexpr std::string_view kExperimental = "experimental-";
constexpr std::string_view kTls = "asks for TLS, which this Keel does not speak yet";
constexpr std::string_view kAuth =
    "is for users and roles, which this Keel does not serve: leave it out";
constexpr std::string_view kV2 = "is for the API before etcd 3, which is not served: leave it out";
constexpr std::string_view kTracing =
    "is not there: --warning-unary-request-duration says where the time of slow calls goes";
constexpr std::string_view kDiscovery =
    "finds the members by a service: name them, by --initial-cluster NAME=URL,...";

struct Refusal {
  std::string_view name;
  std::string_view why;
  bool is_switch = false;
};
constexpr auto kRefusals = std::to_array<Refusal>({
    {"config-file", "is a file of YAML: say --flagfile FILE, with a flag a line"},
    {"force-new-cluster",
     "would forget what a majority knows: restore a backup (keelctl snapshot restore, or "
     "keelctl restore), and start with its directories",
     true},
    {"unsafe-no-fsync", "would lose what was acknowledged: leave it out, every write is synced",
     true},
    {"wal-dir", "is for another disk than --data-dir's: the log is in --data-dir; put that on it"},
    {"listen-client-http-urls",
     "is for a port of its own: gRPC and HTTP are both on --listen-client-urls"},
    {"auth-token", kAuth},
    {"auth-token-ttl", kAuth},
    {"bcrypt-cost", kAuth},
    {"debug", "is etcd's of old: say --log-level debug", true},
    {"proxy", "is for etcd's old proxies: clients name all members, and need none"},
    {"enable-v2v3", kV2},
    {"experimental-enable-v2v3", kV2},
    {"enable-distributed-tracing", kTracing, true},
    {"experimental-enable-distributed-tracing", kTracing, true},
    {"cipher-suites", kTls},
    {"peer-skip-client-san-verification", kTls},
    {"experimental-peer-skip-client-san-verification", kTls},
    {"client-crl-file", kTls},
    {"peer-crl-file", kTls},
    {"client-cert-auth", kTls, true},
    {"peer-client-cert-auth", kTls, true},
    {"auto-tls", kTls, true},
    {"peer-auto-tls", kTls, true},
});

size_t Distance(std::string_view from, std::string_view to) {
  // Rows of Levenshtein's table, with neighbours that changed places as one step.
  std::vector<size_t> before_last(to.size() + 1);
  std::vector<size_t> last(to.size() + 1);
  std::vector<size_t> row(to.size() + 1);
  for (size_t j = 0; j <= to.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= from.size(); ++i) {
    std::swap(before_last, last);
    std::swap(last, row);
    row[0] = i;
    for (size_t j = 1; j <= to.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (from[i - 1] != to[j - 1])});
      const bool swapped = i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1];
      if (swapped) row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
  }
  return row[to.size()];
}

const Refusal* FindRefusal(std::string_view name) {
  const auto* found = std::find_if(kRefusals.begin(), kRefusals.end(),
                                   [name](const Refusal& each) { return each.name == name; });
  return found == kRefusals.end() ? nullptr : found;
}

const Flag* FindExactly(std::string_view name) {
  for (const Flag& flag : Flags()) {
    if (flag.name == name) return &flag;
  }
  return nullptr;
}

}  // namespace

const Flag* FindFlag(std::string_view name) {
  if (const Flag* flag = FindExactly(name); flag != nullptr) return flag;
  if (name.starts_with(kExperimental)) return FindExactly(name.substr(kExperimental.size()));
  return FindExactly(std::string(kExperimental) + std::string(name));
}

std::string_view WhyRefused(std::string_view name) {
  if (const Refusal* refusal = FindRefusal(name); refusal != nullptr) return refusal->why;
  if (FindFlag(name) != nullptr) return {};
  if (name.starts_with("discovery")) return kDiscovery;
  for (const std::string_view part : {"cert", "tls", "key-file", "trusted-ca"}) {
    if (name.find(part) != std::string_view::npos) return kTls;
  }
  return {};
}

bool IsRefusedSwitch(std::string_view name) {
  const Refusal* refusal = FindRefusal(name);
  return refusal != nullptr && refusal->is_switch;
}

std::string_view NearestFlag(std::string_view name) {
  constexpr size_t kStepsMax = 3;
  if (name.starts_with(kExperimental)) name.remove_prefix(kExperimental.size());
  std::string_view best;
  size_t best_steps = std::min(kStepsMax, std::max<size_t>(1, name.size() / 3)) + 1;
  for (const Flag& flag : Flags()) {
    const size_t steps = Distance(name, flag.name);
    if (steps >= best_steps) continue;
    best = flag.name;
    best_steps = steps;
  }
  return best;
}

}  // namespace keel::server
