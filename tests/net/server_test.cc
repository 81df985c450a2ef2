// The whole of it on real sockets, 127.0.0.1 only: limits, drains, reconnects.
#include "net/server.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "net/asio_channel.h"
#include "net/cut_words.h"
#include "net/system_clock.h"
#include "tests/net/frames.h"
#include "tests/net/sans_io.h"
#include "tests/net/test_service.h"

namespace keel::net {
namespace {

// What a peer of no protocol in particular does: says what it is told, and keeps what it hears.
class RawClient final : private StreamOwner {
 public:
  RawClient(AsioExecutor* executor, const Address& address, std::string says)
      : says_(std::move(says)),
        connector_(executor, address, [this](Result<std::unique_ptr<ByteStream>> stream) {
          if (!stream.ok()) {
            closed = true;
            return;
          }
          stream_ = std::move(stream).value();
          stream_->SetOwner(this);
          const std::string_view all = says_;
          if (!all.empty()) (void)stream_->Write({&all, 1});
          stream_->WaitReadable();
        }) {}

  std::string heard;
  bool closed = false;

 private:
  void OnReadable() override {
    std::array<char, 4096> buffer;
    const ByteStream::Outcome outcome = stream_->Read(buffer);
    if (outcome.kind == ByteStream::Outcome::Kind::kClosed) {
      closed = true;
      return;
    }
    heard.append(buffer.data(), outcome.bytes);
    stream_->WaitReadable();
  }
  void OnWritable() override {}

  std::string says_;
  std::unique_ptr<ByteStream> stream_;
  TcpConnector connector_;
};

class ServerTest : public testing::Test {
 protected:
  ServerTest() {
    AddTestService(&methods_, &log_);
    AddTestPages(&pages_);
  }

  void StartServer(ServerOptions options = {}) {
    auto server = Server::Start(&executor_, std::move(options), {&methods_, &pages_});
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = std::move(server).value();
  }
  std::unique_ptr<AsioChannel> Dial(AsioChannelOptions options = {}) {
    options.address = server_->address();
    return std::make_unique<AsioChannel>(&executor_, std::move(options));
  }
  void RunUntil(const std::function<bool()>& done) {
    while (!done()) executor_.RunReady();
  }
  UnaryResult Ask(Channel* channel, CallOptions options, std::string request) {
    UnaryResult result;
    bool done = false;
    CallUnary(channel, std::move(options), Payload::Of(std::move(request)), [&](UnaryResult got) {
      result = std::move(got);
      done = true;
    });
    RunUntil([&] { return done; });
    return result;
  }
  static CallOptions Unary() { return {.path = "/keel.test.Echo/Unary"}; }

