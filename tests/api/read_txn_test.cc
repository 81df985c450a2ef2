// Transactions that only read: answered from a state that is new enough, without a place in the
// log.
#include <gtest/gtest.h>

#include "api/etcdserverpb/kv.pb.h"
#include "api/etcdserverpb/lease.pb.h"
#include "api/etcdserverpb/maintenance.pb.h"
#include "api/keel/session.pb.h"
#include "kv/mvcc/command.h"
#include "tests/api/support/api_cluster.h"

namespace keel::api_test {
namespace {

namespace pb = etcdserverpb;

const std::string kTxn = "/etcdserverpb.KV/Txn";
const Status kNoLeader = Unavailable("etcdserver: no leader");

pb::RequestOp Get(const std::string& key, int64_t revision = 0, bool serializable = false) {
  pb::RequestOp op;
  op.mutable_request_range()->set_key(key);
  op.mutable_request_range()->set_revision(revision);
  op.mutable_request_range()->set_serializable(serializable);
  return op;
}

pb::Compare VersionIs(const std::string& key, int64_t version) {
  pb::Compare compare;
  compare.set_key(key);
  compare.set_target(pb::Compare::VERSION);
  compare.set_version(version);
  return compare;
}

class ReadTxnTest : public testing::Test {
 protected:
  Answered<pb::PutResponse> Put(const std::string& key, const std::string& value,
                                int64_t lease = 0) {
    pb::PutRequest put;
    put.set_key(key);
    put.set_value(value);
    put.set_lease(lease);
    return cluster_.Call<pb::PutResponse>("/etcdserverpb.KV/Put", put);
  }
  Answered<pb::TxnResponse> Txn(const pb::TxnRequest& txn) {
    return cluster_.Call<pb::TxnResponse>(kTxn, txn);
  }
  Status Corrupt(pb::AlarmRequest::AlarmAction action) {
    pb::AlarmRequest alarm;
    alarm.set_action(action);
    alarm.set_alarm(pb::CORRUPT);
    return cluster_.Call<pb::AlarmResponse>("/etcdserverpb.Maintenance/Alarm", alarm).status;
  }
  bool Holds(const pb::Compare& compare) {
    pb::TxnRequest txn;
    *txn.add_compare() = compare;
    const auto done = Txn(txn);
    EXPECT_TRUE(done.status.ok()) << done.status;
    return done.response.succeeded();
  }
  Index LastInTheLog() { return cluster_.sim().at(0).node().status().last; }

