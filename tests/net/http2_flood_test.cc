// What a peer may do that costs us and moves nothing, and where that ends.
#include <gtest/gtest.h>

#include "net/http2_session.h"
#include "tests/net/frames.h"
#include "tests/net/http2_server.h"

namespace keel::net {
namespace {

using frames::kNowUs;
using frames::kOk;
using frames::Server;

// The reason in the GOAWAY that the session has sent, or nothing.
std::string Farewell(Server* server) {
  const std::vector<frames::Frame> sent = frames::Of(server->Frames(), frames::kGoAway);
  if (sent.empty()) return "";
  EXPECT_EQ(sent[0].payload.substr(4, 4), frames::BigEndian32(11)) << "ENHANCE_YOUR_CALM";
  EXPECT_TRUE(server->session.WantsClose());
  return sent[0].payload.substr(8);
}

TEST(Http2Flood, StreamsOpenedAndResetAtOnceEndTheConnection) {
  Server server({.streams_max = 100, .resets = {.burst = 100, .per_second = 10}});
  server.Greet();
  uint32_t stream = 1;
  const auto reset_once = [&](uint64_t now_us) {
    server.session.Receive(
        frames::Headers(stream, frames::GrpcRequest("/a.B/C")) + frames::RstStream(stream, 8),
        now_us);
    stream += 2;
  };
  for (int i = 0; i < 100; ++i) reset_once(kNowUs);
  EXPECT_EQ(Farewell(&server), "");
  // The steady rate goes on, for as long as one likes.
  for (int i = 1; i <= 50; ++i) reset_once(kNowUs + i * 100'000);
  EXPECT_EQ(Farewell(&server), "");
  reset_once(kNowUs + 50 * 100'000);
  EXPECT_EQ(Farewell(&server), "too_many_resets");
  EXPECT_EQ(server.session.streams(), 0u);
}

TEST(Http2Flood, GivingUpAllThatIsOpenIsNoFlood) {
  Server server;
  server.Greet();
  const uint32_t streams = Http2Options().streams_max;
  std::string opened;
  std::string given_up;
  for (uint32_t i = 0; i < streams; ++i) {
    opened += frames::Headers(1 + 2 * i, frames::GrpcRequest("/a.B/C"));
    given_up += frames::RstStream(1 + 2 * i, 8);
  }
  server.session.Receive(opened, kNowUs);
  EXPECT_EQ(server.session.streams(), streams);
  server.session.Receive(given_up, kNowUs + 1'000'000);
  EXPECT_EQ(server.session.streams(), 0u);
  EXPECT_EQ(Farewell(&server), "");
  EXPECT_FALSE(server.session.WantsClose());
}

TEST(Http2Flood, MakingTheServerResetCountsAsWell) {
  Server server({.resets = {.burst = 50, .per_second = 1}});
  server.Greet();
  std::string farewell;
  for (uint32_t stream = 1; stream < 300 && farewell.empty(); stream += 2) {
    // A request without a path is a stream error, a connection's bound aside.
    server.session.Receive(frames::Headers(stream, {{":method", "POST"}, {":scheme", "http"}}),
                           kNowUs);
    farewell = Farewell(&server);
  }
  EXPECT_EQ(farewell, "too_many_malformed");
}

TEST(Http2Flood, PingsNoOftenerThanEveryFiveSecondsAreFine) {
  Server server;
  server.Greet();
  for (uint64_t i = 0; i < 100; ++i) {
    server.session.Receive(frames::Ping(), kNowUs + i * 5'000'000);
  }
  EXPECT_EQ(frames::Of(server.Frames(), frames::kPing).size(), 100u);
  EXPECT_FALSE(server.session.WantsClose());
}

TEST(Http2Flood, PingsTooOftenEndTheConnectionWithTheWordThatClientsKnow) {
  Server server;
  server.Greet();
  for (uint64_t i = 0; i < 3; ++i) server.session.Receive(frames::Ping(), kNowUs + i);
  EXPECT_FALSE(server.session.WantsClose());
  server.session.Receive(frames::Ping(), kNowUs + 10);
  EXPECT_EQ(Farewell(&server), "too_many_pings");
}

TEST(Http2Flood, PingsAmidWorkAreNotStrikes) {
  Server server;
  server.Greet();
  for (uint32_t i = 0; i < 50; ++i) {
    server.session.Receive(frames::Ping() + frames::Unary(1 + 2 * i, "/a.B/C", "q"), kNowUs + i);
    server.session.Respond(StreamId(1 + 2 * i), kOk, true);
    ASSERT_EQ(Farewell(&server), "");
  }
}

TEST(Http2Flood, SettingsTooOftenEndTheConnection) {
  Server server({.settings_frames = {.burst = 10, .per_second = 1}});
  server.Greet();
  for (int i = 0; i < 9; ++i) {
    server.session.Receive(frames::Encode({.type = frames::kSettings}), kNowUs);
  }
  EXPECT_EQ(Farewell(&server), "");
  server.session.Receive(frames::Encode({.type = frames::kSettings}), kNowUs);
  EXPECT_EQ(Farewell(&server), "too_many_settings");
}

TEST(Http2Flood, FramesThatDoNothingEndTheConnection) {
  const std::string idle[] = {
      frames::Data(1, ""),
      frames::Encode({.type = frames::kPriority, .stream = 1, .payload = {0, 0, 0, 0, 1}}),
  };
  for (const std::string& frame : idle) {
    Server server({.idle_frames = {.burst = 20, .per_second = 1}});
    server.Greet();
    server.session.Receive(frames::Headers(1, frames::GrpcRequest("/a.B/C")), kNowUs);
    for (int i = 0; i < 20; ++i) server.session.Receive(frame, kNowUs);
    EXPECT_EQ(Farewell(&server), "");
    server.session.Receive(frame, kNowUs);
    EXPECT_EQ(Farewell(&server), "too_many_idle_frames");
  }
}

TEST(Http2Flood, EndlessContinuationsEndTheConnection) {
  Server server;
  server.Greet();
  server.session.Receive(frames::Encode({.type = frames::kHeaders, .stream = 1}), kNowUs);
  const std::string more =
      frames::Encode({.type = frames::kContinuation,
                      .stream = 1,
                      .payload = frames::Block({{"x-more", std::string(1000, 'x')}})});
  int taken = 0;
  while (taken < 100 && !server.session.WantsClose()) {
    server.session.Receive(more, kNowUs);
    (void)server.Frames();
    ++taken;
  }
  EXPECT_LE(taken, 10);
  EXPECT_TRUE(server.events.lines.empty());
}

TEST(Http2Flood, NothingIsHeardAfterTheFarewell) {
  Server server;
  server.Greet();
  std::string input;
  for (int i = 0; i < 10; ++i) input += frames::Ping();
  input += frames::Unary(1, "/a.B/C", "q");
  server.session.Receive(input, kNowUs);
  server.session.Receive(frames::Unary(3, "/a.B/C", "q"), kNowUs);
  EXPECT_EQ(Farewell(&server), "too_many_pings");
  for (const std::string& line : server.events.lines) ADD_FAILURE() << line;
}

TEST(Http2Flood, AcksThatNobodyReadsAreBounded) {
  // Slow pings, as the policy allows, of a peer that never takes the answers.
  Server server;
  server.Greet();
  uint64_t now_us = kNowUs;
  int pings = 0;
  while (pings < 5000 && !server.session.WantsClose()) {
    now_us += 5'000'000;
    server.session.Receive(frames::Ping(), now_us);
    ++pings;
  }
  EXPECT_LE(pings, 2000);
}

}  // namespace
}  // namespace keel::net
