#include <gtest/gtest.h>

#include "server/peer/greeting.h"
#include "server/peer/peer_url.h"

namespace keel::peers {
namespace {

constexpr NodeId kSelf(1);
constexpr NodeId kOther(2);
constexpr NodeId kGone(3);
constexpr NodeId kStranger(9);

class DoorkeeperTest : public testing::Test {
 protected:
  void SetUp() override {
    keeper_.SetSelf({.member = kSelf, .cluster_id = 5, .boot = raft::BootId(1)});
    const raft::Config all = raft::Config::OfVoters({kSelf, kOther, kGone});
    const auto without = all.Apply({{.kind = raft::ConfigOpKind::kRemove, .id = kGone}},
                                   [](NodeId) { return true; });
    ASSERT_EQ(without.refusal, raft::ConfigRefusal::kNone);
    const auto config = without.config->IsJoint() ? without.config->LeaveJoint() : without.config;
    keeper_.SetMembers(std::make_shared<const node::Membership>(
                           std::vector<node::MemberInfo>{{.id = kSelf}, {.id = kOther}}),
                       config);
  }
  Refusal Judge(Hello hello) { return keeper_.Judge(hello, Index(100)).refusal; }

  const Hello good_{.cluster_id = 5, .from = kOther, .to = kSelf, .boot = raft::BootId(4)};
  Doorkeeper keeper_;
};

TEST_F(DoorkeeperTest, LetsAMemberIn) { EXPECT_EQ(Judge(good_), Refusal::kNone); }

TEST_F(DoorkeeperTest, AsksForPatienceUntilThisMemberHasJoined) {
  Doorkeeper fresh;
  EXPECT_EQ(fresh.Judge(good_, Index()).refusal, Refusal::kNotReady);
}

TEST_F(DoorkeeperTest, RefusesAnotherVersionClusterOrMember) {
  Hello hello = good_;
  hello.version = 2;
  EXPECT_EQ(Judge(hello), Refusal::kVersion);
  hello = good_;
  hello.cluster_id = 6;
  EXPECT_EQ(Judge(hello), Refusal::kCluster);
  hello = good_;
  hello.to = kStranger;
  EXPECT_EQ(Judge(hello), Refusal::kOtherMember);
}

TEST_F(DoorkeeperTest, RefusesARemovedMemberAndAStranger) {
  Hello hello = good_;
  hello.from = kGone;
  EXPECT_EQ(Judge(hello), Refusal::kRemovedMember);
  hello.from = kStranger;
  hello.commit = Index(100);
  EXPECT_EQ(Judge(hello), Refusal::kUnknownMember);
}

TEST_F(DoorkeeperTest, LetsInAMemberThatJoinedWhileThisOneWasAway) {
  Hello hello = good_;
  hello.from = kStranger;
  hello.commit = Index(101);
  EXPECT_EQ(Judge(hello), Refusal::kNone);
  hello.from = kGone;
  EXPECT_EQ(Judge(hello), Refusal::kRemovedMember);
}

TEST_F(DoorkeeperTest, RefusesAnEarlierProcessOfAMemberThatCameAgain) {
  EXPECT_EQ(Judge(good_), Refusal::kNone);
  EXPECT_EQ(Judge(good_), Refusal::kNone);
  Hello stale = good_;
  stale.boot = raft::BootId(3);
  EXPECT_EQ(Judge(stale), Refusal::kStale);
}

TEST(Greeting, SurvivesItsBytes) {
  const Hello hello{.cluster_id = 77,
                    .from = kSelf,
                    .to = kOther,
                    .lane = node::Lane::kBulk,
                    .boot = raft::BootId(12),
                    .commit = Index(9),
                    .peer_urls = {"http://127.0.0.1:2380", "http://[::1]:2380"}};
  EXPECT_EQ(DecodeHello(EncodeHello(hello)), hello);
  const Welcome welcome{.refusal = Refusal::kStale, .reason = "no"};
  EXPECT_EQ(DecodeWelcome(EncodeWelcome(welcome)), welcome);
  EXPECT_FALSE(DecodeHello("\xff\xff").has_value());
  EXPECT_FALSE(DecodeHello("").has_value());
}

TEST(PeerUrl, TakesWhatPeopleWriteAndSaysWhatIsWrong) {
  EXPECT_EQ(ParseUrl("http://127.0.0.1:2380")->ToString(), "127.0.0.1:2380");
  EXPECT_EQ(ParseUrl("http://[::1]:2380/")->ToString(), "[::1]:2380");
  EXPECT_EQ(ParseUrl("http://db-1.example:65535")->ToString(), "db-1.example:65535");
  for (const char* wrong : {"", "127.0.0.1:2380", "https://127.0.0.1:2380", "http://127.0.0.1",
                            "http://:2380", "http://a:0", "http://a:65536", "http://a:12x",
                            "http://a:2380/path", "unix://socket", "http://::1:2380"}) {
    const auto address = ParseUrl(wrong);
    ASSERT_FALSE(address.ok()) << wrong;
    EXPECT_EQ(address.status().code(), Code::kInvalidArgument);
  }
}

}  // namespace
}  // namespace keel::peers
