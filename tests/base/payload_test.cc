#include "base/payload.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

namespace keel {
namespace {

TEST(Payload, IsEmptyUntilItIsGivenBytes) {
  const Payload payload;
  EXPECT_TRUE(payload.empty());
  EXPECT_EQ(payload.size(), 0u);
  EXPECT_EQ(payload.view(), "");
}

TEST(Payload, CopiesShareOneRunOfBytes) {
  // Long enough not to be stored inside the string object.
  const Payload payload = Payload::Of(std::string(100, 'k'));
  const Payload copy = payload;
  EXPECT_EQ(copy.view().data(), payload.view().data());
  EXPECT_EQ(copy.size(), 100u);
}

TEST(Payload, ShortBytesSurviveTheMoveOfTheirOwner) {
  Payload first = Payload::Of("abc");
  const Payload second = std::move(first);
  EXPECT_EQ(second.view(), "abc");
}

TEST(Payload, ASliceKeepsItsFrameAlive) {
  auto frame = std::make_shared<const std::string>("header|body");
  const std::weak_ptr<const std::string> watch = frame;
  Payload body = Payload::Slice(frame, std::string_view(*frame).substr(7));
  frame.reset();
  EXPECT_FALSE(watch.expired());
  EXPECT_EQ(body.view(), "body");
  body = Payload();
  EXPECT_TRUE(watch.expired());
}

TEST(Payload, EqualityIsOfTheBytesNotOfTheirPlace) {
  EXPECT_EQ(Payload::Of("abc"), Payload::Of("abc"));
  EXPECT_FALSE(Payload::Of("abc") == Payload::Of("abd"));
  EXPECT_EQ(Payload::Of(""), Payload());
}

}  // namespace
}  // namespace keel
