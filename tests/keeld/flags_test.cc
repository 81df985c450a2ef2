#include "server/flags.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <set>

namespace keel::server {
namespace {

Result<Parsed> Parse(std::vector<std::string> arguments,
                     std::map<std::string, std::string> environment = {}) {
  return ParseConfig({std::move(arguments), std::move(environment)});
}

// The refusal's words.
std::string Refused(std::vector<std::string> arguments) {
  const Result<Parsed> parsed = Parse(std::move(arguments));
  const Status status = parsed.ok() ? parsed->config.initial_wrong : parsed.status();
  EXPECT_EQ(status.code(), Code::kInvalidArgument);
  return std::string(status.message());
}

TEST(Flags, WithoutAnyAMemberIsAloneOnLoopback) {
  const Result<Parsed> parsed = Parse({});
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  const Config& config = parsed->config;
  EXPECT_EQ(config.data_dir, "default.keel");
  ASSERT_EQ(config.initial_members.size(), 1u);
  EXPECT_EQ(config.initial_members[0].name, "default");
  EXPECT_EQ(config.initial_members[0].peer_urls, config.listen_peer_urls);
  EXPECT_EQ(config.client_addresses.at(0).ToString(), "127.0.0.1:2379");
  EXPECT_EQ(config.compaction_retention_ms, 3'600'000u);
}

TEST(Flags, AreWrittenInAnyOfEtcdsWays) {
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {"--name=x"}, {"--name", "x"}, {"-name=x"}, {"-name", "x"}}) {
    const Result<Parsed> parsed = Parse(arguments);
    ASSERT_TRUE(parsed.ok()) << parsed.status();
    EXPECT_EQ(parsed->config.name, "x");
  }
  EXPECT_EQ(Parse({"--data_dir=/d"})->config.data_dir, "/d");
  EXPECT_TRUE(Parse({"--insecure"})->config.insecure);
  EXPECT_FALSE(Parse({"--insecure=false"})->config.insecure);
}

TEST(Flags, TheCommandLineComesBeforeTheEnvironmentAndKeelBeforeEtcd) {
  const std::map<std::string, std::string> environment = {
      {"KEEL_NAME", "k"}, {"ETCD_NAME", "e"}, {"ETCD_ELECTION_TIMEOUT", "3000"}, {"HOME", "/"}};
  EXPECT_EQ(Parse({}, environment)->config.name, "k");
  EXPECT_EQ(Parse({"--name=c"}, environment)->config.name, "c");
  EXPECT_EQ(Parse({}, environment)->config.election_ms, 3000u);
  const Result<Parsed> wrong = Parse({}, {{"ETCD_ELECTION_TIMEOUT", "soon"}});
  ASSERT_FALSE(wrong.ok());
  EXPECT_NE(wrong.status().message().find("ETCD_ELECTION_TIMEOUT"), std::string::npos);
}

TEST(Flags, AFlagFileStandsInItsPlace) {
  const std::string path = testing::TempDir() + "keeld_flags_" + std::to_string(::getpid());
  std::ofstream(path) << "# a comment\n\n--name=filed\n  --election-timeout=2000  \n";
  EXPECT_EQ(Parse({"--flagfile", path})->config.name, "filed");
  EXPECT_EQ(Parse({"--flagfile=" + path, "--name=later"})->config.name, "later");
  EXPECT_EQ(Parse({"--flagfile", path})->config.election_ms, 2000u);
  std::ofstream(path) << "--flagfile=" << path << '\n';
  EXPECT_NE(Refused({"--flagfile", path}).find("names itself"), std::string::npos);
  std::remove(path.c_str());
  EXPECT_NE(Refused({"--flagfile", path}).find("cannot be read"), std::string::npos);
}

TEST(Flags, EtcdsWithoutAMeaningAreNotedAndChangeNothing) {
  const Result<Parsed> parsed = Parse({"--snapshot-count=5", "--enable-pprof", "--logger", "zap"});
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(parsed->config.notes.size(), 3u);
}

