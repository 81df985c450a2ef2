#include "raft/quorum.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <vector>

#include "base/prng.h"
#include "tests/support/builders.h"

namespace keel::raft {
namespace {

Config Joint(std::initializer_list<uint64_t> outgoing, std::initializer_list<uint64_t> incoming) {
  std::map<uint64_t, Member> members;
  for (uint64_t id : outgoing) members[id].votes_outgoing = true;
  for (uint64_t id : incoming) members[id].votes = true;
  std::vector<Member> list;
  for (auto& [id, member] : members) {
    member.id = NodeId(id);
    list.push_back(member);
  }
  return Config::OfMembers(std::move(list));
}

auto YesFrom(std::set<uint64_t> yes, std::set<uint64_t> no = {}) {
  return [=](NodeId id) {
    if (yes.count(id.value()) != 0) return Ballot::kYes;
    return no.count(id.value()) != 0 ? Ballot::kNo : Ballot::kMissing;
  };
}

TEST(Quorum, AnEmptyConfigWinsNothing) {
  EXPECT_EQ(CountVotes(Config(), YesFrom({1, 2, 3})), Verdict::kLost);
  EXPECT_EQ(MajorityValue(Config(), [](NodeId) { return 7u; }), 0u);
}

TEST(Quorum, OneVoterIsAMajorityOfOne) {
  EXPECT_EQ(CountVotes(Voters({1}), YesFrom({})), Verdict::kPending);
  EXPECT_EQ(CountVotes(Voters({1}), YesFrom({1})), Verdict::kWon);
  EXPECT_EQ(CountVotes(Voters({1}), YesFrom({2})), Verdict::kPending);
}

TEST(Quorum, HalfOfAnEvenNumberIsNoMajority) {
  EXPECT_EQ(CountVotes(Voters({1, 2, 3, 4}), YesFrom({1, 2})), Verdict::kPending);
  EXPECT_EQ(CountVotes(Voters({1, 2, 3, 4}), YesFrom({1, 2}, {3})), Verdict::kPending);
  EXPECT_EQ(CountVotes(Voters({1, 2, 3, 4}), YesFrom({1, 2}, {3, 4})), Verdict::kLost);
  EXPECT_EQ(CountVotes(Voters({1, 2, 3, 4}), YesFrom({1, 2, 3})), Verdict::kWon);
}

TEST(Quorum, ALearnersVoteDoesNotCount) {
  const Config config = Config::OfMembers({{.id = NodeId(1), .votes = true},
                                           {.id = NodeId(2), .votes = true},
                                           {.id = NodeId(3), .learns = true}});
  EXPECT_EQ(CountVotes(config, YesFrom({1, 3})), Verdict::kPending);
}

TEST(Quorum, JointConfigNeedsBothMajorities) {
  const Config config = Joint({1, 2, 3}, {3, 4, 5});
  EXPECT_EQ(CountVotes(config, YesFrom({1, 2, 3})), Verdict::kPending);
  EXPECT_EQ(CountVotes(config, YesFrom({3, 4, 5})), Verdict::kPending);
  EXPECT_EQ(CountVotes(config, YesFrom({1, 3, 4})), Verdict::kWon);
  EXPECT_EQ(CountVotes(config, YesFrom({3, 4, 5}, {1, 2})), Verdict::kLost);
}

TEST(Quorum, JointConfigCommitsWhatBothHalvesHave) {
  const Config config = Joint({1, 2, 3}, {4, 5, 6});
  const std::map<uint64_t, uint64_t> match = {{1, 9}, {2, 9}, {3, 9}, {4, 5}, {5, 3}, {6, 0}};
  EXPECT_EQ(MajorityValue(config, [&](NodeId id) { return match.at(id.value()); }), 3u);
}

// Whether everybody in `yes` together is a majority of that half.
bool IsMajority(const Config& config, bool outgoing, const std::set<uint64_t>& yes) {
  size_t voters = 0;
  size_t agreeing = 0;
  for (const Member& member : config.members()) {
    if (!(outgoing ? member.votes_outgoing : member.votes)) continue;
    ++voters;
    agreeing += yes.count(member.id.value());
  }
  return 2 * agreeing > voters;
}
bool Decides(const Config& config, const std::set<uint64_t>& yes) {
  return IsMajority(config, false, yes) && (!config.IsJoint() || IsMajority(config, true, yes));
}

Config RandomConfig(Prng* prng) {
  std::vector<Member> members;
  const bool joint = prng->OneIn(2);
  for (uint64_t id = 1; id <= 7; ++id) {
    Member member{.id = NodeId(id), .votes = prng->OneIn(2)};
    member.votes_outgoing = joint && prng->OneIn(2);
    member.learns = !member.IsVoter();
    members.push_back(member);
  }
  return Config::OfMembers(std::move(members));
}

TEST(Quorum, AgreesWithCountingByHandInEveryConfig) {
  Prng prng(11);
  for (int round = 0; round < 20'000; ++round) {
    const Config config = RandomConfig(&prng);
    std::set<uint64_t> yes, no, not_no;
    std::map<uint64_t, uint64_t> values;
    for (uint64_t id = 1; id <= 7; ++id) {
      const uint64_t ballot = prng.Below(3);
      if (ballot == 0) yes.insert(id);
      if (ballot == 1) no.insert(id);
      if (ballot != 1) not_no.insert(id);
      values[id] = prng.Below(10);
    }
    const Verdict expected = Decides(config, yes)      ? Verdict::kWon
                             : Decides(config, not_no) ? Verdict::kPending
                                                       : Verdict::kLost;
    ASSERT_EQ(CountVotes(config, YesFrom(yes, no)), expected) << config.ToString();

    uint64_t reached = 0;
    for (uint64_t value = 1; value < 10; ++value) {
      std::set<uint64_t> have;
      for (const auto& [id, its] : values) {
        if (its >= value) have.insert(id);
      }
      if (Decides(config, have)) reached = value;
    }
    ASSERT_EQ(MajorityValue(config, [&](NodeId id) { return values.at(id.value()); }), reached)
        << config.ToString();
  }
}

}  // namespace
}  // namespace keel::raft