  SystemClock clock_;
  AsioExecutor executor_{&clock_};
  TestServiceLog log_;
  MethodTable methods_;
  HttpTable pages_;
  std::unique_ptr<Server> server_;
};

TEST_F(ServerTest, SpeaksBothProtocolsOnOnePort) {
  StartServer();
  RawClient probe(&executor_, server_->address(), "GET /health HTTP/1.1\r\nHost: me\r\n\r\n");
  RunUntil([&] { return probe.heard.ends_with("}"); });
  EXPECT_TRUE(probe.heard.starts_with("HTTP/1.1 200 OK"));
  const auto channel = Dial();
  EXPECT_EQ(Ask(channel.get(), Unary(), "hi").response, "hi");
  EXPECT_EQ(server_->counts().accepted, 2u);
}

TEST_F(ServerTest, SaysWhenItsPortIsTaken) {
  StartServer();
  auto second = Server::Start(&executor_, {.address = server_->address()}, {&methods_, &pages_});
  EXPECT_EQ(second.status().code(), Code::kUnavailable);
  EXPECT_NE(second.status().message().find("Address already in use"), std::string::npos);
  auto nameless = Server::Start(&executor_, {.address = {.host = "nowhere"}}, {&methods_, &pages_});
  EXPECT_EQ(nameless.status().code(), Code::kInvalidArgument);
}

TEST_F(ServerTest, ClosesConnectionsBeyondItsBound) {
  StartServer({.connections_max = 2});
  RawClient first(&executor_, server_->address(), "");
  RawClient second(&executor_, server_->address(), "");
  RunUntil([&] { return server_->counts().open == 2; });
  RawClient third(&executor_, server_->address(), "");
  RunUntil([&] { return third.closed; });
  EXPECT_EQ(server_->counts().refused, 1u);
  EXPECT_FALSE(first.closed);
}

// The room comes back with the first failure: without any, the undefined-behaviour sanitizer has no
// descriptors for its own looks at memory, and takes the next object for a wrong one.
TEST_F(ServerTest, SaysThatNothingCanBeAcceptedAndTriesAgain) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  std::vector<Status> failures;
  StartServer({.on_accept_failed = [&](const Status& why) {
    EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
    EXPECT_EQ(server_->counts().open, 0u);
    failures.push_back(why);
  }});
  // The system connects it before anybody accepts.
  const int client = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_port = htons(server_->address().port);
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::connect(client, reinterpret_cast<const sockaddr*>(&where), sizeof(where)), 0);
  const rlimit none{.rlim_cur = 0, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  RunUntil([&] { return server_->counts().open == 1; });
  ::close(client);
  ASSERT_EQ(failures.size(), 1u);
  EXPECT_NE(failures[0].message().find("Too many open files"), std::string::npos) << failures[0];
}

TEST_F(ServerTest, TellsWhomItCutsOffAndWhy) {
  std::vector<std::string> cuts;
  StartServer({.on_cut = [&](std::string_view peer, const Session::Cut& cut) {
    EXPECT_TRUE(peer.starts_with("127.0.0.1:")) << peer;
    cuts.emplace_back(cut.word);
    EXPECT_EQ(std::count(std::begin(cut_words::kAll), std::end(cut_words::kAll), cut.word), 1);
  }});
  std::string pings = frames::Preface();
  for (int i = 0; i < 4; ++i) pings += frames::Ping();
  RawClient eager(&executor_, server_->address(), pings);
  RunUntil([&] { return eager.closed; });
  RawClient wrong(&executor_, server_->address(),
                  frames::Preface() + frames::Data(1, "of a stream that is not open"));
  RunUntil([&] { return wrong.closed; });
  {
    RawClient polite(&executor_, server_->address(), frames::Preface());
    RunUntil([&] { return !polite.heard.empty(); });
  }
  RunUntil([&] { return server_->counts().open == 0; });
  EXPECT_EQ(cuts, (std::vector<std::string>{"too_many_pings", "protocol_error"}));
}

TEST_F(ServerTest, HangsUpOnNonsenseAndGoesOn) {
  StartServer();
  RawClient nonsense(&executor_, server_->address(), "\x16\x03\x01 no such protocol\r\n\r\n");
  RunUntil([&] { return nonsense.closed; });
  EXPECT_TRUE(nonsense.heard.starts_with("HTTP/1.1 400"));
  const auto channel = Dial();
  EXPECT_TRUE(Ask(channel.get(), Unary(), "hi").status.ok());
}

TEST_F(ServerTest, FinishesWhatRunsWhenItDrains) {
  StartServer();
  const auto channel = Dial();
  CallLog log;
  const ClientCallId call = channel->Start({.path = "/keel.test.Echo/Chat"}, Observe(&log));
  (void)channel->Write(call, Payload::Of("one"));
  RunUntil([&] { return log.messages.size() == 1; });
  bool drained = false;
  server_->Drain(3'600'000'000, [&] { drained = true; });
  (void)channel->Write(call, Payload::Of("two"));
  RunUntil([&] { return log.messages.size() == 2; });
  EXPECT_FALSE(drained);
  channel->CloseWrites(call);
  RunUntil([&] { return drained; });
  RunUntil([&] { return log.done > 0; });
  EXPECT_TRUE(log.status.ok()) << log.status;
  EXPECT_EQ(server_->counts().open, 0u);
  EXPECT_EQ(Ask(channel.get(), Unary(), "hi").status.code(), Code::kUnavailable);
}

TEST_F(ServerTest, CutsWhatDoesNotFinishInTime) {
  StartServer();
  const auto channel = Dial();
  CallLog log;
  const ClientCallId call = channel->Start({.path = "/keel.test.Echo/Chat"}, Observe(&log));
  (void)channel->Write(call, Payload::Of("one"));
  RunUntil([&] { return log.messages.size() == 1; });
  bool drained = false;
  server_->Drain(1'000, [&] { drained = true; });
  RunUntil([&] { return drained && log.done > 0; });
  EXPECT_EQ(log.status.code(), Code::kUnavailable);
  EXPECT_FALSE(log.trailers.Find(kNeverSent).has_value());
  EXPECT_EQ(log_.cancelled, 1u);
}

TEST_F(ServerTest, AChannelComesBackAfterItsServerDoes) {
  StartServer();
  const Address address = server_->address();
  const auto channel = Dial({.backoff_us_min = 1'000, .backoff_us_max = 4'000});
  EXPECT_TRUE(Ask(channel.get(), Unary(), "hi").status.ok());
  server_.reset();
  RunUntil([&] { return channel->state() != AsioChannel::State::kReady; });
  // One that does not wait fails with the reason; one that waits does.
  const UnaryResult failed = Ask(channel.get(), Unary(), "hi");
  EXPECT_EQ(failed.status.code(), Code::kUnavailable);
  EXPECT_NE(failed.status.message().find("Connection refused"), std::string::npos) << failed.status;
  EXPECT_TRUE(failed.trailers.Find(kNeverSent).has_value());
  CallOptions waits = Unary();
  waits.wait_for_ready = true;
  UnaryResult result;
  bool done = false;
  CallUnary(channel.get(), waits, Payload::Of("patience"), [&](UnaryResult got) {
    result = std::move(got);
    done = true;
  });
  for (int i = 0; i < 100; ++i) executor_.RunReady();
  EXPECT_FALSE(done);
  StartServer({.address = address});
  RunUntil([&] { return done; });
  EXPECT_EQ(result.response, "patience");
}

TEST_F(ServerTest, ACallThatWaitsForAConnectionKeepsItsDeadline) {
  StartServer();
  const auto channel = Dial({.backoff_us_min = 1'000, .backoff_us_max = 2'000});
  server_.reset();
  CallOptions options = Unary();
  options.wait_for_ready = true;
  options.timeout_us = 20'000;
  EXPECT_EQ(Ask(channel.get(), std::move(options), "hi").status.code(), Code::kDeadlineExceeded);
}

TEST_F(ServerTest, AChannelBoundsWhatWaitsForAConnection) {
  StartServer();
  const auto channel = Dial({.pending_calls_max = 3});
  int refused = 0;
  int served = 0;
  for (int i = 0; i < 5; ++i) {
    CallUnary(channel.get(), Unary(), Payload::Of("x"), [&](UnaryResult result) {
      (result.status.code() == Code::kResourceExhausted ? refused : served) += 1;
    });
  }
  RunUntil([&] { return refused + served == 5; });
  EXPECT_EQ(refused, 2);
  EXPECT_EQ(served, 3);
}

TEST_F(ServerTest, AChannelThatIsDestroyedEndsItsCalls) {
  StartServer();
  auto channel = Dial();
  CallLog running;
  const ClientCallId call = channel->Start({.path = "/keel.test.Echo/Chat"}, Observe(&running));
  (void)channel->Write(call, Payload::Of("x"));
  RunUntil([&] { return running.messages.size() == 1; });
  channel.reset();
  EXPECT_EQ(running.done, 1);
  auto unconnected = Dial();
  CallLog waiting;
  (void)unconnected->Start(Unary(), Observe(&waiting));
  unconnected.reset();
  EXPECT_EQ(waiting.done, 1);
  EXPECT_EQ(waiting.status.code(), Code::kCancelled);
  RunUntil([&] { return log_.cancelled == 1; });
}

TEST_F(ServerTest, HoldsManyIdleConnections) {
  StartServer();
  std::vector<std::unique_ptr<AsioChannel>> channels;
  for (int i = 0; i < 200; ++i) {
    channels.push_back(Dial());
    channels.back()->Connect();
  }
  RunUntil([&] { return server_->counts().open == 200; });
  for (const auto& channel : channels) {
    EXPECT_TRUE(Ask(channel.get(), Unary(), "hi").status.ok());
  }
  channels.clear();
  RunUntil([&] { return server_->counts().open == 0; });
}

}  // namespace
}  // namespace keel::net
