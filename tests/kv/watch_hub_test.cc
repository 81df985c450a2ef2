#include "kv/watch/watch_hub.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "base/prng.h"
#include "kv/mvcc/compactor.h"
#include "tests/kv/support/store_world.h"

namespace keel::kv {
namespace {

class Counter final : public WatchListener {
 public:
  void OnReady(WatcherId watcher) override { woken.push_back(watcher); }
  std::vector<WatcherId> woken;
};

class WatchHubTest : public testing::Test {
 protected:
  void Put(const std::string& key, const std::string& value) {
    world_.events.clear();
    world_.Put(key, value);
    hub_.Publish(world_.events);
  }
  Pulled Pull(WatcherId watcher, size_t bytes_max = 1 << 20) {
    auto pulled = hub_.Pull(watcher, *world_.store().view(), bytes_max);
    EXPECT_TRUE(pulled.ok()) << pulled.status();
    return std::move(*pulled);
  }

  StoreWorld world_;
  Counter counter_;
  WatchHub hub_{{.ring_bytes_max = 2'000}, Revision(1)};
};

TEST_F(WatchHubTest, ASleepingWatcherIsWokenOnceUntilItPulls) {
  const WatcherId watcher = hub_.Add({.keys = PrefixRange("a")}, &counter_);
  Put("b", "0");
  EXPECT_TRUE(counter_.woken.empty());
  Put("a1", "1");
  Put("a2", "2");
  EXPECT_EQ(counter_.woken.size(), 1u);
  const Pulled pulled = Pull(watcher);
  ASSERT_EQ(pulled.revisions.size(), 2u);
  EXPECT_TRUE(pulled.synced);
  EXPECT_EQ(pulled.revisions[1].revision->revision, Revision(4));
  Put("a1", "3");
  EXPECT_EQ(counter_.woken.size(), 2u);
}

TEST_F(WatchHubTest, ABlockedWatcherHoldsNoMemoryAndMissesNothing) {
  const WatcherId watcher = hub_.Add({.keys = PrefixRange("")}, &counter_);
  for (int i = 0; i < 200; ++i) Put("k" + std::to_string(i), std::string(100, 'x'));
  EXPECT_LE(hub_.ring_bytes(), 2'000u);
  EXPECT_TRUE(hub_.NeedsDisk(watcher));
  Revision expected(2);
  bool synced = false;
  while (!synced) {
    const Pulled pulled = Pull(watcher, 700);
    for (const auto& revision : pulled.revisions) {
      ASSERT_EQ(revision.revision->revision, expected);
      expected = expected.Next();
    }
    synced = pulled.synced;
  }
  EXPECT_EQ(expected, Revision(202));
}

TEST_F(WatchHubTest, ACompactedBeginningIsSaidSo) {
  for (int i = 0; i < 100; ++i) Put("k", std::string(100, 'x'));
  world_.Apply(CompactOp{.revision = Revision(50)});
  const WatcherId before = hub_.Add({.keys = PrefixRange(""), .start = Revision(49)}, &counter_);
  EXPECT_EQ(Pull(before).compacted, Revision(50));
  const WatcherId at = hub_.Add({.keys = PrefixRange(""), .start = Revision(50)}, &counter_);
  while (!Compactor(&world_.engine(), 0).Step(Revision(50), 10).value()) {
  }
  const Pulled pulled = Pull(at);
  ASSERT_FALSE(pulled.compacted.has_value());
  EXPECT_EQ(pulled.revisions.front().revision->revision, Revision(50));
}

TEST_F(WatchHubTest, AFutureStartWaitsForItsRevision) {
  const WatcherId watcher = hub_.Add({.keys = PrefixRange(""), .start = Revision(4)}, &counter_);
  Put("a", "2");
  Put("a", "3");
  EXPECT_TRUE(counter_.woken.empty());
  Put("a", "4");
  ASSERT_EQ(counter_.woken.size(), 1u);
  EXPECT_EQ(Pull(watcher).revisions.front().revision->revision, Revision(4));
}

TEST_F(WatchHubTest, ProgressIsKnownOnlyOfTheSynced) {
  const WatcherId watcher = hub_.Add({.keys = PrefixRange("a")}, &counter_);
  Put("b", "1");
  EXPECT_TRUE(hub_.PositionOf(watcher).synced);
  EXPECT_EQ(hub_.PositionOf(watcher).revision, Revision(2));
  Put("a", "1");
  EXPECT_FALSE(hub_.PositionOf(watcher).synced);
  EXPECT_EQ(hub_.PositionOf(watcher).revision, Revision(2));
}

TEST_F(WatchHubTest, ThoseWithSomethingToPullAreCounted) {
  const WatcherId one = hub_.Add({.keys = PrefixRange("a")}, &counter_);
  const WatcherId two = hub_.Add({.keys = PrefixRange("a")}, &counter_);
  (void)hub_.Add({.keys = PrefixRange("b")}, &counter_);
  EXPECT_EQ(hub_.behind_count(), 0u);
  Put("a", "1");
  Put("a", "2");
  EXPECT_EQ(hub_.behind_count(), 2u);
  (void)Pull(one);
  EXPECT_EQ(hub_.behind_count(), 1u);
  hub_.Remove(two);
  EXPECT_EQ(hub_.behind_count(), 0u);
  hub_.Remove(hub_.Add({.keys = PrefixRange("a")}, &counter_));
  EXPECT_EQ(hub_.behind_count(), 0u);
}

TEST_F(WatchHubTest, ARemovedWatcherIsNotWokenAndItsPlaceIsUsedAgain) {
  const WatcherId watcher = hub_.Add({.keys = PrefixRange("a")}, &counter_);
  hub_.Remove(watcher);
  Put("a", "1");
  EXPECT_TRUE(counter_.woken.empty());
  EXPECT_EQ(hub_.Add({.keys = PrefixRange("a")}, &counter_), watcher);
  EXPECT_EQ(hub_.watcher_count(), 1u);
}

TEST_F(WatchHubTest, PreviousValuesAreAbsentForCreationsAndWhereCompacted) {
  Put("a", "1");
  Put("a", "2");
  Put("a", "3");
  world_.Apply(CompactOp{.revision = Revision(3)});
  const WatcherId watcher =
      hub_.Add({.keys = PrefixRange(""), .start = Revision(2), .previous = true}, &counter_);
  const Pulled pulled = Pull(watcher);
  ASSERT_EQ(pulled.revisions.size(), 3u);
  EXPECT_FALSE(pulled.revisions[0].previous[0].has_value());
  EXPECT_FALSE(pulled.revisions[1].previous[0].has_value()) << "revision 2 is compacted";
  EXPECT_EQ(pulled.revisions[2].previous[0]->value, "2");
}

TEST(IntervalIndex, FindsWhatAWalkOverAllFinds) {
  Prng prng(5);
  IntervalIndex index;
  std::vector<KeyRange> ranges;
  std::set<IntervalIndex::Member> alive;
  const auto key = [&prng] {
    return std::string(1 + prng.Below(2), 'a' + static_cast<char>(prng.Below(8)));
  };
  for (int round = 0; round < 4000; ++round) {
    if (prng.OneIn(3) && !alive.empty()) {
      auto victim = std::next(alive.begin(), static_cast<long>(prng.Below(alive.size())));
      index.Remove(ranges[*victim], *victim);
      alive.erase(victim);
    } else {
      KeyRange range{.begin = key(), .end = {}};
      if (prng.OneIn(2)) range.end = key();
      if (prng.OneIn(8)) range.end = std::string(1, '\0');
      alive.insert(static_cast<IntervalIndex::Member>(ranges.size()));
      index.Add(range, static_cast<IntervalIndex::Member>(ranges.size()));
      ranges.push_back(range);
    }
    const std::string wanted = key();
    std::vector<IntervalIndex::Member> found;
    index.Find(wanted, &found);
    std::sort(found.begin(), found.end());
    std::vector<IntervalIndex::Member> expected;
    for (const auto member : alive) {
      if (ranges[member].Contains(wanted)) expected.push_back(member);
    }
    ASSERT_EQ(found, expected) << round;
  }
}

}  // namespace
}  // namespace keel::kv
