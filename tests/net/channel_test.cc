// What a Channel promises, the same in memory and over real sockets: each test runs both ways.
#include "net/channel.h"

#include <gtest/gtest.h>

#include <functional>

#include "net/asio_channel.h"
#include "net/local_channel.h"
#include "net/server.h"
#include "net/system_clock.h"
#include "tests/net/manual_executor.h"
#include "tests/net/sans_io.h"
#include "tests/net/test_service.h"

namespace keel::net {
namespace {

class Transport {
 public:
  Transport() { AddTestService(&methods_, &log); }
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;
  virtual ~Transport() = default;

  virtual Channel* channel() = 0;
  virtual void RunUntil(const std::function<bool()>& done) = 0;
  // The client's end goes away, with its calls.
  virtual void Break() = 0;

  TestServiceLog log;

 protected:
  [[nodiscard]] const MethodTable* methods() const { return &methods_; }

 private:
  MethodTable methods_;
};

class LocalTransport final : public Transport {
 public:
  Channel* channel() override { return channel_.get(); }
  void RunUntil(const std::function<bool()>& done) override {
    while (!done()) executor_.Pass(1000);
  }
  void Break() override { channel_->Break(Unavailable("lost")); }

 private:
  ManualExecutor executor_;
  std::unique_ptr<LocalChannel> channel_ = std::make_unique<LocalChannel>(
      LocalChannel::Options{.methods = methods(), .executor = &executor_, .clock = &executor_});
};

class SocketTransport final : public Transport {
 public:
  SocketTransport() {
    auto server = Server::Start(&executor_, {}, {methods(), &pages_});
    EXPECT_TRUE(server.ok()) << server.status();
    server_ = std::move(server).value();
    channel_ = std::make_unique<AsioChannel>(&executor_,
                                             AsioChannelOptions{.address = server_->address()});
  }

  Channel* channel() override { return channel_.get(); }
  void RunUntil(const std::function<bool()>& done) override {
    while (!done()) executor_.RunReady();
  }
  void Break() override { channel_.reset(); }

 private:
  SystemClock clock_;
  AsioExecutor executor_{&clock_};
  HttpTable pages_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<AsioChannel> channel_;
};

template <class T>
class ChannelTest : public testing::Test {
 protected:
  static CallOptions To(std::string_view method) {
    return {.path = "/keel.test.Echo/" + std::string(method)};
  }
  Channel* channel() { return transport_.channel(); }

  UnaryResult Ask(CallOptions options, std::string request) {
    UnaryResult result;
    bool done = false;
    CallUnary(channel(), std::move(options), Payload::Of(std::move(request)),
              [&](UnaryResult given) {
                result = std::move(given);
                done = true;
              });
    transport_.RunUntil([&] { return done; });
    return result;
  }

  void Finish(CallLog* log) {
    transport_.RunUntil([log] { return log->done > 0; });
    EXPECT_EQ(log->done, 1);
  }

