#include "tests/sim/history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/prng.h"

namespace keel::sim {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Builds histories by hand: when an operation began and ended, and what it was told.
class SimHistory : public ::testing::Test {
 protected:
  OpId Put(uint32_t key, Micros from, Micros to, uint64_t index) {
    const OpId op = history_.Add({.kind = OpKind::kPut,
                                  .outcome = Outcome::kOk,
                                  .done = true,
                                  .key = key,
                                  .invoked_at = from,
                                  .returned_at = to,
                                  .index = Index(index),
                                  .revision = Index(index)});
    history_.OnApplied(Index(index), op);
    return op;
  }
  // A put that nobody answered.
  OpId LostPut(uint32_t key, Micros from, Outcome outcome = Outcome::kUnknown) {
    return history_.Add({.kind = OpKind::kPut, .outcome = outcome, .key = key, .invoked_at = from});
  }
  // Reads at the state `index` the value that `writer` wrote there.
  OpId Read(uint32_t key, Micros from, Micros to, uint64_t index, OpId writer, uint64_t revision) {
    return history_.Add({.kind = OpKind::kRead,
                         .outcome = Outcome::kOk,
                         .key = key,
                         .invoked_at = from,
                         .returned_at = to,
                         .index = Index(index),
                         .revision = Index(revision),
                         .value = writer});
  }

  History history_;
};

TEST_F(SimHistory, OneAfterTheOtherIsLinearizable) {
  const OpId a = Put(1, 0, 10, 1);
  Read(1, 11, 12, 1, a, 1);
  const OpId b = Put(1, 13, 20, 2);
  Read(1, 21, 22, 2, b, 2);
  EXPECT_THAT(history_.Check(), IsEmpty());
}

TEST_F(SimHistory, AReadThatBeganAfterAWriteReturnedMustSeeIt) {
  const OpId a = Put(1, 0, 10, 1);
  Put(1, 11, 20, 2);
  Read(1, 21, 30, 1, a, 1);
  ASSERT_THAT(history_.Check(), SizeIs(1));
  EXPECT_THAT(history_.Check().front(), HasSubstr("stale"));
}

TEST_F(SimHistory, AReadThatOverlapsAWriteMaySeeEither) {
  const OpId a = Put(1, 0, 10, 1);
  const OpId b = Put(1, 11, 30, 2);
  Read(1, 15, 20, 1, a, 1);
  Read(1, 16, 21, 2, b, 2);
  EXPECT_THAT(history_.Check(), IsEmpty());
}

TEST_F(SimHistory, TimeDoesNotGoBackForReadsThatFollowEachOther) {
  const OpId a = Put(1, 0, 10, 1);
  const OpId b = Put(1, 11, 90, 2);
  Read(1, 15, 20, 2, b, 2);
  Read(1, 25, 30, 1, a, 1);
  EXPECT_THAT(history_.Check(), SizeIs(1));
}

TEST_F(SimHistory, ReadsOfOtherKeysArePinnedOnlyByWhatTheySaw) {
  // The second read is answered from an older state, but its key did not change in between.
  const OpId a = Put(1, 0, 10, 1);
  const OpId b = Put(2, 0, 10, 2);
  Read(2, 11, 20, 2, b, 2);
  Read(1, 21, 30, 1, a, 1);
  EXPECT_THAT(history_.Check(), IsEmpty());
}

TEST_F(SimHistory, AcrossKeysOrderHoldsToo) {
  const OpId a = Put(1, 0, 10, 1);
  Put(1, 11, 100, 2);
  const OpId c = Put(2, 12, 100, 3);
  // Whoever has seen the third write has seen the second as well.
  Read(2, 20, 25, 3, c, 3);
  Read(1, 30, 35, 1, a, 1);
  EXPECT_THAT(history_.Check(), SizeIs(1));
}

TEST_F(SimHistory, AReadCannotSeeAWriteOfTheFuture) {
  Read(1, 0, 5, 1, 2, 1);
  Put(1, 10, 20, 1);
  EXPECT_THAT(history_.Check(), SizeIs(1));
}

TEST_F(SimHistory, WritesKeepTheOrderInWhichTheyWereAcknowledged) {
  Put(1, 0, 10, 2);
  Put(2, 11, 20, 1);
  EXPECT_THAT(history_.Check(), SizeIs(1));
}

TEST_F(SimHistory, AnUnknownWriteCountsIfItIsInTheLog) {
  const OpId lost = LostPut(1, 0);
  EXPECT_THAT(history_.Check(), IsEmpty());
  history_.OnApplied(Index(1), lost);
  Read(1, 50, 60, 1, lost, 1);
  EXPECT_THAT(history_.Check(), IsEmpty());
}

TEST_F(SimHistory, ARefusedWriteIsNeverApplied) {
  history_.OnApplied(Index(1), LostPut(1, 0, Outcome::kRefused));
  EXPECT_THAT(history_.Check(), SizeIs(1));
}

TEST_F(SimHistory, AnAcknowledgedWriteIsWhereItWasSaidToBe) {
  history_.Add({.kind = OpKind::kPut,
                .outcome = Outcome::kOk,
                .done = true,
                .invoked_at = 0,
                .returned_at = 5,
                .index = Index(3)});
  EXPECT_THAT(history_.Check(), SizeIs(1)) << "it is lost";
}

TEST_F(SimHistory, NothingIsAppliedTwice) {
  const OpId a = Put(1, 0, 10, 1);
  history_.OnApplied(Index(2), a);
  EXPECT_THAT(history_.Check(), ::testing::Not(IsEmpty()));
}

TEST_F(SimHistory, AConditionIsJudgedByTheLog) {
  Put(1, 0, 10, 1);
  const OpId op = history_.Add({.kind = OpKind::kCompareAndPut,
                                .outcome = Outcome::kOk,
                                .done = true,
                                .key = 1,
                                .expected = Index(7),
                                .invoked_at = 11,
                                .returned_at = 20,
                                .index = Index(2)});
  history_.OnApplied(Index(2), op);
  EXPECT_THAT(history_.Check(), SizeIs(1)) << "the key's revision was 1, not 7";
}

TEST_F(SimHistory, AValueNobodyWroteThereIsNoticed) {
  const OpId a = Put(1, 0, 10, 1);
  const OpId b = Put(2, 0, 10, 2);
  Read(1, 11, 20, 2, b, 1);
  EXPECT_THAT(history_.Check(), SizeIs(1));
  (void)a;
}

// Against a search over all orders, on many small histories.
class AllOrders {
 public:
  struct Operation {
    bool is_write = false;
    Micros from = 0;
    Micros to = 0;
    uint64_t revision = 0;  // written, or seen
  };

