#include "net/output_queue.h"

#include <gtest/gtest.h>

#include "base/prng.h"

namespace keel::net {
namespace {

TEST(OutputQueue, CopiesSmallPiecesTogether) {
  OutputQueue out;
  for (int i = 0; i < 100; ++i) out.Append("piece ");
  out.AppendShared(Payload::Of("small"), "small");
  std::vector<std::string_view> spans;
  out.Gather(10, &spans);
  ASSERT_EQ(spans.size(), 1u);
  EXPECT_EQ(spans[0].size(), 605u);
}

TEST(OutputQueue, RefersToLargePayloads) {
  OutputQueue out;
  const Payload large = Payload::Of(std::string(10'000, 'x'));
  out.Append("head");
  out.AppendShared(large, large.view().substr(100));
  out.Append("tail");
  std::vector<std::string_view> spans;
  out.Gather(10, &spans);
  ASSERT_EQ(spans.size(), 3u);
  EXPECT_EQ(spans[1].data(), large.view().data() + 100);
  out.Gather(2, &spans);
  EXPECT_EQ(spans.size(), 2u);
}

TEST(OutputQueue, GivesBackExactlyWhatWentInHoweverItIsWritten) {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    Prng prng(seed);
    OutputQueue out;
    std::string expected;
    std::string written;
    std::vector<std::string_view> spans;
    for (int step = 0; step < 60; ++step) {
      if (prng.OneIn(2)) {
        const std::string bytes(prng.Below(9000), static_cast<char>('a' + step % 26));
        expected += bytes;
        const Payload payload = Payload::Of(bytes);
        if (prng.OneIn(2)) {
          out.Append(bytes);
        } else {
          out.AppendShared(payload, payload.view());
        }
      } else if (!out.empty()) {
        const size_t now = prng.Between(1, out.size_bytes());
        std::string gathered;
        out.Gather(SIZE_MAX, &spans);
        for (const std::string_view span : spans) gathered.append(span);
        ASSERT_EQ(gathered.size(), out.size_bytes());
        written += gathered.substr(0, now);
        out.Consume(now);
      }
      ASSERT_EQ(out.size_bytes(), expected.size() - written.size());
    }
    ASSERT_EQ(written, expected.substr(0, written.size()));
  }
}

}  // namespace
}  // namespace keel::net
