// The server's gRPC layer at its bounds: slow readers, requests that wait or never end, deadlines.
#include "tests/net/grpc_server_fixture.h"

namespace keel::net {
namespace {

TEST_F(GrpcServerSessionTest, ASlowReaderIsHeldInBoundedMemory) {
  Open({.http2 = {.stream_queue_bytes_max = 100'000}});
  session_->Receive(frames::Headers(1, frames::GrpcRequest("/keel.test.Echo/Count")) +
                        frames::Data(1, frames::Message("100000 1000"), frames::kEndStream),
                    kNowUs);
  OutputQueue out;
  size_t received = 0;
  // The peer's window is opened a little at a time, its socket takes a little at a time.
  for (int i = 0; i < 300; ++i) {
    received += TakeSome(session_.get(), &out, 3000).size();
    ASSERT_LE(session_->http2().queued_bytes(), 101'005u);
    ASSERT_LE(out.size_bytes(), 256u * 1024 + 20'000);
    session_->Receive(frames::WindowUpdate(0, 2000) + frames::WindowUpdate(1, 2000), kNowUs);
  }
  EXPECT_GT(received, 500'000u);
  EXPECT_EQ(log_.writes_refused, 0u);
  EXPECT_EQ(log_.open, 1u);
  session_->Receive(frames::RstStream(1, 8), kNowUs);
  EXPECT_EQ(log_.open, 0u);
  EXPECT_EQ(session_->http2().queued_bytes(), 0u);
}

TEST_F(GrpcServerSessionTest, AnswersThatAreMadeGoOutWhateverWaitsBeforeThem) {
  Open({.http2 = {.connection_queue_bytes_max = 100'000}});
  for (const uint32_t stream : {1, 3, 5}) {
    session_->Receive(frames::Unary(stream, "/keel.test.Echo/Never", "q"), kNowUs);
  }
  ASSERT_EQ(log_.waiting.size(), 3u);
  log_.waiting[0].Reply(Payload::Of(std::string(300'000, 'a')));
  log_.waiting[1].Reply(Payload::Of("done"));
  log_.waiting[2].Reply(Payload::Of(std::string(300'000, 'c')));
  Collect();
  EXPECT_EQ(answers_[3].Status(), "0 ");
  session_->Receive(OpenWindows({1, 5}), kNowUs);
  Collect();
  EXPECT_EQ(answers_[1].Status(), "0 ");
  EXPECT_EQ(answers_[5].Status(), "0 ");
  EXPECT_EQ(answers_[5].data.size(), 300'005u);
}

TEST_F(GrpcServerSessionTest, AnAnswerThatIsLostDoesNotLookLikeARefusal) {
  Open({.http2 = {.last_queue_bytes_max = 100'000}});
  for (const uint32_t stream : {1, 3}) {
    session_->Receive(frames::Unary(stream, "/keel.test.Echo/Never", "q"), kNowUs);
  }
  for (const ServerCall& call : log_.waiting) call.Reply(Payload::Of(std::string(200'000, 'a')));
  Collect();
  EXPECT_TRUE(answers_[3].Status().starts_with("14 the answer is lost")) << answers_[3].Status();
}

TEST_F(GrpcServerSessionTest, RequestsThatAreNotFinishedAreBounded) {
  Open({.message_bytes_max = 30'000, .requests_bytes_max = 100'000});
  const std::string message = frames::Message(std::string(30'000, 'm'));
  for (uint32_t stream = 1; stream <= 39; stream += 2) {
    session_->Receive(frames::Headers(stream, frames::GrpcRequest("/keel.test.Echo/Unary")) +
                          frames::Data(stream, message.substr(0, 10'000)),
                      kNowUs);
  }
  Collect();
  // Three fit by what they announce, and all three can be finished, whatever comes meanwhile.
  EXPECT_EQ(answers_[7].Status(), "8 too many requests on this connection are not complete");
  EXPECT_EQ(session_->calls(), 3u);
  EXPECT_EQ(session_->held().requests_bytes, 30'000u);
  for (const uint32_t stream : {5, 1}) {
    session_->Receive(frames::Data(stream, message.substr(10'000, 10'000)), kNowUs);
    session_->Receive(frames::Data(stream, message.substr(20'000), frames::kEndStream), kNowUs);
    Collect();
    EXPECT_EQ(answers_[stream].Status(), "0 ");
  }
  EXPECT_EQ(session_->held().requests_bytes, 10'000u);
  session_->Receive(frames::RstStream(3, 8), kNowUs);
  EXPECT_EQ(session_->held().requests_bytes, 0u);
  Ask(frames::Unary(41, "/keel.test.Echo/Unary", "there is room again"), 41);
  EXPECT_EQ(answers_[41].Status(), "0 ");
}

TEST_F(GrpcServerSessionTest, RefusesMoreThanAUnaryRequestAnnounced) {
  const Answer answer = Ask(frames::Headers(1, frames::GrpcRequest("/keel.test.Echo/Unary")) +
                            frames::Data(1, frames::Message("short") + "and more"));
  EXPECT_EQ(answer.Status(), "13 a unary request carries more than one message");
}

TEST_F(GrpcServerSessionTest, ARequestOfTheLargestSizeAlwaysFits) {
  Open({.message_bytes_max = 30'000, .requests_bytes_max = 100});
  const std::string message = frames::Message(std::string(30'000, 'm'));
  session_->Receive(frames::Headers(1, frames::GrpcRequest("/keel.test.Echo/Unary")) +
                        frames::Data(1, message.substr(0, 15'000)) +
                        frames::Data(1, message.substr(15'000, 15'000)) +
                        frames::Data(1, message.substr(30'000), frames::kEndStream),
                    kNowUs);
  Collect();
  EXPECT_EQ(answers_[1].Status(), "0 ");
}

TEST_F(GrpcServerSessionTest, RequestsWaitUnbegunWhileTooManyAnswersDo) {
  OpenWithTooManyAnswers();
  for (const uint32_t stream : {3, 5, 7}) {
    session_->Receive(frames::Unary(stream, "/keel.test.Echo/Unary", std::to_string(stream)),
                      kNowUs);
  }
  session_->Receive(frames::RstStream(5, 8), kNowUs);
  Collect();
  EXPECT_EQ(log_.unary, 0u);
  // Nothing can go out, and nothing spins.
  EXPECT_EQ(session_->calls(), 2u);
  const int wanted = host_.wanted;
  Collect();
  EXPECT_EQ(host_.wanted, wanted);
  session_->Receive(OpenWindows({1}), kNowUs);
  Collect();
  EXPECT_EQ(log_.unary, 2u);
  EXPECT_GT(host_.wanted, wanted);
  EXPECT_EQ(answers_[1].data.size(), 300'005u);
  EXPECT_EQ(answers_[3].data, frames::Message("3"));
  EXPECT_EQ(answers_[7].data, frames::Message("7"));
  EXPECT_EQ(session_->calls(), 0u);
}

TEST_F(GrpcServerSessionTest, RequestsThatWereGivenUpWhileTheyWaitedAreNotRun) {
  OpenWithTooManyAnswers();
  for (uint32_t stream = 3; stream < 400; stream += 2) {
    session_->Receive(frames::Unary(stream, "/keel.test.Echo/Unary", "q"), kNowUs);
    if (stream % 20 != 3) session_->Receive(frames::RstStream(stream, 8), kNowUs);
  }
  session_->Receive(OpenWindows({1}), kNowUs);
  Collect();
  EXPECT_EQ(log_.unary, 20u);
  EXPECT_EQ(session_->calls(), 0u);
}

TEST_F(GrpcServerSessionTest, ARequestThatWaitsKeepsItsDeadline) {
  OpenWithTooManyAnswers();
  std::vector<Metadata::Field> fields = frames::GrpcRequest("/keel.test.Echo/Unary");
  fields.push_back({"grpc-timeout", "1S"});
  session_->Receive(
      frames::Headers(3, fields) + frames::Data(3, frames::Message("q"), frames::kEndStream),
      kNowUs);
  session_->OnTime(kNowUs + 1'000'000);
  Collect();
  EXPECT_EQ(answers_[3].Status(), "4 the call's deadline has passed");
  session_->Receive(OpenWindows({1}), kNowUs);
  Collect();
  EXPECT_EQ(log_.unary, 0u);
}

TEST_F(GrpcServerSessionTest, ADeadlineEndsACallWhoseDataNobodyTakes) {
  Open();
  std::vector<Metadata::Field> fields = frames::GrpcRequest("/keel.test.Echo/Count");
  fields.push_back({"grpc-timeout", "1S"});
  session_->Receive(frames::Headers(1, fields) +
                        frames::Data(1, frames::Message("1000 10000"), frames::kEndStream),
                    kNowUs);
  (void)Take(session_.get());
  EXPECT_GT(session_->http2().queued_bytes(), 0u);
  session_->OnTime(kNowUs + 1'000'000);
  Collect();
  EXPECT_TRUE(answers_[1].reset);
  EXPECT_EQ(session_->http2().queued_bytes(), 0u);
  EXPECT_EQ(log_.open, 0u);
}

// What began and has not ended is what is open: dashboards count on it.

}  // namespace
}  // namespace keel::net
