// The transport over loopback sockets: several members in one process, on one executor.
#include "server/peer/peer_transport.h"

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "net/system_clock.h"

namespace keel::peers {
namespace {

constexpr uint64_t kPatienceUs = 10'000'000;

node::PeerMessage Heartbeat(NodeId from, NodeId to, uint64_t round) {
  return raft::Message{
      .from = from, .to = to, .term = Term(1), .body = raft::HeartbeatRequest{.round = round}};
}
node::PeerMessage Chunk(uint64_t number, size_t bytes) {
  return node::SnapshotChunk{
      .transfer = 1, .number = number, .bytes = Payload::Of(std::string(bytes, 'x'))};
}

struct Member final : node::TransportSink {
  void OnPeerMessage(NodeId from, node::PeerMessage message) override {
    order.push_back(node::LaneOf(message));
    received.emplace_back(from, std::move(message));
  }
  void OnPeerLost(const Loss& loss) override { losses.push_back(loss); }
  [[nodiscard]] size_t Refusals() const {
    return static_cast<size_t>(
        std::count_if(losses.begin(), losses.end(), [](const Loss& loss) { return loss.refused; }));
  }

  std::deque<std::pair<NodeId, node::PeerMessage>> received;
  std::vector<node::Lane> order;
  std::vector<Loss> losses;
  std::string introduction;
  std::unique_ptr<PeerTransport> transport;
  uint16_t port = 0;
  uint64_t boot = 1;
};

class TransportTest : public testing::Test {
 protected:
  void Start(NodeId id, uint16_t port = 0) {
    Member& member = members_[id];
    TransportOptions options = options_;
    options.listen = {{.port = port}};
    options.seed = id.value();
    auto started = PeerTransport::Start(
        options, {.executor = &executor_,
                  .introduce = [&member] { return member.introduction; },
                  .commit = [] { return Index(5); },
                  .on_removed = [this](const std::string& reason) { removed_ = reason; }});
    ASSERT_TRUE(started.ok()) << started.status();
    member.transport = std::move(*started);
    member.port = member.transport->addresses()[0].port;
  }
  void Join(NodeId id, uint64_t cluster_id = 7) {
    Member& member = members_[id];
    member.transport->Join(
        {.member = id, .cluster_id = cluster_id, .boot = raft::BootId(member.boot++)}, &member);
    Tell(id);
  }
  // Everybody that was started, as one cluster.
  void Tell(NodeId id) {
    std::vector<node::MemberInfo> infos;
    std::vector<NodeId> ids;
    for (const auto& [other, member] : members_) {
      infos.push_back(
          {.id = other, .peer_urls = {"http://127.0.0.1:" + std::to_string(member.port)}});
      ids.push_back(other);
    }
    members_[id].transport->SetMembers(
        std::make_shared<const node::Membership>(infos),
        std::make_shared<const raft::Config>(raft::Config::OfVoters(ids)));
  }
  void StartCluster(size_t size) {
    for (size_t i = 1; i <= size; ++i) ASSERT_NO_FATAL_FAILURE(Start(NodeId(i)));
    for (size_t i = 1; i <= size; ++i) Join(NodeId(i));
  }
  // As the process of a member that dies: the sockets close, and nobody listens.
  void Kill(NodeId id) {
    InTask([&] { members_[id].transport.reset(); });
  }
  void Send(NodeId from, NodeId to, node::PeerMessage message) {
    InTask([&] {
      const node::Lane lane = node::LaneOf(message);
      members_[from].transport->Send(to, lane, std::move(message));
    });
  }
  // What `at` knows once B's removal has been applied there.
  void RemoveBOn(NodeId at) {
    const raft::Config both = raft::Config::OfVoters({NodeId(1), NodeId(2)});
    const auto change = both.Apply({{.kind = raft::ConfigOpKind::kRemove, .id = NodeId(2)}},
                                   [](NodeId) { return true; });
    const auto config = change.config->IsJoint() ? change.config->LeaveJoint() : change.config;
    InTask([&] {
      members_[at].transport->SetMembers(std::make_shared<const node::Membership>(
                                             std::vector<node::MemberInfo>{{.id = NodeId(1)}}),
                                         config);
    });
  }
  template <class Work>
  void InTask(Work work) {
    bool done = false;
    executor_.Post([&] {
      work();
      done = true;
    });
    ASSERT_TRUE(Until([&] { return done; }));
  }
  template <class Done>
  bool Until(Done done, uint64_t patience_us = kPatienceUs) {
    const uint64_t end_us = clock_.MonotonicUs() + patience_us;
    while (!done()) {
      if (clock_.MonotonicUs() > end_us) return false;
      executor_.RunReady();
    }
    return true;
  }
  void RunFor(uint64_t us) {
    EXPECT_FALSE(Until([] { return false; }, us));
  }
  bool IsOpen(NodeId from, NodeId to) {
    for (const PeerCounts& counts : members_[from].transport->counts()) {
      if (counts.peer == to) return counts.is_open;
    }
    return false;
  }
  bool UntilOpen(NodeId a, NodeId b) {
    return Until([&] { return IsOpen(a, b) && IsOpen(b, a); });
  }

