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
  EXPECT_FALSE(parsed.ok());
  EXPECT_EQ(parsed.status().code(), Code::kInvalidArgument);
  return std::string(parsed.status().message());
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
      {{"--quota-backend-bytes=-1"}, "whole number"},
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
