// Quoting, words, numbers, sizes and durations, as Go and etcdctl have them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tools/keelctl/text/go_text.h"
#include "tools/keelctl/text/moment.h"
#include "tools/keelctl/text/txn_language.h"
#include "tools/keelctl/text/units.h"
#include "tools/keelctl/text/utf8.h"

namespace keel::ctl {
namespace {

using etcdserverpb::Compare;
using testing::ElementsAre;

TEST(GoText, QuotingEscapesWhatCannotBePrinted) {
  EXPECT_EQ(Quote("plain"), "\"plain\"");
  EXPECT_EQ(Quote("a\"b\\c\n\x01\x7f"), R"("a\"b\\c\n\x01\x7f")");
  EXPECT_EQ(Quote("\xc3\xa9\xff"), "\"\xc3\xa9\\xff\"");
  EXPECT_EQ(Quote("\xe2\x80\xa8"), "\"\\u2028\"");
}

TEST(GoText, QuotedStringsAreReadBack) {
  std::string_view text = R"("a\"\x41\101\u00e9\n" rest)";
  EXPECT_EQ(TakeQuoted(&text), "a\"AA\xc3\xa9\n");
  EXPECT_EQ(text, " rest");
  text = "`as \\ it is`";
  EXPECT_EQ(TakeQuoted(&text), "as \\ it is");
  for (std::string_view broken : {"\"no end", "\"bad \\q\"", "bare", ""}) {
    EXPECT_EQ(TakeQuoted(&broken), std::nullopt) << broken;
  }
}

TEST(GoText, WordsAreBareOrQuoted) {
  EXPECT_THAT(SplitWords(R"(put "a b" 'c "d' e\n  --flag=x)").value(),
              ElementsAre("put", "a b", "c \"d", "e\\n", "--flag=x"));
  EXPECT_THAT(SplitWords("  ").value(), ElementsAre());
  EXPECT_FALSE(SplitWords(R"(put "\q")").ok());
}

TEST(GoText, NumbersAreWholeWordsInTheirBase) {
  EXPECT_EQ(ParseInt("-12", 10).value(), -12);
  EXPECT_EQ(ParseInt("7b", 16).value(), 0x7b);
  EXPECT_EQ(ParseUint("ffffffffffffffff", 16).value(), ~uint64_t{0});
  EXPECT_EQ(ParseInt("x", 10).status().message(),
            "strconv.ParseInt: parsing \"x\": invalid syntax");
  EXPECT_EQ(ParseInt("99999999999999999999", 10).status().message(),
            "strconv.ParseInt: parsing \"99999999999999999999\": value out of range");
  EXPECT_EQ(SignedHex16(-1), "-000000000000001");
}

TEST(GoText, Base64HasItsPadding) {
  EXPECT_EQ(Base64(""), "");
  EXPECT_EQ(Base64("f"), "Zg==");
  EXPECT_EQ(Base64("fo"), "Zm8=");
  EXPECT_EQ(Base64("foo"), "Zm9v");
  EXPECT_EQ(Base64("\xff\xff\xff"), "////");
}

TEST(Units, DurationsPrintAsInGo) {
  EXPECT_EQ(FormatDuration(0), "0s");
  EXPECT_EQ(FormatDuration(15), "15ns");
  EXPECT_EQ(FormatDuration(1500), "1.5µs");
  EXPECT_EQ(FormatDuration(2'345'678), "2.345678ms");
  EXPECT_EQ(FormatDuration(5'000'000'000), "5s");
  EXPECT_EQ(FormatDuration(61'500'000'000), "1m1.5s");
  EXPECT_EQ(FormatDuration(3'600'000'000'000), "1h0m0s");
}

TEST(Units, DurationsAreReadAsInGo) {
  EXPECT_EQ(ParseDurationUs("5s").value(), 5'000'000U);
  EXPECT_EQ(ParseDurationUs("1m30s").value(), 90'000'000U);
  EXPECT_EQ(ParseDurationUs("1.5h").value(), 5'400'000'000U);
  EXPECT_EQ(ParseDurationUs("250ms").value(), 250'000U);
  EXPECT_EQ(ParseDurationUs("0").value(), 0U);
  for (const char* broken : {"", "5", "s", "5x", "-5s", "5s5"}) {
    EXPECT_FALSE(ParseDurationUs(broken).ok()) << broken;
  }
}

TEST(Units, SizesAreInPowersOfAThousand) {
  EXPECT_EQ(HumanBytes(0), "0 B");
  EXPECT_EQ(HumanBytes(999), "999 B");
  EXPECT_EQ(HumanBytes(20480), "20 kB");
  EXPECT_EQ(HumanBytes(1234), "1.2 kB");
  EXPECT_EQ(HumanBytes(82854982), "83 MB");
  EXPECT_EQ(ParseBytes("1.5 GB").value(), 1'500'000'000U);
  EXPECT_EQ(ParseBytes("2MiB").value(), 2U * 1024 * 1024);
  EXPECT_FALSE(ParseBytes("many").ok());
}

TEST(Units, CountsAndTimesForPeopleAreShort) {
  EXPECT_EQ(HumanCount(0), "0");
  EXPECT_EQ(HumanCount(1500), "1.5k");
  EXPECT_EQ(HumanCount(2'000'000), "2.0M");
  EXPECT_EQ(HumanSeconds(0.5), "0s");
  EXPECT_EQ(HumanSeconds(90061), "1d 1h");
  EXPECT_EQ(HumanSeconds(3661), "1h 1m");
}

TEST(Utf8, WidthCountsColumns) {
  EXPECT_EQ(DisplayWidth("abc"), 3U);
  EXPECT_EQ(DisplayWidth("├── é"), 5U);
  EXPECT_EQ(DisplayWidth("日本"), 4U);
}

TEST(TxnLanguage, ComparesHaveATargetAKeyAnOperatorAndAValue) {
  auto compare = ParseCompare(R"(mod("key1") > "0")").value();
  EXPECT_EQ(compare.target(), Compare::MOD);
  EXPECT_EQ(compare.key(), "key1");
  EXPECT_EQ(compare.result(), Compare::GREATER);
  compare = ParseCompare(R"(ver("k") = "7")").value();
  EXPECT_EQ(compare.target(), Compare::VERSION);
  EXPECT_EQ(compare.version(), 7);
  compare = ParseCompare(R"(c("k") < "9")").value();
  EXPECT_EQ(compare.create_revision(), 9);
  compare = ParseCompare(R"(value("a\nb") != "x y")").value();
  EXPECT_EQ(compare.key(), "a\nb");
  EXPECT_EQ(compare.value(), "x y");
  EXPECT_EQ(compare.result(), Compare::NOT_EQUAL);
  compare = ParseCompare(R"(lease("k") = "7b")").value();
  EXPECT_EQ(compare.lease(), 0x7b);
}

TEST(Moment, IsWrittenAsRfc3339) {
  EXPECT_EQ(FormatMoment(0), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(FormatMoment(1'795'262'400'123), "2026-11-21T12:00:00.123Z");
  EXPECT_EQ(ParseMoment("2026-11-21T12:00:00.123Z").value(), 1'795'262'400'123u);
  EXPECT_EQ(ParseMoment("2026-11-21T13:00:00.1+01:00").value(), 1'795'262'400'100u);
  EXPECT_EQ(ParseMoment("2026-11-21 06:30:00-05:30").value(), 1'795'262'400'000u);
  EXPECT_EQ(ParseMoment("1795262400123").value(), 1'795'262'400'123u);
  EXPECT_EQ(ParseMoment("2024-02-29T00:00:00Z").value(), 1'709'164'800'000u);
}

TEST(Moment, WithoutAZoneOrWithNonsenseItIsNone) {
  for (const char* text : {"2026-11-21T12:00:00", "2026-02-30T12:00:00Z", "2026-11-21", "now", "",
                           "2026-11-21T25:00:00Z", "2026-11-21T12:00:00Z ", "-5"}) {
    EXPECT_FALSE(ParseMoment(text).ok()) << text;
  }
}

TEST(TxnLanguage, BrokenComparesSayWhatWasUnderstood) {
  EXPECT_EQ(ParseCompare("nonsense").status().message(), "malformed comparison: nonsense");
  EXPECT_EQ(ParseCompare(R"(mod("k")").status().message(),
            R"(malformed comparison: mod("k"; got mod("k")  "")");
  EXPECT_EQ(ParseCompare(R"(foo("k") = "1")").status().message(),
            R"(malformed comparison: foo("k") = "1" (unknown target foo))");
  EXPECT_EQ(ParseCompare(R"(mod("k") = "x")").status().message(),
            R"(invalid txn compare request: mod("k") = "x")");
  EXPECT_FALSE(ParseCompare(R"(mod("k") ~ "1")").ok());
}

}  // namespace
}  // namespace keel::ctl
