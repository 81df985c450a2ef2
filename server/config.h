// What one keeld is told to be: its flags, as values that have been checked.
//
// Made once at the start by ParseConfig (server/flags.h), constant afterwards; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "net/tcp.h"
#include "server/node/membership.h"

namespace keel::server {

enum class CompactionMode : uint8_t { kPeriodic, kRevision };

struct Config {
  // ---- this member ----
  std::string name = "default";
  std::string data_dir;  // <name>.keel unless told
  std::vector<std::string> listen_client_urls = {"http://127.0.0.1:2379"};
  std::vector<std::string> listen_metrics_urls;    // besides the clients'
  std::vector<std::string> advertise_client_urls;  // as it listens, unless told
  std::vector<std::string> listen_peer_urls = {"http://127.0.0.1:2380"};
  std::vector<std::string> initial_advertise_peer_urls;  // as it listens, unless told
  bool insecure = false;

  // ---- the cluster ----
  std::string initial_cluster;  // this member alone, unless told
  bool joins = false;           // --initial-cluster-state existing
  std::string token = "keel-cluster";
  uint64_t heartbeat_ms = 100;
  uint64_t election_ms = 1'000;

  bool strict_reconfig = true;
  uint64_t learners_max = 1;

  // ---- what is kept ----
  CompactionMode compaction_mode = CompactionMode::kPeriodic;
  std::string compaction_retention = "1h";
  uint64_t compaction_retention_ms = 3'600'000;  // kPeriodic; 0: never
  uint64_t compaction_retention_revisions = 0;   // kRevision; 0: never
  uint64_t quota_bytes = 0;                      // 0: no bound but the disk
  uint64_t log_kept_bytes = uint64_t{1} << 30;   // for members that are behind

  // ---- the archive ----
  std::string archive;  // a directory; empty: there is none
  std::string archive_key_file;
  uint64_t archive_interval_ms = 250;
  uint64_t archive_base_interval_ms = 86'400'000;
  uint64_t archive_retention_ms = 7 * uint64_t{86'400'000};  // 0: all is kept
  uint64_t archive_hold_bytes = uint64_t{1} << 30;

  // ---- requests ----
  uint64_t request_bytes_max = 1'572'864;
  uint64_t txn_ops_max = 128;
  uint64_t streams_max = 10'000;
  uint64_t slow_request_ms = 300;  // 0: none is logged
  uint64_t slow_apply_ms = 100;
  uint64_t watch_progress_interval_ms = 600'000;
  uint64_t keepalive_min_time_ms = 5'000;
  uint64_t keepalive_interval_ms = 60'000;
  uint64_t keepalive_timeout_ms = 20'000;

  // ---- this process ----
  bool batch_scheduling = true;
  std::string log_level = "info";

  // On all client addresses together; the program lowers it to what the system's limit leaves.
  uint64_t connections_max = 20'000;

  // ---- made of the above ----
  std::vector<net::Address> client_addresses;
  std::vector<net::Address> metrics_addresses;
  std::vector<net::Address> peer_addresses;
  std::vector<node::MemberInfo> initial_members;  // no ids
  // Why --initial-cluster cannot be: of no matter to a member that has begun.
  Status initial_wrong;
  // What was said and has no meaning here: told once at the start.
  std::vector<std::string> notes;
};

}  // namespace keel::server