  ApiCluster cluster_;
};

TEST_F(ReadTxnTest, TakesNoPlaceInTheLog) {
  Put("a", "1");
  const Index before = LastInTheLog();
  pb::TxnRequest txn;
  *txn.add_compare() = VersionIs("a", 1);
  *txn.add_success() = Get("a");
  *txn.add_success()->mutable_request_txn()->add_success() = Get("b");
  const auto done = Txn(txn);
  ASSERT_TRUE(done.status.ok()) << done.status;
  EXPECT_TRUE(done.response.succeeded());
  EXPECT_EQ(LastInTheLog(), before);
  // What may write goes there, taken or not.
  pb::RequestOp* other = txn.add_failure()->mutable_request_txn()->add_failure();
  other->mutable_request_delete_range()->set_key("zz");
  ASSERT_TRUE(Txn(txn).status.ok());
  EXPECT_EQ(LastInTheLog(), before.Next());
}

TEST_F(ReadTxnTest, AnswersAsOneInTheLogDoes) {  // 1, 3, 4
  Put("a", "1");
  Put("b", "2");
  pb::TxnRequest txn;
  *txn.add_compare() = VersionIs("a", 1);
  *txn.add_success() = Get("a");
  pb::TxnRequest* nested = txn.add_success()->mutable_request_txn();
  *nested->add_compare() = VersionIs("b", 7);
  *nested->add_failure() = Get("b");
  auto* all = txn.add_success()->mutable_request_range();
  all->set_key("a");
  all->set_range_end("z");
  all->set_limit(1);
  const auto read = Txn(txn);
  ASSERT_TRUE(read.status.ok()) << read.status;
  EXPECT_EQ(read.response.header().revision(), 3);
  EXPECT_EQ(read.response.header().member_id(), cluster_.sim().at(0).id().value());
  EXPECT_FALSE(read.response.responses(1).response_txn().succeeded());
  EXPECT_EQ(read.response.responses(1).response_txn().responses(0).response_range().kvs(0).value(),
            "2");
  EXPECT_TRUE(read.response.responses(2).response_range().more());
  // The same with a write in a branch that is not taken: by the log.
  txn.add_failure()->mutable_request_put()->set_key("zz");
  const auto logged = Txn(txn);
  ASSERT_TRUE(logged.status.ok()) << logged.status;
  EXPECT_EQ(read.response.SerializeAsString(), logged.response.SerializeAsString());
}

TEST_F(ReadTxnTest, ComparesAllTargets) {  // 21
  pb::LeaseGrantRequest grant;
  grant.set_id(5);
  grant.set_ttl(60);
  ASSERT_TRUE(
      cluster_.Call<pb::LeaseGrantResponse>("/etcdserverpb.Lease/LeaseGrant", grant).status.ok());
  Put("a", "1");
  Put("a", "2", 5);
  Put("b", "2", 5);
  pb::Compare compare = VersionIs("a", 2);
  EXPECT_TRUE(Holds(compare));
  compare.set_target(pb::Compare::CREATE);
  compare.set_create_revision(2);
  EXPECT_TRUE(Holds(compare));
  compare.set_target(pb::Compare::MOD);
  compare.set_mod_revision(3);
  EXPECT_TRUE(Holds(compare));
  compare.set_mod_revision(2);
  EXPECT_FALSE(Holds(compare));
  for (const char* end : {"", "c"}) {
    compare.set_range_end(end);
    compare.set_target(pb::Compare::LEASE);
    compare.set_lease(5);
    EXPECT_TRUE(Holds(compare));
    compare.set_lease(0);
    EXPECT_FALSE(Holds(compare));
    compare.set_target(pb::Compare::VALUE);
    compare.set_value("2");
    EXPECT_TRUE(Holds(compare));
    compare.set_value("1");
    EXPECT_FALSE(Holds(compare));
  }
  compare.set_key("none");
  compare.set_range_end("nonf");
  compare.set_result(pb::Compare::NOT_EQUAL);
  EXPECT_FALSE(Holds(compare));
  compare.set_target(pb::Compare::LEASE);
  compare.set_result(pb::Compare::EQUAL);
  compare.set_lease(0);
  EXPECT_TRUE(Holds(compare));
}

TEST_F(ReadTxnTest, ReadsThePastOrSaysWhyNot) {  // 11
  for (int i = 1; i <= 5; ++i) Put("a", std::to_string(i));
  pb::CompactionRequest compact;
  compact.set_revision(4);
  ASSERT_TRUE(
      cluster_.Call<pb::CompactionResponse>("/etcdserverpb.KV/Compact", compact).status.ok());
  const Status compacted(Code::kOutOfRange,
                         "etcdserver: mvcc: required revision has been compacted");
  const Status future(Code::kOutOfRange,
                      "etcdserver: mvcc: required revision is a future revision");
  for (const bool serializable : {false, true}) {
    const auto at = [&](int64_t revision) {
      pb::TxnRequest txn;
      *txn.add_success() = Get("a", 0, serializable);
      *txn.add_success()->mutable_request_txn()->add_success() = Get("a", revision, serializable);
      return Txn(txn);
    };
    EXPECT_EQ(at(3).status, compacted);
    EXPECT_EQ(at(7).status, future);
    const auto past = at(4);
    ASSERT_TRUE(past.status.ok()) << past.status;
    EXPECT_EQ(past.response.header().revision(), 6);
    const auto& inner = past.response.responses(1).response_txn().responses(0).response_range();
    EXPECT_EQ(inner.kvs(0).value(), "3");
    // A branch that is not taken is not read.
    pb::TxnRequest untaken;
    *untaken.add_failure() = Get("a", 7, serializable);
    EXPECT_TRUE(Txn(untaken).status.ok());
  }
}

TEST_F(ReadTxnTest, IsHeldToTheRulesOfOthers) {  // 19, 22
  pb::TxnRequest empty;
  *empty.add_success() = Get("");
  EXPECT_EQ(Txn(empty).status, InvalidArgument("etcdserver: key is not provided"));
  pb::TxnRequest nothing;
  nothing.add_failure();
  EXPECT_EQ(Txn(nothing).status, InvalidArgument("etcdserver: key not found"));
  pb::TxnRequest many;
  for (int i = 0; i < 129; ++i) *many.add_success() = Get("k" + std::to_string(i));
  EXPECT_EQ(Txn(many).status, InvalidArgument("etcdserver: too many operations in txn request"));
  many.mutable_success()->RemoveLast();
  EXPECT_EQ(Txn(many).response.responses_size(), 128);
}

TEST_F(ReadTxnTest, ACorruptClusterAnswersIt) {  // 40
  Put("a", "1");
  ASSERT_TRUE(Corrupt(pb::AlarmRequest::ACTIVATE).ok());
  pb::TxnRequest txn;
  *txn.add_success() = Get("a");
  EXPECT_EQ(Txn(txn).response.responses(0).response_range().kvs(0).value(), "1");
  txn.add_failure()->mutable_request_put()->set_key("b");
  EXPECT_EQ(Txn(txn).status, DataLoss("etcdserver: corrupt cluster"));
}

TEST_F(ReadTxnTest, InASessionEachSendingHearsTheSame) {
  const auto opened =
      cluster_.Call<api::OpenResponse>("/keel.api.Session/Open", api::OpenRequest());
  ASSERT_TRUE(opened.status.ok()) << opened.status;
  const auto send = [&](uint64_t session) {
    net::Metadata metadata;
    metadata.Add({"keel-session", std::to_string(session)});
    metadata.Add({"keel-sequence", "1"});
    pb::TxnRequest txn;
    *txn.add_success() = Get("a");
    return cluster_.Call<pb::TxnResponse>(kTxn, txn, 0, metadata);
  };
  Put("a", "1");
  const auto first = send(opened.response.session());
  ASSERT_TRUE(first.status.ok()) << first.status;
  Put("a", "2");
  EXPECT_EQ(send(opened.response.session()).response.SerializeAsString(),
            first.response.SerializeAsString());
  EXPECT_EQ(send(99).status, FailedPrecondition("etcdserver: session not found"));
}

TEST_F(ReadTxnTest, AnAnswerPastItsBudgetIsRefusedAndNotCut) {
  ApiCluster::Options options;
  options.services.max_response_bytes = 1'000;
  ApiCluster cluster(options);
  for (const char* key : {"a", "b"}) {
    pb::PutRequest put;
    put.set_key(key);
    put.set_value(std::string(600, 'x'));
    ASSERT_TRUE(cluster.Call<pb::PutResponse>("/etcdserverpb.KV/Put", put).status.ok());
  }
  pb::TxnRequest txn;
  *txn.add_success() = Get("a");
  EXPECT_TRUE(cluster.Call<pb::TxnResponse>(kTxn, txn).status.ok());
  *txn.add_success() = Get("b");
  EXPECT_EQ(cluster.Call<pb::TxnResponse>(kTxn, txn).status.code(), Code::kResourceExhausted);
}

// Who asks for users' rights is, until reads ask for themselves, the place where commands are
// carried out.
TEST_F(ReadTxnTest, WhereUsersHaveRightsTheyAreAskedFor) {
  Put("a", "1");
  const auto apply = [this](const kv::AuthOp& op) {
    bool applied = false;
    cluster_.sim().at(0).node().Propose({.command = kv::EncodeCommand({.operation = op})},
                                        [&](const node::ProposalOutcome& outcome) {
                                          const auto* done = std::get_if<node::Applied>(&outcome);
                                          applied = done != nullptr &&
                                                    done->outcome.error == kv::KvError::kNone;
                                        });
    ASSERT_TRUE(cluster_.RunUntil([&] { return applied; }));
  };
  apply({.action = kv::AuthAction::kUserAdd, .user = "root"});
  apply({.action = kv::AuthAction::kRoleAdd, .role = "root"});
  apply({.action = kv::AuthAction::kUserGrantRole, .user = "root", .role = "root"});
  apply({.action = kv::AuthAction::kEnable});
  for (const bool serializable : {false, true}) {
    pb::TxnRequest txn;
    *txn.add_success() = Get("a", 0, serializable);
    EXPECT_EQ(Txn(txn).status, InvalidArgument("etcdserver: user name is empty"));
  }
}

TEST(ReadTxnCluster, HoldsWhatWasAnsweredBeforeAtEveryMember) {
  ApiCluster cluster({.members = 3});
  for (int i = 1; i <= 12; ++i) {
    const auto writer = static_cast<size_t>(i) % 3;
    pb::PutRequest put;
    put.set_key("k");
    put.set_value(std::to_string(i));
    ASSERT_TRUE(cluster.Call<pb::PutResponse>("/etcdserverpb.KV/Put", put, writer).status.ok());
    pb::TxnRequest txn;
    *txn.add_compare() = VersionIs("k", i);
    *txn.add_success() = Get("k");
    const auto read = cluster.Call<pb::TxnResponse>(kTxn, txn, (writer + 1) % 3);
    ASSERT_TRUE(read.status.ok()) << read.status;
    EXPECT_TRUE(read.response.succeeded());
    EXPECT_EQ(read.response.header().revision(), i + 1);
  }
}

TEST(ReadTxnCluster, WithoutALeaderOnlySerializableOnesAreServed) {  // 7
  ApiCluster cluster({.members = 3});
  const size_t alone = cluster.FollowerAt();
  pb::PutRequest put;
  put.set_key("k");
  ASSERT_TRUE(cluster.Call<pb::PutResponse>("/etcdserverpb.KV/Put", put).status.ok());
  ASSERT_TRUE(cluster.sim().RunUntilEqual());
  for (size_t i = 0; i < 3; ++i) {
    if (i != alone) cluster.Kill(i);
  }
  cluster.RunFor(2'000'000);
  pb::TxnRequest txn;
  *txn.add_compare() = VersionIs("k", 1);
  // It says nothing of how new the state must be: the newest.
  EXPECT_EQ(cluster.Call<pb::TxnResponse>(kTxn, txn, alone).status, kNoLeader);
  *txn.add_success() = Get("k", 0, true);
  *txn.add_failure()->mutable_request_txn()->add_success() = Get("k", 0, true);
  const auto read = cluster.Call<pb::TxnResponse>(kTxn, txn, alone);
  ASSERT_TRUE(read.status.ok()) << read.status;
  EXPECT_TRUE(read.response.succeeded());
  EXPECT_EQ(read.response.responses(0).response_range().kvs_size(), 1);
  // One range that wants the newest is enough, taken or not.
  *txn.add_failure() = Get("k");
  EXPECT_EQ(cluster.Call<pb::TxnResponse>(kTxn, txn, alone).status, kNoLeader);
}

}  // namespace
}  // namespace keel::api_test
