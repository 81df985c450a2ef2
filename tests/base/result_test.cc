#include "base/result.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace keel {
namespace {

Result<std::string> Name(bool known) {
  if (known) return "keel";
  return NotFound("no name");
}

TEST(Result, HoldsAValueOrAFailure) {
  EXPECT_TRUE(Name(true).ok());
  EXPECT_EQ(Name(true).value(), "keel");
  EXPECT_EQ(Name(true).status(), Status::Ok());
  EXPECT_FALSE(Name(false).ok());
  EXPECT_EQ(Name(false).status(), NotFound("no name"));
}

TEST(Result, CarriesTypesThatOnlyMove) {
  Result<std::unique_ptr<int>> result = std::make_unique<int>(7);
  ASSERT_TRUE(result.ok());
  const std::unique_ptr<int> taken = std::move(result).value();
  EXPECT_EQ(*taken, 7);
}

TEST(Result, CarriesBoolsAndVectorsWithoutMixingThemUp) {
  const Result<bool> no = false;
  ASSERT_TRUE(no.ok());
  EXPECT_FALSE(*no);
  const Result<std::vector<int>> numbers = std::vector{1, 2};
  EXPECT_EQ(numbers->size(), 2u);
}

TEST(Result, ItsValueCanBeChangedInPlace) {
  Result<std::string> result = Name(true);
  result->append("son");
  *result += "!";
  EXPECT_EQ(result.value(), "keelson!");
}

TEST(Result, FallsBackOnlyWithoutAValue) {
  EXPECT_EQ(Name(true).value_or("nobody"), "keel");
  EXPECT_EQ(Name(false).value_or("nobody"), "nobody");
  const Result<std::string> kept = Name(true);
  EXPECT_EQ(kept.value_or("nobody"), "keel");
  EXPECT_EQ(kept.value(), "keel");
}

TEST(Result, AMovedFromValueIsStillAValue) {
  Result<std::unique_ptr<int>> from = std::make_unique<int>(7);
  const Result<std::unique_ptr<int>> to = std::move(from);
  EXPECT_EQ(**to, 7);
  ASSERT_TRUE(from.ok());
  EXPECT_EQ(*from, nullptr);
}

TEST(Result, AMovedFromFailureIsStillThatFailure) {
  Result<std::string> from = Name(false);
  const Result<std::string> to = std::move(from);
  EXPECT_EQ(to.status(), NotFound("no name"));
  EXPECT_EQ(from.status(), NotFound("no name"));

  Result<std::string> assigned = Name(true);
  assigned = std::move(from);
  EXPECT_EQ(assigned.status(), NotFound("no name"));
  EXPECT_FALSE(from.ok());
}

TEST(Result, AssignmentReplacesOneKindByTheOther) {
  Result<std::string> result = Name(false);
  result = Name(true);
  EXPECT_EQ(*result, "keel");
  result = Aborted("m");
  EXPECT_EQ(result.status(), Aborted("m"));
  const Result<std::string>& alias = result;
  result = alias;
  EXPECT_EQ(result.status(), Aborted("m"));
}

TEST(ResultDeathTest, AskingAFailureForItsValueStopsTheProcessWithTheReason) {
  const Result<std::string> result = Name(false);
  EXPECT_DEATH((void)result.value(), "no value in a Result: NOT_FOUND: no name");
  EXPECT_DEATH((void)*result, "no value in a Result");
  EXPECT_DEATH((void)result->size(), "no value in a Result");
}

TEST(ResultDeathTest, AnOkStatusIsNoReasonToHaveNoValue) {
  const auto build = [] { const Result<int> result = Status(); };
  EXPECT_DEATH(build(), "needs a failure");
}

Result<size_t> Length(bool known) {
  KEEL_ASSIGN_OR_RETURN(const std::string name, Name(known));
  return name.size();
}

Result<std::unique_ptr<size_t>> BoxedLength(bool known) {
  size_t length = 0;
  KEEL_ASSIGN_OR_RETURN(length, Length(known));
  return std::make_unique<size_t>(length);
}

Result<size_t> UnboxedLength(bool known) {
  KEEL_ASSIGN_OR_RETURN(const std::unique_ptr<size_t> box, BoxedLength(known));
  return *box;
}

TEST(Result, AssignOrReturnTakesTheValueOrLeavesWithTheFailure) {
  EXPECT_EQ(*UnboxedLength(true), 4u);
  EXPECT_EQ(UnboxedLength(false).status(), NotFound("no name"));
}

}  // namespace
}  // namespace keel
