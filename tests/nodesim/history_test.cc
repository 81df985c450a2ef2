// The judge of histories must find what is wrong, and nothing else.
#include "tests/nodesim/history.h"

#include <gtest/gtest.h>

namespace keel::nodesim {
namespace {

// One change of one key, by an operation.
std::shared_ptr<const kv::RevisionEvents> Change(uint64_t revision, OpNumber op) {
  auto changed = std::make_shared<kv::RevisionEvents>();
  changed->revision = Revision(revision);
  kv::Event event;
  event.kv.key = "k";
  event.kv.mod = Revision(revision);
  event.kv.value = ValueOf(op, "text");
  changed->events.push_back(event);
  return changed;
}

Op Put(uint64_t invoked_us, uint64_t returned_us, uint64_t revision) {
  return {.kind = OpKind::kPut,
          .outcome = Outcome::kOk,
          .key = "k",
          .done = true,
          .invoked_us = invoked_us,
          .returned_us = returned_us,
          .revision = Revision(revision)};
}

Op Read(uint64_t invoked_us, uint64_t returned_us, uint64_t revision) {
  return {.kind = OpKind::kRead,
          .outcome = Outcome::kOk,
          .key = "k",
          .invoked_us = invoked_us,
          .returned_us = returned_us,
          .revision = Revision(revision),
          .mod = Revision(revision)};
}

class NodeHistory : public testing::Test {
 protected:
  NodeHistory() {
    EXPECT_EQ(chronicle_.Add(Change(2, 1), 10), "");
    EXPECT_EQ(chronicle_.Add(Change(3, 2), 20), "");
  }
  Chronicle chronicle_;
  History history_;
};

TEST_F(NodeHistory, WhatOneStoreCouldHaveShownIsFine) {
  history_.Add(Put(1, 15, 2));
  history_.Add(Put(5, 25, 3));
  history_.Add(Read(12, 18, 2));
  history_.Add(Read(12, 30, 3));
  EXPECT_TRUE(history_.Check(chronicle_).empty());
}

TEST_F(NodeHistory, AStaleReadIsFound) {
  history_.Add(Put(1, 15, 2));
  history_.Add(Put(5, 25, 3));
  history_.Add(Read(26, 30, 2));
  EXPECT_EQ(history_.Check(chronicle_).size(), 1u);
}

TEST_F(NodeHistory, AWriteThatStandsBeforeOneThatHadReturnedIsFound) {
  history_.Add(Put(26, 30, 2));
  history_.Add(Put(5, 25, 3));
  EXPECT_EQ(history_.Check(chronicle_).size(), 1u);
}

TEST_F(NodeHistory, ALostWriteIsFound) {
  history_.Add(Put(1, 15, 2));
  history_.Add(Put(5, 25, 3));
  history_.Add(Put(26, 30, 3));
  EXPECT_EQ(history_.Check(chronicle_).front(),
            "operation 3 on k was acknowledged and is not there");
}

TEST_F(NodeHistory, ARefusedWriteThatTookEffectIsFound) {
  history_.Add(Put(1, 15, 2));
  Op refused = Put(5, 25, 3);
  refused.outcome = Outcome::kRefused;
  history_.Add(refused);
  EXPECT_EQ(history_.Check(chronicle_).size(), 1u);
}

TEST_F(NodeHistory, ACompareThatShouldHaveFailedIsFound) {
  history_.Add(Put(1, 15, 2));
  Op compared = Put(5, 25, 3);
  compared.kind = OpKind::kCompareAndPut;  // expects that nothing is there
  history_.Add(compared);
  EXPECT_EQ(history_.Check(chronicle_).size(), 1u);
}

TEST_F(NodeHistory, AWriteThatTakesEffectTwiceIsFound) {
  EXPECT_NE(chronicle_.Add(Change(4, 1), 30), "");
}

TEST_F(NodeHistory, MembersThatPublishDifferentThingsAreFound) {
  EXPECT_EQ(chronicle_.Add(Change(3, 2), 30), "");
  EXPECT_NE(chronicle_.Add(Change(3, 1), 30), "");
  EXPECT_NE(chronicle_.Add(Change(9, 7), 30), "") << "a gap";
}

}  // namespace
}  // namespace keel::nodesim