  T transport_;
};

using Transports = testing::Types<LocalTransport, SocketTransport>;
TYPED_TEST_SUITE(ChannelTest, Transports);

TYPED_TEST(ChannelTest, AnswersAUnaryCall) {
  for (const size_t size : {0u, 5u, 100'000u, 1'500'000u}) {
    const std::string body(size, 'b');
    const UnaryResult result = this->Ask(this->To("Unary"), body);
    EXPECT_TRUE(result.status.ok()) << result.status;
    EXPECT_EQ(result.response, body);
  }
}

TYPED_TEST(ChannelTest, CarriesStatusesWithOddMessages) {
  for (int code = 1; code <= 16; ++code) {
    for (const std::string message : {"", "plain", "100% \n\t é \xf0\x9f\x98\x80", " spaces "}) {
      const UnaryResult result =
          this->Ask(this->To("Fail"), std::string(1, static_cast<char>(code)) + message);
      EXPECT_EQ(result.status, Status(static_cast<Code>(code), message));
      EXPECT_EQ(result.response, "");
    }
  }
}

TYPED_TEST(ChannelTest, SaysWhatIsNotServed) {
  EXPECT_EQ(this->Ask({.path = "/nope.Service/X"}, "q").status,
            Unimplemented("unknown service nope.Service"));
}

TYPED_TEST(ChannelTest, RefusesAMessageThatIsTooLarge) {
  const UnaryResult result = this->Ask(this->To("Unary"), std::string(3'000'000, 'x'));
  EXPECT_EQ(result.status,
            ResourceExhausted("received message larger than max (3000000 vs. 2097152)"));
}

TYPED_TEST(ChannelTest, CarriesMetadataBothWays) {
  CallOptions options = this->To("Fields");
  options.metadata.Add({"x-echo", "there"});
  options.metadata.AddBinary({"x-echo-bin", "\xff\x01"});
  CallLog log;
  const ClientCallId call = this->channel()->Start(std::move(options), Observe(&log));
  EXPECT_EQ(this->channel()->Write(call, Payload::Of("q")), WriteResult::kMore);
  this->channel()->CloseWrites(call);
  this->Finish(&log);
  for (const Metadata* where : {&log.metadata, &log.trailers}) {
    EXPECT_EQ(where->Find("x-echo"), "there");
    EXPECT_EQ(where->FindBinary("x-echo-bin"), "\xff\x01");
  }
  EXPECT_EQ(log.messages, std::vector<std::string>{"q"});
}

TYPED_TEST(ChannelTest, StreamsFromTheServerInOrder) {
  CallLog log;
  const ClientCallId call = this->channel()->Start(this->To("Count"), Observe(&log));
  (void)this->channel()->Write(call, Payload::Of("3000 1000"));
  this->channel()->CloseWrites(call);
  this->Finish(&log);
  EXPECT_TRUE(log.status.ok()) << log.status;
  ASSERT_EQ(log.messages.size(), 3000u);
  for (size_t i = 0; i < log.messages.size(); ++i) {
    ASSERT_EQ(static_cast<uint8_t>(log.messages[i][0]), i % 256);
    ASSERT_EQ(static_cast<uint8_t>(log.messages[i][1]), i / 256);
  }
  EXPECT_EQ(this->transport_.log.writes_refused, 0u);
}

TYPED_TEST(ChannelTest, StreamsFromTheClientAsFarAsTheServerTakes) {
  CallLog log;
  Channel* const channel = this->channel();
  const ClientCallId call = channel->Start(this->To("Upload"), Observe(&log));
  const Payload message = Payload::Of(std::string(10'000, 'u'));
  int written = 0;
  int writable = 0;
  while (written < 500) {
    const WriteResult result = channel->Write(call, message);
    ASSERT_NE(result, WriteResult::kGone);
    if (result != WriteResult::kRefused) ++written;
    if (result == WriteResult::kMore) continue;
    this->transport_.RunUntil([&] { return log.writable > writable; });
    writable = log.writable;
  }
  EXPECT_GT(writable, 5);
  channel->CloseWrites(call);
  EXPECT_EQ(channel->Write(call, message), WriteResult::kGone);
  this->Finish(&log);
  EXPECT_EQ(log.messages, std::vector<std::string>{"500 5000000"});
}

TYPED_TEST(ChannelTest, TalksBothWays) {
  CallLog log;
  Channel* const channel = this->channel();
  const ClientCallId call = channel->Start(this->To("Chat"), Observe(&log));
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(channel->Write(call, Payload::Of(std::to_string(i))), WriteResult::kMore);
    this->transport_.RunUntil([&] { return log.messages.size() == static_cast<size_t>(i) + 1; });
    EXPECT_EQ(log.messages.back(), std::to_string(i));
  }
  EXPECT_EQ(log.done, 0);
  channel->CloseWrites(call);
  this->Finish(&log);
  EXPECT_TRUE(log.status.ok());
}

TYPED_TEST(ChannelTest, AReaderThatPausesHoldsTheServerBack) {
  CallLog log;
  log.pause_after = 10;
  Channel* const channel = this->channel();
  const ClientCallId call = channel->Start(this->To("Count"), Observe(&log));
  (void)channel->Write(call, Payload::Of("2000 10000"));
  channel->CloseWrites(call);
  this->transport_.RunUntil([&] { return log.messages.size() == 10; });
  // Another call goes on meanwhile.
  EXPECT_TRUE(this->Ask(this->To("Unary"), "x").status.ok());
  EXPECT_EQ(log.messages.size(), 10u);
  EXPECT_EQ(log.done, 0);
  EXPECT_EQ(this->transport_.log.open, 1u);
  log.pause_after = SIZE_MAX;
  channel->ResumeReads(call);
  this->Finish(&log);
  EXPECT_EQ(log.messages.size(), 2000u);
}

TYPED_TEST(ChannelTest, EndsACallAtItsDeadline) {
  CallOptions options = this->To("Never");
  options.timeout_us = 20'000;
  EXPECT_EQ(this->Ask(std::move(options), "q").status.code(), Code::kDeadlineExceeded);
  this->transport_.RunUntil([&] { return !this->transport_.log.waiting[0].IsOpen(); });
  this->transport_.log.waiting[0].Reply(Payload::Of("late"));
  EXPECT_TRUE(this->Ask(this->To("Unary"), "x").status.ok());
}

TYPED_TEST(ChannelTest, ACancelReachesBothEnds) {
  CallLog log;
  Channel* const channel = this->channel();
  const ClientCallId call = channel->Start(this->To("Chat"), Observe(&log));
  (void)channel->Write(call, Payload::Of("hi"));
  this->transport_.RunUntil([&] { return log.messages.size() == 1; });
  channel->Cancel(call);
  EXPECT_EQ(log.done, 0) << "told from inside the command";
  this->Finish(&log);
  EXPECT_EQ(log.status.code(), Code::kCancelled);
  this->transport_.RunUntil([&] { return this->transport_.log.cancelled == 1; });
  EXPECT_EQ(this->transport_.log.open, 0u);
  EXPECT_EQ(channel->Write(call, Payload::Of("late")), WriteResult::kGone);
  channel->Cancel(call);
  channel->ResumeReads(call);
  channel->CloseWrites(call);
}

TYPED_TEST(ChannelTest, ACallMayBeCancelledBeforeAnythingHappened) {
  CallLog log;
  const ClientCallId call = this->channel()->Start(this->To("Chat"), Observe(&log));
  this->channel()->Cancel(call);
  EXPECT_EQ(log.done, 0);
  this->Finish(&log);
  EXPECT_EQ(log.status.code(), Code::kCancelled);
}

TYPED_TEST(ChannelTest, EveryCallEndsWhenTheConnectionDoes) {
  CallLog logs[10];
  for (CallLog& log : logs) {
    const ClientCallId call = this->channel()->Start(this->To("Chat"), Observe(&log));
    (void)this->channel()->Write(call, Payload::Of("hi"));
  }
  for (CallLog& log : logs) {
    this->transport_.RunUntil([&] { return log.messages.size() == 1; });
  }
  this->transport_.Break();
  for (CallLog& log : logs) {
    this->Finish(&log);
    EXPECT_FALSE(log.status.ok());
  }
  this->transport_.RunUntil([&] { return this->transport_.log.cancelled == 10; });
  EXPECT_EQ(this->transport_.log.open, 0u);
}

TYPED_TEST(ChannelTest, ManyCallsRunAtOnce) {
  constexpr int kCalls = 12'000;  // more than the server's stream limit
  EXPECT_TRUE(this->Ask(this->To("Unary"), "connect").status.ok());
  int done = 0;
  for (int i = 0; i < kCalls; ++i) {
    CallUnary(this->channel(), this->To("Unary"), Payload::Of(std::to_string(i)),
              [&done, i](UnaryResult result) {
                EXPECT_EQ(result.response, std::to_string(i)) << result.status;
                ++done;
              });
  }
  this->transport_.RunUntil([&] { return done == kCalls; });
  EXPECT_EQ(this->transport_.log.unary, static_cast<uint64_t>(kCalls) + 1);
}

TYPED_TEST(ChannelTest, CompressesWhenAsked) {
  CallOptions options = this->To("Unary");
  options.compress = true;
  const std::string body(1'000'000, 'z');
  const UnaryResult result = this->Ask(std::move(options), body);
  EXPECT_TRUE(result.status.ok()) << result.status;
  EXPECT_EQ(result.response, body);
}

}  // namespace
}  // namespace keel::net
