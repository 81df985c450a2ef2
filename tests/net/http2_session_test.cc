#include "net/http2_session.h"

#include <gtest/gtest.h>

#include "tests/net/frames.h"
#include "tests/net/http2_server.h"

namespace keel::net {
namespace {

using frames::kNowUs;
using frames::kOk;
using frames::Produced;
using frames::Server;

TEST(Http2Session, SaysItsSettingsFirst) {
  Server server({.streams_max = 7, .header_list_bytes_max = 1000, .stream_window_bytes = 70'000});
  const std::vector<frames::Frame> sent = server.Frames();
  ASSERT_FALSE(sent.empty());
  EXPECT_EQ(sent[0].type, frames::kSettings);
  const auto setting = [](char id, uint32_t value) {
    return std::string({'\0', id}) + frames::BigEndian32(value);
  };
  EXPECT_EQ(sent[0].payload, setting(4, 70'000) + setting(6, 1000) + setting(9, 1) + setting(3, 7));
  // The connection's window beyond the 65,535 that it starts with.
  ASSERT_EQ(sent.size(), 2u);
  EXPECT_EQ(sent[1].type, frames::kWindowUpdate);
  EXPECT_EQ(sent[1].payload, frames::BigEndian32(1024 * 1024 - 65535));
}

TEST(Http2Session, TellsTheSameEventsForEverySplitOfTheInput) {
  const std::string input =
      frames::Preface() + frames::Headers(1, frames::GrpcRequest("/a.B/C")) +
      frames::Data(1, "hello ") + frames::Data(1, "world", frames::kEndStream) +
      frames::Headers(3, frames::GrpcRequest("/a.B/C"), frames::kEndHeaders | frames::kEndStream) +
      frames::RstStream(3, 8);
  const std::vector<std::string> expected = {"1 headers", "1 end", "3 headers", "3 end",
                                             "3 closed 8"};
  for (size_t split = 0; split <= input.size(); ++split) {
    Server server;
    server.session.Receive(std::string_view(input).substr(0, split), kNowUs);
    server.session.Receive(std::string_view(input).substr(split), kNowUs);
    ASSERT_EQ(server.events.lines, expected) << "split at " << split;
    ASSERT_EQ(server.events.data, "hello world") << "split at " << split;
  }
}

TEST(Http2Session, TakesItsInputByteByByte) {
  Server server;
  const std::string input = frames::Preface() + frames::Unary(1, "/a.B/C", "message");
  for (const char byte : input) server.session.Receive({&byte, 1}, kNowUs);
  EXPECT_EQ(server.events.lines, (std::vector<std::string>{"1 headers", "1 end"}));
  EXPECT_EQ(server.events.data, frames::Message("message"));
  EXPECT_EQ(server.events.last_fields.Find(":path"), "/a.B/C");
}

TEST(Http2Session, PutsContinuationsTogether) {
  Server server;
  server.Greet();
  const std::string block = frames::Block(frames::GrpcRequest("/a.B/C"));
  server.session.Receive(
      frames::Encode({.type = frames::kHeaders, .stream = 1, .payload = block.substr(0, 20)}) +
          frames::Encode({.type = frames::kContinuation,
                          .flags = frames::kEndHeaders,
                          .stream = 1,
                          .payload = block.substr(20)}),
      kNowUs);
  EXPECT_EQ(server.events.lines, (std::vector<std::string>{"1 headers"}));
  EXPECT_EQ(server.events.last_fields.Find("content-type"), "application/grpc");
}

TEST(Http2Session, FramesAnAnswerInOrder) {
  Server server;
  server.Greet();
  server.session.Receive(frames::Unary(1, "/a.B/C", "q"), kNowUs);
  const StreamId stream(1);
  server.session.Respond(stream, kOk, false);
  EXPECT_EQ(server.session.Send(stream, {.head = "12345", .body = Payload::Of("body")}),
            WriteResult::kMore);
  Metadata trailers;
  trailers.Add({"grpc-status", "0"});
  server.session.End(stream, trailers);
  const std::vector<frames::Frame> sent = server.Frames();
  ASSERT_EQ(sent.size(), 3u);
  EXPECT_EQ(sent[0].type, frames::kHeaders);
  EXPECT_FALSE(sent[0].EndsStream());
  EXPECT_EQ(sent[1].payload, "12345body");
  EXPECT_EQ(sent[2].type, frames::kHeaders);
  EXPECT_TRUE(sent[2].EndsStream());
  frames::Inflater inflater;
  EXPECT_EQ(inflater.Decode(sent[0].payload).Find(":status"), "200");
  EXPECT_EQ(inflater.Decode(sent[2].payload).Find("grpc-status"), "0");
  EXPECT_EQ(server.events.lines.back(), "1 closed 0");
  EXPECT_EQ(server.session.streams(), 0u);
}

TEST(Http2Session, AsksAClientToStopThatIsStillTalking) {
  Server server;
  server.Greet();
  server.session.Receive(frames::Headers(1, frames::GrpcRequest("/a.B/C")), kNowUs);
  server.session.Respond(StreamId(1), kOk, true);
  const std::vector<frames::Frame> sent = server.Frames();
  ASSERT_EQ(sent.size(), 2u);
  EXPECT_TRUE(sent[0].EndsStream());
  EXPECT_EQ(sent[1].type, frames::kRstStream);
  EXPECT_EQ(sent[1].payload, frames::BigEndian32(0));
}

TEST(Http2Session, AnswersForStreamsThatAreGoneDoNothing) {
  Server server;
  server.Greet();
  server.session.Receive(
      frames::Headers(1, frames::GrpcRequest("/a.B/C")) + frames::RstStream(1, 8), kNowUs);
  const StreamId gone(1);
  server.session.Respond(gone, kOk, false);
  EXPECT_EQ(server.session.Send(gone, {.body = Payload::Of("late")}), WriteResult::kGone);
  server.session.End(gone, {});
  server.session.Reset(gone, Http2Error::kCancel);
  server.session.Consume(gone, 10);
  EXPECT_TRUE(server.Frames().empty());
}

TEST(Http2Session, RefusesHeadersBeyondTheirBound) {
  Server server({.header_list_bytes_max = 500});
  server.Greet();
  std::vector<Metadata::Field> fields = frames::GrpcRequest("/a.B/C");
  const std::string large(400, 'x');
  fields.push_back({"x-large", large});
  server.session.Receive(frames::Headers(1, fields), kNowUs);
  EXPECT_EQ(server.events.lines, (std::vector<std::string>{"1 too-large"}));
  EXPECT_EQ(server.events.last_fields.Find("x-large"), std::nullopt);
  EXPECT_EQ(server.events.last_fields.Find(":path"), "/a.B/C");
}

TEST(Http2Session, RefusesStreamsBeyondTheirBound) {
  Server server({.streams_max = 2});
  // Only what was told and acknowledged binds the peer.
  server.Greet();
  server.session.Receive(frames::Encode({.type = frames::kSettings, .flags = frames::kAck}),
                         kNowUs);
  for (const uint32_t stream : {1, 3, 5}) {
    server.session.Receive(frames::Headers(stream, frames::GrpcRequest("/a.B/C")), kNowUs);
  }
  EXPECT_EQ(server.events.lines, (std::vector<std::string>{"1 headers", "3 headers"}));
  EXPECT_EQ(server.session.streams(), 2u);
}

TEST(Http2Session, EndsTheConnectionOnAMalformedFrame) {
  const std::string bad[] = {
      // DATA on stream 0, a SETTINGS of odd length, a PING of 7 bytes, HPACK nonsense, a stream
      // number from the server's half, a frame beyond the size limit.
      frames::Data(0, "x"),
      frames::Encode({.type = frames::kSettings, .payload = "12345"}),
      frames::Encode({.type = frames::kPing, .payload = "1234567"}),
      frames::Encode({.type = frames::kHeaders,
                      .flags = frames::kEndHeaders,
                      .stream = 1,
                      .payload = "\xff\xff\xff\xff\xff\xff\xff"}),
      frames::Headers(2, frames::GrpcRequest("/a.B/C")),
      frames::Data(1, std::string(20'000, 'x')),
      frames::Encode({.type = frames::kContinuation, .stream = 1, .payload = "x"}),
      frames::WindowUpdate(0, 0),
  };
  for (const std::string& input : bad) {
    Server server;
    server.Greet();
    server.session.Receive(input, kNowUs);
    const std::vector<frames::Frame> sent = server.Frames();
    ASSERT_EQ(frames::Of(sent, frames::kGoAway).size(), 1u);
    EXPECT_TRUE(server.session.WantsClose());
  }
}

TEST(Http2Session, EndsTheConnectionOnAnotherProtocol) {
  Server server;
  server.session.Receive("GET / HTTP/1.1\r\n\r\n1234567890", kNowUs);
  (void)Produced(&server.session);
  EXPECT_TRUE(server.session.WantsClose());
  EXPECT_NE(server.session.failure(), "");
}

// Whoever has nothing on its way need not wait for the time that others have.
TEST(Http2Session, ADrainEndsWithTheAnswerToItsPing) {
  Server server({.drain_grace_us = 500});
  server.Greet();
  server.session.StartDrain(kNowUs);
  const std::vector<frames::Frame> sent = server.Frames();
  const std::vector<frames::Frame> pings = frames::Of(sent, frames::kPing);
  ASSERT_EQ(pings.size(), 1u);
  EXPECT_EQ(sent.back().type, frames::kPing) << "behind the notice";
  server.session.Receive(
      frames::Encode(
          {.type = frames::kPing, .flags = frames::kAck, .payload = std::string(8, '\0')}),
      kNowUs);
  EXPECT_TRUE(frames::Of(server.Frames(), frames::kGoAway).empty()) << "an answer to another ping";
  server.session.Receive(frames::Headers(1, frames::GrpcRequest("/a.B/C")), kNowUs);
  server.session.Receive(
      frames::Encode({.type = frames::kPing, .flags = frames::kAck, .payload = pings[0].payload}),
      kNowUs);
  const std::vector<frames::Frame> ends = frames::Of(server.Frames(), frames::kGoAway);
  ASSERT_EQ(ends.size(), 1u);
  EXPECT_EQ(ends[0].payload.substr(0, 4), frames::BigEndian32(1));
  EXPECT_FALSE(server.session.WantsClose()) << "what was on its way is served";
  server.session.Respond(StreamId(1), kOk, true);
  (void)Produced(&server.session);
  EXPECT_TRUE(server.session.WantsClose());
}

TEST(Http2Session, SaysThatTheEndIsNearAndThenWhereItIs) {
  Server server({.drain_grace_us = 500});
  server.Greet();
  server.session.Receive(frames::Headers(1, frames::GrpcRequest("/a.B/C")), kNowUs);
  server.session.StartDrain(kNowUs);
  std::vector<frames::Frame> sent = frames::Of(server.Frames(), frames::kGoAway);
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].payload.substr(0, 4), frames::BigEndian32(0x7fffffff));
  // One that was on its way is still served.
  server.session.Receive(frames::Headers(3, frames::GrpcRequest("/a.B/C")), kNowUs);
  EXPECT_EQ(server.events.lines.back(), "3 headers");
  EXPECT_EQ(server.session.NextWakeUs(), kNowUs + 500);
  server.session.OnTime(kNowUs + 500);
  sent = frames::Of(server.Frames(), frames::kGoAway);
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].payload.substr(0, 4), frames::BigEndian32(3));
  server.session.Receive(frames::Headers(5, frames::GrpcRequest("/a.B/C")), kNowUs);
  EXPECT_EQ(server.events.lines.back(), "3 headers");
  EXPECT_FALSE(server.session.WantsClose());
  for (const uint64_t stream : {1, 3}) server.session.Respond(StreamId(stream), kOk, true);
  (void)Produced(&server.session);
  EXPECT_TRUE(server.session.WantsClose());
}

TEST(Http2Session, PingsASilentPeerAndGivesItUp) {
  Server server({.keepalive_interval_us = 1000, .keepalive_timeout_us = 100});
  server.Greet();
  EXPECT_EQ(server.session.NextWakeUs(), kNowUs + 1000);
  server.session.OnTime(kNowUs + 1000);
  EXPECT_EQ(frames::Of(server.Frames(), frames::kPing).size(), 1u);
  // Any sign of life will do.
  server.session.Receive(frames::WindowUpdate(0, 1), kNowUs + 1050);
  server.session.OnTime(kNowUs + 1100);
  EXPECT_FALSE(server.session.WantsClose());
  server.session.OnTime(kNowUs + 2050);
  EXPECT_EQ(frames::Of(server.Frames(), frames::kPing).size(), 1u);
  server.session.OnTime(kNowUs + 2150);
  EXPECT_TRUE(server.session.WantsClose());
}

TEST(Http2Session, GivesUpAPeerThatNeverGreets) {
  Server server({.handshake_timeout_us = 1000});
  server.session.Receive("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", kNowUs);
  server.session.OnTime(kNowUs + 999);
  EXPECT_FALSE(server.session.WantsClose());
  server.session.OnTime(kNowUs + 1000);
  (void)Produced(&server.session);
  EXPECT_TRUE(server.session.WantsClose());
}

TEST(Http2Session, LetsAnIdleConnectionGo) {
  Server server({.keepalive_interval_us = 0, .idle_timeout_us = 1000, .drain_grace_us = 10});
  server.Greet();
  server.session.Receive(frames::Headers(1, frames::GrpcRequest("/a.B/C")), kNowUs);
  EXPECT_EQ(server.session.NextWakeUs(), UINT64_MAX);
  server.session.Receive(frames::RstStream(1, 8), kNowUs + 5000);
  EXPECT_EQ(server.session.NextWakeUs(), kNowUs + 6000);
  server.session.OnTime(kNowUs + 6000);
  EXPECT_EQ(frames::Of(server.Frames(), frames::kGoAway).size(), 1u);
  server.session.OnTime(kNowUs + 6010);
  (void)Produced(&server.session);
  EXPECT_TRUE(server.session.WantsClose());
}

}  // namespace
}  // namespace keel::net
