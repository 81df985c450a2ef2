#include "base/numbers.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace keel {
namespace {

TEST(ParseNumber, TakesTheWholeText) {
  EXPECT_EQ(ParseNumber<uint64_t>("0"), 0u);
  EXPECT_EQ(ParseNumber<uint64_t>("007"), 7u);
  EXPECT_EQ(ParseNumber<uint64_t>("18446744073709551615"), UINT64_MAX);
  EXPECT_EQ(ParseNumber<int64_t>("-12"), -12);
  EXPECT_EQ(ParseNumber<double>("2.5"), 2.5);
}

TEST(ParseNumber, RefusesWhatIsNoNumberOrDoesNotFit) {
  for (const char* text : {"", " 1", "1 ", "+1", "-1", "1x", "x", "18446744073709551616"}) {
    EXPECT_EQ(ParseNumber<uint64_t>(text), std::nullopt) << '"' << text << '"';
  }
  EXPECT_EQ(ParseNumber<uint16_t>("65536"), std::nullopt);
}

TEST(HexNumber, ShowsIdsAsTheyAreKnown) {
  EXPECT_EQ(HexNumber(0), "0");
  EXPECT_EQ(HexNumber(0x7e4d), "7e4d");
  EXPECT_EQ(HexNumber(UINT64_MAX), "ffffffffffffffff");
}

}  // namespace
}  // namespace keel
