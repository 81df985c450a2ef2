#include "tests/nodesim/profile.h"

#include <algorithm>
#include <array>

#include "backup/crypt.h"
#include "tests/node/support/sim_cluster.h"
#include "tests/nodesim/chart.h"

namespace keel::nodesim {

namespace {

uint32_t PickVoters(Prng& prng) {
  constexpr std::array<uint32_t, 16> kSizes{3, 3, 3, 3, 3, 3, 3, 3, 5, 5, 5, 4, 2, 7, 6, 1};
  return kSizes[prng.Below(kSizes.size())];
}

node::NodeOptions PickOptions(Prng& prng) {
  node::NodeOptions options = node_test::SimCluster::SmallOptions();
  // Whatever the core allows is to be explored, the unwise too.
  options.reconfig = {.strict = false, .learners_max = SIZE_MAX};
  options.raft.heartbeat_ms = prng.OneIn(2) ? 50 : 100;
  options.raft.election_timeout_ms = options.raft.heartbeat_ms * prng.Between(6, 10);
  options.raft.cache_bytes_max = prng.OneIn(2) ? prng.Between(0, 8'000) : 64u << 10;
  options.raft.snapshot_patience_ms = prng.Between(2'000, 8'000);
  options.raft.message_bytes_max = prng.OneIn(3) ? prng.Between(600, 4'000) : 64u << 10;
  options.raft.inflight_messages_max = prng.OneIn(3) ? prng.Between(1, 4) : 64;
  options.segment_bytes = prng.OneIn(2) ? 32u << 10 : 128u << 10;
  options.leader_patience_ms = prng.Between(1'000, 4'000);
  options.settle_ms = prng.Between(100, 1'000);
  options.proposal_patience_ms = prng.Between(2'000, 6'000);
  options.forward_bytes_max = prng.OneIn(3) ? prng.Between(200, 2'000) : 1u << 20;
  options.log_kept_bytes_min = prng.OneIn(2) ? 4u << 10 : 16u << 10;
  options.log_kept_bytes_max = options.log_kept_bytes_min * prng.Between(2, 8);
  options.retention_every_ms = prng.Between(100, 1'000);
  options.apply_batch_bytes_max = prng.OneIn(3) ? prng.Between(200, 2'000) : 1u << 20;
  options.watch_ring_bytes_max = prng.OneIn(2) ? prng.Between(1'000, 8'000) : 1u << 20;
  options.snapshot_chunk_bytes = prng.OneIn(2) ? 1u << 10 : 8u << 10;
  options.snapshot_chunks_in_flight_max = prng.Between(1, 4);
  return options;
}

// Everybody whose seed aims at it has one, and some of the others.
ArchiveProfile PickArchive(uint64_t seed, Prng& prng) {
  ArchiveProfile archive;
  const std::vector<sim::Cell> aims = sim::AimsOf(seed, NodeChart());
  archive.is_on = prng.OneIn(2) || std::any_of(aims.begin(), aims.end(), &IsOfArchive);
  if (prng.OneIn(4)) archive.key = std::string(backup::kKeyBytes, 'k');
  archive.interval_ms = prng.OneIn(2) ? 250 : prng.Between(20, 100);
  archive.segment_bytes_max = prng.OneIn(2) ? prng.Between(4'000, 16'000) : size_t{1} << 20;
  archive.base_interval_ms = prng.Between(3'000, 20'000);
  archive.retention_ms = prng.OneIn(3) ? 0 : prng.Between(5'000, 30'000);
  archive.mark_every_ms = prng.Between(50, 500);
  archive.tip_margin_ms = 5'000;
  return archive;
}

}  // namespace

NodeProfile MakeNodeProfile(uint64_t seed, uint32_t voters) {
  Prng prng(seed ^ 0x6e6f646573696du);
  NodeProfile profile;
  profile.seed = seed;
  const uint32_t picked = PickVoters(prng);
  profile.voters = voters != 0 ? voters : picked;
  profile.level_engine = prng.OneIn(4);
  profile.safety = prng.Between(60, 66) * kSecond;
  profile.fault_every = prng.OneIn(3) ? Range{50 * kMillisecond, 500 * kMillisecond}
                                      : Range{100 * kMillisecond, 900 * kMillisecond};
  profile.faults_at_once = static_cast<uint32_t>(prng.Between(1, 4));
  profile.node = PickOptions(prng);
  profile.latency = prng.OneIn(4) ? node_test::Network::Latency{500, 15'000}
                                  : node_test::Network::Latency{100, 3'000};
  profile.clients_every = {10 * kMillisecond, 50 * kMillisecond};
  profile.ops_at_once = 7;
  profile.reads_percent = static_cast<uint32_t>(prng.Between(20, 60));
  profile.value_bytes_max = prng.OneIn(3) ? 600 : 60;
  profile.archive = PickArchive(seed, prng);
  if (profile.archive.is_on) {
    profile.node.archive_hold_bytes_max = prng.OneIn(2) ? prng.Between(16, 64) << 10 : 1u << 20;
  }
  return profile;
}

}  // namespace keel::nodesim
