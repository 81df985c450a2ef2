#include "tests/sim/profile.h"

#include <array>

namespace keel::sim {

namespace {

uint32_t PickVoters(Prng& prng) {
  constexpr std::array<uint32_t, 16> kSizes{3, 3, 3, 3, 3, 3, 3, 5, 5, 5, 5, 4, 2, 7, 6, 1};
  return kSizes[prng.Below(kSizes.size())];
}

raft::Options PickOptions(Prng& prng) {
  raft::Options options;
  options.heartbeat_ms = 100;
  options.election_timeout_ms = 1000;
  options.clock_drift_percent_max = 10;
  options.snapshot_patience_ms = prng.Between(2'000, 8'000);
  options.entry_bytes_max = 512;
  options.message_bytes_max = prng.OneIn(3) ? prng.Between(300, 1'200) : 64u << 10;
  options.inflight_messages_max = prng.OneIn(3) ? prng.Between(1, 4) : 64;
  options.inflight_bytes_max = prng.OneIn(3) ? prng.Between(200, 2'000) : 256u << 10;
  options.uncommitted_bytes_max = prng.OneIn(3) ? prng.Between(2'000, 20'000) : 1u << 20;
  options.unapplied_bytes_max = prng.OneIn(3) ? prng.Between(500, 5'000) : 1u << 20;
  options.committed_batch_bytes_max = prng.OneIn(3) ? prng.Between(600, 2'000) : 64u << 10;
  options.cache_bytes_max = prng.OneIn(2) ? prng.Between(0, 4'000) : 256u << 10;
  options.reads_pending_max = prng.OneIn(4) ? prng.Between(8, 64) : 4'096;
  return options;
}

}  // namespace

Profile MakeProfile(uint64_t seed, uint32_t voters) {
  Prng prng(seed ^ 0x70726f66696c65u);
  Profile profile;
  profile.seed = seed;
  const uint32_t picked = PickVoters(prng);
  profile.voters = voters != 0 ? voters : picked;
  profile.lease_reads = prng.OneIn(3);
  profile.priorities = prng.OneIn(4);
  profile.safety = prng.Between(30, 50) * kSecond;
  profile.fault_every = prng.OneIn(3) ? Range{50 * kMillisecond, 500 * kMillisecond}
                                      : Range{200 * kMillisecond, 1'500 * kMillisecond};
  profile.faults_at_once = static_cast<uint32_t>(prng.Between(1, 5));
  profile.long_faults = prng.OneIn(12);
  if (profile.long_faults) {
    profile.safety = 100 * kSecond;
    profile.fault_every = {500 * kMillisecond, 3 * kSecond};
    profile.faults_at_once = 1;
  }
  profile.options = PickOptions(prng);
  // Two clocks at the ends of the spread differ by less than the options allow.
  profile.pace_spread = prng.OneIn(2) ? 0 : prng.Between(1'000, 45'000);
  profile.batch_per_mille = prng.OneIn(3) ? static_cast<uint32_t>(prng.Between(20, 500)) : 0;
  profile.disk_write =
      prng.OneIn(4) ? Range{1 * kMillisecond, 20 * kMillisecond} : Range{200, 2 * kMillisecond};
  profile.apply =
      prng.OneIn(4) ? Range{1 * kMillisecond, 60 * kMillisecond} : Range{50, 1 * kMillisecond};
  profile.stream = prng.OneIn(2) ? Range{1 * kMillisecond, 20 * kMillisecond}
                                 : Range{50 * kMillisecond, 700 * kMillisecond};
  profile.flush_every = prng.OneIn(2) ? Range{50 * kMillisecond, 400 * kMillisecond}
                                      : Range{500 * kMillisecond, 3'000 * kMillisecond};
  profile.compact_after = prng.OneIn(2) ? prng.Between(10, 60) : prng.Between(100, 600);
  profile.compact_keeps = prng.OneIn(2) ? 0 : prng.Between(1, profile.compact_after);
  profile.clients_every = {10 * kMillisecond, 50 * kMillisecond};
  profile.ops_at_once = 8;
  profile.reads_percent = static_cast<uint32_t>(prng.Between(20, 60));
  profile.astray_percent = static_cast<uint32_t>(prng.Between(3, 20));
  profile.reads_astray_percent = prng.OneIn(3) ? 90 : profile.astray_percent;
  profile.client_patience = prng.Between(2, 6) * kSecond;
  return profile;
}

}  // namespace keel::sim
