// Whole nodes under trouble, seed by seed: what was acknowledged stays, and every request ends
// once.
#include <gtest/gtest.h>

#include "tests/node/support/chaos.h"

namespace keel::node_test {
namespace {

std::string RunSeed(uint64_t seed) {
  SimCluster cluster({.seed = seed});
  Workload workload(&cluster, {});
  Chaos chaos(&cluster, &workload);
  workload.Start();
  for (int strike = 0; strike < 40; ++strike) {
    cluster.world().RunFor(cluster.world().prng().Between(10'000, 400'000));
    chaos.Strike();
  }
  chaos.Heal();
  cluster.world().RunFor(1'000'000);
  workload.Stop();
  std::string complaints;
  if (!cluster.world().RunUntil([&] { return workload.IsIdle(); }, 30'000'000)) {
    complaints += "requests hang\n";
  }
  if (!cluster.RunUntilEqual()) complaints += "the members do not come together\n";
  for (size_t i = 0; i < cluster.size(); ++i) {
    if (!cluster.at(i).failure().ok()) complaints += cluster.at(i).failure().ToString() + "\n";
  }
  if (complaints.empty()) workload.CheckAtEnd();
  for (const std::string& line : workload.complaints()) complaints += line + "\n";
  if (workload.counts().applied < 100) complaints += "hardly anything was done\n";
  return complaints;
}

class ChaosSeeds : public testing::TestWithParam<uint64_t> {};

// To run one again: node_test --gtest_filter='*/ChaosSeeds.*/<seed>'
TEST_P(ChaosSeeds, LoseNothingThatWasAcknowledged) {
  EXPECT_EQ(RunSeed(GetParam()), "") << "seed " << GetParam();
}

INSTANTIATE_TEST_SUITE_P(Some, ChaosSeeds, testing::Range<uint64_t>(0, 30));

}  // namespace
}  // namespace keel::node_test
