// What the kernel is told of links, as text. That it does so is shown by a run in namespaces.
#include "jepsen/cluster/wires.h"

#include <gtest/gtest.h>

#include "jepsen/cluster/command.h"

namespace keel::jepsen {
namespace {

TEST(Wires, WholeLinksNeedNoRules) {
  EXPECT_EQ(DropRules(Links(3)), "");
  EXPECT_EQ(ShapeOf(Links(3), 0), "");
}

TEST(Wires, ACutIsOneRuleForOneDirection) {
  Links links(3);
  links.At({.from = 0, .to = 2}).is_cut = true;
  EXPECT_EQ(DropRules(links),
            "add rule bridge keel between ip saddr 10.77.0.1 ip daddr 10.77.0.3 drop\n");
  EXPECT_EQ(ShapeOf(links, 2), "");
}

TEST(Wires, ClientsAreAtTheBridge) {
  Links links(3);
  links.At({.from = 3, .to = 1}).is_cut = true;
  links.At({.from = 1, .to = 3}).is_cut = true;
  EXPECT_EQ(DropRules(links),
            "add rule bridge keel to_clients ip saddr 10.77.0.2 ip daddr 10.77.0.254 drop\n"
            "add rule bridge keel from_clients ip saddr 10.77.0.254 ip daddr 10.77.0.2 drop\n");
}

TEST(Wires, LossIsCounted) {
  Links links(3);
  links.At({.from = 1, .to = 0}).stalls_per_mille = 25;
  EXPECT_EQ(DropRules(links),
            "add rule bridge keel between ip saddr 10.77.0.2 ip daddr 10.77.0.1 numgen random mod "
            "1000 < 25 counter name lost drop\n");
}

TEST(Wires, AShapedLinkIsAClassOfTheReceiversPort) {
  Links links(3);
  links.At({.from = 2, .to = 0}) = {
      .delay_us = 2'000, .jitter_us = 1'000, .bytes_per_second = 1'000, .reorders_per_mille = 25};
  EXPECT_EQ(ShapeOf(links, 0),
            "qdisc add dev keel1 root handle 1: htb default 99\n"
            "class add dev keel1 parent 1: classid 1:99 htb rate 10gbit quantum 1514\n"
            "class add dev keel1 parent 1: classid 1:3 htb rate 8000bit quantum 1514\n"
            "qdisc add dev keel1 parent 1:3 netem limit 10000 delay 2000us 1000us reorder "
            "2.500000%\n"
            "filter add dev keel1 parent 1: protocol ip u32 match ip src 10.77.0.3 flowid 1:3\n");
  EXPECT_EQ(ShapeOf(links, 2), "");
}

TEST(Command, GivesWhatIsPrinted) {
  const auto answer = RunCommand({.words = {"cat"}, .input = std::string(300'000, 'x')});
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->size(), 300'000U);
}

TEST(Command, SaysWhatWentWrong) {
  const auto refused = RunCommand({.words = {"sh", "-c", "echo no >&2; exit 3"}});
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.status().message().find("no"), std::string_view::npos);
  const auto missing = RunCommand({.words = {"no-such-program-here"}});
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.status().code(), Code::kNotFound);
}

}  // namespace
}  // namespace keel::jepsen