  explicit AllOrders(std::vector<Operation> operations) : operations_(std::move(operations)) {}

  // Writes must come in the order of their revisions; a read sees the last write before it.
  [[nodiscard]] bool Exists() { return Search(0, 0); }

 private:
  bool Search(uint32_t done, uint64_t revision) {
    if (done + 1 == 1u << operations_.size()) return true;
    for (size_t i = 0; i < operations_.size(); ++i) {
      const Operation& next = operations_[i];
      if ((done >> i & 1) != 0 || !MayBeNext(done, next)) continue;
      if (next.is_write ? next.revision != revision + 1 : next.revision != revision) continue;
      if (Search(done | 1u << i, next.is_write ? next.revision : revision)) return true;
    }
    return false;
  }
  bool MayBeNext(uint32_t done, const Operation& next) const {
    for (size_t i = 0; i < operations_.size(); ++i) {
      if ((done >> i & 1) == 0 && operations_[i].to < next.from) return false;
    }
    return true;
  }

  std::vector<Operation> operations_;
};

TEST(SimHistoryProperty, ItAgreesWithASearchOverAllOrders) {
  Prng prng(5);
  size_t linearizable = 0;
  constexpr size_t kHistories = 3'000;
  for (size_t i = 0; i < kHistories; ++i) {
    std::vector<AllOrders::Operation> operations;
    History history;
    uint64_t writes = 0;
    std::vector<OpId> writers{0};
    for (int n = 0; n < 6; ++n) {
      const Micros from = prng.Below(30);
      const Micros to = from + 1 + prng.Below(12);
      const bool is_write = prng.OneIn(2);
      if (is_write) {
        operations.push_back({true, from, to, ++writes});
        const OpId op = history.Add({.kind = OpKind::kPut,
                                     .outcome = Outcome::kOk,
                                     .done = true,
                                     .invoked_at = from,
                                     .returned_at = to,
                                     .index = Index(writes)});
        history.OnApplied(Index(writes), op);
        writers.push_back(op);
      } else {
        operations.push_back({false, from, to, 0});
      }
    }
    for (AllOrders::Operation& operation : operations) {
      if (operation.is_write) continue;
      operation.revision = prng.Below(writes + 1);
      history.Add({.kind = OpKind::kRead,
                   .outcome = Outcome::kOk,
                   .invoked_at = operation.from,
                   .returned_at = operation.to,
                   .index = Index(operation.revision),
                   .revision = Index(operation.revision),
                   .value = writers[operation.revision]});
    }
    const bool exists = AllOrders(operations).Exists();
    linearizable += exists ? 1 : 0;
    ASSERT_EQ(history.Check().empty(), exists) << "history " << i;
  }
  EXPECT_GT(linearizable, kHistories / 100);
  EXPECT_LT(linearizable, kHistories * 99 / 100);
}

}  // namespace
}  // namespace keel::sim
