#include "raft/config.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/prng.h"
#include "tests/support/builders.h"

namespace keel::raft {
namespace {

using Kind = ConfigOpKind;

Config::Change Change(const Config& config, const std::vector<ConfigOp>& ops,
                      bool caught_up = true) {
  return config.Apply(ops, [=](NodeId) { return caught_up; });
}

std::string Outcome(const Config::Change& change) {
  return change.config ? change.config->ToString() : std::string(ToString(change.refusal));
}

ConfigOp Op(Kind kind, uint64_t id) { return {.kind = kind, .id = NodeId(id)}; }

Config WithLearner4() { return *Change(Voters({1, 2, 3}), {Op(Kind::kAddLearner, 4)}).config; }

TEST(Config, ReadsAsItsMembersOfEachKind) {
  EXPECT_EQ(Config().ToString(), "nobody");
  EXPECT_EQ(Voters({3, 1, 2}).ToString(), "1 2 3");
  EXPECT_EQ(WithLearner4().ToString(), "1 2 3 learn 4");
}

TEST(Config, ANewVoterJoinsAsALearner) {
  const auto change = Change(Voters({1, 2, 3}), {Op(Kind::kAddVoter, 4)});
  ASSERT_EQ(Outcome(change), "1 2 3 learn 4");
  EXPECT_FALSE(change.config->IsJoint());
  EXPECT_TRUE(change.config->Find(NodeId(4))->promote_when_caught_up);
  EXPECT_FALSE(change.config->IsVoter(NodeId(4)));
}

TEST(Config, PromotionGoesThroughAJointConfig) {
  const auto change = Change(WithLearner4(), {Op(Kind::kPromote, 4)});
  ASSERT_EQ(Outcome(change), "1 2 3 -> 1 2 3 4");
  EXPECT_TRUE(change.config->IsJoint());
  EXPECT_EQ(change.config->LeaveJoint()->ToString(), "1 2 3 4");
}

TEST(Config, ALearnerThatLagsIsNotPromoted) {
  EXPECT_EQ(Change(WithLearner4(), {Op(Kind::kPromote, 4)}, /*caught_up=*/false).refusal,
            ConfigRefusal::kLearnerBehind);
}

TEST(Config, ADemotedVoterLearnsOnceTheJointConfigEnds) {
  const auto change = Change(Voters({1, 2, 3}), {Op(Kind::kDemote, 3)});
  ASSERT_EQ(Outcome(change), "1 2 3 -> 1 2 learn 3");
  EXPECT_TRUE(change.config->IsVoter(NodeId(3))) << "it still counts in the outgoing majority";
  EXPECT_EQ(change.config->LeaveJoint()->ToString(), "1 2 learn 3");
}

TEST(Config, ARemovedVoterIsEntombedWhenTheJointConfigEnds) {
  const auto change = Change(Voters({1, 2, 3}), {Op(Kind::kRemove, 3)});
  ASSERT_EQ(Outcome(change), "1 2 3 -> 1 2");
  EXPECT_FALSE(change.config->WasRemoved(NodeId(3)));
  const auto after = change.config->LeaveJoint();
  EXPECT_EQ(after->ToString(), "1 2");
  EXPECT_TRUE(after->WasRemoved(NodeId(3)));
}

TEST(Config, ARemovedLearnerIsEntombedAtOnce) {
  const auto change = Change(WithLearner4(), {Op(Kind::kRemove, 4)});
  ASSERT_EQ(Outcome(change), "1 2 3");
  EXPECT_TRUE(change.config->WasRemoved(NodeId(4)));
}

TEST(Config, NoIdIsEverUsedTwice) {
  const auto without = Change(WithLearner4(), {Op(Kind::kRemove, 4)}).config;
  EXPECT_EQ(Change(*without, {Op(Kind::kAddVoter, 4)}).refusal, ConfigRefusal::kIdUsedBefore);
  EXPECT_EQ(Change(*without, {Op(Kind::kAddLearner, 4)}).refusal, ConfigRefusal::kIdUsedBefore);
  const ConfigOp replace{.kind = Kind::kReplace, .id = NodeId(3), .replacement = NodeId(4)};
  EXPECT_EQ(Change(*without, {replace}).refusal, ConfigRefusal::kIdUsedBefore);
}

TEST(Config, AReplacementTakesTheVotersPlaceInTheChangeThatPromotesIt) {
  const ConfigOp replace{.kind = Kind::kReplace, .id = NodeId(3), .replacement = NodeId(4)};
  const auto joined = Change(Voters({1, 2, 3}), {replace});
  ASSERT_EQ(Outcome(joined), "1 2 3 learn 4");
  EXPECT_EQ(joined.config->Find(NodeId(4))->replaces, NodeId(3));
  const auto promoted = Change(*joined.config, {Op(Kind::kPromote, 4)});
  ASSERT_EQ(Outcome(promoted), "1 2 3 -> 1 2 4");
  const auto after = promoted.config->LeaveJoint();
  EXPECT_EQ(after->ToString(), "1 2 4");
  EXPECT_TRUE(after->WasRemoved(NodeId(3)));
  EXPECT_TRUE(after->Find(NodeId(4))->replaces.IsNone());
}

TEST(Config, OneLearnerReplacesAnotherInOneEntry) {
  const ConfigOp replace{.kind = Kind::kReplace, .id = NodeId(4), .replacement = NodeId(5)};
  const auto change = Change(WithLearner4(), {replace});
  ASSERT_EQ(Outcome(change), "1 2 3 learn 5");
  EXPECT_TRUE(change.config->WasRemoved(NodeId(4)));
}

TEST(Config, SeveralChangesAreOneStep) {
  const auto change =
      Change(WithLearner4(), {Op(Kind::kPromote, 4), Op(Kind::kRemove, 1), Op(Kind::kDemote, 2)});
  ASSERT_EQ(Outcome(change), "1 2 3 -> 3 4 learn 2");
}

TEST(Config, ALearnerIsMarkedForPromotionInOneEntry) {
  const auto change = Change(WithLearner4(), {Op(Kind::kPromoteWhenCaughtUp, 4)});
  ASSERT_EQ(Outcome(change), "1 2 3 learn 4");
  EXPECT_TRUE(change.config->Find(NodeId(4))->promote_when_caught_up);
  EXPECT_FALSE(change.config->IsJoint());
}

TEST(Config, PrioritiesAndLeaseReadsNeedNoJointConfig) {
  ConfigOp priority = Op(Kind::kSetPriority, 2);
  priority.priority = 7;
  const auto change =
      Change(Voters({1, 2, 3}), {priority, {.kind = Kind::kSetLeaseReads, .enabled = true}});
  ASSERT_EQ(Outcome(change), "1 2 3 lease-reads");
  EXPECT_FALSE(change.config->IsJoint());
  EXPECT_EQ(change.config->Find(NodeId(2))->priority, 7u);
  EXPECT_TRUE(change.config->lease_reads());
}

ConfigOp Powerless(uint64_t id) {
  return {.kind = ConfigOpKind::kSetPriority, .id = NodeId(id), .priority = 0};
}

TEST(Config, RefusesWhatMakesNoSenseAndSaysWhy) {
  const Config config = WithLearner4();
  const ConfigOp onto_member{.kind = Kind::kReplace, .id = NodeId(3), .replacement = NodeId(2)};
  const std::pair<std::vector<ConfigOp>, ConfigRefusal> cases[] = {
      {{}, ConfigRefusal::kEmptyChange},
      {{Op(Kind::kSetLeaseReads, 0)}, ConfigRefusal::kEmptyChange},
      {{Op(Kind::kPromoteWhenCaughtUp, 2)}, ConfigRefusal::kNotLearner},
      {{Op(Kind::kSetPriority, 2)}, ConfigRefusal::kEmptyChange},
      {{Op(Kind::kAddVoter, 0)}, ConfigRefusal::kBadId},
      {{Op(Kind::kAddVoter, 1)}, ConfigRefusal::kAlreadyMember},
      {{Op(Kind::kAddLearner, 4)}, ConfigRefusal::kAlreadyMember},
      {{onto_member}, ConfigRefusal::kAlreadyMember},
      {{Op(Kind::kRemove, 9)}, ConfigRefusal::kUnknownMember},
      {{Op(Kind::kPromote, 9)}, ConfigRefusal::kUnknownMember},
      {{Op(Kind::kDemote, 4)}, ConfigRefusal::kEmptyChange},
      {{Op(Kind::kPromote, 1)}, ConfigRefusal::kNotLearner},
      {{Op(Kind::kRemove, 1), Op(Kind::kRemove, 2), Op(Kind::kRemove, 3)},
       ConfigRefusal::kNoVoterLeft},
      {{Powerless(1), Powerless(2), Powerless(3)}, ConfigRefusal::kNobodyMayLead},
  };
  for (const auto& [ops, refusal] : cases) {
    EXPECT_EQ(Change(config, ops).refusal, refusal) << ToString(refusal);
  }
}

TEST(Config, ThereIsAnEndToMembersAndToTombstones) {
  Config config = Voters({1});
  for (uint64_t id = 2; id <= Config::kMembersMax; ++id) {
    config = *Change(config, {Op(Kind::kAddLearner, id)}).config;
  }
  EXPECT_EQ(Change(config, {Op(Kind::kAddLearner, 1'000)}).refusal, ConfigRefusal::kTooManyMembers);

  config = Voters({1});
  uint64_t id = 2;
  Config::Change change;
  for (; id < 2 * Config::kTombstonesMax; ++id) {
    change = Change(config, {Op(Kind::kAddLearner, id)});
    if (!change.config) break;
    change = Change(*change.config, {Op(Kind::kRemove, id)});
    if (!change.config) break;
    config = *change.config;
  }
  EXPECT_EQ(change.refusal, ConfigRefusal::kTooManyTombstones);
  EXPECT_EQ(config.tombstones().size(), id - 2);
  EXPECT_NE(Config::Decode(config.Encode()).config, nullptr);
}

TEST(ConfigDeathTest, AJointConfigIsLeftBeforeItIsChanged) {
  const auto joint = Change(WithLearner4(), {Op(Kind::kPromote, 4)}).config;
  EXPECT_DEATH((void)Change(*joint, {Op(Kind::kRemove, 1)}), "joint");
  EXPECT_DEATH((void)WithLearner4().LeaveJoint(), "joint");
}

// ---- encoding ----

// A config such as a long history of random changes leaves behind.
Config RandomConfig(Prng* prng) {
  Config config = Voters({1, 2, 3});
  for (int step = 0; step < 30; ++step) {
    ConfigOp op{.kind = static_cast<Kind>(prng->Below(8)),
                .id = NodeId(prng->Between(1, 20)),
                .replacement = NodeId(prng->Between(1, 20)),
                .priority = static_cast<uint32_t>(prng->Next()),
                .enabled = prng->OneIn(2)};
    const auto change = Change(config, {op}, prng->OneIn(2));
    if (!change.config) continue;
    config = *change.config;
    if (step == 29) break;  // the last one may stay joint
    if (config.IsJoint()) config = *config.LeaveJoint();
  }
  return config;
}

TEST(Config, ComesBackFromItsBytesWithTheDriversContextBehindIt) {
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    Prng prng(seed);
    const Config config = RandomConfig(&prng);
    const std::string context(prng.Below(20), 'c');
    const std::string bytes = config.Encode(context);
    const auto decoded = Config::Decode(bytes);
    ASSERT_NE(decoded.config, nullptr) << seed;
    EXPECT_EQ(*decoded.config, config) << seed;
    EXPECT_EQ(decoded.context, context) << seed;
    EXPECT_EQ(decoded.config->Encode(context), bytes) << "equal configs have equal bytes";
  }
}

TEST(Config, EveryTruncationOfItsBytesIsRefused) {
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    Prng prng(seed);
    const std::string bytes = RandomConfig(&prng).Encode("context");
    for (size_t size = 0; size < bytes.size(); ++size) {
      EXPECT_EQ(Config::Decode(std::string_view(bytes).substr(0, size)).config, nullptr)
          << seed << " cut to " << size;
    }
    EXPECT_EQ(Config::Decode(bytes + '\0').config, nullptr) << "bytes are left over";
  }
}

TEST(Config, BytesThatContradictThemselvesAreRefused) {
  const auto bytes_of = [](std::vector<Member> members) {
    return Config::OfMembers(std::move(members)).Encode();
  };
  const auto accepts = [](const std::string& bytes) {
    return Config::Decode(bytes).config != nullptr;
  };
  const Member one{.id = NodeId(1), .votes = true};
  const NodeId two(2);
  ASSERT_TRUE(accepts(bytes_of({one, {.id = two, .learns = true}})));
  EXPECT_FALSE(accepts(bytes_of({one, {.id = two, .votes = true, .learns = true}})))
      << "a voter that learns";
  EXPECT_FALSE(accepts(bytes_of({{.id = two, .learns = true}}))) << "nobody decides";
  EXPECT_FALSE(accepts(bytes_of({{.id = two, .votes_outgoing = true}}))) << "nobody decides next";
  EXPECT_FALSE(accepts(bytes_of({one, {.id = two, .votes = true, .promote_when_caught_up = true}})))
      << "a voter that is to be promoted";
  EXPECT_FALSE(accepts(bytes_of(
      {one, {.id = two, .votes_outgoing = true, .learns = true, .promote_when_caught_up = true}})))
      << "who is being demoted is not to be promoted";
  EXPECT_FALSE(accepts(bytes_of({one, {.id = two, .learns = true, .replaces = one.id}})))
      << "who is not to be promoted replaces nobody";
  EXPECT_FALSE(accepts(bytes_of(
      {one, {.id = two, .learns = true, .promote_when_caught_up = true, .replaces = two}})))
      << "it replaces itself";
  EXPECT_FALSE(accepts(bytes_of({one, one}))) << "twice the same";
  std::string joint = Config::OfMembers({one}).Encode();
  joint[1] = 1;  // the flags: joint, and nobody leaves
  EXPECT_FALSE(accepts(joint)) << "joint without an outgoing majority";
}

TEST(Config, ARetiredIdIsNoMemberAndZeroIsNoTombstone) {
  const Config config =
      *Change(*Change(Voters({1}), {Op(Kind::kAddLearner, 2)}).config, {Op(Kind::kRemove, 2)})
           .config;
  ASSERT_TRUE(config.WasRemoved(NodeId(2)));
  const std::string bytes = config.Encode();
  ASSERT_NE(Config::Decode(bytes).config, nullptr);
  // The tombstone is the last fixed number but for the context's length.
  const auto with_tombstone = [&](char id) {
    std::string changed = bytes;
    changed[changed.size() - 9] = id;
    return changed;
  };
  ASSERT_EQ(with_tombstone(2), bytes);
  EXPECT_NE(Config::Decode(with_tombstone(3)).config, nullptr);
  EXPECT_EQ(Config::Decode(with_tombstone(1)).config, nullptr) << "1 is a member";
  EXPECT_EQ(Config::Decode(with_tombstone(0)).config, nullptr);
}

TEST(Config, WhateverBytesItAcceptsAreTheOnesThatItWouldWrite) {
  Prng prng(5);
  size_t accepted = 0;
  for (int round = 0; round < 50'000; ++round) {
    std::string bytes = RandomConfig(&prng).Encode();
    for (uint64_t flips = prng.Between(1, 3); flips > 0; --flips) {
      bytes[prng.Below(bytes.size())] ^= static_cast<char>(1u << prng.Below(8));
    }
    const auto decoded = Config::Decode(bytes);
    if (!decoded.config) continue;
    ++accepted;
    ASSERT_EQ(decoded.config->Encode(decoded.context), bytes);
    for (const Member& member : decoded.config->members()) {
      ASSERT_FALSE(member.id.IsNone());
      ASSERT_TRUE(member.IsVoter() || member.learns);
    }
  }
  EXPECT_GT(accepted, 1'000u) << "the flips must not all be fatal, or nothing was tested";
}

}  // namespace
}  // namespace keel::raft
