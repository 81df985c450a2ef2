// The client's gRPC layer: against a server of bytes, and against our own through a random wire.
#include "net/grpc_client_session.h"

#include <gtest/gtest.h>

#include "net/grpc_server_session.h"
#include "tests/net/frames.h"
#include "tests/net/sans_io.h"
#include "tests/net/test_service.h"

namespace keel::net {
namespace {

constexpr uint64_t kNowUs = 1'000'000;

const std::vector<Metadata::Field> kOkHeaders = {{":status", "200"},
                                                 {"content-type", "application/grpc"}};

class GrpcClientSessionTest : public testing::Test {
 protected:
  GrpcClientSessionTest() {
    session_.Receive(frames::Encode({.type = frames::kSettings}), kNowUs);
    (void)Take(&session_);
  }

  StreamId Begin(CallLog* log, CallOptions options = {.path = "/a.B/C"}, uint64_t deadline_us = 0) {
    std::unique_ptr<CallObserver> observer = Observe(log);
    const Result<StreamId> stream = session_.Start(
        {.options = std::move(options), .deadline_us = deadline_us}, &observer, kNowUs);
    EXPECT_TRUE(stream.ok()) << stream.status();
    return *stream;
  }

  // One call that is answered with these bytes; its end.
  Status StatusAfter(const std::string& answer) {
    CallLog log;
    const StreamId stream = Begin(&log);
    EXPECT_EQ(stream.value(), 1u);
    session_.CloseWrites(stream);
    (void)Take(&session_);
    session_.Receive(answer, kNowUs);
    EXPECT_EQ(log.done, 1);
    messages_ = log.messages;
    return log.status;
  }

  static std::string Trailers(std::vector<Metadata::Field> fields) {
    return frames::Headers(1, fields, frames::kEndHeaders | frames::kEndStream);
  }

