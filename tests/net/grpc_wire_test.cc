#include "net/grpc_wire.h"

#include <gtest/gtest.h>

#include "base/prng.h"

namespace keel::net {
namespace {

TEST(GrpcMessage, EncodesEverythingButPrintableAscii) {
  EXPECT_EQ(PercentEncode("plain text~"), "plain text~");
  EXPECT_EQ(PercentEncode(" a b "), "%20a b%20");
  EXPECT_EQ(PercentEncode("100%\n"), "100%25%0A");
  EXPECT_EQ(PercentEncode("é"), "%C3%A9");
  EXPECT_EQ(PercentEncode(std::string_view("\0", 1)), "%00");
}

TEST(GrpcMessage, LeavesWhatIsNoEscapeAsItIs) {
  EXPECT_EQ(PercentDecode("%C3%A9"), "é");
  EXPECT_EQ(PercentDecode("%c3%a9"), "é");
  EXPECT_EQ(PercentDecode("100%"), "100%");
  EXPECT_EQ(PercentDecode("%4"), "%4");
  EXPECT_EQ(PercentDecode("%zz%41"), "%zzA");
}

TEST(GrpcMessage, ReadsWhatItWrites) {
  Prng prng(3);
  for (size_t size = 0; size < 200; ++size) {
    std::string text(size, '\0');
    for (char& byte : text) byte = static_cast<char>(prng.Next());
    ASSERT_EQ(PercentDecode(PercentEncode(text)), text);
  }
}

TEST(GrpcTimeout, ReadsEveryUnit) {
  EXPECT_EQ(ParseTimeoutUs("1H"), 3'600'000'000u);
  EXPECT_EQ(ParseTimeoutUs("2M"), 120'000'000u);
  EXPECT_EQ(ParseTimeoutUs("3S"), 3'000'000u);
  EXPECT_EQ(ParseTimeoutUs("4m"), 4'000u);
  EXPECT_EQ(ParseTimeoutUs("5u"), 5u);
  EXPECT_EQ(ParseTimeoutUs("1001n"), 2u);
  EXPECT_EQ(ParseTimeoutUs("0n"), 0u);
  EXPECT_EQ(ParseTimeoutUs("99999999H"), 99'999'999ull * 3'600'000'000ull);
}

TEST(GrpcTimeout, RefusesWhatIsMalformed) {
  for (const char* text : {"", "S", "1", "1s", "-1S", "1 S", "123456789S", "1.5S", "0x1S", "1SS"}) {
    EXPECT_EQ(ParseTimeoutUs(text), std::nullopt) << text;
  }
}

TEST(GrpcTimeout, NeverShrinksOnItsWay) {
  Prng prng(5);
  for (int i = 0; i < 2000; ++i) {
    const uint64_t timeout_us = prng.Next() >> prng.Between(1, 60);
    const std::optional<uint64_t> read = ParseTimeoutUs(FormatTimeout(timeout_us));
    ASSERT_TRUE(read.has_value());
    ASSERT_GE(*read, std::min<uint64_t>(timeout_us, 99'999'999ull * 3'600'000'000ull));
  }
  EXPECT_EQ(FormatTimeout(1), "1u");
  EXPECT_EQ(FormatTimeout(100'000'000), "100000m");
}

TEST(GrpcContentType, TakesGrpcAndItsKin) {
  for (const char* type : {"application/grpc", "application/grpc+proto", "application/grpc;x=y"}) {
    EXPECT_TRUE(IsGrpcContentType(type)) << type;
  }
  for (const char* type : {"", "application/grpcx", "application/json", "text/application/grpc",
                           "application/grpc-web"}) {
    EXPECT_FALSE(IsGrpcContentType(type)) << type;
  }
}

TEST(GrpcStatus, ReadsAndWritesEveryCode) {
  for (int number = 0; number <= 16; ++number) {
    const Code code = static_cast<Code>(number);
    EXPECT_EQ(CodeNumber(code), std::to_string(number));
    EXPECT_EQ(ParseCode(std::to_string(number)), code);
  }
  for (const char* text : {"", "17", "-1", "00", "OK"}) EXPECT_EQ(ParseCode(text), Code::kUnknown);
}

TEST(GrpcStatus, MapsHttpStatusesAndResets) {
  EXPECT_EQ(CodeOfHttpStatus("503"), Code::kUnavailable);
  EXPECT_EQ(CodeOfHttpStatus("404"), Code::kUnimplemented);
  EXPECT_EQ(CodeOfHttpStatus("418"), Code::kUnknown);
  EXPECT_EQ(CodeOfHttp2Error(7), Code::kUnavailable);
  EXPECT_EQ(CodeOfHttp2Error(8), Code::kCancelled);
  EXPECT_EQ(CodeOfHttp2Error(1), Code::kInternal);
}

TEST(GrpcEncoding, FindsItselfInAList) {
  EXPECT_TRUE(AcceptsEncoding("identity, deflate , gzip", "gzip"));
  EXPECT_TRUE(AcceptsEncoding("gzip", "gzip"));
  EXPECT_FALSE(AcceptsEncoding("xgzip,gzipx,,", "gzip"));
  EXPECT_FALSE(AcceptsEncoding("", "gzip"));
}

}  // namespace
}  // namespace keel::net