// As kubeadm starts a member, but for what asks for TLS.
TEST(Flags, KubeadmsAreTaken) {
  const Result<Parsed> parsed = Parse(
      {"--advertise-client-urls=http://10.0.0.1:2379", "--data-dir=/var/lib/etcd",
       "--experimental-initial-corrupt-check=true", "--feature-gates=InitialCorruptCheck=true",
       "--experimental-watch-progress-notify-interval=5s",
       "--initial-advertise-peer-urls=http://10.0.0.1:2380",
       "--initial-cluster=default=http://10.0.0.1:2380", "--insecure",
       "--listen-client-urls=http://127.0.0.1:2379,http://10.0.0.1:2379",
       "--listen-metrics-urls=http://0.0.0.0:2381", "--listen-peer-urls=http://10.0.0.1:2380",
       "--snapshot-count=10000"});
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  ASSERT_TRUE(parsed->config.initial_wrong.ok()) << parsed->config.initial_wrong;
  EXPECT_EQ(parsed->config.watch_progress_interval_ms, 5'000u);
  ASSERT_EQ(parsed->config.metrics_addresses.size(), 1u);
  EXPECT_EQ(parsed->config.metrics_addresses[0].port, 2381);
  EXPECT_EQ(parsed->config.notes.size(), 3u);
}

TEST(Flags, EveryRefusalSaysWhatToDo) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
      {{"--nmae=x"}, "see keeld --help"},
      {{"--election-timeuot=1"}, "did you mean --election-timeout?"},
      {{"--cert-file=x"}, "TLS"},
      {{"name"}, "flags are written --name=value"},
      {{"--name"}, "needs a value"},
      {{"--name="}, "may not be empty"},
      {{"--election-timeout=400"}, "5 times --heartbeat-interval"},
      {{"--election-timeout=60000"}, "50000 at most"},
      {{"--heartbeat-interval=0"}, "1 at least"},
      {{"--listen-client-urls=0.0.0.0:2379"}, "http://HOST:PORT"},
      {{"--listen-client-urls=http://0.0.0.0:2379"}, "--insecure"},
      {{"--listen-peer-urls=http://10.0.0.1:2380"}, "--insecure"},
      {{"--insecure", "--listen-client-urls=http://0.0.0.0:2379"}, "--advertise-client-urls"},
      {{"--advertise-client-urls=https://a:1"}, "TLS"},
      {{"--initial-cluster=a"}, "NAME=URL"},
      {{"--initial-cluster=a=http://127.0.0.1:1"}, "does not name this member"},
      {{"--initial-cluster=default=http://127.0.0.1:1"}, "must be the same"},
      {{"--initial-cluster-state=old"}, "\"new\" or \"existing\""},
      {{"--initial-cluster-state=existing"}, "needs --initial-cluster"},
      {{"--auto-compaction-mode=never"}, "\"periodic\" or \"revision\""},
      {{"--auto-compaction-retention=soon"}, "30s, 5m or 1h30m"},
      {{"--max-request-bytes=99999999"}, "between 1 and"},
      {{"--max-txn-ops=0"}, "1 at least"},
      {{"--grpc-keepalive-timeout=20"}, "needs a time"},
      {{"--log-level=loud"}, "debug, info, warn or error"},
      {{"--quota-backend-bytes=-x"}, "whole number"},
      {{"--config-file=x"}, "--flagfile"},
      {{"--force-new-cluster"}, "restore"},
      {{"--discovery-srv=x"}, "--initial-cluster"},
      {{"--unsafe-no-fsync"}, "every write is synced"},
      {{"--wal-dir=x"}, "--data-dir"},
      {{"--listen-metrics-urls=x"}, "http://HOST:PORT"},
      {{"--listen-metrics-urls=https://127.0.0.1:2381"}, "TLS"},
      {{"--proxy=on"}, "old proxies"},
      {{"--experimental-enable-v2v3=/v2"}, "not served"},
      {{"--experimental-enable-distributed-tracing"}, "slow calls"},
      {{"--experimental-peer-skip-client-san-verification"}, "TLS"},
      {{"--auth-token=jwt"}, "leave it out"},
      {{"--bcrypt-cost=9"}, "leave it out"},
      {{"--cipher-suites=x"}, "TLS"},
      {{"--client-crl-file=x"}, "TLS"},
      {{"--client-cert-auth"}, "TLS"},
      {{"--debug"}, "--log-level debug"},
      {{"--listen-client-urls=unix://x:1"}, "TCP alone"},
      {{"--experimental-max-learner=2"}, "did you mean --max-learners?"},
      {{"--naem=x"}, "did you mean --name?"},
  };
  for (const auto& [arguments, words] : cases) {
    const std::string said = Refused(arguments);
    EXPECT_NE(said.find(words), std::string::npos) << arguments[0] << ": " << said;
  }
}

