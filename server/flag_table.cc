// Every flag of keeld, as data.
#include <array>

#include "server/flags.h"

namespace keel::server {

namespace {

constexpr std::string_view kMember = "This member";
constexpr std::string_view kCluster = "The cluster, when it is made or joined";
constexpr std::string_view kKept = "What is kept";
constexpr std::string_view kArchive = "The continuous archive";
constexpr std::string_view kRequests = "Requests";
constexpr std::string_view kProcess = "The process";

template <std::string Config::*kField>
Status Text(const std::string& value, Config* config) {
  config->*kField = value;
  return {};
}

template <std::vector<std::string> Config::*kField>
Status List(const std::string& value, Config* config) {
  config->*kField = SplitList(value);
  if ((config->*kField).empty()) return InvalidArgument("needs at least one URL");
  return {};
}

template <uint64_t Config::*kField>
Status Count(const std::string& value, Config* config) {
  KEEL_ASSIGN_OR_RETURN(config->*kField, ParseCount(value));
  return {};
}

// As etcd: below zero is none.
Status Quota(const std::string& value, Config* config) {
  const bool is_none = value.starts_with('-') && ParseCount(value.substr(1)).ok();
  return Count<&Config::quota_bytes>(is_none ? "0" : value, config);
}

template <uint64_t Config::*kField>
Status Duration(const std::string& value, Config* config) {
  KEEL_ASSIGN_OR_RETURN(config->*kField, ParseDurationMs(value));
  return {};
}

template <bool Config::*kField>
Status Switch(const std::string& value, Config* config) {
  KEEL_ASSIGN_OR_RETURN(config->*kField, ParseSwitch(value));
  return {};
}

Status State(const std::string& value, Config* config) {
  if (value != "new" && value != "existing") {
    return InvalidArgument("is \"new\" or \"existing\", not \"" + value + "\"");
  }
  config->joins = value == "existing";
  return {};
}

Status Mode(const std::string& value, Config* config) {
  if (value != "periodic" && value != "revision") {
    return InvalidArgument("is \"periodic\" or \"revision\", not \"" + value + "\"");
  }
  config->compaction_mode =
      value == "periodic" ? CompactionMode::kPeriodic : CompactionMode::kRevision;
  return {};
}

Status Level(const std::string& value, Config* config) {
  for (const char* level : {"debug", "info", "warn", "error"}) {
    if (value == level) return Text<&Config::log_level>(value, config);
  }
  // etcd's for less than errors: why a member ends is said all the same.
  for (const char* level : {"dpanic", "panic", "fatal"}) {
    if (value == level) return Text<&Config::log_level>("error", config);
  }
  return InvalidArgument("is debug, info, warn or error, not \"" + value + "\"");
}

// etcd's, without a meaning here.
constexpr Flag Ignored(std::string_view name) { return {name, {}, "VALUE", {}, {}, nullptr}; }
constexpr Flag IgnoredSwitch(std::string_view name) { return {name, {}, {}, {}, {}, nullptr}; }

constexpr auto kFlags = std::to_array<Flag>({
    {"name", kMember, "NAME", "default", "What people call this member; its own in the cluster.",
     Text<&Config::name>},
    {"data-dir", kMember, "DIRECTORY", "NAME.keel",
     "Where this member keeps its log and its state. Made at the first start.",
     Text<&Config::data_dir>},
    {"listen-client-urls", kMember, "URLS", "http://127.0.0.1:2379",
     "Where clients (gRPC) and probes (HTTP/1.1) are served; separated by commas.",
     List<&Config::listen_client_urls>},
    {"advertise-client-urls", kMember, "URLS", "as it listens",
     "Where clients are told to reach this member.", List<&Config::advertise_client_urls>},
    {"listen-metrics-urls", kMember, "URLS", "none",
     "Where /metrics and the probes are served besides, by plain HTTP, and nothing else.",
     List<&Config::listen_metrics_urls>},
    {"listen-peer-urls", kMember, "URLS", "http://127.0.0.1:2380",
     "Where the other members are served.", List<&Config::listen_peer_urls>},
    {"initial-advertise-peer-urls", kMember, "URLS", "as it listens",
     "Where the other members reach this one.", List<&Config::initial_advertise_peer_urls>},
    {"insecure", kMember, "", "off",
     "Listen beyond loopback without TLS: whoever reaches the port reads and writes everything.",
     Switch<&Config::insecure>},

    {"initial-cluster", kCluster, "NAME=URL,...", "this member alone",
     "Every member and where its peers reach it, this one too.", Text<&Config::initial_cluster>},
    {"initial-cluster-state", kCluster, "new|existing", "new",
     "\"existing\": this member was added to a cluster that runs (etcdctl member add).", State},
    {"initial-cluster-token", kCluster, "TOKEN", "keel-cluster",
     "Tells clusters apart: members with another token are refused.", Text<&Config::token>},
    {"heartbeat-interval", kCluster, "MS", "100", "Between two heartbeats of the leader.",
     Count<&Config::heartbeat_ms>},
    {"election-timeout", kCluster, "MS", "1000",
     "Silence of the leader after which an election begins. The same on all members.",
     Count<&Config::election_ms>},
    {"strict-reconfig-check", kCluster, "", "on",
     "Refuse changes of members that would leave too few of them up. The leader's decides.",
     Switch<&Config::strict_reconfig>},
    {"max-learners", kCluster, "COUNT", "1",
     "The most members that learn and are not about to vote. The leader's decides.",
     Count<&Config::learners_max>},

    {"auto-compaction-mode", kKept, "periodic|revision", "periodic",
     "Whether --auto-compaction-retention is a time or a number of revisions.", Mode},
    {"auto-compaction-retention", kKept, "TIME|COUNT", "1h",
     "How much history is kept: 30m, 1h, 24 (hours), or revisions. 0: all of it.",
     Text<&Config::compaction_retention>},
    {"quota-backend-bytes", kKept, "BYTES", "0",
     "Bound on the live keys and values; writes beyond it are refused. 0: the disk.", Quota},
    {"log-kept-bytes", kKept, "BYTES", "1073741824",
     "Log kept on disk for a member that is behind; beyond it, that one is sent a snapshot.",
     Count<&Config::log_kept_bytes>},

    {"archive", kArchive, "DIRECTORY", "none",
     "A directory that is there, the same for all members: the leader puts every write into it.",
     Text<&Config::archive>},
    {"archive-key-file", kArchive, "FILE", "not encrypted",
     "The key that the archive is encrypted with (openssl rand -hex 32). The same on all members.",
     Text<&Config::archive_key_file>},
    {"archive-interval", kArchive, "TIME", "250ms",
     "Between two looks at what is to be archived; what a lost cluster may lose, about.",
     Duration<&Config::archive_interval_ms>},
    {"archive-base-interval", kArchive, "TIME", "24h",
     "Between two whole states in the archive; a restore replays no more than that.",
     Duration<&Config::archive_base_interval_ms>},
    {"archive-retention", kArchive, "TIME", "168h",
     "How far back every moment stays restorable; what only older ones need goes. 0: all is kept.",
     Duration<&Config::archive_retention_ms>},
    {"archive-hold-bytes", kArchive, "BYTES", "1073741824",
     "Log kept on disk for an archive that is behind; beyond it, the archive has a gap.",
     Count<&Config::archive_hold_bytes>},

    {"max-request-bytes", kRequests, "BYTES", "1572864", "The largest request.",
     Count<&Config::request_bytes_max>},
    {"max-txn-ops", kRequests, "COUNT", "128", "The most operations of one transaction.",
     Count<&Config::txn_ops_max>},
    {"max-concurrent-streams", kRequests, "COUNT", "10000",
     "The most calls that one connection may have open.", Count<&Config::streams_max>},
    {"warning-unary-request-duration", kRequests, "TIME", "300ms",
     "A call that takes as long is logged, with where its time went, and counted. 0: none is.",
     Duration<&Config::slow_request_ms>},
    {"warning-apply-duration", kRequests, "TIME", "100ms",
     "A batch of entries that takes as long to apply is counted. 0: none is.",
     Duration<&Config::slow_apply_ms>},
    {"watch-progress-notify-interval", kRequests, "TIME", "10m",
     "Between the notices of progress of a quiet watch.",
     Duration<&Config::watch_progress_interval_ms>},
    {"grpc-keepalive-min-time", kRequests, "TIME", "5s",
     "A client that pings more often than this is cut off.",
     Duration<&Config::keepalive_min_time_ms>},
    {"grpc-keepalive-interval", kRequests, "TIME", "1m", "Silence after which a client is pinged.",
     Duration<&Config::keepalive_interval_ms>},
    {"grpc-keepalive-timeout", kRequests, "TIME", "20s",
     "A ping without an answer for this long ends the connection.",
     Duration<&Config::keepalive_timeout_ms>},

    {"batch-scheduling", kProcess, "", "on",
     "Under much load, have a thread that is woken wait for the one at work: more throughput.",
     Switch<&Config::batch_scheduling>},
    {"log-level", kProcess, "debug|info|warn|error", "info", "The least that is logged.", Level},

    Ignored("snapshot-count"),
    Ignored("experimental-snapshot-catchup-entries"),
    Ignored("max-snapshots"),
    Ignored("max-wals"),
    Ignored("logger"),
    Ignored("log-outputs"),
    Ignored("metrics"),
    Ignored("backend-bbolt-freelist-type"),
    Ignored("backend-batch-interval"),
    Ignored("backend-batch-limit"),
    Ignored("cors"),
    Ignored("host-whitelist"),
    Ignored("experimental-compaction-batch-limit"),
    Ignored("compaction-sleep-interval"),
    Ignored("corrupt-check-time"),
    Ignored("compact-hash-check-time"),
    Ignored("downgrade-check-time"),
    Ignored("bootstrap-defrag-threshold-megabytes"),
    Ignored("raft-read-timeout"),
    Ignored("raft-write-timeout"),
    Ignored("log-format"),
    Ignored("log-package-levels"),
    Ignored("log-rotation-config-json"),
    Ignored("feature-gates"),
    Ignored("v2-deprecation"),
    IgnoredSwitch("enable-pprof"),
    IgnoredSwitch("enable-v2"),
    IgnoredSwitch("pre-vote"),
    IgnoredSwitch("initial-election-tick-advance"),
    IgnoredSwitch("experimental-initial-corrupt-check"),
    IgnoredSwitch("compact-hash-check-enabled"),
    IgnoredSwitch("enable-lease-checkpoint"),
    IgnoredSwitch("enable-lease-checkpoint-persist"),
    IgnoredSwitch("enable-log-rotation"),
    IgnoredSwitch("memory-mlock"),
    IgnoredSwitch("set-member-localaddr"),
    IgnoredSwitch("stop-grpc-service-on-defrag"),
    IgnoredSwitch("txn-mode-write-with-shared-buffer"),
    IgnoredSwitch("socket-reuse-port"),
    IgnoredSwitch("socket-reuse-address"),
    IgnoredSwitch("enable-grpc-gateway"),
});

}  // namespace

std::span<const Flag> Flags() { return kFlags; }

}  // namespace keel::server
