#include <gtest/gtest.h>

#include "api/etcdserverpb/maintenance.pb.h"
#include "server/admin/call_metrics.h"
#include "server/admin/health.h"
#include "server/admin/metrics.h"
#include "server/compactor.h"
#include "server/join.h"

namespace keel::server {
namespace {

// ---- joining ----

node::Introduction Running(std::vector<node::MemberInfo> members) {
  std::vector<NodeId> ids;
  for (const node::MemberInfo& member : members) ids.push_back(member.id);
  return {
      .cluster_token = "t",
      .cluster_id = 7,
      .member = NodeId(1),
      .name = "one",
      .phase = node::MemberPhase::kMember,
      .config = raft::Config::OfVoters(ids).Encode(node::Membership(std::move(members)).Encode())};
}

const node::MemberInfo kOne{.id = NodeId(1), .name = "one", .peer_urls = {"http://h:1"}};
const Applicant kTwo{.name = "two", .peer_urls = {"http://h:2"}, .token = "t"};

TEST(Join, FindsTheAddedMemberByItsAddress) {
  const auto answer = Running({kOne, {.id = NodeId(2), .peer_urls = {"http://h:2"}}});
  const Result<Identity> found = FindSelf(answer, kTwo);
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(found->member, NodeId(2));
  EXPECT_EQ(found->cluster_id, 7u);
}

TEST(Join, WaitsUntilItIsAdded) {
  EXPECT_EQ(FindSelf(Running({kOne}), kTwo).status().code(), Code::kUnavailable);
  node::Introduction early = Running({kOne});
  early.phase = node::MemberPhase::kNew;
  EXPECT_EQ(FindSelf(early, kTwo).status().code(), Code::kUnavailable);
}

TEST(Join, AMemberThatHasRunBeforeDoesNotComeBackWithoutItsDirectory) {
  const auto answer =
      Running({kOne, {.id = NodeId(2), .name = "two", .peer_urls = {"http://h:2"}}});
  const Result<Identity> found = FindSelf(answer, kTwo);
  EXPECT_EQ(found.status().code(), Code::kFailedPrecondition);
  EXPECT_NE(found.status().message().find("member replace"), std::string::npos);
  // Unless it is the very one, and had not finished its first start.
  Applicant again = kTwo;
  again.member = NodeId(2);
  EXPECT_TRUE(FindSelf(answer, again).ok());
}

// It is new at the address of one that was removed, and who removed that one may still name it.
TEST(Join, TakesNobodysPlaceWhoWasRemoved) {
  node::Introduction answer = Running({kOne, {.id = NodeId(9), .peer_urls = {"http://h:2"}}});
  const node::Membership with_removed(
      {kOne,
       {.id = NodeId(2), .name = "two", .peer_urls = {"http://h:2"}},
       {.id = NodeId(9), .peer_urls = {"http://h:2"}}});
  answer.config =
      raft::Config::OfVoters(std::vector{NodeId(1), NodeId(9)}).Encode(with_removed.Encode());
  const Result<Identity> found = FindSelf(answer, kTwo);
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(found->member, NodeId(9));
}

TEST(Join, AnotherTokenIsAnotherCluster) {
  Applicant stranger = kTwo;
  stranger.token = "other";
  EXPECT_EQ(FindSelf(Running({kOne}), stranger).status().code(), Code::kFailedPrecondition);
}

// ---- compaction ----

TEST(CompactionPlan, PeriodicKeepsARetentionOfHistory) {
  CompactionPlan plan({.retention_ms = 1'000});
  EXPECT_EQ(plan.PeriodMs(), 100u);
  for (uint64_t ms = 0; ms < 1'000; ms += 100) {
    EXPECT_FALSE(plan.Next({ms, Revision(ms + 1), Revision()}).has_value()) << ms;
  }
  EXPECT_EQ(plan.Next({1'000, Revision(1'001), Revision()}), Revision(1));
  EXPECT_EQ(plan.Next({1'100, Revision(1'101), Revision(1)}), Revision(101));
  // Nothing new was written, and nothing is compacted twice.
  EXPECT_FALSE(plan.Next({1'200, Revision(1'101), Revision(900)}).has_value());
}

TEST(CompactionPlan, ByRevisionKeepsACount) {
  CompactionPlan plan({.mode = CompactionMode::kRevision, .retention_revisions = 100});
  EXPECT_FALSE(plan.Next({0, Revision(100), Revision()}).has_value());
  EXPECT_EQ(plan.Next({0, Revision(150), Revision()}), Revision(50));
  EXPECT_FALSE(plan.Next({0, Revision(150), Revision(50)}).has_value());
}

TEST(CompactionPlan, ZeroIsNever) {
  EXPECT_EQ(CompactionPlan({}).PeriodMs(), 0u);
  EXPECT_EQ(CompactionPlan({.mode = CompactionMode::kRevision}).PeriodMs(), 0u);
}

// ---- probes ----

constexpr admin::Finding kWell{.reads = true, .reads_here = true, .has_leader = true};

TEST(Health, SaysWhatIsWrongInEtcdsWords) {
  EXPECT_EQ(admin::HealthAnswer(kWell, "").body, R"({"health":"true","reason":""})");
  admin::Finding finding = kWell;
  finding.is_full = true;
  EXPECT_EQ(admin::HealthAnswer(finding, "").status, 503);
  EXPECT_EQ(admin::HealthAnswer(finding, "").body,
            R"({"health":"false","reason":"ALARM NOSPACE"})");
  EXPECT_EQ(admin::HealthAnswer(finding, "exclude=NOSPACE").status, 200);
  finding.has_leader = false;
  EXPECT_EQ(admin::HealthAnswer(finding, "").body,
            R"({"health":"false","reason":"RAFT NO LEADER"})");
}

// kubeadm's liveness probe: a member without a quorum is not to be restarted for it.
TEST(Health, SerializableAsksOfThisMemberAlone) {
  const admin::Finding alone{.reads_here = true};
  EXPECT_EQ(admin::HealthAnswer(alone, "exclude=NOSPACE&serializable=true").status, 200);
  EXPECT_EQ(admin::HealthAnswer(alone, "serializable=false").status, 503);
  EXPECT_EQ(admin::HealthAnswer({.has_leader = true}, "serializable=true").status, 503);
  admin::Finding corrupt = alone;
  corrupt.is_corrupt = true;
  EXPECT_EQ(admin::HealthAnswer(corrupt, "serializable=true").status, 503);
}

TEST(Health, ReadinessNamesEachCheck) {
  EXPECT_EQ(admin::ReadyAnswer(kWell, "").body, "ok\n");
  EXPECT_EQ(admin::ReadyAnswer(kWell, "verbose").body,
            "[+]leader ok\n[+]linearizable_read ok\n[+]serializable_read ok\n"
            "[+]data_corruption ok\n[+]non_learner ok\nok\n");
  const admin::Finding no_quorum{.reads_here = true, .has_leader = true};
  const net::HttpResponse bad = admin::ReadyAnswer(no_quorum, "");
  EXPECT_EQ(bad.status, 503);
  EXPECT_NE(bad.body.find("[-]linearizable_read failed"), std::string::npos);
  EXPECT_EQ(admin::ReadyAnswer(no_quorum, "exclude=linearizable_read").status, 200);
  EXPECT_EQ(admin::ReadyAnswer(no_quorum, "exclude=linearizable_reads").status, 503);
  EXPECT_EQ(admin::ReadyAnswer(no_quorum, "", "serializable_read").status, 200);
  EXPECT_EQ(admin::ReadyAnswer(no_quorum, "", "linearizable_read").status, 503);
  admin::Finding learner = kWell;
  learner.is_learner = true;
  EXPECT_EQ(admin::ReadyAnswer(learner, "").status, 503);
}

TEST(Health, LivenessIsWhatWasRead) {
  EXPECT_EQ(admin::LiveAnswer({.reads_here = true}, "").body, "ok\n");
  EXPECT_EQ(admin::LiveAnswer({.reads_here = true}, "a=b&verbose").body,
            "[+]serializable_read ok\nok\n");
  EXPECT_EQ(admin::LiveAnswer(kWell, "").status, 200);
  EXPECT_EQ(admin::LiveAnswer({.reads = true, .has_leader = true}, "").status, 503);
}

TEST(Health, QueriesAreTakenApartAtTheirAmpersands) {
  const std::string query = "exclude=a&verbose&exclude=b";
  EXPECT_EQ(admin::QueryValues(query, "exclude"), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(admin::QueryValues(query, "verbose"), std::vector<std::string>{""});
  EXPECT_TRUE(admin::QueryValues(query, "verb").empty());
}

TEST(Metrics, APageIsWhatPrometheusReads) {
  Histogram histogram;
  histogram.Add(100);
  histogram.Add(2'000);
  histogram.Add(uint64_t{100} << 30);
  admin::Page page;
  page.Add({"keel_a", "An a."}, 1, {{"To", "x"}});
  page.Add({"keel_a", "An a."}, 2, {{"To", "y"}});
  page.Add({"keel_h_seconds", "An h."}, histogram);
  const std::string text = page.ToString();
  EXPECT_NE(text.find("# TYPE keel_a gauge\nkeel_a{To=\"x\"} 1\nkeel_a{To=\"y\"} 2\n"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("keel_h_seconds_bucket{le=\"0.002\"} 2\n"), std::string::npos) << text;
  EXPECT_NE(text.find("keel_h_seconds_bucket{le=\"+Inf\"} 3\n"), std::string::npos) << text;
  EXPECT_NE(text.find("keel_h_seconds_count 3\n"), std::string::npos) << text;
}

TEST(Metrics, CallsAreCountedByMethodAndCode) {
  // The types are those of the descriptions, which are only there when somebody asks for one.
  ASSERT_NE(etcdserverpb::SnapshotRequest::descriptor(), nullptr);
  net::MethodTable methods;
  methods.AddUnary("/etcdserverpb.KV/Put", {});
  methods.AddStreaming("/etcdserverpb.Watch/Watch", {});
  methods.AddStreaming("/etcdserverpb.Maintenance/Snapshot", {});
  net::CallCounts calls("client-api-version");
  net::Metadata fields;
  fields.Add({"client-api-version", "3.5.9"});
  net::CallCounts::OfMethod* const put = calls.Begin(methods.Find("/etcdserverpb.KV/Put"), fields);
  calls.Receive(put, 10);
  calls.Send(put, 20);
  calls.End(put, Code::kOk);
  calls.End(calls.Begin(methods.Find("/etcdserverpb.KV/Put"), {}), Code::kResourceExhausted);
  calls.End(calls.Begin(nullptr, {}), Code::kUnimplemented);
  (void)calls.Begin(methods.Find("/etcdserverpb.Watch/Watch"), fields);
  admin::Page page;
  admin::AddCalls(calls, methods, &page);
  const std::string text = page.ToString();
  const std::string of_put =
      R"({grpc_type="unary",grpc_service="etcdserverpb.KV",grpc_method="Put")";
  const std::string of_watch =
      R"({grpc_type="bidi_stream",grpc_service="etcdserverpb.Watch",grpc_method="Watch")";
  for (const std::string& line :
       {"grpc_server_started_total" + of_put + "} 2\n",
        "grpc_server_handled_total" + of_put + ",grpc_code=\"OK\"} 1\n",
        "grpc_server_handled_total" + of_put + ",grpc_code=\"ResourceExhausted\"} 1\n",
        "grpc_server_msg_received_total" + of_put + "} 1\n",
        "grpc_server_msg_sent_total" + of_put + "} 1\n",
        "grpc_server_started_total" + of_watch + "} 1\n",
        "grpc_server_handled_total" + of_watch + ",grpc_code=\"OK\"} 0\n",
        std::string(R"(grpc_server_started_total{grpc_type="server_stream",)"),
        std::string(R"(grpc_method="unknown",grpc_code="Unimplemented"} 1)"),
        std::string(R"(_requests_total{type="unary",client_api_version="3.5.9"} 1)"),
        std::string(R"(_requests_total{type="unary",client_api_version="unknown"} 2)"),
        std::string(R"(_requests_total{type="stream",client_api_version="3.5.9"} 1)"),
        std::string("etcd_network_client_grpc_received_bytes_total 10\n"),
        std::string("etcd_network_client_grpc_sent_bytes_total 20\n")}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << '\n' << text;
  }
  EXPECT_EQ(admin::CodeLabel(Code::kCancelled), "Canceled");
}

TEST(Metrics, WhatClientsSayOfThemselvesMakesFewSeries) {
  net::CallCounts calls("client-api-version");
  const auto say = [&calls](const std::string& kind) {
    net::Metadata fields;
    fields.Add({"client-api-version", kind});
    (void)calls.Begin(nullptr, fields);
  };
  say("3.5\"\n");
  say(std::string(33, '3'));
  EXPECT_EQ(calls.kinds().size(), 1u);
  EXPECT_EQ(calls.kinds().at("unknown").unary, 2u);
  for (int i = 0; i < 100; ++i) say("3." + std::to_string(i));
  EXPECT_EQ(calls.kinds().size(), net::CallCounts::kKindsMax);
}

TEST(Metrics, HeartbeatsAreLateAfterTwoIntervals) {
  admin::CoreCounts counts;
  for (const uint64_t at_ms : {1'000, 1'100, 1'300, 1'501, 1'601}) counts.OnHeartbeat(at_ms, 100);
  EXPECT_EQ(counts.late_heartbeats, 1u);
  // Between two leaderships it owes none.
  counts.OnNoHeartbeats();
  counts.OnHeartbeat(9'000, 100);
  EXPECT_EQ(counts.late_heartbeats, 1u);
}

TEST(Metrics, LeaderChangesCountThoseThatCame) {
  admin::CoreCounts counts;
  for (const uint64_t leader : {0, 1, 1, 0, 0, 2, 1}) counts.OnStep(NodeId(leader));
  EXPECT_EQ(counts.leader_changes, 3u);
}

}  // namespace
}  // namespace keel::server
