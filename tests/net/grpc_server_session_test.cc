// The server's gRPC layer by bytes: what is refused, and in which words.
#include "net/gzip.h"
#include "tests/net/grpc_server_fixture.h"

namespace keel::net {
namespace {

TEST_F(GrpcServerSessionTest, AnswersAUnaryCall) {
  const Answer answer = Ask(frames::Unary(1, "/keel.test.Echo/Unary", "hello"));
  EXPECT_EQ(answer.headers.Find(":status"), "200");
  EXPECT_EQ(answer.headers.Find("content-type"), "application/grpc");
  EXPECT_EQ(answer.data, frames::Message("hello"));
  EXPECT_EQ(answer.Status(), "0 ");
  EXPECT_TRUE(answer.ended);
  EXPECT_EQ(session_->calls(), 0u);
}

TEST_F(GrpcServerSessionTest, AnswersTheSameForEverySplit) {
  const std::string input =
      frames::Preface() + frames::Unary(1, "/keel.test.Echo/Unary", "hello") +
      frames::Headers(3, frames::GrpcRequest("/keel.test.Echo/Chat")) +
      frames::Data(3, frames::Message("one") + frames::Message("two").substr(0, 6)) +
      frames::Data(3, frames::Message("two").substr(6), frames::kEndStream);
  for (size_t split = 0; split <= input.size(); ++split) {
    CountingHost host;
    GrpcServerSession session({}, {&table_, &registry_, &host, ""}, kNowUs);
    session.Receive(std::string_view(input).substr(0, split), kNowUs);
    std::string output = Take(&session);
    session.Receive(std::string_view(input).substr(split), kNowUs);
    output += Take(&session);
    std::map<uint32_t, std::string> data;
    for (const frames::Frame& frame : frames::Of(frames::Cut(output), frames::kData)) {
      data[frame.stream] += frame.payload;
    }
    ASSERT_EQ(data[1], frames::Message("hello")) << split;
    ASSERT_EQ(data[3], frames::Message("one") + frames::Message("two")) << split;
    ASSERT_EQ(session.calls(), 0u) << split;
  }
}

TEST_F(GrpcServerSessionTest, EndsWithTrailersOnlyWhenThereIsNothingElseToSay) {
  const Answer answer = Ask(frames::Unary(1, "/keel.test.Echo/Fail", "\x09pas \xc3\xa9 100%"));
  EXPECT_EQ(answer.headers.Find(":status"), "200");
  EXPECT_EQ(answer.Status(), "9 pas %C3%A9 100%25");
  EXPECT_TRUE(answer.ended);
  EXPECT_TRUE(answer.trailers.empty());
}

TEST_F(GrpcServerSessionTest, SaysWhichMethodsItDoesNotHave) {
  EXPECT_EQ(Ask(frames::Unary(1, "/keel.test.Echo/Nope", "x")).Status(),
            "12 unknown method Nope for service keel.test.Echo");
  EXPECT_EQ(Ask(frames::Unary(3, "/other.Service/Nope", "x"), 3).Status(),
            "12 unknown service other.Service");
}

TEST_F(GrpcServerSessionTest, AnswersClientsThatDoNotSpeakGrpcInPlainHttp) {
  std::vector<Metadata::Field> get = frames::GrpcRequest("/health");
  get[0].value = "GET";
  EXPECT_EQ(Ask(frames::Headers(1, get, frames::kEndHeaders | frames::kEndStream))
                .headers.Find(":status"),
            "405");
  std::vector<Metadata::Field> json = frames::GrpcRequest("/keel.test.Echo/Unary");
  json[5].value = "application/json";
  EXPECT_EQ(Ask(frames::Headers(3, json), 3).headers.Find(":status"), "415");
  json.pop_back();
  EXPECT_EQ(Ask(frames::Headers(5, json), 5).headers.Find(":status"), "415");
}

TEST_F(GrpcServerSessionTest, RefusesEncodingsAndTimeoutsThatItDoesNotKnow) {
  const Answer encoding = Ask(frames::Headers(1, With({{"grpc-encoding", "br"}})));
  EXPECT_EQ(encoding.Status(), "12 grpc-encoding is not supported: br");
  EXPECT_EQ(encoding.headers.Find("grpc-accept-encoding"), "identity,gzip");
  EXPECT_EQ(Ask(frames::Headers(3, With({{"grpc-timeout", "soon"}})), 3).Status(),
            "13 malformed grpc-timeout: soon");
}

TEST_F(GrpcServerSessionTest, RefusesUnaryRequestsWithoutExactlyOneMessage) {
  const auto headers = [](uint32_t stream) {
    return frames::Headers(stream, frames::GrpcRequest("/keel.test.Echo/Unary"));
  };
  EXPECT_EQ(Ask(headers(1) + frames::Data(1, "", frames::kEndStream)).Status(),
            "13 the request ended before its message");
  EXPECT_EQ(
      Ask(headers(3) + frames::Data(3, frames::Message("half").substr(0, 6), frames::kEndStream), 3)
          .Status(),
      "13 the request ended before its message");
  EXPECT_EQ(Ask(headers(5) + frames::Data(5, frames::Message("a") + frames::Message("b"),
                                          frames::kEndStream),
                5)
                .Status(),
            "13 a unary request carries more than one message");
  EXPECT_EQ(log_.unary, 0u);
}

TEST_F(GrpcServerSessionTest, RefusesALargeMessageBeforeItHasArrived) {
  Open({.message_bytes_max = 1000});
  const Answer answer =
      Ask(frames::Headers(1, frames::GrpcRequest("/keel.test.Echo/Unary")) +
          frames::Data(1, frames::Message(std::string(5000, 'x')).substr(0, 100)));
  EXPECT_EQ(answer.Status(), "8 received message larger than max (5000 vs. 1000)");
  EXPECT_TRUE(answer.reset);
  EXPECT_EQ(Ask(frames::Headers(3, frames::GrpcRequest("/keel.test.Echo/Upload")) +
                    frames::Data(3, frames::Message(std::string(5000, 'x')).substr(0, 100)),
                3)
                .Status(),
            "8 received message larger than max (5000 vs. 1000)");
  EXPECT_EQ(log_.cancelled, 1u);
  EXPECT_EQ(log_.open, 0u);
}

TEST_F(GrpcServerSessionTest, RefusesHeadersThatAreTooLarge) {
  Open({.http2 = {.header_list_bytes_max = 500}});
  const std::string large(600, 'x');
  EXPECT_EQ(Ask(frames::Headers(1, With({{"x-large", large}}))).Status(),
            "8 the request's headers are too large");
}

TEST_F(GrpcServerSessionTest, TrailersThatAreTooLargeBeginNoOtherCall) {
  CallCounts counts("client-api-version");
  Open({.http2 = {.header_list_bytes_max = 500}, .counts = &counts});
  constexpr uint8_t kLast = frames::kEndHeaders | frames::kEndStream;
  const std::string value(600, 'x');
  const Metadata::Field large = {"x-large", value};
  // Behind headers that are well: they say nothing, and the call is answered.
  const Answer well =
      Ask(frames::Headers(1, frames::GrpcRequest("/keel.test.Echo/Unary")) +
          frames::Data(1, frames::Message("hello")) + frames::Headers(1, {large}, kLast));
  EXPECT_EQ(well.headers.Find(":status"), "200");
  EXPECT_EQ(well.data, frames::Message("hello"));
  EXPECT_EQ(well.Status(), "0 ");
  // Behind headers that were too large themselves: what was refused once is not refused again.
  const Answer refused =
      Ask(frames::Headers(3, With({large})) + frames::Headers(3, {large}, kLast), 3);
  EXPECT_EQ(refused.Status(), "8 the request's headers are too large");
  EXPECT_EQ(counts.ended(), 2u);
  EXPECT_EQ(session_->calls(), 0u);
}

TEST_F(GrpcServerSessionTest, RefusesAStreamThatEndsInsideAMessage) {
  EXPECT_EQ(
      Ask(frames::Headers(1, frames::GrpcRequest("/keel.test.Echo/Upload")) +
          frames::Data(1, frames::Message("whole") + std::string(2, '\0'), frames::kEndStream))
          .Status(),
      "13 the request ended inside a message");
}

TEST_F(GrpcServerSessionTest, InflatesRequestsAndCompressesAnswers) {
  const std::string body(50'000, 'z');
  const std::string request =
      frames::Headers(1, With({{"grpc-encoding", "gzip"}, {"grpc-accept-encoding", "gzip"}})) +
      frames::Data(1, frames::Message(Gzip(body), true), frames::kEndStream);
  const Answer answer = Ask(request);
  EXPECT_EQ(answer.headers.Find("grpc-encoding"), "gzip");
  ASSERT_GT(answer.data.size(), 5u);
  EXPECT_LT(answer.data.size(), 1000u);
  EXPECT_EQ(answer.data[0], 1);
  EXPECT_EQ(Gunzip(std::string_view(answer.data).substr(5), 100'000).value(), body);
}

TEST_F(GrpcServerSessionTest, EchoesMetadataAsHeadersAndTrailers) {
  std::vector<Metadata::Field> fields = frames::GrpcRequest("/keel.test.Echo/Fields");
  fields.push_back({"x-echo", "here"});
  fields.push_back({"x-echo-bin", "AP8"});
  const Answer answer =
      Ask(frames::Headers(1, fields) + frames::Data(1, frames::Message("q"), frames::kEndStream));
  for (const Metadata* where : {&answer.headers, &answer.trailers}) {
    EXPECT_EQ(where->Find("x-echo"), "here");
    EXPECT_EQ(where->FindBinary("x-echo-bin"), std::string("\x00\xff", 2));
  }
}

TEST_F(GrpcServerSessionTest, EndsACallAtItsDeadline) {
  Open();
  std::vector<Metadata::Field> fields = frames::GrpcRequest("/keel.test.Echo/Never");
  fields.push_back({"grpc-timeout", "100m"});
  session_->Receive(
      frames::Headers(1, fields) + frames::Data(1, frames::Message("q"), frames::kEndStream),
      kNowUs);
  EXPECT_EQ(session_->NextWakeUs(), kNowUs + 100'000);
  ASSERT_EQ(log_.waiting.size(), 1u);
  session_->OnTime(kNowUs + 99'999);
  EXPECT_TRUE(log_.waiting[0].IsOpen());
  session_->OnTime(kNowUs + 100'000);
  EXPECT_FALSE(log_.waiting[0].IsOpen());
  Collect();
  EXPECT_EQ(answers_[1].Status(), "4 the call's deadline has passed");
  // The answer comes late, and meets nothing.
  log_.waiting[0].Reply(Payload::Of("late"));
  EXPECT_EQ(Take(session_.get()), "");
}

TEST_F(GrpcServerSessionTest, LateAnswersMeetNothing) {
  Open();
  session_->Receive(frames::Unary(1, "/keel.test.Echo/Never", "q") +
                        frames::Unary(3, "/keel.test.Echo/Never", "q"),
                    kNowUs);
  ASSERT_EQ(log_.waiting.size(), 2u);
  session_->Receive(frames::RstStream(1, 8), kNowUs);
  EXPECT_FALSE(log_.waiting[0].IsOpen());
  log_.waiting[0].Reply(Payload::Of("late"));
  EXPECT_EQ(log_.waiting[0].Write(Payload::Of("late")), WriteResult::kGone);
  EXPECT_EQ(Take(session_.get()), "");
  log_.waiting[1].Reply(Payload::Of("in time"));
  EXPECT_GT(host_.wanted, 0);
  Collect();
  EXPECT_EQ(answers_[3].data, frames::Message("in time"));
  log_.waiting[1].Reply(Payload::Of("again"));
  EXPECT_EQ(Take(session_.get()), "");
  // The whole connection is gone; another one has come.
  session_.reset();
  log_.waiting[1].Finish(Internal("later still"));
  Open();
  log_.waiting[0].Reply(Payload::Of("later still"));
  EXPECT_EQ(Take(session_.get()), "");
}

TEST_F(GrpcServerSessionTest, TellsEveryHandlerWhenTheConnectionIsLost) {
  Open();
  for (const uint32_t stream : {1, 3, 5}) {
    session_->Receive(frames::Headers(stream, frames::GrpcRequest("/keel.test.Echo/Chat")), kNowUs);
  }
  EXPECT_EQ(log_.open, 3u);
  session_->OnTransportClosed(Unavailable("gone"));
  EXPECT_EQ(log_.cancelled, 3u);
  EXPECT_EQ(log_.open, 0u);
}

TEST_F(GrpcServerSessionTest, EachCallIsCountedOnceAtItsBeginningAndItsEnd) {
  CallCounts counts("client-api-version");
  Open({.message_bytes_max = 100, .counts = &counts});
  const auto of = [&](const char* path) -> const CallCounts::OfMethod& {
    return counts.Of(table_.Find(path));
  };
  const auto ended = [](const CallCounts::OfMethod& method, Code code) {
    return method.ended.at(static_cast<size_t>(code));
  };
  (void)Ask(frames::Unary(1, "/keel.test.Echo/Unary", "hello"));
  const CallCounts::OfMethod& unary = of("/keel.test.Echo/Unary");
  EXPECT_EQ(unary.started, 1u);
  EXPECT_EQ(unary.received, 1u);
  EXPECT_EQ(unary.sent, 1u);
  EXPECT_EQ(ended(unary, Code::kOk), 1u);
  EXPECT_EQ(counts.received_bytes(), 5u);
  EXPECT_EQ(counts.sent_bytes(), 5u);
  // Refused for its size: neither received nor answered.
  (void)Ask(frames::Unary(3, "/keel.test.Echo/Unary", std::string(101, 'x')), 3);
  EXPECT_EQ(ended(unary, Code::kResourceExhausted), 1u);
  EXPECT_EQ(unary.received, 1u);
  EXPECT_EQ(unary.sent, 1u);
  // Given up by the client, and cut off with the connection.
  (void)Ask(frames::Unary(5, "/keel.test.Echo/Never", "a"), 5);
  const CallCounts::OfMethod& never = of("/keel.test.Echo/Never");
  (void)Ask(frames::Unary(7, "/keel.test.Echo/Never", "b"), 7);
  session_->Receive(frames::RstStream(5, 8), kNowUs);
  EXPECT_EQ(never.started, 2u);
  EXPECT_EQ(ended(never, Code::kCancelled), 1u);
  (void)Ask(frames::Unary(9, "/keel.test.Echo/None", "c"), 9);
  EXPECT_EQ(ended(counts.Of(nullptr), Code::kUnimplemented), 1u);
  session_->OnTransportClosed(Unavailable("gone"));
  EXPECT_EQ(ended(never, Code::kCancelled), 2u);
  EXPECT_EQ(counts.ended(), 5u);
}

}  // namespace
}  // namespace keel::net
