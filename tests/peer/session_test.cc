#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "server/peer/accept_session.h"
#include "server/peer/dial_session.h"

namespace keel::peers {
namespace {

constexpr NodeId kDialer(11);
constexpr NodeId kHost(22);

std::string MessageFrame(std::string_view body) {
  std::string frame;
  AppendWireFrame(FrameKind::kMessage, body, &frame);
  return frame;
}

// A dialer and its other end on a wire that the test moves.
struct Pair final : net::SessionHost {
  void WantsFlush() override {}

  void Make() {
    accept = std::make_unique<AcceptSession>(
        options,
        AcceptSession::Environment{.host = this,
                                   .judge = [this](const Hello&) { return verdict; },
                                   .on_message =
                                       [this](NodeId from, std::string_view body) {
                                         EXPECT_EQ(from, kDialer);
                                         messages.emplace_back(body);
                                         return body != "nonsense";
                                       },
                                   .introduce = [this] { return introduction; },
                                   .on_offence = [this](const Status& what) { offence = what; }},
        now_us);
    dial = std::make_unique<DialSession>(
        options, Hello{.cluster_id = 5, .from = kDialer, .to = kHost},
        DialSession::Environment{
            .host = this,
            .queue = &queue,
            .on_welcome = [this] { ++welcomes; },
            .on_refused = [this](const Welcome& welcome) { refusal = welcome; },
            .on_pong = [this](uint64_t) { ++pongs; }},
        now_us);
  }
  // Moves what there is, `piece` bytes at a time.
  void Move(size_t piece = SIZE_MAX) {
    for (bool moved = true; moved;) {
      moved = MoveOne(dial.get(), &to_accept, accept.get(), piece) ||
              MoveOne(accept.get(), &to_dial, dial.get(), piece);
    }
  }
  bool MoveOne(net::Session* from, net::OutputQueue* wire, net::Session* to, size_t piece) const {
    from->Produce(wire);
    if (wire->empty()) return false;
    std::vector<std::string_view> spans;
    wire->Gather(1, &spans);
    const std::string bytes(spans[0].substr(0, piece));
    wire->Consume(bytes.size());
    to->Receive(bytes, now_us);
    return true;
  }
  void Pass(uint64_t us) {
    now_us += us;
    if (dial->NextWakeUs() <= now_us) dial->OnTime(now_us);
    if (accept->NextWakeUs() <= now_us) accept->OnTime(now_us);
  }

