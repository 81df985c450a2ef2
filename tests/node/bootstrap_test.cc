#include "server/node/bootstrap.h"

#include <gtest/gtest.h>

#include "tests/node/support/world.h"
#include "tests/simfs/simulated_file_system.h"

namespace keel::node {
namespace {

using node_test::SimExecutor;
using node_test::World;

// Members that can ask each other, by name.
class BootstrapTest : public testing::Test {
 protected:
  struct Member final : Introducer {
    BootstrapTest* test = nullptr;
    std::string name;
    simfs::SimulatedFileSystem disk;
    std::unique_ptr<MemberFiles> files;
    std::unique_ptr<Bootstrap> bootstrap;
    std::unique_ptr<SimExecutor> node_role;
    std::unique_ptr<SimExecutor> wal_role;
    std::vector<Status> ends;
    std::map<std::string, int> silent;

    void Ask(const MemberInfo& peer, Once<Result<Introduction>> done) override {
      Result<Introduction> answer = Unavailable("nobody is there");
      Member& asked = test->members_.at(peer.name);
      // As bytes, as on a wire.
      if (asked.bootstrap != nullptr) {
        answer = *DecodeIntroduction(EncodeIntroduction(asked.bootstrap->Introduce()));
      }
      node_role->PostAfter(test->world_.prng().Below(1'000),
                           [answer = std::move(answer), done = std::move(done)]() mutable {
                             std::move(done)(std::move(answer));
                           });
    }
  };

  BootstrapTest() {
    for (const char* name : {"a", "b", "c"}) {
      members_[name].test = this;
      members_[name].name = name;
    }
  }

  void Start(const std::string& name) {
    Stop(name);
    Member& member = members_.at(name);
    member.node_role = std::make_unique<SimExecutor>(&world_, SimExecutor::Pace{});
    member.wal_role = std::make_unique<SimExecutor>(&world_, SimExecutor::Pace{100, 2'000});
    auto files = MemberFiles::Open(
        &member.disk, {.directory = "/d", .cluster_token = "t", .random = world_.prng().Next()});
    ASSERT_TRUE(files.ok()) << files.status();
    member.files = std::move(*files);
    Bootstrap::Options options;
    options.roles.node = member.node_role.get();
    options.roles.wal = member.wal_role.get();
    options.name = name;
    options.initial = {{.name = "a"}, {.name = "b"}, {.name = "c"}};
    options.files = member.files.get();
    options.introducer = &member;
    options.on_silent = [&member](const std::string& silent, const Status& why) {
      EXPECT_FALSE(why.message().empty());
      ++member.silent[silent];
    };
    member.bootstrap = std::make_unique<Bootstrap>(std::move(options));
    member.bootstrap->Start([&member](const Status& status) { member.ends.push_back(status); });
  }
  // Its process dies: the roles go first, with all that they would have run.
  void Stop(const std::string& name) {
    Member& member = members_.at(name);
    member.wal_role.reset();
    member.node_role.reset();
    member.bootstrap.reset();
    member.files.reset();
    member.ends.clear();
  }
  void Wipe(const std::string& name) {
    Stop(name);
    Member& member = members_.at(name);
    for (const char* file : {"VERSION", "member", "vote", "LOCK"}) {
      ASSERT_TRUE(member.disk.Remove(std::string("/d/") + file).ok());
    }
  }

  World world_{1};
  std::map<std::string, Member> members_;
};

TEST_F(BootstrapTest, AllAgreeOnTheSameIds) {
  Start("a");
  Start("b");
  world_.RunFor(5'000'000);
  EXPECT_TRUE(members_.at("a").ends.empty());  // one has not been heard
  EXPECT_GT(members_.at("a").silent["c"], 10) << "it says for whom it waits";
  Start("c");
  world_.RunFor(5'000'000);
  for (auto& [name, member] : members_) {
    ASSERT_EQ(member.ends.size(), 1u) << name;
    EXPECT_TRUE(member.ends[0].ok()) << member.ends[0];
    const MemberRecord& record = member.files->record();
    EXPECT_EQ(record.phase, MemberPhase::kMember);
    EXPECT_EQ(record.cluster_id, members_.at("a").files->record().cluster_id);
    EXPECT_EQ(record.config, members_.at("a").files->record().config);
    const ConfigAndMembers config = DecodeConfigEntry(record.config);
    EXPECT_TRUE(config.config->IsVoter(record.member));
    EXPECT_EQ(config.membership->Find(record.member)->name, name);
  }
}

TEST_F(BootstrapTest, ARestartInTheMiddleGoesOn) {
  Start("a");
  Start("b");
  Start("c");
  world_.RunFor(3'000);
  Start("b");
  world_.RunFor(10'000'000);
  for (auto& [name, member] : members_) {
    ASSERT_EQ(member.ends.size(), 1u) << name;
    EXPECT_TRUE(member.ends[0].ok()) << member.ends[0];
  }
}

// Pitfall 54: its vote went with its directory.
TEST_F(BootstrapTest, AWipedMemberOfARunningClusterIsRefused) {
  Start("a");
  Start("b");
  Start("c");
  world_.RunFor(10'000'000);
  Wipe("b");
  Start("b");
  world_.RunFor(5'000'000);
  ASSERT_EQ(members_.at("b").ends.size(), 1u);
  const Status& end = members_.at("b").ends[0];
  EXPECT_EQ(end.code(), Code::kFailedPrecondition);
  EXPECT_NE(end.message().find("keelctl member replace b"), std::string_view::npos) << end;
}

TEST_F(BootstrapTest, AMemberThatIsNotNamedIsRefused) {
  Bootstrap::Options options;
  options.name = "d";
  options.initial = {{.name = "a"}, {.name = "b"}};
  EXPECT_EQ(Bootstrap::Validate(options).code(), Code::kInvalidArgument);
}

}  // namespace
}  // namespace keel::node