  CountingHost host_;
  GrpcClientOptions options_;
  GrpcClientSession session_{options_, &host_, kNowUs};
  std::vector<std::string> messages_;
};

TEST_F(GrpcClientSessionTest, AsksInTheWordsOfTheProtocol) {
  CallLog log;
  CallOptions options{.path = "/a.B/C"};
  options.metadata.Add({"token", "secret"});
  options.metadata.Add({"grpc-status", "smuggled"});
  const StreamId stream = Begin(&log, std::move(options), kNowUs + 1'500'000);
  EXPECT_EQ(session_.Write(stream, Payload::Of("q")), WriteResult::kMore);
  session_.CloseWrites(stream);
  const std::vector<frames::Frame> sent = frames::Cut(Take(&session_));
  ASSERT_EQ(sent.size(), 2u);
  const Metadata fields = frames::Inflater().Decode(sent[0].payload);
  EXPECT_EQ(fields.Find(":method"), "POST");
  EXPECT_EQ(fields.Find(":path"), "/a.B/C");
  EXPECT_EQ(fields.Find("te"), "trailers");
  EXPECT_EQ(fields.Find("grpc-timeout"), "1500000u");
  EXPECT_EQ(fields.Find("token"), "secret");
  EXPECT_EQ(fields.Find("grpc-status"), std::nullopt);
  EXPECT_EQ(sent[1].payload, frames::Message("q"));
  EXPECT_TRUE(sent[1].EndsStream());
}

TEST_F(GrpcClientSessionTest, TakesAWholeAnswer) {
  EXPECT_TRUE(StatusAfter(frames::Headers(1, kOkHeaders) +
                          frames::Data(1, frames::Message("a") + frames::Message("b")) +
                          Trailers({{"grpc-status", "0"}}))
                  .ok());
  EXPECT_EQ(messages_, (std::vector<std::string>{"a", "b"}));
}

TEST_F(GrpcClientSessionTest, TakesTrailersOnly) {
  EXPECT_EQ(StatusAfter(Trailers({{":status", "200"},
                                  {"content-type", "application/grpc"},
                                  {"grpc-status", "5"},
                                  {"grpc-message", "no%20such%0Akey"}})),
            NotFound("no such\nkey"));
}

TEST_F(GrpcClientSessionTest, SkipsInformationalResponses) {
  EXPECT_TRUE(StatusAfter(frames::Headers(1, {{":status", "103"}}) +
                          frames::Headers(1, kOkHeaders) + Trailers({{"grpc-status", "0"}}))
                  .ok());
}

TEST_F(GrpcClientSessionTest, TellsAProxyFromAServer) {
  EXPECT_EQ(StatusAfter(frames::Headers(1, {{":status", "503"}, {"content-type", "text/html"}})),
            Unavailable("the server answered with HTTP status 503"));
}

TEST_F(GrpcClientSessionTest, RefusesAnAnswerThatIsNotGrpc) {
  EXPECT_EQ(StatusAfter(frames::Headers(1, {{":status", "200"}, {"content-type", "text/html"}})),
            Unknown("the server's answer is not gRPC but text/html"));
}

TEST_F(GrpcClientSessionTest, RefusesAnEndWithoutAStatus) {
  EXPECT_EQ(StatusAfter(frames::Headers(1, kOkHeaders) + frames::Data(1, "", frames::kEndStream)),
            Unknown("the server ended without a status"));
}

TEST_F(GrpcClientSessionTest, RefusesTrailersWithoutAStatus) {
  EXPECT_EQ(StatusAfter(frames::Headers(1, kOkHeaders) + Trailers({{"x", "y"}})),
            Unknown("the server's trailers have no grpc-status"));
}

TEST_F(GrpcClientSessionTest, RefusesTrailersThatAreTooLarge) {
  // Each counts 32 bytes beside its own.
  const std::vector<Metadata::Field> many(options_.http2.header_list_bytes_max / 34 + 1,
                                          {"a", "b"});
  EXPECT_EQ(StatusAfter(frames::Headers(1, kOkHeaders) + Trailers(many)),
            ResourceExhausted("the response's headers are too large"));
}

TEST_F(GrpcClientSessionTest, RefusesAnOkThatEndsInsideAMessage) {
  EXPECT_EQ(StatusAfter(frames::Headers(1, kOkHeaders) +
                        frames::Data(1, frames::Message("whole") + std::string(2, 0)) +
                        Trailers({{"grpc-status", "0"}})),
            Internal("the response ended inside a message"));
  EXPECT_EQ(messages_, std::vector<std::string>{"whole"});
}

TEST_F(GrpcClientSessionTest, ReadsResetsAsStatuses) {
  EXPECT_EQ(StatusAfter(frames::RstStream(1, 7)).code(), Code::kUnavailable);
}

TEST_F(GrpcClientSessionTest, CallsThatTheServerNeverSawAreUnavailable) {
  CallLog seen;
  CallLog unseen;
  (void)Begin(&seen);
  (void)Begin(&unseen);
  (void)Take(&session_);
  session_.Receive(frames::Encode({.type = frames::kGoAway,
                                   .payload = frames::BigEndian32(1) + frames::BigEndian32(0)}),
                   kNowUs);
  EXPECT_FALSE(session_.TakesCalls());
  EXPECT_EQ(unseen.done, 1);
  EXPECT_EQ(unseen.status.code(), Code::kUnavailable);
  EXPECT_EQ(seen.done, 0);
  CallLog late;
  std::unique_ptr<CallObserver> observer = Observe(&late);
  EXPECT_FALSE(session_.Start({}, &observer, kNowUs).ok());
  session_.Receive(frames::Headers(1, kOkHeaders) + Trailers({{"grpc-status", "0"}}), kNowUs);
  EXPECT_TRUE(seen.status.ok());
  (void)Take(&session_);
  EXPECT_TRUE(session_.WantsClose());
}

TEST_F(GrpcClientSessionTest, ACallCancelledTwiceBeforeItLeftSendsNothing) {
  CallLog log;
  const StreamId stream = Begin(&log);
  session_.Cancel(stream);
  session_.Cancel(stream);
  EXPECT_TRUE(frames::Cut(Take(&session_)).empty());
  EXPECT_EQ(log.done, 1);
  EXPECT_EQ(session_.http2().streams(), 0u);
}

TEST_F(GrpcClientSessionTest, ASlowReaderStillGetsWhatHadArrived) {
  CallLog log;
  log.pause_after = 1;
  const StreamId stream = Begin(&log);
  session_.CloseWrites(stream);
  (void)Take(&session_);
  session_.Receive(frames::Headers(1, kOkHeaders) +
                       frames::Data(1, frames::Message("a") + frames::Message("b")) +
                       Trailers({{"grpc-status", "0"}}),
                   kNowUs);
  EXPECT_EQ(log.messages.size(), 1u);
  EXPECT_EQ(log.done, 0);
  log.pause_after = SIZE_MAX;
  session_.ResumeReads(stream);
  (void)Take(&session_);
  EXPECT_EQ(log.messages.size(), 2u);
  EXPECT_TRUE(log.status.ok());
  EXPECT_EQ(log.done, 1);
}

// What a call leaves behind is used by the next one, which must not see any of it.
TEST_F(GrpcClientSessionTest, ACallKnowsNothingOfTheOnesBefore) {
  CallLog first;
  (void)Begin(&first, {.path = "/a.B/C", .compress = true}, kNowUs + 1'000);
  (void)Take(&session_);
  // It ends in the middle of a message, by a status of its own.
  session_.Receive(
      frames::Headers(1, kOkHeaders) + frames::Data(1, frames::Message("whole") + "\0\0") +
          Trailers({{"grpc-status", "8"}, {"grpc-message", "full"}, {"x-first", "yes"}}),
      kNowUs);
  ASSERT_EQ(first.done, 1);
  CallLog second;
  const StreamId stream = Begin(&second);
  EXPECT_EQ(session_.Write(stream, Payload::Of(std::string(4096, 'x'))), WriteResult::kMore);
  session_.CloseWrites(stream);
  const auto sent = frames::Of(frames::Cut(Take(&session_)), frames::kData);
  ASSERT_FALSE(sent.empty());
  EXPECT_EQ(sent[0].payload[0], '\0') << "compressed, as the one before was";
  session_.OnTime(kNowUs + 2'000);
  EXPECT_EQ(second.done, 0) << "ended by the deadline of the one before";
  session_.Receive(frames::Headers(3, kOkHeaders) + frames::Data(3, frames::Message("answer")) +
                       frames::Headers(3, std::vector<Metadata::Field>{{"grpc-status", "0"}},
                                       frames::kEndHeaders | frames::kEndStream),
                   kNowUs);
  EXPECT_EQ(second.done, 1);
  EXPECT_TRUE(second.status.ok()) << second.status;
  EXPECT_EQ(second.messages, (std::vector<std::string>{"answer"}));
  EXPECT_FALSE(second.trailers.Find("x-first").has_value());
}

// A client and a server, and between them a wire that cuts bytes anywhere: whatever the cuts, each
// call sees the same.
TEST(GrpcSessions, TellTheSameStoryHoweverTheWireCutsIt) {
  for (uint64_t seed = 0; seed < 60; ++seed) {
    Prng prng(seed);
    TestServiceLog log;
    MethodTable table;
    AddTestService(&table, &log);
    CallRegistry registry;
    CountingHost host;
    GrpcServerSession server({}, {&table, &registry, &host, ""}, kNowUs);
    GrpcClientSession client({}, &host, kNowUs);
    Wire wire(&client, &server);
    wire.chop = seed == 0 ? nullptr : &prng;
    struct Running {
      CallLog log;
      std::vector<std::string> expected;
    };
    std::vector<std::unique_ptr<Running>> calls;
    for (int i = 0; i < 12; ++i) {
      Running& call = *calls.emplace_back(std::make_unique<Running>());
      std::unique_ptr<CallObserver> observer = Observe(&call.log);
      const bool chat = prng.OneIn(2);
      const Result<StreamId> stream =
          client.Start({.options = {.path = chat ? "/keel.test.Echo/Chat" : "/keel.test.Echo/Unary",
                                    .compress = prng.OneIn(3)}},
                       &observer, kNowUs);
      ASSERT_TRUE(stream.ok());
      for (uint64_t left = chat ? prng.Below(5) : 1; left > 0; --left) {
        call.expected.emplace_back(prng.Below(3000), static_cast<char>('a' + i));
        ASSERT_EQ(client.Write(*stream, Payload::Of(call.expected.back())), WriteResult::kMore);
        if (prng.OneIn(3)) wire.Pump();
      }
      client.CloseWrites(*stream);
    }
    wire.Pump();
    for (const auto& call : calls) {
      ASSERT_EQ(call->log.messages, call->expected) << "seed " << seed;
      ASSERT_TRUE(call->log.status.ok()) << call->log.status;
      ASSERT_EQ(call->log.done, 1);
    }
    ASSERT_EQ(server.calls(), 0u);
    ASSERT_EQ(client.calls(), 0u);
  }
}

// Deadlines, cancels and late answers, in any order: everybody hears of the end exactly once.
TEST(GrpcSessions, EveryCallEndsOnceWhateverRaces) {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    Prng prng(seed);
    TestServiceLog log;
    MethodTable table;
    AddTestService(&table, &log);
    CallRegistry registry;
    CountingHost host;
    auto server = std::make_unique<GrpcServerSession>(
        GrpcServerOptions(), GrpcServerSession::Environment{&table, &registry, &host, ""}, kNowUs);
    GrpcClientSession client({}, &host, kNowUs);
    Wire wire(&client, server.get());
    wire.chop = &prng;
    std::vector<std::unique_ptr<CallLog>> logs;
    std::vector<StreamId> streams;
    for (int step = 0; step < 60; ++step) {
      switch (prng.Below(6)) {
        case 0: {
          std::unique_ptr<CallObserver> observer =
              Observe(logs.emplace_back(std::make_unique<CallLog>()).get());
          const bool never = prng.OneIn(2);
          const Result<StreamId> stream = client.Start(
              {.options = {.path = never ? "/keel.test.Echo/Never" : "/keel.test.Echo/Chat"},
               .deadline_us = prng.OneIn(2) ? wire.now_us + prng.Below(5000) : 0},
              &observer, wire.now_us);
          ASSERT_TRUE(stream.ok()) << "seed " << seed << ": " << server->http2().failure();
          streams.push_back(*stream);
          (void)client.Write(*stream, Payload::Of("q"));
          if (never) client.CloseWrites(*stream);
          break;
        }
        case 1:
          if (!streams.empty()) client.Cancel(streams[prng.Below(streams.size())]);
          break;
        case 2:
          if (!log.waiting.empty()) {
            log.waiting[prng.Below(log.waiting.size())].Reply(Payload::Of("now"));
          }
          break;
        case 3:
          if (!streams.empty()) client.CloseWrites(streams[prng.Below(streams.size())]);
          break;
        case 4:
          wire.Pass(prng.Below(2000));
          break;
        default:
          wire.Pump();
      }
    }
    server->OnTransportClosed(Unavailable("gone"));
    client.OnTransportClosed(Unavailable("gone"));
    server.reset();
    for (const ServerCall& call : log.waiting) call.Reply(Payload::Of("late"));
    for (const auto& call : logs) ASSERT_EQ(call->done, 1) << "seed " << seed;
    ASSERT_EQ(log.open, 0u);
  }
}

}  // namespace
}  // namespace keel::net
