#include "server/peer/framing.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/prng.h"

namespace keel::peers {
namespace {

constexpr size_t kMessageBytesMax = 1000;

struct Seen {
  FrameKind kind = FrameKind::kPing;
  std::string body;
  friend bool operator==(const Seen&, const Seen&) = default;
};

// Reads `bytes` in pieces that end at the given places.
std::vector<Seen> ReadAll(std::string_view bytes, const std::vector<size_t>& cuts, Status* reason) {
  FrameReader reader(kMessageBytesMax);
  std::vector<Seen> seen;
  size_t begin = 0;
  const auto read = [&](size_t end) {
    reader.Append(bytes.substr(begin, end - begin));
    begin = end;
    FrameReader::Frame frame;
    while (reader.Next(&frame) == FrameReader::Outcome::kFrame) {
      seen.push_back({frame.kind, std::string(frame.body)});
    }
  };
  for (const size_t cut : cuts) read(cut);
  read(bytes.size());
  *reason = reader.reason();
  return seen;
}

TEST(Framing, GivesTheSameFramesHoweverTheBytesAreCut) {
  std::string bytes;
  AppendWireFrame(FrameKind::kHello, "who", &bytes);
  AppendWireFrame(FrameKind::kMessage, "", &bytes);
  AppendWireFrame(FrameKind::kMessage, std::string(40, 'x'), &bytes);
  const std::vector<Seen> want = {{FrameKind::kHello, "who"},
                                  {FrameKind::kMessage, ""},
                                  {FrameKind::kMessage, std::string(40, 'x')}};
  for (size_t first = 0; first <= bytes.size(); ++first) {
    for (size_t second = first; second <= bytes.size(); ++second) {
      Status reason;
      EXPECT_EQ(ReadAll(bytes, {first, second}, &reason), want) << first << ' ' << second;
      EXPECT_TRUE(reason.ok());
    }
  }
}

TEST(Framing, NoticesEveryDamagedByte) {
  std::string bytes;
  AppendWireFrame(FrameKind::kMessage, "some body", &bytes);
  for (size_t at = 0; at < bytes.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string damaged = bytes;
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << bit));
      Status reason;
      // Broken, or still waiting for a body that never comes: a frame never.
      EXPECT_TRUE(ReadAll(damaged, {}, &reason).empty()) << at << ' ' << bit;
    }
  }
}

TEST(Framing, RefusesALengthBeyondTheBoundBeforeTheBodyComes) {
  std::string bytes;
  AppendWireFrame(FrameKind::kMessage, std::string(kMessageBytesMax + 1, 'x'), &bytes);
  Status reason;
  EXPECT_TRUE(ReadAll(bytes.substr(0, kFrameHeaderBytes), {}, &reason).empty());
  EXPECT_EQ(reason.code(), Code::kDataLoss);
}

TEST(Framing, BelievesNothingBehindABrokenFrame) {
  std::string bytes;
  AppendWireFrame(FrameKind::kPing, "first", &bytes);
  bytes.back() ^= 1;
  AppendWireFrame(FrameKind::kPing, "second", &bytes);
  Status reason;
  EXPECT_TRUE(ReadAll(bytes, {}, &reason).empty());
  EXPECT_FALSE(reason.ok());
}

TEST(Framing, ReadsManyFramesInRandomPieces) {
  Prng prng(7);
  std::string bytes;
  std::vector<Seen> want;
  for (int i = 0; i < 300; ++i) {
    want.push_back({FrameKind::kMessage, std::string(prng.Below(kMessageBytesMax + 1), 'a')});
    AppendWireFrame(want.back().kind, want.back().body, &bytes);
  }
  std::vector<size_t> cuts;
  for (size_t at = prng.Below(500); at < bytes.size(); at += prng.Below(500)) cuts.push_back(at);
  Status reason;
  EXPECT_EQ(ReadAll(bytes, cuts, &reason), want);
}

}  // namespace
}  // namespace keel::peers
