#include "kv/watch/crowd_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "base/prng.h"

namespace keel::kv {
namespace {

using Members = std::vector<CrowdTable::Member>;

Members Find(const CrowdTable& table, const std::string& key) {
  Members members;
  table.Find(key, CrowdTable::HashOf(key), &members);
  std::sort(members.begin(), members.end());
  return members;
}

TEST(CrowdTable, TellsLongKeysThatDifferInTheirEnd) {
  CrowdTable table;
  const std::string stem(100, 'k');
  EXPECT_TRUE(table.Add(stem + "a", 1));
  EXPECT_TRUE(table.Add(stem + "b", 2));
  EXPECT_TRUE(table.Add("", 3));
  EXPECT_EQ(Find(table, stem + "a"), Members{1});
  EXPECT_EQ(Find(table, stem + "b"), Members{2});
  EXPECT_EQ(Find(table, ""), Members{3});
  EXPECT_EQ(Find(table, stem), Members());
}

TEST(CrowdTable, RemovesOnlyWhoIsThere) {
  CrowdTable table;
  EXPECT_TRUE(table.Add("a", 1));
  EXPECT_FALSE(table.Add("a", 2));
  bool emptied = true;
  EXPECT_FALSE(table.Remove("b", 1, &emptied));
  EXPECT_FALSE(table.Remove("a", 3, &emptied));
  EXPECT_FALSE(emptied);
  EXPECT_TRUE(table.Remove("a", 1, &emptied));
  EXPECT_FALSE(emptied);
  EXPECT_EQ(Find(table, "a"), Members{2});
  EXPECT_TRUE(table.Remove("a", 2, &emptied));
  EXPECT_TRUE(emptied);
  EXPECT_TRUE(table.empty());
}

// Keys of every length around what a place holds, coming and going until runs of places have been
// freed in their middle many times.
TEST(CrowdTable, IsAMapOfSetsUnderRandomChanges) {
  Prng prng(11);
  CrowdTable table;
  std::map<std::string, Members> expected;
  for (CrowdTable::Member member = 0; member < 20'000; ++member) {
    std::string key = std::to_string(prng.Below(400));
    key.resize(prng.Below(2) == 0 ? 4 : 28 + std::hash<std::string>()(key) % 8, 'x');
    Members& crowd = expected[key];
    if (prng.Below(2) == 0) {
      EXPECT_EQ(table.Add(key, member), crowd.empty());
      crowd.push_back(member);
    } else if (!crowd.empty()) {
      bool emptied = false;
      EXPECT_TRUE(table.Remove(key, crowd.front(), &emptied));
      crowd.erase(crowd.begin());
      EXPECT_EQ(emptied, crowd.empty());
    }
    ASSERT_EQ(Find(table, key), crowd);
  }
  for (const auto& [key, crowd] : expected) EXPECT_EQ(Find(table, key), crowd);
}

}  // namespace
}  // namespace keel::kv