  SessionOptions options;
  uint64_t now_us = 1'000'000;
  Welcome verdict;
  std::string introduction;
  SendQueue queue{size_t{1} << 20};
  std::unique_ptr<DialSession> dial;
  std::unique_ptr<AcceptSession> accept;
  net::OutputQueue to_accept;
  net::OutputQueue to_dial;
  std::vector<std::string> messages;
  int welcomes = 0;
  int pongs = 0;
  Welcome refusal;
  Status offence;
};

TEST(PeerSession, DeliversInOrderHoweverTheWireCuts) {
  for (const size_t piece : {size_t{1}, size_t{3}, size_t{1000}}) {
    Pair pair;
    pair.Make();
    std::vector<std::string> want;
    for (int i = 0; i < 50; ++i) {
      want.push_back("message " + std::to_string(i) + std::string(i * 20, '.'));
      EXPECT_TRUE(pair.queue.Push(MessageFrame(want.back())));
    }
    pair.Move(piece);
    EXPECT_EQ(pair.messages, want);
    EXPECT_EQ(pair.welcomes, 1);
  }
}

TEST(PeerSession, SendsNothingBeforeItIsWelcome) {
  Pair pair;
  pair.Make();
  EXPECT_TRUE(pair.queue.Push(MessageFrame("early")));
  net::OutputQueue out;
  pair.dial->Produce(&out);
  EXPECT_FALSE(pair.queue.empty());
  EXPECT_FALSE(pair.dial->welcomed());
}

TEST(PeerSession, TellsTheRefusedWhyAndTakesNothingFromIt) {
  Pair pair;
  pair.verdict = {.refusal = Refusal::kCluster, .reason = "this is another cluster"};
  pair.Make();
  EXPECT_TRUE(pair.queue.Push(MessageFrame("secret")));
  pair.Move();
  EXPECT_EQ(pair.refusal, pair.verdict);
  EXPECT_TRUE(pair.messages.empty());
  EXPECT_TRUE(pair.dial->WantsClose());
  EXPECT_TRUE(pair.accept->WantsClose());
}

TEST(PeerSession, TakesNoMessageBeforeAGreeting) {
  Pair pair;
  pair.Make();
  pair.accept->Receive(MessageFrame("hello?"), pair.now_us);
  EXPECT_TRUE(pair.messages.empty());
  EXPECT_TRUE(pair.accept->WantsClose());
  EXPECT_FALSE(pair.offence.ok());
}

TEST(PeerSession, HoldsNoMoreThanAGreetingForAStranger) {
  Pair pair;
  pair.Make();
  std::string frame = MessageFrame(std::string(size_t{1} << 20, 'x'));
  for (size_t at = 0; at + 1 < frame.size() && !pair.accept->WantsClose(); at += 64 << 10) {
    pair.accept->Receive(std::string_view(frame).substr(at, 64 << 10), pair.now_us);
    EXPECT_LE(at, kSmallBodyBytesMax + (64 << 10));
  }
  EXPECT_TRUE(pair.accept->WantsClose());
}

TEST(PeerSession, EndsWhereAMessageCannotBeRead) {
  Pair pair;
  pair.Make();
  EXPECT_TRUE(pair.queue.Push(MessageFrame("nonsense")));
  EXPECT_TRUE(pair.queue.Push(MessageFrame("after")));
  pair.Move();
  EXPECT_EQ(pair.messages, std::vector<std::string>{"nonsense"});
  EXPECT_TRUE(pair.accept->WantsClose());
}

TEST(PeerSession, AQuietPeerThatAnswersIsKept) {
  Pair pair;
  pair.Make();
  pair.Move();
  for (int second = 0; second < 60; ++second) {
    pair.Pass(1'000'000);
    pair.Move();
  }
  EXPECT_FALSE(pair.dial->WantsClose());
  EXPECT_FALSE(pair.accept->WantsClose());
  EXPECT_GE(pair.pongs, 20);
}

TEST(PeerSession, AHalfOpenConnectionEndsOnBothSides) {
  Pair pair;
  pair.Make();
  pair.Move();
  // Nothing arrives any more, either way.
  net::OutputQueue nowhere;
  for (int step = 0; step < 150; ++step) {
    pair.Pass(100'000);
    pair.dial->Produce(&nowhere);
  }
  EXPECT_TRUE(pair.dial->WantsClose());
  EXPECT_EQ(pair.dial->reason().code(), Code::kDeadlineExceeded);
  EXPECT_TRUE(pair.accept->WantsClose());
}

TEST(PeerSession, ASlowWireThatStillTakesBytesIsNoDeadOne) {
  Pair pair;
  pair.Make();
  pair.Move();
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(pair.queue.Push(MessageFrame(std::string(5'000, 'x'))));
  }
  for (int step = 0; step < 60; ++step) {
    pair.Pass(500'000);
    EXPECT_TRUE(pair.MoveOne(pair.dial.get(), &pair.to_accept, pair.accept.get(), 1'000));
    ASSERT_FALSE(pair.dial->WantsClose()) << step;
  }
}

TEST(PeerSession, WithoutAWelcomeTheDialerGivesUp) {
  Pair pair;
  pair.Make();
  pair.Pass(pair.options.greeting_timeout_us);
  EXPECT_TRUE(pair.dial->WantsClose());
  EXPECT_TRUE(pair.accept->WantsClose());
}

TEST(PeerSession, AQuestionIsAnsweredAndNoMore) {
  Pair pair;
  pair.introduction = "it is me";
  pair.Make();
  std::string question;
  AppendWireFrame(FrameKind::kQuestion, {}, &question);
  pair.accept->Receive(question, pair.now_us);
  net::OutputQueue out;
  pair.accept->Produce(&out);
  std::vector<std::string_view> spans;
  out.Gather(1, &spans);
  std::string want;
  AppendWireFrame(FrameKind::kAnswer, "it is me", &want);
  EXPECT_EQ(spans.at(0), want);
  EXPECT_TRUE(pair.accept->WantsClose());
}

TEST(SendQueue, RefusesTheNewestAtItsBound) {
  SendQueue queue(100);
  EXPECT_TRUE(queue.Push(std::string(200, 'a')));
  EXPECT_FALSE(queue.Push("b"));
  EXPECT_EQ(queue.Pop().size(), 200u);
  EXPECT_TRUE(queue.Push(std::string(60, 'c')));
  EXPECT_FALSE(queue.Push(std::string(60, 'd')));
  EXPECT_EQ(queue.size_bytes(), 60u);
}

}  // namespace
}  // namespace keel::peers
