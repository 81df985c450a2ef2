// doctor's judgement: each fault is named, and a healthy cluster has none.
#include "tools/keelctl/commands/diagnosis.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tools/keelctl/commands/forecast.h"
#include "tools/keelctl/commands/prefixes.h"

namespace keel::ctl {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::string_view kPage =
    "keel_live_bytes 100\netcd_server_quota_backend_bytes 1000\n"
    "process_open_fds 40\nprocess_max_fds 20000\nkeel_raft_damaged 0\n"
    "keel_state_hash_index 1024\nkeel_state_hash 7\n"
    "etcd_debugging_mvcc_current_revision 100\netcd_debugging_mvcc_compact_revision 0\n"
    "etcd_disk_wal_fsync_duration_seconds_count 100\n"
    "etcd_disk_wal_fsync_duration_seconds_bucket{le=\"0.004\"} 100\n"
    "etcd_disk_wal_fsync_duration_seconds_bucket{le=\"0.256\"} 100\n"
    "etcd_disk_wal_fsync_duration_seconds_bucket{le=\"+Inf\"} 100\n";

SurveyedMember Member(uint64_t id, const std::string& more = "") {
  SurveyedMember member;
  member.member.set_id(id);
  member.member.set_name("m" + std::to_string(id));
  member.endpoint = "http://127.0.0.1:" + std::to_string(id);
  member.answers = true;
  member.status.mutable_header()->set_member_id(id);
  member.status.mutable_header()->set_cluster_id(9);
  member.status.set_version("3.6.0");
  member.status.set_leader(1);
  member.status.set_raftterm(2);
  member.status.set_raftappliedindex(10'000);
  // A later line stands for an earlier one of the same name.
  member.metrics = Metrics::Parse(std::string(kPage) + more);
  member.clock_ahead_seconds = 0.001;
  member.clock_doubt_seconds = 0.001;
  return member;
}

Survey Healthy() {
  Survey survey;
  survey.members = {Member(1), Member(2), Member(3)};
  survey.has_list = true;
  survey.read_ms = 1;
  return survey;
}

std::vector<std::string> NamesOf(const Survey& before, const Survey& after) {
  std::vector<std::string> names;
  for (const Finding& finding : Diagnose(before, after)) names.push_back(finding.name);
  return names;
}
std::vector<std::string> NamesOf(const Survey& survey) { return NamesOf(Healthy(), survey); }

TEST(Diagnosis, AHealthyClusterHasNoFindings) {
  EXPECT_THAT(NamesOf(Healthy(), Healthy()), IsEmpty());
}

TEST(Diagnosis, AMemberThatIsDownIsNamed) {
  Survey survey = Healthy();
  survey.members[2].answers = false;
  survey.members[2].reason = "refused";
  EXPECT_THAT(NamesOf(survey), ElementsAre("member-down"));
  EXPECT_THAT(Diagnose(survey, survey)[0].what, HasSubstr("m3"));
}

TEST(Diagnosis, WithoutAMajorityThatComesFirst) {
  Survey survey = Healthy();
  survey.members[1].answers = survey.members[2].answers = false;
  survey.read_ms.reset();
  EXPECT_THAT(NamesOf(survey), ElementsAre("no-quorum", "member-down", "member-down"));
}

TEST(Diagnosis, NoLeaderAndFailingReadsAreNamed) {
  Survey survey = Healthy();
  for (auto& member : survey.members) member.status.set_leader(0);
  EXPECT_THAT(NamesOf(survey), Contains("no-leader"));
  survey = Healthy();
  survey.read_ms.reset();
  EXPECT_THAT(NamesOf(survey), ElementsAre("reads-fail"));
}

TEST(Diagnosis, AMemberThatHasNotStartedIsNamed) {
  Survey survey = Healthy();
  survey.members.push_back({});
  survey.members[3].member.set_id(4);
  survey.members[3].member.set_islearner(true);
  EXPECT_THAT(NamesOf(survey), ElementsAre("member-unstarted"));
}

TEST(Diagnosis, AlarmsAreNamed) {
  Survey survey = Healthy();
  survey.alarms.emplace_back().set_alarm(etcdserverpb::NOSPACE);
  survey.alarms.emplace_back().set_alarm(etcdserverpb::CORRUPT);
  EXPECT_THAT(NamesOf(survey), ElementsAre("alarm-nospace", "alarm-corrupt"));
}

TEST(Diagnosis, AQuotaThatIsNearlyUsedIsNamedOnce) {
  Survey survey = Healthy();
  for (auto& member : survey.members) {
    member = Member(member.member.id(), "keel_live_bytes 850\n");
  }
  EXPECT_THAT(NamesOf(survey), ElementsAre("near-quota"));
}

TEST(Diagnosis, AMemberThatLagsIsNamedByDistanceOrByStandingStill) {
  Survey survey = Healthy();
  survey.members[1].status.set_raftappliedindex(1000);
  EXPECT_THAT(NamesOf(survey, survey), ElementsAre("member-lags"));
  Survey before = Healthy();
  survey = Healthy();
  before.members[1].status.set_raftappliedindex(9'990);
  survey.members[1].status.set_raftappliedindex(9'990);
  EXPECT_THAT(NamesOf(before, survey), ElementsAre("member-lags"));
  survey.members[1].status.set_raftappliedindex(9'995);
  EXPECT_THAT(NamesOf(before, survey), IsEmpty());
}

TEST(Diagnosis, ASlowDiskIsNamed) {
  Survey survey = Healthy();
  survey.members[0] = Member(1,
                             "etcd_disk_wal_fsync_duration_seconds_count 200\n"
                             "etcd_disk_wal_fsync_duration_seconds_bucket{le=\"0.256\"} 200\n"
                             "etcd_disk_wal_fsync_duration_seconds_bucket{le=\"+Inf\"} 200\n");
  EXPECT_THAT(NamesOf(survey), ElementsAre("slow-disk"));
}

TEST(Diagnosis, MembersThatDoNotReachEachOtherAreNamed) {
  Survey survey = Healthy();
  survey.members[0] = Member(1, "etcd_network_active_peers{Remote=\"2\"} 0\n");
  EXPECT_THAT(NamesOf(survey), ElementsAre("members-apart"));
  survey.members[0] = Member(1, "keel_peer_round_trip_seconds{To=\"2\"} 0.4\n");
  EXPECT_THAT(NamesOf(survey), ElementsAre("slow-network"));
}

TEST(Diagnosis, ClocksThatAreApartAreNamedBeyondDoubt) {
  Survey survey = Healthy();
  survey.members[1].clock_ahead_seconds = 30;
  EXPECT_THAT(NamesOf(survey), ElementsAre("clocks-apart"));
  survey.members[1].clock_doubt_seconds = 29;
  EXPECT_THAT(NamesOf(survey), IsEmpty());
}

TEST(Diagnosis, ElectionsWhileLookingAreNamed) {
  Survey survey = Healthy();
  for (auto& member : survey.members) member.status.set_raftterm(3);
  EXPECT_THAT(NamesOf(survey), ElementsAre("elections"));
}

TEST(Diagnosis, DamageAndDifferencesAreNamed) {
  Survey survey = Healthy();
  survey.members[1] = Member(2, "keel_raft_damaged 1\n");
  EXPECT_THAT(NamesOf(survey), ElementsAre("log-damaged"));
  survey.members[1] = Member(2, "keel_state_hash 8\n");
  EXPECT_THAT(NamesOf(survey), ElementsAre("state-differs", "state-differs"));
  survey.members[1] = Member(2, "keel_state_hash 8\nkeel_state_hash_index 2048\n");
  EXPECT_THAT(NamesOf(survey), IsEmpty());
}

TEST(Diagnosis, AnArchiveThatIsBehindIsNamed) {
  Survey survey = Healthy();
  survey.members[1] = Member(2, "keel_archive_alarm 1\nkeel_archive_exposure_seconds 12.5\n");
  EXPECT_THAT(NamesOf(survey), ElementsAre("archive-behind"));
  survey.members[1] = Member(2, "keel_archive_alarm 0\nkeel_archive_exposure_seconds 0.2\n");
  EXPECT_THAT(NamesOf(survey), IsEmpty());
}

TEST(Diagnosis, OddThingsAreNamed) {
  Survey survey = Healthy();
  survey.members[2].status.mutable_header()->set_cluster_id(10);
  survey.members[1].status.set_version("3.7.0");
  EXPECT_THAT(NamesOf(survey), ElementsAre("two-clusters", "versions-differ"));
  survey = Healthy();
  survey.members.push_back(Member(4));
  EXPECT_THAT(NamesOf(survey), ElementsAre("even-size"));
  survey = Healthy();
  survey.members[0] = Member(1, "process_open_fds 19000\nkeel_proposals_pending_bytes 60000000\n");
  EXPECT_THAT(NamesOf(survey), ElementsAre("descriptors", "overloaded"));
  survey.members[0] = Member(1, "etcd_debugging_mvcc_current_revision 6000000\n");
  EXPECT_THAT(NamesOf(survey), ElementsAre("long-history"));
}

TEST(Diagnosis, AnEndpointOfAnotherClusterIsNamed) {
  Survey survey = Healthy();
  survey.strangers = {Member(4)};
  survey.strangers[0].status.mutable_header()->set_cluster_id(10);
  EXPECT_THAT(NamesOf(survey), ElementsAre("two-clusters"));
}

TEST(Diagnosis, EveryFindingSaysWhatToDo) {
  Survey survey = Healthy();
  survey.members[2].answers = false;
  survey.alarms.emplace_back().set_alarm(etcdserverpb::NOSPACE);
  for (const Finding& finding : Diagnose(survey, survey)) {
    EXPECT_FALSE(finding.what.empty() || finding.meaning.empty() || finding.advice.empty());
  }
}

TEST(Metrics, HistogramsGiveQuantilesOfWhatIsNew) {
  const Metrics before =
      Metrics::Parse("h_bucket{le=\"1\"} 100\nh_bucket{le=\"2\"} 100\nh_bucket{le=\"+Inf\"} 100\n");
  const Metrics after = Metrics::Parse(
      "h_bucket{le=\"1\"} 100\nh_bucket{le=\"2\"} 110\nh_bucket{le=\"+Inf\"} 110\nx{a=\"1\"} 2\nx "
      "3\n");
  EXPECT_EQ(after.Quantile("h", 0.5, nullptr), 1);
  EXPECT_EQ(after.Quantile("h", 0.5, &before), 2);
  EXPECT_EQ(before.Quantile("h", 0.5, &before), std::nullopt);
  EXPECT_EQ(after.Sum("x"), 5);
  EXPECT_EQ(after.ByLabel("x", "a").at("1"), 2);
}

TEST(PrefixTree, CountsByLevels) {
  PrefixTree tree('/', 2);
  tree.Add({.key = "orders/1/a", .value_bytes = 10, .version = 2});
  tree.Add({.key = "orders/1/b", .value_bytes = 10, .version = 1});
  tree.Add({.key = "users", .value_bytes = 5, .version = 1});
  EXPECT_EQ(tree.Draw({.root_name = "(all)"}),
            "PREFIX       KEYS  BYTES  PART\n"
            "(all)        3     50 B   100%\n"
            "├── orders/  2     40 B   80%\n"
            "│   └── 1/   2     40 B   80%\n"
            "└── users    1     10 B   20%\n");
  EXPECT_EQ(PrefixTree::PrefixOf("/registry/pods/x", '/', 1), "/registry/");
  EXPECT_EQ(PrefixTree::PrefixOf("a/b/c", '/', 2), "a/b/");
  EXPECT_EQ(PrefixTree::PrefixOf("plain", '/', 2), "");
}

TEST(PrefixTree, LongLevelsAreSummedUp) {
  PrefixTree tree('/', 1);
  for (char name = 'a'; name <= 'e'; ++name)
    tree.Add({.key = std::string(1, name), .value_bytes = 1});
  EXPECT_THAT(tree.Draw({.root_name = "(all)", .children_max = 3}), HasSubstr("... 3 more"));
}

TEST(Forecast, AWorkloadOfOverwritesLevelsOff) {
  const Workload workload{.keys = 1000, .puts_per_second = 10, .history_seconds = 3600};
  EXPECT_NEAR(NeedsAfter(workload, 7200).state_bytes, NeedsAfter(workload, 86400).state_bytes, 1);
  EXPECT_GT(NeedsAfter(workload, 3600).state_bytes, NeedsAfter(workload, 0).state_bytes);
}

TEST(Forecast, NewKeysFillTheDiskAtAForeseeableMoment) {
  const Workload workload{.puts_per_second = 1000, .new_keys_part = 1};
  const auto full = FullAfter(workload, 100e9, 365 * 86400.0);
  ASSERT_TRUE(full);
  EXPECT_NEAR(NeedsAfter(workload, *full).disk_bytes(), 100e9, 1e6);
  EXPECT_EQ(FullAfter(workload, 1, 86400), 0);
  EXPECT_EQ(FullAfter({.keys = 1}, 100e9, 86400), std::nullopt);
}

}  // namespace
}  // namespace keel::ctl
