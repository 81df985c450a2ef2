#include "jepsen/history/edn_reader.h"

#include <gtest/gtest.h>

namespace keel::jepsen {
namespace {

std::string Canonical(std::string_view text) {
  const auto value = ParseEdn(text);
  return value.ok() ? value->Canonical() : std::string(value.status().message());
}

TEST(Edn, EveryKindOfValueIsRead) {
  EXPECT_EQ(Canonical("nil"), "nil");
  EXPECT_EQ(Canonical("[true false -0 +7 -12 9223372036854775807]"),
            "[true false 0 7 -12 9223372036854775807]");
  EXPECT_EQ(Canonical(R"("a\t\"b\" \u0041")"), R"("a\t\"b\" A")");
  EXPECT_EQ(Canonical(R"([\a \newline \u0042 \( \space])"), R"([\a \newline \B \( \space])");
  EXPECT_EQ(Canonical("[:a :b/c d e.f/g ->x -]"), "[:a :b/c d e.f/g ->x -]");
  EXPECT_EQ(Canonical("#inst \"2026-01-01\""), "#inst \"2026-01-01\"");
  EXPECT_EQ(Canonical("[##Inf ##-Inf ##NaN]"), "[##Inf ##-Inf ##NaN]");
}

TEST(Edn, EqualNumbersHaveOneText) {
  EXPECT_EQ(Canonical("[1 1N +1 2/2]"), "[1 1 1 1]");
  EXPECT_EQ(Canonical("[1.50 15e-1 0.15E1]"), "[1.5 1.5 1.5]");
  EXPECT_EQ(Canonical("[2/4 -3/6 1.0 1M]"), "[1/2 -1/2 1.0 1M]");
  EXPECT_EQ(Canonical("100000000000000000000N"), "100000000000000000000");
}

TEST(Edn, SetsAndMapsHaveNoOrderAndListsAreVectors) {
  EXPECT_EQ(Canonical("#{3 1 2}"), Canonical("#{1 2 3}"));
  EXPECT_EQ(Canonical("{:b 1, :a (2)}"), Canonical("{:a [2] :b 1}"));
  EXPECT_EQ(Canonical("#:op{:a 1 :x/b 2}"), Canonical("{:op/a 1 :x/b 2}"));
}

TEST(Edn, CommentsDiscardsMetadataAndRecordsAreSkipped) {
  EXPECT_EQ(Canonical(" ,; words\n [1 #_ [2 3] #_#_ 4 5 ^{:m 1} 6] ; end"), "[1 6]");
  EXPECT_EQ(Canonical("#jepsen.history.Op{:index 0}"), "{:index 0}");
}

TEST(Edn, WhatIsNoEdnIsToldWithItsPlace) {
  EXPECT_EQ(Canonical("[1\n  }"), "line 2, column 3: a '}' that closes nothing");
  EXPECT_NE(Canonical("{:a}").find("line 1, column 1: a map needs"), std::string::npos);
  EXPECT_NE(Canonical("{:a 1 :a 2}").find(":a comes twice"), std::string::npos);
  EXPECT_NE(Canonical("\"abc").find("never ends"), std::string::npos);
  EXPECT_NE(Canonical("[012]").find("column 2: '012' is not a number"), std::string::npos);
  EXPECT_NE(Canonical("1 2").find("column 3: more after"), std::string::npos);
  EXPECT_NE(Canonical(R"("\q")").find("no such escape"), std::string::npos);
  EXPECT_NE(Canonical("").find("ends where a value"), std::string::npos);
  EXPECT_NE(Canonical(std::string(1000, '[')).find("nested deeper"), std::string::npos);
}

TEST(Edn, WhatIsWrittenIsReadBack) {
  const std::string text = R"({:a [1 "x\n\"" \tab 2.5 #{:k}], "s" (nil true)})";
  const auto value = ParseEdn(text);
  ASSERT_TRUE(value.ok()) << value.status();
  EXPECT_EQ(value->ToString(), text);
}

}  // namespace
}  // namespace keel::jepsen
