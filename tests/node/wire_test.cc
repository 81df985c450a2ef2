#include "server/node/wire.h"

#include <gtest/gtest.h>

#include "base/prng.h"

namespace keel::node {
namespace {

raft::Message Core(raft::Body body) {
  return {.from = NodeId(UINT64_MAX), .to = NodeId(2), .term = Term(9), .body = std::move(body)};
}

raft::Position At(uint64_t index, uint64_t term) { return {Index(index), Term(term)}; }

std::vector<PeerMessage> EveryKind() {
  raft::AppendRequest append{.prev = At(4, 2), .commit = Index(3)};
  append.entries.push_back({.term = Term(2), .index = Index(5), .payload = Payload::Of("a\0b")});
  append.entries.push_back({.term = Term(9), .index = Index(6), .kind = raft::EntryKind::kNoop});
  raft::InstallSnapshot install{.meta = {.last = At(7, 3)}};
  install.meta.config =
      std::make_shared<const raft::Config>(raft::Config::OfVoters({NodeId(1), NodeId(2)}));
  const std::vector<raft::ReadId> ids = {{NodeId(1), raft::BootId(2), 3}, {NodeId(4), {}, 5}};
  std::vector<PeerMessage> all;
  all.emplace_back(Core(raft::VoteRequest{true, true, Term(10), 4, At(8, 7)}));
  all.emplace_back(Core(raft::VoteReply{true, true, true, Term(10), 4}));
  all.emplace_back(Core(append));
  all.emplace_back(Core(raft::AppendReply{true, true, raft::Health::kDamaged, raft::BootId(3),
                                          Index(4), Index(5), At(6, 1)}));
  all.emplace_back(Core(raft::HeartbeatRequest{Index(4), 5, raft::BootId(6), Index(7)}));
  all.emplace_back(
      Core(raft::HeartbeatReply{5, true, raft::Health::kEmpty, raft::BootId(6), Index(7)}));
  all.emplace_back(Core(raft::TimeoutNow{}));
  all.emplace_back(Core(install));
  all.emplace_back(Core(raft::ReadIndexRequest{ids}));
  all.emplace_back(Core(raft::ReadIndexReply{ids, Index(8), true, true}));
  all.emplace_back(Forward{raft::BootId(2), {{1, Payload::Of("x")}, {2, Payload::Of("")}}});
  all.emplace_back(ForwardReply{raft::BootId(2),
                                Term(3),
                                {{1, Index(7), raft::ProposalRefusal::kNone},
                                 {2, Index(), raft::ProposalRefusal::kTransferring}}});
  all.emplace_back(SnapshotChunk{UINT64_MAX, At(5, 2), 6, Payload::Of("chunk")});
  all.emplace_back(SnapshotAck{7, 8, true, true});
  all.emplace_back(LeaseAsk{raft::BootId(2), 3, kv::LeaseId(UINT64_MAX), true});
  all.emplace_back(LeaseTold{raft::BootId(2), 3, true, true, 60});
  all.emplace_back(MemberAsk{raft::BootId(2),
                             3,
                             {{raft::ConfigOpKind::kReplace, NodeId(4), NodeId(5), 6, true}},
                             "names",
                             true});
  all.emplace_back(MemberTold{raft::BootId(2), 3, MemberTold::Outcome::kRefused,
                              raft::ConfigRefusal::kIdUsedBefore, At(4, 5)});
  all.emplace_back(MemberTold{raft::BootId(2), 4, MemberTold::Outcome::kRefused,
                              raft::kLastConfigRefusal, At(4, 5)});
  all.emplace_back(ChainTold{{{Index(1024), UINT64_MAX}, {Index(UINT64_MAX), 0}}});
  return all;
}

std::string Bytes(const PeerMessage& message) {
  std::string bytes;
  AppendFrame(message, 3, &bytes);
  return bytes;
}

TEST(Wire, EveryKindOfMessageComesBackAsItWas) {
  for (const PeerMessage& message : EveryKind()) {
    const std::string bytes = Bytes(message);
    const std::optional<PeerMessage> back = DecodeFrame(bytes, 3);
    ASSERT_TRUE(back.has_value()) << message.index();
    EXPECT_EQ(back->index(), message.index());
    // Every field is in the bytes, so equal bytes are equal messages.
    EXPECT_EQ(Bytes(*back), bytes) << message.index();
    if (const auto* core = std::get_if<raft::Message>(&message)) {
      const auto& same = std::get<raft::Message>(*back);
      EXPECT_EQ(raft::ToString(same), raft::ToString(*core));
    }
  }
}

TEST(Wire, AFrameOfAnotherGroupOrVersionIsNone) {
  const std::string bytes = Bytes(SnapshotAck{.transfer = 1});
  EXPECT_TRUE(DecodeFrame(bytes, 3).has_value());
  EXPECT_FALSE(DecodeFrame(bytes, 4).has_value());
  std::string newer = bytes;
  newer[1] = 2;
  EXPECT_FALSE(DecodeFrame(newer, 3).has_value());
  EXPECT_FALSE(DecodeFrame("", 3).has_value());
}

TEST(Wire, DamagedBytesNeverDoHarm) {
  Prng prng(11);
  for (const PeerMessage& message : EveryKind()) {
    const std::string bytes = Bytes(message);
    for (int i = 0; i < 2'000; ++i) {
      std::string damaged = bytes.substr(0, prng.Below(bytes.size() + 1));
      for (uint64_t flips = prng.Below(4); flips > 0 && !damaged.empty(); --flips) {
        damaged[prng.Below(damaged.size())] = static_cast<char>(prng.Next());
      }
      const std::optional<PeerMessage> decoded = DecodeFrame(damaged, 3);
      if (!decoded.has_value()) continue;
      if (const auto* core = std::get_if<raft::Message>(&*decoded)) (void)raft::IsWellFormed(*core);
    }
  }
}

}  // namespace
}  // namespace keel::node
