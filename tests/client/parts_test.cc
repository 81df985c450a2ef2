// The parts of libkeel that decide without calling anybody.
#include <gtest/gtest.h>

#include "client/core/convert.h"
#include "client/core/endpoint.h"
#include "client/core/outcome.h"
#include "client/core/pool.h"
#include "client/core/session.h"
#include "client/types.h"
#include "tests/net/manual_executor.h"

namespace keel::client {
namespace {

TEST(Endpoint, IsReadInAllWaysThatPeopleWriteIt) {
  EXPECT_EQ(EndpointName(*ParseEndpoint("10.0.0.1:2379")), "10.0.0.1:2379");
  EXPECT_EQ(EndpointName(*ParseEndpoint("http://10.0.0.1:99/")), "10.0.0.1:99");
  EXPECT_EQ(EndpointName(*ParseEndpoint("https://db.example.org")), "db.example.org:2379");
  EXPECT_EQ(EndpointName(*ParseEndpoint("[::1]:2380")), "[::1]:2380");
  for (const char* wrong : {"", ":2379", "host:", "host:99999", "host:0", "host:x", "ftp://host"}) {
    EXPECT_EQ(ParseEndpoint(wrong).status().code(), Code::kInvalidArgument) << wrong;
  }
}

TEST(KeyRange, OfAPrefixEndsBehindIt) {
  EXPECT_EQ(KeyRange::Prefix("ab").end, "ac");
  EXPECT_EQ(KeyRange::Prefix("a\xff").end, "b");
  EXPECT_EQ(KeyRange::Prefix("\xff\xff").end, std::string(1, '\0'));
  EXPECT_EQ(KeyRange::Prefix(""), KeyRange::All());
}

TEST(KeyRange, StaysWithinThePrefixOfItsView) {
  const KeyRange one = WithPrefix("app/", KeyRange::One("k"));
  EXPECT_EQ(one, (KeyRange{.begin = "app/k"}));
  EXPECT_EQ(WithPrefix("app/", KeyRange::All()), KeyRange::Prefix("app/"));
  EXPECT_EQ(WithPrefix("app/", KeyRange::From("m")), (KeyRange{.begin = "app/m", .end = "app0"}));
  EXPECT_EQ(WithPrefix("app/", KeyRange::Prefix("m")),
            (KeyRange{.begin = "app/m", .end = "app/n"}));
  // Of everything from a key that happens to be a zero byte, the key is kept apart from "all".
  EXPECT_EQ(WithPrefix("", KeyRange::All()), KeyRange::All());
}

TEST(Outcome, FollowsTheTableOfTheServersWords) {
  EXPECT_EQ(OutcomeOf(Status(), false), Outcome::kFinal);
  EXPECT_EQ(OutcomeOf(Unavailable("etcdserver: no leader"), false), Outcome::kNotDone);
  EXPECT_EQ(OutcomeOf(Unavailable("etcdserver: leader changed"), false), Outcome::kNotDone);
  EXPECT_EQ(OutcomeOf(ResourceExhausted("etcdserver: too many requests"), false),
            Outcome::kNotDone);
  EXPECT_EQ(OutcomeOf(Unavailable("etcdserver: request timed out"), false), Outcome::kUnknown);
  EXPECT_EQ(OutcomeOf(Unavailable("etcdserver: server stopped"), false), Outcome::kUnknown);
  EXPECT_EQ(OutcomeOf(Unavailable("reset by peer"), false), Outcome::kUnknown);
  EXPECT_EQ(OutcomeOf(Unavailable("connection refused"), true), Outcome::kUnreachable);
  EXPECT_EQ(OutcomeOf(FailedPrecondition("etcdserver: session not found"), false),
            Outcome::kSessionGone);
  EXPECT_EQ(OutcomeOf(FailedPrecondition("etcdserver: carried out before; the answer is not kept"),
                      false),
            Outcome::kAnswerLost);
  EXPECT_EQ(OutcomeOf(ResourceExhausted("etcdserver: mvcc: database space exceeded"), false),
            Outcome::kFinal);
}

TEST(Session, AcknowledgesUpToTheFirstThatIsStillOut) {
  Session session(3);
  session.OnOpening();
  session.OnOpened(42);
  const Session::Number first = session.Take();
  const Session::Number second = session.Take();
  EXPECT_EQ(first.sequence, 1U);
  EXPECT_EQ(second.sequence, 2U);
  session.GiveBack(second);
  EXPECT_EQ(session.acknowledged(), 0U);
  session.GiveBack(first);
  EXPECT_EQ(session.acknowledged(), 2U);
}

TEST(Session, HoldsTheNewestBackUntilTheOldestIsOver) {
  Session session(2);
  session.OnOpening();
  session.OnOpened(1);
  const Session::Number first = session.Take();
  session.GiveBack(session.Take());
  EXPECT_FALSE(session.HasRoom());
  session.GiveBack(first);
  EXPECT_TRUE(session.HasRoom());
}

TEST(Session, NumbersOfALostSessionChangeNothing) {
  Session session(10);
  session.OnOpening();
  session.OnOpened(1);
  const Session::Number old = session.Take();
  session.OnGone(1);
  EXPECT_EQ(session.state(), Session::State::kNone);
  session.OnOpening();
  session.OnOpened(2);
  (void)session.Take();
  session.GiveBack(old);
  session.OnGone(1);
  EXPECT_EQ(session.acknowledged(), 0U);
  EXPECT_EQ(session.state(), Session::State::kOpen);
}

class PoolOfThree : public testing::Test {
 protected:
  PoolOfThree() { options_.endpoints = {"a:1", "b:1", "c:1"}; }