TEST(Flags, ChangesOfMembersAreCheckedUnlessToldOtherwise) {
  const Config config = Parse({})->config;
  EXPECT_TRUE(config.strict_reconfig);
  EXPECT_EQ(config.learners_max, 1u);
  EXPECT_EQ(config.slow_request_ms, 300u);
  EXPECT_EQ(config.slow_apply_ms, 100u);
  const Result<Parsed> told =
      Parse({"--strict-reconfig-check=false", "--max-learners=3",
             "--warning-unary-request-duration=0", "--warning-apply-duration=1s"});
  ASSERT_TRUE(told.ok()) << told.status();
  EXPECT_FALSE(told->config.strict_reconfig);
  EXPECT_EQ(told->config.learners_max, 3u);
  EXPECT_EQ(told->config.slow_request_ms, 0u);
  EXPECT_EQ(told->config.slow_apply_ms, 1'000u);
  EXPECT_TRUE(told->config.notes.empty());
}

TEST(Flags, NothingIsSuggestedThatIsNotNear) {
  EXPECT_EQ(Refused({"--experimental-distributed-tracing-address=x"}).find("did you mean"),
            std::string::npos);
  EXPECT_EQ(NearestFlag("initial-cluster-tokn"), "initial-cluster-token");
}

// A cluster that was meant to be safe must not start without it, however that was said.
TEST(Flags, TlsByTheEnvironmentIsRefused) {
  for (const char* variable :
       {"ETCD_CERT_FILE", "ETCD_CLIENT_CERT_AUTH", "ETCD_TRUSTED_CA_FILE", "KEEL_PEER_KEY_FILE"}) {
    const Result<Parsed> parsed = Parse({}, {{variable, "true"}});
    ASSERT_FALSE(parsed.ok()) << variable;
    EXPECT_NE(parsed.status().message().find("TLS"), std::string::npos);
    EXPECT_NE(parsed.status().message().find(variable), std::string::npos);
    EXPECT_TRUE(Parse({}, {{variable, ""}}).ok()) << "empty is unset, as with etcd";
  }
  EXPECT_TRUE(Parse({}, {{"ETCD_CLIENT_CERT_AUTH", "false"}}).ok());
  EXPECT_TRUE(Parse({"--client-cert-auth=false"}).ok());
}

TEST(Flags, WhatTheEnvironmentSaysAndNobodyKnowsIsNoted) {
  const Result<Parsed> parsed = Parse({}, {{"ETCD_NAEM", "x"}, {"KEEL_ROOT", "/"}, {"ETCDX", "y"}});
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  ASSERT_EQ(parsed->config.notes.size(), 2u);
  EXPECT_NE(parsed->config.notes[1].find("ETCD_NAEM"), std::string::npos);
  EXPECT_EQ(Parse({}, {{"ETCD_NAME", ""}})->config.name, "default");
  EXPECT_EQ(Parse({}, {{"KEEL_NAME", ""}, {"ETCD_NAME", "e"}})->config.name, "e");
}

TEST(Flags, ValuesAreTakenAsEtcdTakesThem) {
  EXPECT_EQ(Parse({"--quota-backend-bytes=-1"})->config.quota_bytes, 0u);
  EXPECT_EQ(Parse({"--log-level=panic"})->config.log_level, "error");
  for (const char* yes : {"true", "True", "TRUE", "t", "T", "1", "on"}) {
    EXPECT_TRUE(Parse({std::string("--insecure=") + yes})->config.insecure) << yes;
  }
  for (const char* no : {"false", "False", "FALSE", "f", "F", "0", "off"}) {
    EXPECT_FALSE(Parse({std::string("--insecure=") + no})->config.insecure) << no;
  }
  EXPECT_EQ(*ParseDurationMs("0.5h"), 1'800'000u);
  EXPECT_EQ(*ParseDurationMs("1.5s"), 1'500u);
  EXPECT_EQ(*ParseDurationMs("20us"), 1u);
  for (const char* wrong : {"1.2.3s", ".s", "s", "1", "1x", "99999999999h", "-1s"}) {
    EXPECT_FALSE(ParseDurationMs(wrong).ok()) << wrong;
  }
}

TEST(Flags, EtcdsOtherSpellingIsTheSame) {
  EXPECT_EQ(Parse({"--experimental-watch-progress-notify-interval=5s"})
                ->config.watch_progress_interval_ms,
            5'000u);
  EXPECT_EQ(Parse({"--experimental-max-learners=3"})->config.learners_max, 3u);
  EXPECT_EQ(Parse({}, {{"ETCD_EXPERIMENTAL_MAX_LEARNERS", "4"}})->config.learners_max, 4u);
  EXPECT_EQ(Parse({"--compaction-batch-limit=10"})->config.notes.size(), 1u);
}

TEST(Flags, LocalhostIsLoopback) {
  const Result<Parsed> parsed = Parse({"--initial-cluster=default=http://localhost:2380/"});
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_TRUE(parsed->config.initial_wrong.ok()) << parsed->config.initial_wrong;
}

TEST(Flags, RetentionIsATimeOrACount) {
  const auto periodic = [](const char* value) {
    return Parse({std::string("--auto-compaction-retention=") + value})
        ->config.compaction_retention_ms;
  };
  EXPECT_EQ(periodic("30m"), 1'800'000u);
  EXPECT_EQ(periodic("1h30m"), 5'400'000u);
  EXPECT_EQ(periodic("2"), 7'200'000u);
  EXPECT_EQ(periodic("0"), 0u);
  EXPECT_EQ(periodic("500ms"), 500u);
  const Result<Parsed> counted =
      Parse({"--auto-compaction-mode=revision", "--auto-compaction-retention=1000"});
  EXPECT_EQ(counted->config.compaction_retention_revisions, 1000u);
}

TEST(Flags, InitialClusterMayNameAMemberMoreThanOnce) {
  const auto members = ParseInitialCluster("a=http://h:1,b=http://h:2,a=http://g:3");
  ASSERT_TRUE(members.ok());
  ASSERT_EQ(members->size(), 2u);
  EXPECT_EQ((*members)[0].peer_urls, (std::vector<std::string>{"http://h:1", "http://g:3"}));
}

TEST(Flags, HelpNamesEachOnce) {
  const std::string help = HelpText();
  std::set<std::string_view> names;
  for (const Flag& flag : Flags()) {
    EXPECT_TRUE(names.insert(flag.name).second) << flag.name;
    EXPECT_NE(help.find("--" + std::string(flag.name)), std::string::npos) << flag.name;
    EXPECT_EQ(flag.help.empty(), flag.set == nullptr) << flag.name;
  }
  EXPECT_EQ(Parse({"--help"})->wish, Wish::kHelp);
  EXPECT_EQ(Parse({"--version"})->wish, Wish::kVersion);
}

}  // namespace
}  // namespace keel::server
