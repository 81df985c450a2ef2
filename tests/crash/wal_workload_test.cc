// The log and the vote against the naive model, without the enumerator: many seeds of random work
// with crashes, failed syncs and full disks on the way.
#include "tests/crash/wal_workload.h"

#include <gtest/gtest.h>

namespace keel::crash {
namespace {

TEST(WalWorkload, TheLogIsAlwaysOneOfThoseThatTheModelAllows) {
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    WalWorkload workload({.seed = seed, .steps = 200});
    simfs::SimulatedFileSystem files;
    files.SetHook(
        [&workload](const simfs::Operation& operation) { return workload.OnOperation(operation); });
    ASSERT_EQ(workload.Run(&files), "") << "seed " << seed;
  }
}

TEST(WalWorkload, ALostOrMisplacedWriteIsNeverAWrongAnswerNorASilentLoss) {
  for (uint64_t seed = 1; seed <= 1'500; ++seed) {
    WalWorkload workload({.seed = seed, .steps = 30, .ends_with_a_lie = true});
    simfs::SimulatedFileSystem files;
    files.SetHook(
        [&workload](const simfs::Operation& operation) { return workload.OnOperation(operation); });
    ASSERT_EQ(workload.Run(&files), "") << "seed " << seed;
  }
}

}  // namespace
}  // namespace keel::crash
