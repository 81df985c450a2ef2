// What the nemesis writes down.
#include "jepsen/nemesis/nemesis.h"

#include <algorithm>
#include <thread>

#include "tests/jepsen/chaos/fake_nodes.h"

namespace keel::jepsen {
namespace {

using std::chrono::milliseconds;
using NemesisTest = FakeNodesTest;

bool Sleep(milliseconds time) {
  std::this_thread::sleep_for(time);
  return true;
}

// A member that does not end takes 300 ms to be killed: clients felt that before it was over.
TEST_F(NemesisTest, AFaultIsOnFromItsBeginningAndWhatBecameOfItIsSaid) {
  Start(Target::kEtcd, "stubborn");
  Client client(cluster_->network(), cluster_->size(), 1);
  Arena arena(cluster_.get(), &client, nullptr);
  Nemesis nemesis(&arena, Sleep);
  const Status ran = nemesis.Run({{.kind = "restart", .begin_ms = 0, .end_ms = 1'500, .seed = 1}});
  ASSERT_TRUE(ran.ok()) << ran;
  const Status healed = nemesis.Heal();
  ASSERT_TRUE(healed.ok()) << healed;
  cluster_->network()->Stop();
  client.Close();

  const auto& events = nemesis.events();
  ASSERT_EQ(nemesis.remarks().size(), 3U) << "one a member";
  EXPECT_EQ(nemesis.remarks()[0].substr(0, 16), "n1 had not ended");
  ASSERT_GE(events.size(), 3U);
  EXPECT_EQ(events[0].f, "start-restart");
  const auto remark = std::find_if(events.begin(), events.end(),
                                   [](const Event& event) { return event.f == "remark"; });
  ASSERT_NE(remark, events.end());
  EXPECT_GE(*remark->time_ns - *events[0].time_ns, 300'000'000);
  EXPECT_TRUE(std::is_sorted(events.begin(), events.end(), [](const Event& a, const Event& b) {
    return *a.time_ns < *b.time_ns;
  }));
}

// A node that is stopped, or gets no turn, ends after the fault that makes it end.
TEST_F(NemesisTest, WhoEndsLateOfABrokenDiskIsStartedAgain) {
  MakeDirectory();
  auto shims = Shims::Make({.directory = directory_, .library = "/dev/null", .nodes = 3});
  ASSERT_TRUE(shims.ok()) << shims.status();
  StartIn(Target::kKeel, [&](size_t node) {
    std::vector<std::string> environment = (*shims)->EnvironmentOf(node);
    std::erase_if(environment, [](const std::string& each) { return each.starts_with("LD_"); });
    environment.push_back(std::string(kMannersVariable) + "=late");
    return environment;
  });
  Client client(cluster_->network(), cluster_->size(), 1);
  Arena arena(cluster_.get(), &client, shims->get());
  Prng dice(1);
  const auto fault = FindFault("disk-full")->make();
  const auto effect = fault->Start(&arena, &dice);
  ASSERT_TRUE(effect.ok()) << effect.status();
  ASSERT_EQ(*effect, Effect::kConfirmed);
  const std::string victim = fault->what();
  const size_t node = static_cast<size_t>(victim.back() - '1');
  ASSERT_TRUE(cluster_->PauseNode(node).ok());
  ASSERT_TRUE(fault->Stop(&arena).ok());
  ASSERT_TRUE(cluster_->ResumeNode(node).ok());
  while (!arena.chores().empty()) {
    const Status alive = cluster_->CheckAlive();
    ASSERT_TRUE(alive.ok()) << alive;
    const Status done = arena.DoChores();
    ASSERT_TRUE(done.ok()) << done;
    Sleep(milliseconds(2));
  }
  EXPECT_EQ(cluster_->StateOf(node), Cluster::NodeState::kRunning);
  EXPECT_FALSE(cluster_->MayEnd(node)) << "from now on it is held to it";
  cluster_->network()->Stop();
  client.Close();
}

}  // namespace
}  // namespace keel::jepsen

int main(int argc, char** argv) { return keel::jepsen::RunTests(argc, argv); }
