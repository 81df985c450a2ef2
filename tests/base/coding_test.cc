#include "base/coding.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "base/prng.h"

namespace keel {
namespace {

constexpr uint64_t kMax32 = std::numeric_limits<uint32_t>::max();
constexpr uint64_t kMax64 = std::numeric_limits<uint64_t>::max();

std::string Bytes(std::initializer_list<int> values) {
  std::string bytes;
  for (int value : values) bytes.push_back(static_cast<char>(value));
  return bytes;
}

std::string Varint(uint64_t value) {
  std::string bytes;
  AppendVarint64(&bytes, value);
  return bytes;
}

// Both sides of every change of length, and the ends.
std::vector<uint64_t> VarintCorners() {
  std::vector<uint64_t> corners = {0, 1, kMax32, kMax32 + 1, kMax64};
  for (unsigned bits = 7; bits < 64; bits += 7) {
    corners.push_back((uint64_t{1} << bits) - 1);
    corners.push_back(uint64_t{1} << bits);
  }
  return corners;
}

TEST(Coding, FixedNumbersAreLittleEndianOnEveryMachine) {
  std::string bytes;
  AppendFixed32(&bytes, 0x04030201);
  AppendFixed64(&bytes, 0x0807060504030201);
  EXPECT_EQ(bytes, Bytes({1, 2, 3, 4, 1, 2, 3, 4, 5, 6, 7, 8}));
}

TEST(Coding, FixedNumbersEncodeInPlaceWithoutTouchingTheirNeighbours) {
  std::string bytes(14, 'x');
  EncodeFixed32(bytes.data() + 1, 0x80000001);
  EncodeFixed64(bytes.data() + 5, kMax64 - 1);
  EXPECT_EQ(DecodeFixed32(bytes.data() + 1), 0x80000001);
  EXPECT_EQ(DecodeFixed64(bytes.data() + 5), kMax64 - 1);
  EXPECT_EQ(bytes.front(), 'x');
  EXPECT_EQ(bytes.back(), 'x');
}

TEST(Coding, VarintsHaveTheirDocumentedBytes) {
  EXPECT_EQ(Varint(0), Bytes({0}));
  EXPECT_EQ(Varint(127), Bytes({127}));
  EXPECT_EQ(Varint(128), Bytes({0x80, 1}));
  EXPECT_EQ(Varint(300), Bytes({0xac, 2}));
  EXPECT_EQ(Varint(kMax64), Bytes({255, 255, 255, 255, 255, 255, 255, 255, 255, 1}));
}

TEST(Coding, VarintsComeBackAtEveryCornerAndHaveTheLengthForetold) {
  for (uint64_t value : VarintCorners()) {
    const std::string bytes = Varint(value);
    EXPECT_EQ(bytes.size(), VarintLength(value)) << value;
    ByteReader reader(bytes);
    uint64_t read = ~value;
    ASSERT_TRUE(reader.ReadVarint64(&read)) << value;
    EXPECT_EQ(read, value);
    EXPECT_TRUE(reader.AtEnd());
  }
}

TEST(Coding, BothWidthsOfVarintShareOneEncoding) {
  for (uint64_t value : VarintCorners()) {
    if (value > kMax32) continue;
    std::string narrow;
    AppendVarint32(&narrow, static_cast<uint32_t>(value));
    EXPECT_EQ(narrow, Varint(value));
  }
}

TEST(ByteReader, RefusesAVarintTruncatedAtEachByte) {
  for (uint64_t value : VarintCorners()) {
    const std::string whole = Varint(value);
    for (size_t size = 0; size < whole.size(); ++size) {
      ByteReader reader(std::string_view(whole).substr(0, size));
      uint64_t read = 42;
      EXPECT_FALSE(reader.ReadVarint64(&read)) << value << " cut to " << size;
      EXPECT_EQ(read, 42u) << "a failed read must leave its target alone";
      EXPECT_FALSE(reader.ok());
    }
  }
}

TEST(ByteReader, RefusesAVarintLongerThanItNeedsToBe) {
  for (const std::string& bytes : {Bytes({0x80, 0}), Bytes({0xff, 0}), Bytes({0x80, 0x80, 0}),
                                   Bytes({128, 128, 128, 128, 128, 128, 128, 128, 128, 0})}) {
    ByteReader reader(bytes);
    uint64_t read = 0;
    EXPECT_FALSE(reader.ReadVarint64(&read));
  }
}

TEST(ByteReader, RefusesAVarintOfMoreThan64Bits) {
  for (const std::string& bytes : {Bytes({255, 255, 255, 255, 255, 255, 255, 255, 255, 2}),
                                   Bytes({255, 255, 255, 255, 255, 255, 255, 255, 255, 0x81, 0}),
                                   std::string(11, '\xff'), std::string(100, '\x80')}) {
    ByteReader reader(bytes);
    uint64_t read = 0;
    EXPECT_FALSE(reader.ReadVarint64(&read));
  }
}

TEST(ByteReader, RefusesAWideNumberWhereANarrowOneIsDue) {
  for (const auto& [value, fits] : {std::pair{kMax32, true}, std::pair{kMax32 + 1, false}}) {
    const std::string bytes = Varint(value);
    ByteReader reader(bytes);
    uint32_t read = 7;
    EXPECT_EQ(reader.ReadVarint32(&read), fits);
    EXPECT_EQ(read, fits ? kMax32 : 7u);
  }
}

TEST(ByteReader, RefusesFixedNumbersTruncatedAtEachByte) {
  const std::string zeros(8, '\0');
  for (size_t size = 0; size < 8; ++size) {
    uint32_t narrow = 7;
    uint64_t wide = 7;
    ByteReader narrow_reader(std::string_view(zeros).substr(0, size));
    ByteReader wide_reader(std::string_view(zeros).substr(0, size));
    EXPECT_EQ(narrow_reader.ReadFixed32(&narrow), size >= 4);
    EXPECT_FALSE(wide_reader.ReadFixed64(&wide));
    EXPECT_EQ(wide, 7u);
  }
}

TEST(ByteReader, RefusesALengthThatReachesPastTheEnd) {
  for (uint64_t length : {uint64_t{4}, uint64_t{1000}, kMax32, kMax64}) {
    const std::string bytes = Varint(length) + "abc";
    ByteReader reader(bytes);
    std::string_view read = "untouched";
    EXPECT_FALSE(reader.ReadLengthPrefixed(&read)) << length;
    EXPECT_EQ(read, "untouched");
  }
}

TEST(ByteReader, ReadsWhatWasAppendedInTheSameOrder) {
  std::string bytes;
  AppendVarint64(&bytes, 300);
  AppendLengthPrefixed(&bytes, "");
  AppendLengthPrefixed(&bytes, std::string_view("a\0b", 3));
  AppendFixed32(&bytes, 5);
  AppendFixed64(&bytes, 6);
  AppendVarint32(&bytes, 7);
  bytes.push_back('!');

  ByteReader reader(bytes);
  uint64_t first = 0, fixed64 = 0;
  uint32_t fixed32 = 0, last = 0;
  uint8_t byte = 0;
  std::string_view empty = "x", binary;
  EXPECT_TRUE(reader.ReadVarint64(&first));
  EXPECT_TRUE(reader.ReadLengthPrefixed(&empty));
  EXPECT_TRUE(reader.ReadLengthPrefixed(&binary));
  EXPECT_TRUE(reader.ReadFixed32(&fixed32));
  EXPECT_TRUE(reader.ReadFixed64(&fixed64));
  EXPECT_TRUE(reader.ReadVarint32(&last));
  EXPECT_FALSE(reader.AtEnd());
  EXPECT_EQ(reader.rest(), "!");
  EXPECT_TRUE(reader.ReadByte(&byte));
  EXPECT_TRUE(reader.AtEnd());
  EXPECT_EQ(first, 300u);
  EXPECT_EQ(empty, "");
  EXPECT_EQ(binary, std::string_view("a\0b", 3));
  EXPECT_EQ(fixed32, 5u);
  EXPECT_EQ(fixed64, 6u);
  EXPECT_EQ(last, 7u);
  EXPECT_EQ(byte, '!');
}

TEST(ByteReader, StaysFailedAfterTheFirstFailure) {
  const std::string bytes = Bytes({0x80, 0}) + "plenty of good bytes";
  ByteReader reader(bytes);
  uint64_t number = 0;
  uint32_t narrow = 0;
  uint8_t byte = 0;
  std::string_view view;
  ASSERT_FALSE(reader.ReadVarint64(&number));
  EXPECT_FALSE(reader.ReadByte(&byte));
  EXPECT_FALSE(reader.ReadFixed32(&narrow));
  EXPECT_FALSE(reader.ReadFixed64(&number));
  EXPECT_FALSE(reader.ReadVarint32(&narrow));
  EXPECT_FALSE(reader.ReadBytes(0, &view)) << "not even nothing can be read after a failure";
  EXPECT_FALSE(reader.ReadLengthPrefixed(&view));
  EXPECT_FALSE(reader.ok());
  EXPECT_FALSE(reader.AtEnd());
  EXPECT_TRUE(reader.rest().empty());
}

TEST(ByteReader, AnEmptyInputIsAtItsEnd) {
  ByteReader reader("");
  std::string_view view = "x";
  EXPECT_TRUE(reader.AtEnd());
  EXPECT_TRUE(reader.ReadBytes(0, &view));
  EXPECT_EQ(view, "");
  EXPECT_TRUE(reader.AtEnd());
}

TEST(ByteReader, WhateverVarintItAcceptsIsTheOneThatWouldBeWritten) {
  Prng prng(1);
  for (int round = 0; round < 100'000; ++round) {
    std::string bytes;
    for (uint64_t size = prng.Between(0, 11); size > 0; --size) {
      // Mostly continuation bytes, or nearly all inputs would be one byte long.
      bytes.push_back(static_cast<char>(prng.Below(128) | (prng.OneIn(8) ? 0 : 0x80)));
    }
    ByteReader reader(bytes);
    uint64_t value = 0;
    if (!reader.ReadVarint64(&value)) continue;
    EXPECT_EQ(Varint(value) + std::string(reader.rest()), bytes);
  }
}

}  // namespace
}  // namespace keel
