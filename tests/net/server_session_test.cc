#include "net/server_session.h"

#include <gtest/gtest.h>

#include "tests/net/frames.h"
#include "tests/net/sans_io.h"
#include "tests/net/test_service.h"

namespace keel::net {
namespace {

constexpr uint64_t kNowUs = 1'000'000;

TEST(ProtocolOf, DecidesAsSoonAsItCan) {
  const std::string preface = frames::Preface().substr(0, 24);
  for (size_t size = 0; size < 24; ++size) {
    EXPECT_EQ(ProtocolOf(preface.substr(0, size)), Protocol::kUndecided);
    EXPECT_EQ(ProtocolOf(preface.substr(0, size) + "x"), Protocol::kHttp1);
  }
  EXPECT_EQ(ProtocolOf(preface), Protocol::kHttp2);
  EXPECT_EQ(ProtocolOf(preface + "more"), Protocol::kHttp2);
  for (const char* text : {"G", "PO", "PUT /", "\x16\x03", " "}) {
    EXPECT_EQ(ProtocolOf(text), Protocol::kHttp1) << text;
  }
}

class ServerSessionTest : public testing::Test {
 protected:
  ServerSessionTest() {
    AddTestService(&methods_, &log_);
    AddTestPages(&pages_);
  }

  TestServiceLog log_;
  MethodTable methods_;
  HttpTable pages_;
  CallRegistry registry_;
  CountingHost host_;
  ServerSessionOptions options_;
  ServerSession session_{options_, {&methods_, &pages_, &registry_, &host_, "me"}, kNowUs};
};

TEST_F(ServerSessionTest, SpeaksHttp1) {
  for (const char byte : std::string("GET /health HTTP/1.1\r\nHost: me\r\n\r\n")) {
    session_.Receive({&byte, 1}, kNowUs);
  }
  EXPECT_TRUE(Take(&session_).starts_with("HTTP/1.1 200 OK"));
}

TEST_F(ServerSessionTest, SpeaksGrpc) {
  for (const char byte : frames::Preface() + frames::Unary(1, "/keel.test.Echo/Unary", "hi")) {
    session_.Receive({&byte, 1}, kNowUs);
  }
  const std::vector<frames::Frame> data = frames::Of(frames::Cut(Take(&session_)), frames::kData);
  ASSERT_EQ(data.size(), 1u);
  EXPECT_EQ(data[0].payload, frames::Message("hi"));
}

TEST_F(ServerSessionTest, GivesUpAClientThatSaysTooLittle) {
  session_.Receive("PRI * HTTP", kNowUs);
  EXPECT_EQ(Take(&session_), "");
  const uint64_t wake_us = session_.NextWakeUs();
  session_.OnTime(wake_us - 1);
  EXPECT_FALSE(session_.WantsClose());
  session_.OnTime(wake_us);
  EXPECT_TRUE(session_.WantsClose());
}

TEST_F(ServerSessionTest, DrainsAConnectionThatHasSaidNothing) {
  session_.StartDrain(kNowUs);
  EXPECT_TRUE(session_.WantsClose());
  EXPECT_EQ(host_.wanted, 1);
}

}  // namespace
}  // namespace keel::net
