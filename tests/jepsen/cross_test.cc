// The checkers against the naive judge, on thousands of small random histories of each model.
#include <gtest/gtest.h>

#include "jepsen/checker/check.h"
#include "jepsen/checker/print.h"
#include "tests/jepsen/generate.h"
#include "tests/jepsen/naive.h"

namespace keel::jepsen {
namespace {

constexpr int kHistories = 4000;

std::string ToText(const std::vector<Event>& events) {
  std::string text;
  for (const Event& event : events) text += ToEdn(event) + "\n";
  return text;
}

class Cross : public testing::TestWithParam<Shape> {};

TEST_P(Cross, TheCheckerSaysWhatTheNaiveJudgeSays) {
  const Shape& shape = GetParam();
  Prng prng(20260101);
  int impossible_count = 0;
  for (int i = 0; i < kHistories; i++) {
    std::vector<Event> events = Generate(shape, &prng);
    const bool is_mutated = prng.Chance(4, 5);
    if (is_mutated) Mutate(shape, &events, &prng);
    const std::string text = ToText(events);
    const auto history = ParseHistory(text);
    ASSERT_TRUE(history.ok()) << history.status() << "\n" << text;
    const auto paired = PairOperations(*history);
    ASSERT_TRUE(paired.ok()) << paired.status() << "\n" << text;
    const bool expected = NaivelyLinearizable(shape.model, paired->operations);
    ASSERT_TRUE(expected || is_mutated) << "the generator lies:\n" << text;
    const auto report = Check(*paired, {.model = shape.model});
    ASSERT_TRUE(report.ok()) << report.status() << "\n" << text;
    ASSERT_EQ(report->verdict, expected ? Verdict::kLinearizable : Verdict::kNotLinearizable)
        << PrintReport(*report) << text;
    if (expected) continue;
    impossible_count++;
    // What is shown as the reason must be impossible by itself.
    for (const Judgement& judgement : report->judgements) {
      if (shape.model == "set" && !shape.has_removes) break;  // shows the reads without all adds
      if (!judgement.anomaly.empty()) break;
      EXPECT_FALSE(NaivelyLinearizable(shape.model, judgement.counterexample))
          << PrintReport(*report) << text;
    }
  }
  // Both kinds must be common, or nothing is tested.
  EXPECT_GT(impossible_count, kHistories / 20);
  EXPECT_LT(impossible_count, kHistories * 9 / 10);
}

INSTANTIATE_TEST_SUITE_P(
    Models, Cross,
    testing::Values(Shape{.model = "register"}, Shape{.model = "cas-register"},
                    Shape{.model = "mutex"}, Shape{.model = "set"},
                    Shape{.model = "set", .has_removes = true},
                    Shape{.model = "kv", .operation_count = 8, .key_count = 2},
                    Shape{.model = "multi-register", .operation_count = 6, .key_count = 2},
                    Shape{.model = "append", .operation_count = 6, .key_count = 2}),
    [](const auto& shape) {
      std::string name = shape.param.model;
      std::erase(name, '-');
      return name + (shape.param.has_removes ? "_removes" : "");
    });

}  // namespace
}  // namespace keel::jepsen