  net::SystemClock clock_;
  net::AsioExecutor executor_{&clock_};
  TransportOptions options_;
  std::string removed_;
  std::map<NodeId, Member> members_;
};

constexpr NodeId kA(1);
constexpr NodeId kB(2);
constexpr NodeId kC(3);

TEST_F(TransportTest, CarriesMessagesBothWaysInOrderOnEachLane) {
  StartCluster(2);
  for (uint64_t i = 0; i < 100; ++i) {
    Send(kA, kB, Heartbeat(kA, kB, i));
    Send(kA, kB, Chunk(i, 5'000));
    Send(kB, kA, Heartbeat(kB, kA, i));
  }
  ASSERT_TRUE(Until(
      [&] { return members_[kB].received.size() == 200 && members_[kA].received.size() == 100; }));
  uint64_t round = 0;
  uint64_t number = 0;
  for (const auto& [from, message] : members_[kB].received) {
    EXPECT_EQ(from, kA);
    if (const auto* chunk = std::get_if<node::SnapshotChunk>(&message)) {
      EXPECT_EQ(chunk->number, number++);
    } else {
      const auto& body = std::get<raft::Message>(message).body;
      EXPECT_EQ(std::get<raft::HeartbeatRequest>(body).round, round++);
    }
  }
  EXPECT_TRUE(members_[kA].losses.empty());
  EXPECT_TRUE(members_[kB].losses.empty());
}

TEST_F(TransportTest, TheUrgentLaneOvertakesWhatFillsTheBulkLane) {
  StartCluster(2);
  ASSERT_TRUE(UntilOpen(kA, kB));
  InTask([&] {
    for (uint64_t i = 0; i < 60; ++i) {
      members_[kA].transport->Send(kB, node::Lane::kBulk, Chunk(i, size_t{1} << 20));
    }
    members_[kA].transport->Send(kB, node::Lane::kUrgent, Heartbeat(kA, kB, 1));
  });
  ASSERT_TRUE(Until([&] { return members_[kB].received.size() == 61; }));
  const auto& order = members_[kB].order;
  const auto urgent = std::find(order.begin(), order.end(), node::Lane::kUrgent) - order.begin();
  EXPECT_LT(urgent, 20) << "behind so many megabytes that were sent before it";
}

TEST_F(TransportTest, AtTheBoundOfALaneTheNodeIsTold) {
  options_.link.bulk_queue_bytes_max = size_t{4} << 20;
  StartCluster(2);
  ASSERT_TRUE(UntilOpen(kA, kB));
  InTask([&] {
    for (uint64_t i = 0; i < 50; ++i) {
      members_[kA].transport->Send(kB, node::Lane::kBulk, Chunk(i, size_t{1} << 20));
    }
    EXPECT_LE(members_[kA].transport->counts()[0].queued_bytes, size_t{4} << 20);
  });
  ASSERT_TRUE(Until([&] { return !members_[kA].losses.empty(); }));
  RunFor(50'000);
  EXPECT_EQ(members_[kA].losses.size(), 1u) << "many losses at once are told once";
  EXPECT_FALSE(members_[kA].losses[0].refused);
}

TEST_F(TransportTest, AProcessThatDiesIsNoticedByTheRefusal) {
  options_.link.stable_us = 0;
  StartCluster(2);
  ASSERT_TRUE(UntilOpen(kA, kB));
  const uint64_t began_us = clock_.MonotonicUs();
  Kill(kB);
  ASSERT_TRUE(Until([&] { return members_[kA].Refusals() == 1; }));
  EXPECT_LT(clock_.MonotonicUs() - began_us, 500'000u);
  // However often it is dialed in vain.
  RunFor(400'000);
  EXPECT_EQ(members_[kA].Refusals(), 1u);
}

TEST_F(TransportTest, APeerThatComesBackIsReachedAgainAndItsNextDeathToldAgain) {
  StartCluster(2);
  ASSERT_TRUE(UntilOpen(kA, kB));
  for (size_t death = 1; death <= 3; ++death) {
    const uint16_t port = members_[kB].port;
    Kill(kB);
    ASSERT_TRUE(Until([&] { return members_[kA].Refusals() == death; }));
    ASSERT_NO_FATAL_FAILURE(Start(kB, port));
    Join(kB);
    ASSERT_TRUE(UntilOpen(kA, kB));
    members_[kB].received.clear();
    Send(kA, kB, Heartbeat(kA, kB, death));
    ASSERT_TRUE(Until([&] { return members_[kB].received.size() == 1; }));
  }
}

// It was away for so long that the pauses had grown, came back, and died before it was stable.
TEST_F(TransportTest, APeerThatDiesSoonAfterItsReturnIsNoticedAtOnce) {
  StartCluster(2);
  ASSERT_TRUE(UntilOpen(kA, kB));
  const uint16_t port = members_[kB].port;
  Kill(kB);
  RunFor(1'500'000);
  ASSERT_NO_FATAL_FAILURE(Start(kB, port));
  Join(kB);
  ASSERT_TRUE(UntilOpen(kA, kB));
  const size_t before = members_[kA].Refusals();
  const uint64_t began_us = clock_.MonotonicUs();
  Kill(kB);
  ASSERT_TRUE(Until([&] { return members_[kA].Refusals() == before + 1; }));
  EXPECT_LT(clock_.MonotonicUs() - began_us, 150'000u);
}

TEST_F(TransportTest, WhatIsSentToAPeerThatIsGoneIsToldAsLost) {
  StartCluster(2);
  ASSERT_TRUE(UntilOpen(kA, kB));
  Kill(kB);
  ASSERT_TRUE(Until([&] { return members_[kA].Refusals() == 1; }));
  const size_t told = members_[kA].losses.size();
  RunFor(100'000);
  for (uint64_t i = 0; i < 5; ++i) {
    Send(kA, kB, Chunk(i, 100));
    RunFor(30'000);
  }
  EXPECT_GT(members_[kA].losses.size(), told);
  EXPECT_EQ(members_[kA].Refusals(), 1u);
}

TEST_F(TransportTest, AMemberOfAnotherClusterIsRefused) {
  ASSERT_NO_FATAL_FAILURE(Start(kA));
  ASSERT_NO_FATAL_FAILURE(Start(kB));
  Join(kA, 7);
  Join(kB, 8);
  Send(kA, kB, Heartbeat(kA, kB, 1));
  ASSERT_TRUE(Until([&] { return members_[kB].transport->refused_count() >= 2; }));
  RunFor(100'000);
  EXPECT_TRUE(members_[kB].received.empty());
  EXPECT_FALSE(IsOpen(kA, kB));
}

TEST_F(TransportTest, AMemberThatWasRemovedWhileItWasAwayIsToldSo) {
  StartCluster(2);
  ASSERT_TRUE(UntilOpen(kA, kB));
  Kill(kB);
  RemoveBOn(kA);
  ASSERT_NO_FATAL_FAILURE(Start(kB, members_[kB].port));
  Join(kB);
  ASSERT_TRUE(Until([&] { return !removed_.empty(); }));
}

// Its connections were let in when it was a member.
TEST_F(TransportTest, AMemberThatIsRemovedIsToldSoAtOnce) {
  StartCluster(2);
  ASSERT_TRUE(UntilOpen(kA, kB));
  RemoveBOn(kA);
  ASSERT_TRUE(Until([&] { return !removed_.empty(); }));
}

TEST_F(TransportTest, LinksFollowTheMembers) {
  StartCluster(2);
  ASSERT_TRUE(UntilOpen(kA, kB));
  ASSERT_NO_FATAL_FAILURE(Start(kC));
  for (const NodeId id : {kA, kB}) Tell(id);
  Join(kC);
  ASSERT_TRUE(UntilOpen(kA, kC));
  ASSERT_TRUE(UntilOpen(kB, kC));
  // It moves to another address.
  Kill(kC);
  ASSERT_TRUE(Until([&] { return members_[kA].Refusals() == 1; }));
  ASSERT_NO_FATAL_FAILURE(Start(kC));
  for (const NodeId id : {kA, kB}) Tell(id);
  Join(kC);
  ASSERT_TRUE(UntilOpen(kA, kC));
  ASSERT_TRUE(UntilOpen(kB, kC));
}

TEST_F(TransportTest, AResetStormCostsLittleAndEndsWithIt) {
  ASSERT_NO_FATAL_FAILURE(Start(kA));
  // Somebody who accepts and hangs up, again and again, where B should be.
  size_t accepted = 0;
  auto listener = net::TcpListener::Listen(&executor_, {}, [&](auto stream) {
    ++accepted;
    stream->Close();
  });
  ASSERT_TRUE(listener.ok());
  members_[kB].port = (*listener)->address().port;
  Join(kA);
  RunFor(2'000'000);
  // Two lanes, 20 ms doubling to a second: about eight attempts each.
  EXPECT_GE(accepted, 8u);
  EXPECT_LE(accepted, 40u);
  EXPECT_EQ(members_[kA].Refusals(), 0u) << "a reset alone is no death";
  listener->reset();
  ASSERT_NO_FATAL_FAILURE(Start(kB, members_[kB].port));
  Join(kB);
  ASSERT_TRUE(UntilOpen(kA, kB));
}

TEST_F(TransportTest, AnswersWhoItIsBeforeAndAfterItHasJoined) {
  ASSERT_NO_FATAL_FAILURE(Start(kA));
  ASSERT_NO_FATAL_FAILURE(Start(kB));
  const node::Introduction want{
      .cluster_token = "token", .member = kB, .name = "b", .phase = node::MemberPhase::kNew};
  std::optional<Result<node::Introduction>> answer;
  const auto ask = [&] {
    answer.reset();
    members_[kA].transport->Ask(
        {.peer_urls = {"http://127.0.0.1:1",
                       "http://127.0.0.1:" + std::to_string(members_[kB].port)}},
        [&](Result<node::Introduction> got) { answer = std::move(got); });
    return Until([&] { return answer.has_value(); });
  };
  ASSERT_TRUE(ask());
  EXPECT_FALSE(answer->ok()) << "it cannot say yet";
  members_[kB].introduction = node::EncodeIntroduction(want);
  ASSERT_TRUE(ask());
  ASSERT_TRUE(answer->ok()) << answer->status();
  EXPECT_EQ(**answer, want);
  Kill(kB);
  ASSERT_TRUE(ask());
  EXPECT_FALSE(answer->ok());
}

TEST_F(TransportTest, IncomingConnectionsHaveABound) {
  options_.connections_max = 4;
  ASSERT_NO_FATAL_FAILURE(Start(kA));
  std::vector<std::unique_ptr<net::TcpConnector>> connectors;
  std::vector<std::unique_ptr<net::ByteStream>> streams;
  for (int i = 0; i < 10; ++i) {
    connectors.push_back(
        std::make_unique<net::TcpConnector>(&executor_, net::Address{.port = members_[kA].port},
                                            [&](Result<std::unique_ptr<net::ByteStream>> stream) {
                                              if (stream.ok())
                                                streams.push_back(std::move(*stream));
                                            }));
  }
  ASSERT_TRUE(Until([&] { return members_[kA].transport->refused_count() == 6; }));
}

}  // namespace
}  // namespace keel::peers
