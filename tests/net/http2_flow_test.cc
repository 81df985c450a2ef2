// Back pressure both ways, by bytes.
#include <gtest/gtest.h>

#include "net/http2_session.h"
#include "tests/net/frames.h"
#include "tests/net/http2_server.h"

namespace keel::net {
namespace {

using frames::kNowUs;
using frames::kOk;
using frames::Produced;
using frames::Server;

size_t BytesOf(const std::vector<frames::Frame>& sent, uint32_t stream) {
  size_t bytes = 0;
  for (const frames::Frame& frame : frames::Of(sent, frames::kData)) {
    if (frame.stream == stream) bytes += frame.payload.size();
  }
  return bytes;
}

size_t WindowGiven(const std::vector<frames::Frame>& sent, uint32_t stream) {
  size_t bytes = 0;
  for (const frames::Frame& frame : frames::Of(sent, frames::kWindowUpdate)) {
    if (frame.stream != stream) continue;
    for (size_t i = 0, value = 0; i < 4; ++i) {
      value = value << 8 | static_cast<uint8_t>(frame.payload[i]);
      if (i == 3) bytes += value;
    }
  }
  return bytes;
}

void OpenStream(Server* server, uint32_t stream) {
  server->session.Receive(frames::Headers(stream, frames::GrpcRequest("/a.B/C")), kNowUs);
  server->session.Respond(StreamId(stream), kOk, false);
}

TEST(Http2Flow, AWriterIsHeldBackUntilTheReaderTakesMore) {
  Server server({.stream_queue_bytes_max = 100'000});
  server.Greet();
  OpenStream(&server, 1);
  const Payload message = Payload::Of(std::string(10'000, 'm'));
  int taken = 0;
  WriteResult result = WriteResult::kMore;
  while (result == WriteResult::kMore) {
    result = server.session.Send(StreamId(1), {.body = message});
    ++taken;
  }
  EXPECT_EQ(result, WriteResult::kFull);
  EXPECT_EQ(taken, 10);
  EXPECT_EQ(server.session.Send(StreamId(1), {.body = message}), WriteResult::kRefused);
  EXPECT_EQ(server.session.queued_bytes(), 100'000u);
  // The peer's window is HTTP/2's first one: 65,535 bytes leave, and so the queue is half empty.
  EXPECT_EQ(BytesOf(server.Frames(), 1), 65'535u);
  EXPECT_EQ(server.events.lines.back(), "1 writable");
  EXPECT_EQ(server.session.queued_bytes(), 34'465u);
  // The stream's window alone is not enough: the connection has one too.
  server.session.Receive(frames::WindowUpdate(1, 100'000), kNowUs);
  EXPECT_EQ(BytesOf(server.Frames(), 1), 0u);
  server.session.Receive(frames::WindowUpdate(0, 100'000), kNowUs);
  EXPECT_EQ(BytesOf(server.Frames(), 1), 34'465u);
  EXPECT_EQ(server.session.queued_bytes(), 0u);
}

TEST(Http2Flow, OneStreamThatIsNotReadDoesNotHoldUpAnother) {
  Server server;
  server.Greet();
  OpenStream(&server, 1);
  OpenStream(&server, 3);
  server.session.Receive(frames::WindowUpdate(0, 1'000'000), kNowUs);
  const Payload large = Payload::Of(std::string(200'000, 'l'));
  EXPECT_EQ(server.session.Send(StreamId(1), {.body = large}), WriteResult::kMore);
  EXPECT_EQ(BytesOf(server.Frames(), 1), 65'535u);
  EXPECT_EQ(server.session.Send(StreamId(3), {.body = Payload::Of("small")}), WriteResult::kMore);
  EXPECT_EQ(BytesOf(server.Frames(), 3), 5u);
}

TEST(Http2Flow, StreamsShareTheConnectionFairly) {
  Server server({.stream_queue_bytes_max = 1'000'000});
  server.Greet();
  OpenStream(&server, 1);
  OpenStream(&server, 3);
  const Payload large = Payload::Of(std::string(200'000, 'l'));
  EXPECT_EQ(server.session.Send(StreamId(1), {.body = large}), WriteResult::kMore);
  EXPECT_EQ(server.session.Send(StreamId(3), {.body = large}), WriteResult::kMore);
  // 65,535 bytes of connection window for both: four frames, two each.
  const std::vector<frames::Frame> sent = server.Frames();
  EXPECT_GE(BytesOf(sent, 1), 30'000u);
  EXPECT_GE(BytesOf(sent, 3), 30'000u);
}

TEST(Http2Flow, ASocketThatTakesNothingStopsTheFraming) {
  Server server({.stream_queue_bytes_max = 4'000'000, .output_bytes_max = 50'000});
  server.Greet();
  OpenStream(&server, 1);
  server.session.Receive(frames::WindowUpdate(0, 10'000'000) + frames::WindowUpdate(1, 10'000'000),
                         kNowUs);
  const Payload large = Payload::Of(std::string(3'000'000, 'l'));
  EXPECT_EQ(server.session.Send(StreamId(1), {.body = large}), WriteResult::kMore);
  OutputQueue out;
  for (int i = 0; i < 10; ++i) server.session.Produce(&out);
  EXPECT_LE(out.size_bytes(), 50'000u + 16'384 + 9);
  size_t total = 0;
  while (!out.empty()) {
    total += out.size_bytes();
    out.Consume(out.size_bytes());
    server.session.Produce(&out);
  }
  EXPECT_GT(total, 3'000'000u);
  EXPECT_EQ(server.session.queued_bytes(), 0u);
}

TEST(Http2Flow, AllStreamsTogetherAreBounded) {
  Server server({.stream_queue_bytes_max = 50'000, .connection_queue_bytes_max = 100'000});
  server.Greet();
  for (const uint32_t stream : {1, 3, 5}) OpenStream(&server, stream);
  const Payload message = Payload::Of(std::string(50'000, 'm'));
  EXPECT_EQ(server.session.Send(StreamId(1), {.body = message}), WriteResult::kFull);
  EXPECT_EQ(server.session.Send(StreamId(3), {.body = message}), WriteResult::kFull);
  EXPECT_EQ(server.session.Send(StreamId(5), {.body = message}), WriteResult::kRefused);
  // 65,535 bytes leave: the connection is below its half, and all three are told.
  (void)server.Frames();
  std::vector<std::string> told;
  for (const std::string& line : server.events.lines) {
    if (line.ends_with("writable")) told.push_back(line);
  }
  std::sort(told.begin(), told.end());
  EXPECT_EQ(told, (std::vector<std::string>{"1 writable", "3 writable", "5 writable"}));
  EXPECT_EQ(server.session.Send(StreamId(5), {.body = message}), WriteResult::kFull);
}

TEST(Http2Flow, LastMessagesHaveABoundOfTheirOwnAndSmallOnesNone) {
  Server server({.stream_queue_bytes_max = 50'000,
                 .connection_queue_bytes_max = 100'000,
                 .small_last_bytes_max = 1000,
                 .last_queue_bytes_max = 200'000});
  server.Greet();
  for (const uint32_t stream : {1, 3, 5, 7, 9}) OpenStream(&server, stream);
  const Payload large = Payload::Of(std::string(100'000, 'm'));
  const auto send_last = [&](uint64_t stream, const Payload& message) {
    return server.session.Send(StreamId(stream), {.body = message, .last = true});
  };
  EXPECT_EQ(send_last(1, large), WriteResult::kFull);
  EXPECT_EQ(server.session.Send(StreamId(3), {.body = large}), WriteResult::kRefused);
  EXPECT_EQ(send_last(5, large), WriteResult::kFull);
  EXPECT_EQ(send_last(7, large), WriteResult::kRefused);
  EXPECT_EQ(send_last(9, Payload::Of(std::string(1000, 's'))), WriteResult::kMore);
}

TEST(Http2Flow, AResetGivesTheQueueBack) {
  Server server;
  server.Greet();
  OpenStream(&server, 1);
  EXPECT_EQ(server.session.Send(StreamId(1), {.body = Payload::Of(std::string(200'000, 'x'))}),
            WriteResult::kMore);
  (void)server.Frames();
  EXPECT_GT(server.session.queued_bytes(), 0u);
  server.session.Receive(frames::RstStream(1, 8), kNowUs);
  EXPECT_EQ(server.session.queued_bytes(), 0u);
  OpenStream(&server, 3);
  EXPECT_EQ(server.session.Send(StreamId(3), {.body = Payload::Of(std::string(200'000, 'x'))}),
            WriteResult::kMore);
  server.session.Reset(StreamId(3), Http2Error::kCancel);
  EXPECT_EQ(server.session.queued_bytes(), 0u);
  EXPECT_EQ(frames::Of(server.Frames(), frames::kRstStream).size(), 1u);
}

TEST(Http2Flow, AStreamsWindowOpensOnlyAsItsHandlerTakes) {
  Server server({.stream_window_bytes = 65'535});
  server.Greet();
  server.events.consume = false;
  OpenStream(&server, 1);
  (void)server.Frames();
  for (int i = 0; i < 3; ++i) {
    server.session.Receive(frames::Data(1, std::string(16'000, 'd')), kNowUs);
  }
  std::vector<frames::Frame> sent = server.Frames();
  EXPECT_EQ(WindowGiven(sent, 1), 0u);
  EXPECT_EQ(server.session.held_bytes(), 48'000u);
  server.session.Consume(StreamId(1), 48'000);
  sent = server.Frames();
  EXPECT_EQ(WindowGiven(sent, 1), 48'000u);
  EXPECT_EQ(server.session.held_bytes(), 0u);
}

TEST(Http2Flow, TheConnectionsWindowOpensWhateverOneStreamHolds) {
  Server server({.connection_window_bytes = 65'535, .held_bytes_max = 60'000});
  server.Greet();
  server.events.consume = false;
  OpenStream(&server, 1);
  OpenStream(&server, 3);
  (void)server.Frames();
  const auto send = [&](uint32_t stream) {
    server.session.Receive(frames::Data(stream, std::string(16'000, 'd')), kNowUs);
    return WindowGiven(server.Frames(), 0);
  };
  size_t given = 0;
  for (int i = 0; i < 3; ++i) given += send(1);
  EXPECT_GE(given, 32'000u);
  // Past the total bound the window stays shut: what is held can grow by one window and no more.
  for (int i = 0; i < 4; ++i) given += send(3);
  EXPECT_LE(given, 48'000u);
  EXPECT_EQ(server.session.held_bytes(), 112'000u);
  server.session.Consume(StreamId(1), 48'000);
  server.session.Consume(StreamId(3), 48'000);
  EXPECT_GT(WindowGiven(server.Frames(), 0), 0u);
}

TEST(Http2Flow, APeerThatIgnoresTheWindowIsCutOff) {
  Server server({.stream_window_bytes = 65'535});
  server.Greet();
  server.session.Receive(frames::Encode({.type = frames::kSettings, .flags = frames::kAck}),
                         kNowUs);
  server.events.consume = false;
  OpenStream(&server, 1);
  for (int i = 0; i < 8; ++i) {
    server.session.Receive(frames::Data(1, std::string(16'000, 'd')), kNowUs);
  }
  // The frame that crosses the line is the last one heard.
  EXPECT_LE(server.events.held, 65'535u + 16'384u);
  const std::vector<frames::Frame> sent = server.Frames();
  EXPECT_EQ(frames::Of(sent, frames::kRstStream).size() + frames::Of(sent, frames::kGoAway).size(),
            1u);
}

}  // namespace
}  // namespace keel::net
