#include "base/checksum.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/prng.h"

namespace keel {
namespace {

std::string RandomBytes(size_t size_bytes) {
  Prng prng(size_bytes);
  std::string bytes;
  while (bytes.size() < size_bytes) bytes.push_back(static_cast<char>(prng.Below(256)));
  return bytes;
}

// Files and messages hold these values: they never change.
TEST(Checksum, HasTheSameValuesForever) {
  EXPECT_EQ(Checksum(""), 0x2d06800538d394c2u);
  EXPECT_EQ(Checksum("a"), 0xe6c632b61e964e1fu);
  EXPECT_EQ(Checksum("a", 1), 0xd2f6d0996f37a720u);
  EXPECT_EQ(Checksum(std::string(1000, 'k')), 0x308ce2f421066779u);
  EXPECT_EQ(Checksum(std::string(1000, 'k'), 7), 0x507d223ebfc0fccdu);
}

TEST(Checksum, TheNarrowFormIsTheLowHalf) {
  EXPECT_EQ(Checksum32("a"), 0x1e964e1fu);
  EXPECT_EQ(Checksum32("a", 1), 0x6f37a720u);
}

TEST(Checksum, NoticesEveryFlippedBit) {
  const std::string bytes = RandomBytes(64);
  const uint64_t right = Checksum(bytes);
  for (size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    std::string damaged = bytes;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_NE(Checksum(damaged), right) << "bit " << bit;
  }
}

TEST(Checksum, TellsZerosOfDifferentLengthsApart) {
  EXPECT_NE(Checksum(std::string(8, '\0')), Checksum(std::string(9, '\0')));
  EXPECT_NE(Checksum(""), Checksum(std::string(1, '\0')));
}

TEST(StreamingChecksum, EqualsTheWholeHoweverTheBytesAreCut) {
  for (size_t size : {0, 1, 16, 17, 240, 241, 1024, 5000}) {
    const std::string bytes = RandomBytes(size);
    for (size_t piece : {1, 7, 64, 4096}) {
      StreamingChecksum stream(11);
      for (size_t at = 0; at < size; at += piece) {
        stream.Append(std::string_view(bytes).substr(at, piece));
      }
      EXPECT_EQ(stream.Digest(), Checksum(bytes, 11)) << size << " in pieces of " << piece;
    }
  }
}

TEST(StreamingChecksum, GoesOnAfterADigest) {
  StreamingChecksum stream;
  stream.Append("ab");
  EXPECT_EQ(stream.Digest(), Checksum("ab"));
  stream.Append("");
  EXPECT_EQ(stream.Digest(), Checksum("ab"));
  stream.Append("c");
  EXPECT_EQ(stream.Digest(), Checksum("abc"));
}

TEST(StreamingChecksum, ForgetsEverythingAtAReset) {
  StreamingChecksum stream(3);
  stream.Append("noise");
  stream.Reset(5);
  EXPECT_EQ(stream.Digest(), Checksum("", 5));
  stream.Append("abc");
  EXPECT_EQ(stream.Digest(), Checksum("abc", 5));
}

TEST(StreamingChecksum, TakesItsStateAlongWhenItMoves) {
  StreamingChecksum from;
  from.Append("ab");
  StreamingChecksum to = std::move(from);
  to.Append("c");
  EXPECT_EQ(to.Digest(), Checksum("abc"));
}

}  // namespace
}  // namespace keel
