#include "server/node/envelope.h"

#include <gtest/gtest.h>

namespace keel::node {
namespace {

TEST(Envelope, ComesBackAsItWasAndRefusesWhatItDidNotWrite) {
  const Envelope envelope{.id = {NodeId(UINT64_MAX), raft::BootId(300), 70'000},
                          .stamped_ms = 1'700'000'000'123,
                          .command = "put"};
  const std::string bytes = EncodeEnvelope(envelope);
  const auto back = DecodeEnvelope(bytes);
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back->id, envelope.id);
  EXPECT_EQ(back->stamped_ms, envelope.stamped_ms);
  EXPECT_EQ(back->command, "put");
  for (size_t size = 0; size + 3 < bytes.size(); ++size) {
    EXPECT_FALSE(DecodeEnvelope(bytes.substr(0, size)).has_value()) << size;
  }
}

}  // namespace
}  // namespace keel::node
