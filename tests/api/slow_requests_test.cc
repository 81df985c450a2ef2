// Calls that take long: what is logged of them, and that each wait is told from the others.
#include "server/api/slow_requests.h"

#include <gtest/gtest.h>

#include <charconv>
#include <map>

#include "api/etcdserverpb/kv.pb.h"
#include "tests/api/support/api_cluster.h"

namespace keel::api_test {
namespace {

namespace pb = etcdserverpb;
using api::SlowRequests;
using api::Trace;
using Stage = Trace::Stage;
using Lines = std::vector<std::string>;

// The number behind " name="; none if the line does not have it.
std::optional<uint64_t> In(const std::string& line, const std::string& name) {
  const size_t at = line.find(' ' + name + '=');
  if (at == std::string::npos) return std::nullopt;
  uint64_t number = 0;
  std::from_chars(line.data() + at + name.size() + 2, line.data() + line.size(), number);
  return number;
}

SlowRequests LoggingTo(Lines* lines, uint64_t threshold_ms = 300) {
  return SlowRequests({.threshold_ms = threshold_ms,
                       .lines_per_s_max = 2,
                       .log = [lines](const std::string& line) { lines->push_back(line); }});
}

TEST(SlowRequests, OneThatIsFastEnoughIsNotLogged) {
  Lines lines;
  SlowRequests slow = LoggingTo(&lines);
  const Trace trace("/p.S/M", 1'000);
  slow.OnAnswered(trace, 1'299, Code::kOk);
  EXPECT_TRUE(lines.empty());
  slow.OnAnswered(trace, 1'300, Code::kOk);
  EXPECT_EQ(lines, Lines{"event=slow_request method=/p.S/M code=OK took_ms=300"});
  EXPECT_EQ(slow.count(), 1u);
}

TEST(SlowRequests, EachStageOfAWriteIsTold) {
  Trace trace("/p.S/M", 1'000);
  trace.SetKey("config/a");
  trace.Note({.asked_ms = 1'001, .handed_ms = 1'011, .committed_ms = 1'111, .applied_ms = 1'411},
             0);
  EXPECT_EQ(trace.ToString(1'416, Code::kOk),
            "event=slow_request method=/p.S/M code=OK took_ms=416 key=\"config/a\" queue_ms=1 "
            "leader_ms=10 commit_ms=100 apply_ms=300 answer_ms=5");
}

TEST(SlowRequests, EachStageOfAReadIsTold) {
  Trace trace("/p.S/M", 1'000);
  trace.Note({.asked_ms = 1'000, .indexed_ms = 1'040, .applied_ms = 1'045});
  trace.NoteEnd(Stage::kRead, 1'345);
  EXPECT_EQ(trace.ToString(1'350, Code::kOk),
            "event=slow_request method=/p.S/M code=OK took_ms=350 queue_ms=0 index_ms=40 "
            "apply_ms=5 read_ms=300 answer_ms=5");
}

TEST(SlowRequests, OneThatCameToNothingSaysWhatItWaitedFor) {
  Trace held("/p.S/M", 1'000);
  held.Note(node::ProposalTimes{.asked_ms = 1'000}, 6'000);
  EXPECT_EQ(held.ToString(6'000, Code::kUnavailable),
            "event=slow_request method=/p.S/M code=UNAVAILABLE took_ms=5000 queue_ms=0 "
            "leader_ms=5000 answer_ms=0");
  Trace proposed("/p.S/M", 1'000);
  proposed.Note({.asked_ms = 1'000, .handed_ms = 1'002}, 2'000);
  EXPECT_EQ(In(proposed.ToString(2'000, Code::kUnavailable), "commit_ms"), 998u);
}

TEST(SlowRequests, OfAKeyOnlyTheBeginningIsSaidAndNothingThatBreaksTheLine) {
  Trace trace("/p.S/M", 1);
  trace.SetKey("a\"b\\c\n");
  EXPECT_NE(trace.ToString(2, Code::kOk).find(R"(key="a\x22b\x5cc\x0a")"), std::string::npos);
  trace.SetKey(std::string(33, 'k'));
  EXPECT_NE(trace.ToString(2, Code::kOk).find("key=\"" + std::string(32, 'k') + "...\""),
            std::string::npos);
}

TEST(SlowRequests, LinesAreBoundedPerSecondAndTheRestIsCounted) {
  Lines lines;
  SlowRequests slow = LoggingTo(&lines);
  const Trace trace("/p.S/M", 1'000);
  for (int i = 0; i < 7; ++i) slow.OnAnswered(trace, 5'000, Code::kOk);
  EXPECT_EQ(lines.size(), 2u);
  slow.OnAnswered(trace, 6'000, Code::kOk);
  slow.OnAnswered(trace, 6'000, Code::kOk);
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_EQ(In(lines[2], "left_out"), 5u);
  EXPECT_EQ(In(lines[3], "left_out"), std::nullopt);
  EXPECT_EQ(slow.count(), 9u);
}

// ---- in a cluster ----

class SlowCluster {
 public:
  explicit SlowCluster(size_t members, uint64_t slow_request_ms = 300)
      : cluster_({.members = members,
                  .services = {.slow_request_ms = slow_request_ms},
                  .log = [this](const std::string& line) { lines_.push_back(line); }}) {}

  Status Put(size_t at, const std::string& key) {
    pb::PutRequest request;
    request.set_key(key);
    request.set_value("secret");
    return cluster_.Call<pb::PutResponse>("/etcdserverpb.KV/Put", request, at).status;
  }
  Status Get(size_t at, const std::string& key) {
    pb::RangeRequest request;
    request.set_key(key);
    return cluster_.Call<pb::RangeResponse>("/etcdserverpb.KV/Range", request, at).status;
  }
  ApiCluster& cluster() { return cluster_; }
  const Lines& lines() const { return lines_; }

 private:
  Lines lines_;
  ApiCluster cluster_;
};

TEST(SlowRequests, FastOnesLeaveNoLine) {
  SlowCluster slow(3);
  for (size_t at = 0; at < 3; ++at) {
    ASSERT_TRUE(slow.Put(at, "a").ok());
    ASSERT_TRUE(slow.Get(at, "a").ok());
  }
  EXPECT_TRUE(slow.lines().empty()) << slow.lines().front();
  EXPECT_EQ(slow.cluster().server(0).services().slow_requests(), 0u);
}

TEST(SlowRequests, APutWithoutALeaderWaitedForOne) {
  SlowCluster slow(3);
  const size_t leader = slow.cluster().LeaderAt();
  slow.cluster().Kill(leader);
  slow.cluster().Kill((leader + 1) % 3);
  const size_t at = (leader + 2) % 3;
  slow.cluster().RunFor(3'000'000);
  EXPECT_FALSE(slow.Put(at, "config/a").ok());
  ASSERT_EQ(slow.lines().size(), 1u);
  const std::string& line = slow.lines().front();
  EXPECT_NE(line.find("method=/etcdserverpb.KV/Put code=UNAVAILABLE"), std::string::npos) << line;
  EXPECT_NE(line.find("key=\"config/a\""), std::string::npos) << line;
  EXPECT_EQ(line.find("secret"), std::string::npos) << line;
  EXPECT_GE(In(line, "leader_ms").value_or(0), 300u) << line;
  EXPECT_EQ(In(line, "commit_ms"), std::nullopt) << line;
  EXPECT_EQ(slow.cluster().server(at).services().slow_requests(), 1u);
}

TEST(SlowRequests, ALeaderWhoseFollowersAreCutOffWaitsForTheCommitOrTheIndex) {
  SlowCluster slow(3);
  const size_t leader = slow.cluster().LeaderAt();
  slow.cluster().Kill((leader + 1) % 3);
  slow.cluster().Kill((leader + 2) % 3);
  EXPECT_FALSE(slow.Put(leader, "a").ok());
  EXPECT_FALSE(slow.Get(leader, "a").ok());
  ASSERT_EQ(slow.lines().size(), 2u);
  EXPECT_GE(In(slow.lines()[0], "commit_ms").value_or(0), 300u) << slow.lines()[0];
  EXPECT_GE(In(slow.lines()[1], "index_ms").value_or(0), 300u) << slow.lines()[1];
  const node::Reads& reads = slow.cluster().sim().at(leader).node().reads();
  EXPECT_EQ(reads.failed_count(), 1u);
  EXPECT_EQ(reads.slow_count(), 1u);
}

// Shorter than an election timeout: the leader stays.
constexpr uint64_t kStallUs = 110'000;

TEST(SlowRequests, AStalledDiskShowsAsTheWaitForTheCommit) {
  SlowCluster slow(1, 80);
  SimMember& member = slow.cluster().sim().at(0);
  node_test::SimExecutor timer(&slow.cluster().world(), {});
  member.SetDiskStalled(true);
  timer.PostAfter(kStallUs, [&] { member.SetDiskStalled(false); });
  ASSERT_TRUE(slow.Put(0, "a").ok());
  ASSERT_EQ(slow.lines().size(), 1u);
  const std::string& line = slow.lines().front();
  EXPECT_GE(In(line, "commit_ms").value_or(0), 80u) << line;
  EXPECT_LT(In(line, "apply_ms").value_or(999), 50u) << line;
}

TEST(SlowRequests, AStateThatStandsStillShowsAsTheWaitForIt) {
  SlowCluster slow(1, 80);
  SimMember& member = slow.cluster().sim().at(0);
  node_test::SimExecutor timer(&slow.cluster().world(), {});
  member.SetApplyStalled(true);
  timer.PostAfter(kStallUs, [&] { member.SetApplyStalled(false); });
  ASSERT_TRUE(slow.Put(0, "a").ok());
  ASSERT_EQ(slow.lines().size(), 1u);
  const std::string& line = slow.lines().front();
  EXPECT_LT(In(line, "commit_ms").value_or(999), 50u) << line;
  EXPECT_GE(In(line, "apply_ms").value_or(0), 80u) << line;
}

TEST(SlowRequests, ZeroSwitchesThemOff) {
  SlowCluster slow(3, 0);
  const size_t leader = slow.cluster().LeaderAt();
  slow.cluster().Kill((leader + 1) % 3);
  slow.cluster().Kill((leader + 2) % 3);
  EXPECT_FALSE(slow.Put(leader, "a").ok());
  EXPECT_TRUE(slow.lines().empty());
}

}  // namespace
}  // namespace keel::api_test