  void Fill() {
    pool_ = std::make_unique<Pool>(Pool::Environment{
        .options = &options_, .executor = &executor_, .clock = &executor_, .seed = 3});
    ASSERT_TRUE(pool_->AddSeeds().ok());
  }
  [[nodiscard]] Pool::Endpoint* At(size_t i) const { return pool_->endpoints()[i].get(); }
  [[nodiscard]] std::map<std::string, int> Spread(const Route& route, int picks) const {
    std::map<std::string, int> spread;
    for (int i = 0; i < picks; ++i) ++spread[pool_->Pick(route)->name];
    return spread;
  }

  Options options_;
  net::ManualExecutor executor_;
  std::unique_ptr<Pool> pool_;
};

TEST_F(PoolOfThree, RoundRobinIsEven) {
  Fill();
  EXPECT_EQ(Spread({}, 9), (std::map<std::string, int>{{"a:1", 3}, {"b:1", 3}, {"c:1", 3}}));
}

TEST_F(PoolOfThree, WeightsAreKept) {
  options_.balance = Balance::kWeighted;
  options_.weights = {{.endpoint = "a:1", .weight = 3}, {.endpoint = "c:1", .weight = 0}};
  Fill();
  EXPECT_EQ(Spread({}, 8), (std::map<std::string, int>{{"a:1", 6}, {"b:1", 2}}));
}

TEST_F(PoolOfThree, TheNearestIsTheOneThatAnswersFastest) {
  Fill();
  pool_->OnAnswered(At(0), 900);
  pool_->OnAnswered(At(1), 200);
  pool_->OnAnswered(At(2), 500);
  EXPECT_EQ(Spread({.kind = Route::Kind::kNearest}, 4), (std::map<std::string, int>{{"b:1", 4}}));
  options_.balance = Balance::kLatency;
  const auto spread = Spread({}, 90);
  EXPECT_GT(spread.at("b:1"), 40);
}

TEST_F(PoolOfThree, ReadsGoWhereTheirModeSays) {
  Fill();
  pool_->SetLeader(At(1));
  At(2)->learner = true;
  pool_->OnAnswered(At(0), 900);
  pool_->OnAnswered(At(1), 500);
  pool_->OnAnswered(At(2), 200);
  using Counts = std::map<std::string, int>;
  EXPECT_EQ(Spread(Route::Of(ReadMode::kLinearizable), 6), (Counts{{"a:1", 3}, {"b:1", 3}}));
  EXPECT_EQ(Spread(Route::Of(ReadMode::kLease), 6), (Counts{{"b:1", 6}}));
  EXPECT_EQ(Spread(Route::Of(ReadMode::kSerializable), 6),
            (Counts{{"a:1", 2}, {"b:1", 2}, {"c:1", 2}}));
  EXPECT_EQ(Spread(Route::Of(ReadMode::kNearest), 6), (Counts{{"c:1", 6}}));
}

TEST_F(PoolOfThree, OneThatIsDownIsLeftAloneForAWhile) {
  Fill();
  pool_->OnUnreachable(At(0));
  EXPECT_FALSE(Spread({}, 10).contains("a:1"));
  executor_.Pass(10'000'000);
  EXPECT_TRUE(Spread({}, 10).contains("a:1"));
  for (size_t i = 0; i < 3; ++i) pool_->OnUnreachable(At(i));
  EXPECT_NE(pool_->Pick({}), nullptr);
}

TEST_F(PoolOfThree, WritesPreferTheLeaderWhileItIsUp) {
  Fill();
  const Route route{.kind = Route::Kind::kPreferLeader};
  pool_->SetLeader(At(1));
  EXPECT_EQ(Spread(route, 5), (std::map<std::string, int>{{"b:1", 5}}));
  pool_->OnUnreachable(At(1));
  EXPECT_EQ(pool_->leader(), nullptr);
  EXPECT_FALSE(Spread(route, 5).contains("b:1"));
  EXPECT_EQ(pool_->Pick({.kind = Route::Kind::kLeader}), nullptr);
}

TEST_F(PoolOfThree, LearnersAnswerOnlyWhatNeedsNoMajority) {
  Fill();
  At(2)->learner = true;
  EXPECT_FALSE(Spread({}, 6).contains("c:1"));
  EXPECT_TRUE(Spread({.kind = Route::Kind::kMember}, 6).contains("c:1"));
}

TEST_F(PoolOfThree, MembersComeAndGoByTheClustersList) {
  options_.endpoints = {"a:1"};
  Fill();
  pool_->SetListed({"http://a:1", "http://d:1"});
  EXPECT_EQ(Spread({}, 4), (std::map<std::string, int>{{"a:1", 2}, {"d:1", 2}}));
  pool_->SetListed({"http://a:1"});
  EXPECT_EQ(Spread({}, 4), (std::map<std::string, int>{{"a:1", 4}}));
}

}  // namespace
}  // namespace keel::client
