#include "raft/log.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/prng.h"
#include "tests/support/builders.h"

namespace keel::raft {
namespace {

Log LogOfTerms(std::initializer_list<uint64_t> terms) {
  Log log;
  for (uint64_t term : terms) log.Append(MakeEntry(log.last().index.value() + 1, term));
  return log;
}

TEST(Log, StartsEmptyBehindItsBase) {
  const Log log(At(7, 3));
  EXPECT_EQ(log.base(), At(7, 3));
  EXPECT_EQ(log.last(), At(7, 3));
  EXPECT_EQ(log.first(), Index(8));
  EXPECT_EQ(log.TermAt(Index(7)), Term(3));
  EXPECT_EQ(log.TermAt(Index(6)), std::nullopt);
  EXPECT_EQ(log.TermAt(Index(8)), std::nullopt);
  EXPECT_FALSE(log.IsCached(Index(7)));
}

TEST(Log, KnowsTheEmptyLogsBaseByIndexAndTermZero) {
  const Log log;
  EXPECT_TRUE(log.Matches(Position()));
  EXPECT_FALSE(log.Matches(At(0, 1)));
  EXPECT_FALSE(log.Matches(At(1, 1)));
}

TEST(Log, FindsWhereALogThatDiffersMayStillAgree) {
  // Figure 7 of the paper, follower (f) against its leader: terms 1 1 1 2 2 2 3 3 3 3 3.
  const Log log = LogOfTerms({1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3});
  EXPECT_EQ(log.LastAtOrBelow(Index(10), Term(6)), At(10, 3));
  EXPECT_EQ(log.LastAtOrBelow(Index(10), Term(2)), At(6, 2));
  EXPECT_EQ(log.LastAtOrBelow(Index(5), Term(2)), At(5, 2));
  EXPECT_EQ(log.LastAtOrBelow(Index(99), Term(1)), At(3, 1));
  EXPECT_EQ(log.LastAtOrBelow(Index(5), Term(0)), At(0, 0));
}

TEST(Log, CutsItsTailAndGrowsAgainWithANewerTerm) {
  Log log = LogOfTerms({1, 1, 2, 2});
  log.TruncateFrom(Index(3));
  EXPECT_EQ(log.last(), At(2, 1));
  EXPECT_EQ(log.term_run_count(), 1u);
  log.Append(MakeEntry(3, 5));
  EXPECT_EQ(log.TermAt(Index(3)), Term(5));
  EXPECT_EQ(log.TermAt(Index(4)), std::nullopt);
}

TEST(Log, TruncationBeyondTheEndChangesNothing) {
  Log log = LogOfTerms({1, 1});
  log.TruncateFrom(Index(3));
  EXPECT_EQ(log.last(), At(2, 1));
}

TEST(Log, TruncationBelowTheCacheLeavesNothingCachedAndTheNextEntryIs) {
  Log log = LogOfTerms({1, 1, 1, 1});
  log.Evict(Index(4), 0);
  EXPECT_EQ(log.cached_from(), Index(5));
  log.TruncateFrom(Index(2));
  EXPECT_FALSE(log.IsCached(Index(1)));
  log.Append(MakeEntry(2, 2));
  EXPECT_TRUE(log.IsCached(Index(2)));
  EXPECT_EQ(log.At(Index(2)).term, Term(2));
}

TEST(Log, TheFirstEntryThatDoesNotFitEndsASliceEvenIfASmallerOneFollows) {
  // logcabin 160: going on behind the one that does not fit would leave a gap.
  Log log;
  log.Append(MakeEntry(1, 1, "a"));
  log.Append(MakeEntry(2, 1, std::string(1000, 'b')));
  log.Append(MakeEntry(3, 1, "c"));
  std::vector<Entry> slice;
  const size_t bytes = log.Slice(Index(1), Index(3), 200, &slice);
  ASSERT_EQ(slice.size(), 1u);
  EXPECT_EQ(bytes, CostBytes(slice[0]));
}

TEST(Log, ASliceHoldsAtLeastOneEntryHoweverLarge) {
  Log log;
  log.Append(MakeEntry(1, 1, std::string(1000, 'b')));
  log.Append(MakeEntry(2, 1));
  std::vector<Entry> slice;
  log.Slice(Index(1), Index(2), 1, &slice);
  ASSERT_EQ(slice.size(), 1u);
  EXPECT_EQ(slice[0].index, Index(1));
}

TEST(Log, EvictionStopsAtWhatMustStay) {
  Log log = LogOfTerms({1, 1, 1, 1});
  log.Evict(Index(2), 0);
  EXPECT_EQ(log.cached_from(), Index(3));
  EXPECT_EQ(log.TermAt(Index(1)), Term(1)) << "terms outlive their entries";
}

TEST(Log, MemoryForTermsGrowsWithElectionsAndNotWithEntries) {
  Log log;
  for (uint64_t index = 1; index <= 10'000; ++index) {
    log.Append(MakeEntry(index, 1 + index / 2'500));
    log.Evict(Index(index), 1'000);
  }
  EXPECT_EQ(log.term_run_count(), 5u);
  EXPECT_LE(log.cached_bytes(), 1'000u);
  EXPECT_EQ(log.TermAt(Index(2'500)), Term(2));
}

TEST(LogDeathTest, RefusesAGap) {
  Log log = LogOfTerms({1});
  EXPECT_DEATH(log.Append(MakeEntry(3, 1)), "no gaps");
}

TEST(LogDeathTest, RefusesATermThatFalls) {
  Log log = LogOfTerms({2});
  EXPECT_DEATH(log.Append(MakeEntry(2, 1)), "terms never fall");
}

TEST(LogDeathTest, RefusesToCutWhatTheBaseCovers) {
  Log log(At(4, 1));
  EXPECT_DEATH(log.TruncateFrom(Index(4)), "committed");
}

TEST(LogDeathTest, RefusesToShowAnEvictedEntry) {
  Log log = LogOfTerms({1, 1});
  log.Evict(Index(1), 0);
  EXPECT_DEATH((void)log.At(Index(1)), "ask for it");
}

// The plainest log there is: what Log must look like from outside.
class Model {
 public:
  explicit Model(Log* log) : log_(log) {}

  void Step(Prng* prng) {
    switch (prng->Below(8)) {
      case 0:
        return Truncate(prng);
      case 1:
        return Compact(prng);
      case 2:
        return Evict(prng);
      case 3:
        if (prng->OneIn(20)) return Reset(prng);
        [[fallthrough]];
      default:
        return Append(prng);
    }
  }

  void Check(Prng* prng) const {
    ASSERT_EQ(log_->base(), base_);
    ASSERT_EQ(log_->last(), Last());
    for (uint64_t i = 0; i <= Last().index.value() + 2; ++i) {
      ASSERT_EQ(log_->TermAt(Index(i)), TermAt(i)) << i;
      if (!log_->IsCached(Index(i))) continue;
      ASSERT_EQ(log_->At(Index(i)), entries_[i - First()]);
    }
    ASSERT_LE(log_->cached_from(), Last().index.Next());
    ASSERT_GE(log_->cached_from(), log_->first());
    size_t cached_bytes = 0;
    for (const Entry& entry : entries_) {
      if (log_->IsCached(entry.index)) cached_bytes += CostBytes(entry);
    }
    ASSERT_EQ(log_->cached_bytes(), cached_bytes);
    CheckMeeting(prng->Below(Last().index.value() + 3), prng->Below(term_ + 2));
    CheckSlice(prng);
  }

 private:
  uint64_t First() const { return base_.index.value() + 1; }
  Position Last() const {
    return entries_.empty() ? base_ : Position{entries_.back().index, entries_.back().term};
  }
  std::optional<Term> TermAt(uint64_t i) const {
    if (i == base_.index.value()) return base_.term;
    if (i < First() || i > Last().index.value()) return std::nullopt;
    return entries_[i - First()].term;
  }

  void Append(Prng* prng) {
    if (prng->OneIn(4)) term_ += prng->Between(1, 3);
    Entry entry = MakeEntry(Last().index.value() + 1, term_, std::string(prng->Below(90), 'x'));
    log_->Append(entry);
    entries_.push_back(std::move(entry));
  }
  void Truncate(Prng* prng) {
    const uint64_t from = prng->Between(First(), Last().index.value() + 2);
    log_->TruncateFrom(Index(from));
    while (!entries_.empty() && entries_.back().index >= Index(from)) entries_.pop_back();
  }
  void Compact(Prng* prng) {
    const uint64_t upto = prng->Between(base_.index.value(), Last().index.value());
    const Position base{Index(upto), *TermAt(upto)};
    log_->CompactTo(base.index);
    std::erase_if(entries_, [&](const Entry& entry) { return entry.index <= base.index; });
    base_ = base;
  }
  void Evict(Prng* prng) {
    log_->Evict(Index(prng->Below(Last().index.value() + 1)), prng->Below(2'000));
  }
  void Reset(Prng* prng) {
    base_ = {Last().index + prng->Below(5), Term(++term_)};
    log_->Reset(base_);
    entries_.clear();
  }

  void CheckMeeting(uint64_t index, uint64_t term) const {
    Position meeting = base_;
    for (const Entry& entry : entries_) {
      if (entry.index.value() > index || entry.term.value() > term) break;
      meeting = {entry.index, entry.term};
    }
    ASSERT_EQ(log_->LastAtOrBelow(Index(index), Term(term)), meeting) << index << ':' << term;
  }
  void CheckSlice(Prng* prng) const {
    if (log_->cached_from() > Last().index) return;
    const Index from(prng->Between(log_->cached_from().value(), Last().index.value()));
    const Index to(prng->Between(from.value(), Last().index.value() + 1));
    const size_t bytes_max = prng->Below(600);
    std::vector<Entry> expected;
    size_t bytes = 0;
    for (const Entry& entry : entries_) {
      if (entry.index < from || entry.index > to) continue;
      if (!expected.empty() && bytes + CostBytes(entry) > bytes_max) break;
      bytes += CostBytes(entry);
      expected.push_back(entry);
    }
    std::vector<Entry> slice;
    ASSERT_EQ(log_->Slice(from, to, bytes_max, &slice), bytes);
    ASSERT_EQ(slice, expected);
  }

  Log* log_;
  Position base_;
  std::vector<Entry> entries_;
  uint64_t term_ = 1;
};

TEST(Log, BehavesLikeAPlainListUnderAnyOperations) {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(seed);
    Prng prng(seed);
    Log log;
    Model model(&log);
    for (int step = 0; step < 250; ++step) {
      model.Step(&prng);
      model.Check(&prng);
      if (::testing::Test::HasFatalFailure()) return;
    }
  }
}

}  // namespace
}  // namespace keel::raft
