#include "server/node/reconfig_rules.h"

#include <gtest/gtest.h>

#include <set>

namespace keel::node {
namespace {

using raft::ConfigOpKind;
using raft::ConfigRefusal;

constexpr ConfigOpKind kRemove = ConfigOpKind::kRemove;
constexpr ConfigOpKind kAdd = ConfigOpKind::kAddLearner;

class ReconfigRulesTest : public testing::Test {
 protected:
  // Of voters 1..`voters`, of whom `down` are not up, and of learners.
  ConfigRefusal Ask(uint64_t voters, const std::set<uint64_t>& down, ConfigOpKind kind,
                    uint64_t id) {
    std::vector<NodeId> ids;
    for (uint64_t voter = 1; voter <= voters; ++voter) ids.emplace_back(voter);
    raft::Config config = raft::Config::OfVoters(ids);
    for (const uint64_t learner : learners_) {
      const raft::ConfigOp op{.kind = kAdd, .id = NodeId(learner)};
      config = *config.Apply({op}, [](NodeId) { return true; }).config;
    }
    const raft::ConfigOp op{.kind = kind, .id = NodeId(id)};
    return WhyUnwise(rules_, config, Membership(infos_), std::span(&op, 1),
                     [&down](NodeId member) { return !down.contains(member.value()); });
  }

  ReconfigRules rules_;
  std::vector<uint64_t> learners_;
  std::vector<MemberInfo> infos_;
};

TEST_F(ReconfigRulesTest, AVoterThatIsNeededStays) {
  EXPECT_EQ(Ask(3, {}, kRemove, 3), ConfigRefusal::kNone);
  EXPECT_EQ(Ask(3, {2}, kRemove, 3), ConfigRefusal::kUnhealthy);
  EXPECT_EQ(Ask(3, {2}, kRemove, 2), ConfigRefusal::kNone) << "the one that is down may go";
  EXPECT_EQ(Ask(2, {}, kRemove, 2), ConfigRefusal::kNone);
  EXPECT_EQ(Ask(5, {2}, kRemove, 3), ConfigRefusal::kNone);
  EXPECT_EQ(Ask(5, {1, 2}, kRemove, 3), ConfigRefusal::kUnhealthy);
  EXPECT_EQ(Ask(3, {2}, ConfigOpKind::kDemote, 3), ConfigRefusal::kUnhealthy);
}

TEST_F(ReconfigRulesTest, LearnersAndTheLastVoterAreLeftToTheCore) {
  learners_ = {9};
  EXPECT_EQ(Ask(3, {2}, kRemove, 9), ConfigRefusal::kNone);
  EXPECT_EQ(Ask(1, {}, kRemove, 1), ConfigRefusal::kNone);
  EXPECT_EQ(Ask(3, {2}, kRemove, 7), ConfigRefusal::kNone);
}

TEST_F(ReconfigRulesTest, NobodyIsAddedWhileAVoterIsDown) {
  EXPECT_EQ(Ask(3, {}, kAdd, 4), ConfigRefusal::kNone);
  EXPECT_EQ(Ask(3, {2}, kAdd, 4), ConfigRefusal::kUnhealthy);
  EXPECT_EQ(Ask(3, {2}, ConfigOpKind::kAddVoter, 4), ConfigRefusal::kUnhealthy);
  EXPECT_EQ(Ask(3, {2}, kAdd, 3), ConfigRefusal::kNone) << "it is there: the core says so";
  rules_.strict = false;
  EXPECT_EQ(Ask(3, {2}, kAdd, 4), ConfigRefusal::kNone);
  EXPECT_EQ(Ask(3, {2}, kRemove, 3), ConfigRefusal::kNone);
}

TEST_F(ReconfigRulesTest, LearnersForGoodAreBounded) {
  learners_ = {9};
  EXPECT_EQ(Ask(3, {}, kAdd, 4), ConfigRefusal::kTooManyLearners);
  EXPECT_EQ(Ask(3, {}, ConfigOpKind::kAddVoter, 4), ConfigRefusal::kNone);
  rules_.learners_max = 2;
  EXPECT_EQ(Ask(3, {}, kAdd, 4), ConfigRefusal::kNone);
  rules_.learners_max = 0;
  learners_ = {};
  EXPECT_EQ(Ask(3, {}, kAdd, 4), ConfigRefusal::kTooManyLearners);
  rules_.learners_max = 1;
  // Those that are to vote by themselves are none.
  learners_ = {9};
  infos_ = {{.id = NodeId(9), .votes_once_started = true}};
  EXPECT_EQ(Ask(3, {}, kAdd, 4), ConfigRefusal::kNone);
  learners_ = {8, 9};
  EXPECT_EQ(Ask(3, {}, kAdd, 4), ConfigRefusal::kTooManyLearners);
  infos_.push_back({.id = NodeId(4), .votes_once_started = true});
  EXPECT_EQ(Ask(3, {}, kAdd, 4), ConfigRefusal::kNone);
}

// Two who were asked at once both found the address free. Whoever starts there would take one of
// the ids, and the other would be dialed there for ever.
TEST_F(ReconfigRulesTest, NobodyIsAddedAtTheAddressOfAnother) {
  learners_ = {9};
  infos_ = {{.id = NodeId(4), .peer_urls = {"http://h:4"}, .votes_once_started = true},
            {.id = NodeId(9), .peer_urls = {"http://h:9"}, .votes_once_started = true}};
  EXPECT_EQ(Ask(3, {}, kAdd, 4), ConfigRefusal::kNone);
  infos_[0].peer_urls.emplace_back("http://h:9");
  EXPECT_EQ(Ask(3, {}, kAdd, 4), ConfigRefusal::kAddressUsed);
  rules_.strict = false;
  EXPECT_EQ(Ask(3, {}, kAdd, 4), ConfigRefusal::kAddressUsed);
  learners_ = {};
  EXPECT_EQ(Ask(3, {}, kAdd, 4), ConfigRefusal::kNone) << "it was removed";
}

}  // namespace
}  // namespace keel::node
