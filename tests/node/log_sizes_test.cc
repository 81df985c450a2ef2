#include "server/node/log_sizes.h"

#include <gtest/gtest.h>

#include <string>

namespace keel::node {
namespace {

std::vector<raft::Entry> Entries(uint64_t first, uint64_t last, size_t bytes) {
  std::vector<raft::Entry> entries;
  for (uint64_t i = first; i <= last; ++i) {
    entries.push_back({.index = Index(i), .payload = Payload::Of(std::string(bytes, 'x'))});
  }
  return entries;
}

TEST(LogSizes, FindsWhatToKeepOfALogOfEqualEntries) {
  LogSizes sizes({});
  sizes.Append(Entries(1, 10'000, 1'000 - raft::kEntryOverheadBytes));
  EXPECT_EQ(sizes.LowestKeeping(UINT64_MAX), Index(0));
  const Index lowest = sizes.LowestKeeping(1'000'000);
  EXPECT_NEAR(static_cast<double>(lowest.value()), 9'000.0, 10.0);
  sizes.CompactTo(Index(9'500));
  EXPECT_EQ(sizes.LowestKeeping(1'000'000), Index(9'500));
}

TEST(LogSizes, ForgetsATailThatWasCut) {
  LogSizes sizes({});
  sizes.Append(Entries(1, 1'000, 952));
  sizes.Append(Entries(501, 600, 952));
  const Index lowest = sizes.LowestKeeping(100'000);
  EXPECT_NEAR(static_cast<double>(lowest.value()), 500.0, 10.0);
}

}  // namespace
}  // namespace keel::node
