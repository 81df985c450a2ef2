// etcdserverpb.KV as its clients see it; the numbers are those of the list of semantics.
#include <gtest/gtest.h>

#include "api/etcdserverpb/kv.pb.h"
#include "tests/api/support/api_cluster.h"

namespace keel::api_test {
namespace {

namespace pb = etcdserverpb;

class KvTest : public testing::Test {
 protected:
  Answered<pb::PutResponse> Put(const std::string& key, const std::string& value) {
    pb::PutRequest request;
    request.set_key(key);
    request.set_value(value);
    return Put(request);
  }
  Answered<pb::PutResponse> Put(const pb::PutRequest& request, const net::Metadata& metadata = {}) {
    return cluster_.Call<pb::PutResponse>("/etcdserverpb.KV/Put", request, 0, metadata);
  }
  Answered<pb::RangeResponse> Range(const pb::RangeRequest& request) {
    return cluster_.Call<pb::RangeResponse>("/etcdserverpb.KV/Range", request);
  }
  Answered<pb::RangeResponse> Get(const std::string& key, const std::string& end = "") {
    pb::RangeRequest request;
    request.set_key(key);
    request.set_range_end(end);
    return Range(request);
  }
  Answered<pb::DeleteRangeResponse> Delete(const std::string& key, const std::string& end = "") {
    pb::DeleteRangeRequest request;
    request.set_key(key);
    request.set_range_end(end);
    return cluster_.Call<pb::DeleteRangeResponse>("/etcdserverpb.KV/DeleteRange", request);
  }
  Answered<pb::TxnResponse> Txn(const pb::TxnRequest& request) {
    return cluster_.Call<pb::TxnResponse>("/etcdserverpb.KV/Txn", request);
  }
  Answered<pb::CompactionResponse> Compact(int64_t revision, bool physical = false) {
    pb::CompactionRequest request;
    request.set_revision(revision);
    request.set_physical(physical);
    return cluster_.Call<pb::CompactionResponse>("/etcdserverpb.KV/Compact", request);
  }
  static pb::RequestOp PutOp(const std::string& key, const std::string& value) {
    pb::RequestOp op;
    op.mutable_request_put()->set_key(key);
    op.mutable_request_put()->set_value(value);
    return op;
  }
  static std::string Keys(const pb::RangeResponse& response) {
    std::string keys;
    for (const auto& kv : response.kvs()) keys += kv.key() + " ";
    return keys;
  }

  ApiCluster cluster_;
};

const Status kCompacted(Code::kOutOfRange,
                        "etcdserver: mvcc: required revision has been compacted");
const Status kFuture(Code::kOutOfRange, "etcdserver: mvcc: required revision is a future revision");
const std::string kAll(1, '\0');

TEST_F(KvTest, EveryHeaderIsWhole) {  // 1, 5
  const auto fresh = Get("a");
  ASSERT_TRUE(fresh.status.ok()) << fresh.status;
  EXPECT_EQ(fresh.response.header().revision(), 1);
  const auto put = Put("a", "1");
  ASSERT_TRUE(put.status.ok()) << put.status;
  EXPECT_EQ(put.response.header().cluster_id(), 7u);
  EXPECT_EQ(put.response.header().member_id(), cluster_.sim().at(0).id().value());
  EXPECT_EQ(put.response.header().revision(), 2);
  EXPECT_GT(put.response.header().raft_term(), 0u);
  EXPECT_EQ(Delete("a").response.header().revision(), 3);
  pb::TxnRequest txn;
  *txn.add_success() = PutOp("b", "1");
  const auto done = Txn(txn);
  EXPECT_EQ(done.response.header().revision(), 4);
  EXPECT_EQ(done.response.header().cluster_id(), 7u);
  EXPECT_GT(Compact(3).response.header().raft_term(), 0u);
}

TEST_F(KvTest, InATxnOnlyTheOuterHeaderHasIdsAndTerm) {  // 3
  pb::TxnRequest txn;
  txn.add_success()->mutable_request_range()->set_key("a");
  *txn.add_success() = PutOp("a", "1");
  txn.add_success()->mutable_request_range()->set_key("a");
  pb::TxnRequest* nested = txn.add_success()->mutable_request_txn();
  nested->add_success()->mutable_request_delete_range()->set_key("zz");
  const auto done = Txn(txn);
  ASSERT_TRUE(done.status.ok()) << done.status;
  ASSERT_EQ(done.response.responses_size(), 4);
  const auto& first = done.response.responses(0).response_range();
  EXPECT_EQ(first.header().revision(), 1);
  EXPECT_EQ(first.kvs_size(), 0);
  EXPECT_EQ(first.header().member_id(), 0u);
  EXPECT_EQ(first.header().raft_term(), 0u);
  EXPECT_EQ(done.response.responses(1).response_put().header().revision(), 2);
  const auto& third = done.response.responses(2).response_range();
  EXPECT_EQ(third.header().revision(), 2);
  EXPECT_EQ(third.kvs_size(), 1);
  const auto& inner = done.response.responses(3).response_txn();
  EXPECT_TRUE(inner.succeeded());
  EXPECT_TRUE(inner.has_header());
  EXPECT_EQ(inner.header().revision(), 0);
  EXPECT_EQ(inner.responses(0).response_delete_range().header().revision(), 2);
}

TEST_F(KvTest, AReadOfThePastCarriesThePresentRevision) {  // 4
  Put("a", "1");
  Put("a", "2");
  pb::RangeRequest request;
  request.set_key("a");
  request.set_revision(2);
  const auto past = Range(request);
  ASSERT_TRUE(past.status.ok()) << past.status;
  EXPECT_EQ(past.response.kvs(0).value(), "1");
  EXPECT_EQ(past.response.header().revision(), 3);
}

TEST_F(KvTest, AnEndOfOneZeroByteIsEveryKeyFromTheFirstOn) {  // 10
  for (const char* key : {"a", "b", "\xff", "\xff\xff"}) Put(key, "x");
  EXPECT_EQ(Get("b", kAll).response.count(), 3);
  EXPECT_EQ(Get("\xff", kAll).response.count(), 2);
  EXPECT_EQ(Get(kAll, kAll).response.count(), 4);
  EXPECT_EQ(Get("b", "a").response.count(), 0);
}

TEST_F(KvTest, CompactedAndFutureRevisionsAreOutOfRange) {  // 6, 11
  for (int i = 0; i < 5; ++i) Put("a", std::to_string(i));
  EXPECT_EQ(Compact(-1).status, kCompacted);
  ASSERT_TRUE(Compact(4).status.ok());
  EXPECT_EQ(Compact(4).status, kCompacted);
  EXPECT_EQ(Compact(3).status, kCompacted);
  EXPECT_EQ(Compact(7).status, kFuture);
  pb::RangeRequest request;
  request.set_key("a");
  request.set_revision(3);
  EXPECT_EQ(Range(request).status, kCompacted);
  request.set_revision(4);
  EXPECT_EQ(Range(request).response.kvs(0).value(), "2");
  request.set_revision(7);
  EXPECT_EQ(Range(request).status, kFuture);
  request.set_serializable(true);
  EXPECT_EQ(Range(request).status, kFuture);
}

TEST_F(KvTest, CountKnowsNoLimitAndMoreSaysThatItCut) {  // 12
  for (const char* key : {"a", "b", "c"}) Put(key, "x");
  pb::RangeRequest request;
  request.set_key("a");
  request.set_range_end(kAll);
  request.set_limit(2);
  auto range = Range(request);
  EXPECT_EQ(Keys(range.response), "a b ");
  EXPECT_TRUE(range.response.more());
  EXPECT_EQ(range.response.count(), 3);
  request.set_limit(3);
  EXPECT_FALSE(Range(request).response.more());
  request.set_limit(0);
  request.set_min_mod_revision(3);
  range = Range(request);
  EXPECT_EQ(Keys(range.response), "b c ");
  EXPECT_EQ(range.response.count(), 3);
  request.set_count_only(true);
  range = Range(request);
  EXPECT_EQ(range.response.kvs_size(), 0);
  EXPECT_EQ(range.response.count(), 3);
}

TEST_F(KvTest, AnotherTargetThanTheKeySortsBehindTheLimit) {  // 13
  for (const char* key : {"d", "c", "b", "a"}) Put(key, std::string("v") + key);
  pb::RangeRequest request;
  request.set_key("a");
  request.set_range_end(kAll);
  request.set_sort_target(pb::RangeRequest::MOD);
  EXPECT_EQ(Keys(Range(request).response), "d c b a ");
  // The first three in key order are read, one more than asked for, and sorted then.
  request.set_limit(2);
  EXPECT_EQ(Keys(Range(request).response), "c b ");
  request.set_sort_order(pb::RangeRequest::DESCEND);
  EXPECT_EQ(Keys(Range(request).response), "a b ");
  request.set_sort_order(static_cast<pb::RangeRequest::SortOrder>(9));
  EXPECT_EQ(Range(request).status, InvalidArgument("etcdserver: invalid sort option"));
}

TEST_F(KvTest, KeysOnlyLeavesValuesOut) {  // 14
  Put("a", "1");
  pb::RangeRequest request;
  request.set_key("a");
  request.set_keys_only(true);
  const auto range = Range(request);
  ASSERT_EQ(range.response.kvs_size(), 1);
  EXPECT_EQ(range.response.kvs(0).value(), "");
  EXPECT_EQ(range.response.kvs(0).version(), 1);
}

TEST_F(KvTest, DeletingNothingIsNoRevisionAndAnIdenticalPutIs) {  // 15
  EXPECT_EQ(Delete("a").response.header().revision(), 1);
  EXPECT_EQ(Delete("a").response.deleted(), 0);
  EXPECT_EQ(Put("a", "1").response.header().revision(), 2);
  EXPECT_EQ(Put("a", "1").response.header().revision(), 3);
  EXPECT_EQ(Get("a").response.kvs(0).version(), 2);
  Put("b", "2");
  pb::DeleteRangeRequest request;
  request.set_key("a");
  request.set_range_end("c");
  request.set_prev_kv(true);
  const auto deleted =
      cluster_.Call<pb::DeleteRangeResponse>("/etcdserverpb.KV/DeleteRange", request);
  EXPECT_EQ(deleted.response.deleted(), 2);
  ASSERT_EQ(deleted.response.prev_kvs_size(), 2);
  EXPECT_EQ(deleted.response.prev_kvs(1).value(), "2");
}

TEST_F(KvTest, PutsKeepWhatTheyAreToldToKeep) {  // 16, 17
  pb::PutRequest put;
  put.set_key("a");
  put.set_value("1");
  put.set_lease(5);
  EXPECT_EQ(Put(put).status, NotFound("etcdserver: requested lease not found"));
  put.set_lease(0);
  put.set_prev_kv(true);
  EXPECT_FALSE(Put(put).response.has_prev_kv());
  put.set_value("2");
  EXPECT_EQ(Put(put).response.prev_kv().value(), "1");
  put.set_ignore_value(true);
  EXPECT_EQ(Put(put).status, InvalidArgument("etcdserver: value is provided"));
  put.set_value("");
  ASSERT_TRUE(Put(put).status.ok());
  EXPECT_EQ(Get("a").response.kvs(0).value(), "2");
  put.set_key("none");
  EXPECT_EQ(Put(put).status, InvalidArgument("etcdserver: key not found"));
  put.set_ignore_value(false);
  put.set_ignore_lease(true);
  EXPECT_EQ(Put(put).status, InvalidArgument("etcdserver: key not found"));
  put.set_lease(3);
  EXPECT_EQ(Put(put).status, InvalidArgument("etcdserver: lease is provided"));
}

TEST_F(KvTest, OneTxnChangesAKeyOnce) {  // 18
  const Status duplicate = InvalidArgument("etcdserver: duplicate key given in txn request");
  pb::TxnRequest twice;
  *twice.add_success() = PutOp("a", "1");
  *twice.add_success() = PutOp("a", "2");
  EXPECT_EQ(Txn(twice).status, duplicate);
  pb::TxnRequest inside;
  *inside.add_success() = PutOp("b", "1");
  auto* range = inside.add_success()->mutable_request_delete_range();
  range->set_key("a");
  range->set_range_end("c");
  EXPECT_EQ(Txn(inside).status, duplicate);
  pb::TxnRequest exclusive;
  *exclusive.add_success()->mutable_request_txn()->add_success() = PutOp("a", "1");
  *exclusive.mutable_success(0)->mutable_request_txn()->add_failure() = PutOp("a", "2");
  EXPECT_TRUE(Txn(exclusive).status.ok());
}

TEST_F(KvTest, NestedOperationsCountAgainstTheBound) {  // 19
  const Status too_many = InvalidArgument("etcdserver: too many operations in txn request");
  pb::TxnRequest txn;
  for (int i = 0; i < 128; ++i) *txn.add_success() = PutOp("k" + std::to_string(i), "");
  EXPECT_TRUE(Txn(txn).status.ok());
  *txn.add_success() = PutOp("k128", "");
  EXPECT_EQ(Txn(txn).status, too_many);
  pb::TxnRequest outer;
  *outer.add_success()->mutable_request_txn() = txn;
  outer.mutable_success(0)->mutable_request_txn()->mutable_success()->RemoveLast();
  EXPECT_EQ(Txn(outer).status, too_many);
}

TEST_F(KvTest, AllComparesComeBeforeAnyOperation) {  // 20
  pb::TxnRequest txn;
  *txn.add_success() = PutOp("a", "1");
  pb::TxnRequest* nested = txn.add_success()->mutable_request_txn();
  pb::Compare* compare = nested->add_compare();
  compare->set_key("a");
  compare->set_target(pb::Compare::VERSION);
  compare->set_version(0);
  *nested->add_success() = PutOp("b", "a was not there");
  const auto done = Txn(txn);
  ASSERT_TRUE(done.status.ok()) << done.status;
  EXPECT_TRUE(done.response.responses(1).response_txn().succeeded());
  EXPECT_EQ(Get("b").response.count(), 1);
}

TEST_F(KvTest, ComparesOfMissingKeysAndRanges) {  // 21
  Put("a1", "x");
  Put("a2", "x");
  const auto holds = [this](pb::Compare compare) {
    pb::TxnRequest txn;
    *txn.add_compare() = std::move(compare);
    const auto done = Txn(txn);
    EXPECT_TRUE(done.status.ok()) << done.status;
    return done.response.succeeded();
  };
  pb::Compare compare;
  compare.set_key("none");
  compare.set_target(pb::Compare::VALUE);
  compare.set_result(pb::Compare::NOT_EQUAL);
  compare.set_value("x");
  EXPECT_FALSE(holds(compare));
  compare.set_target(pb::Compare::MOD);
  compare.set_result(pb::Compare::EQUAL);
  compare.set_mod_revision(0);
  EXPECT_TRUE(holds(compare));
  compare.set_result(pb::Compare::GREATER);
  compare.set_mod_revision(-1);
  EXPECT_TRUE(holds(compare));
  compare.set_key("a");
  compare.set_range_end("b");
  compare.set_target(pb::Compare::VALUE);
  compare.set_result(pb::Compare::EQUAL);
  compare.set_value("x");
  EXPECT_TRUE(holds(compare));
  Put("a3", "y");
  EXPECT_FALSE(holds(compare));
}

TEST_F(KvTest, EmptyRequestsAndKeysAreRefused) {  // 22
  const Status empty = InvalidArgument("etcdserver: key is not provided");
  pb::TxnRequest txn;
  txn.add_success();
  EXPECT_EQ(Txn(txn).status, InvalidArgument("etcdserver: key not found"));
  EXPECT_EQ(Get("").status, empty);
  EXPECT_EQ(Put("", "x").status, empty);
  EXPECT_EQ(Delete("").status, empty);
  pb::TxnRequest inner;
  *inner.add_success() = PutOp("", "x");
  EXPECT_EQ(Txn(inner).status, empty);
}

TEST_F(KvTest, ALargeRequestIsRefused) {
  EXPECT_EQ(Put("a", std::string(1'600'000, 'x')).status,
            InvalidArgument("etcdserver: request is too large"));
}

TEST_F(KvTest, AnAnswerPastItsBudgetIsRefusedAndNotCut) {
  ApiCluster::Options options;
  options.services.max_response_bytes = 1'000;
  ApiCluster cluster(options);
  for (int i = 0; i < 5; ++i) {
    pb::PutRequest put;
    put.set_key("k" + std::to_string(i));
    put.set_value(std::string(300, 'x'));
    ASSERT_TRUE(cluster.Call<pb::PutResponse>("/etcdserverpb.KV/Put", put).status.ok());
  }
  pb::RangeRequest request;
  request.set_key("k");
  request.set_range_end("l");
  EXPECT_EQ(cluster.Call<pb::RangeResponse>("/etcdserverpb.KV/Range", request).status.code(),
            Code::kResourceExhausted);
  // As many as fit: the next one, which tells that there are more, is not in the answer.
  request.set_limit(3);
  const auto limited = cluster.Call<pb::RangeResponse>("/etcdserverpb.KV/Range", request);
  EXPECT_EQ(limited.response.kvs_size(), 3);
  EXPECT_TRUE(limited.response.more());
}

TEST(KvCluster, EveryMemberServesReadsAndWrites) {
  ApiCluster cluster({.members = 3});
  for (size_t at = 0; at < 3; ++at) {
    pb::PutRequest put;
    put.set_key("k");
    put.set_value(std::to_string(at));
    const auto done = cluster.Call<pb::PutResponse>("/etcdserverpb.KV/Put", put, at);
    ASSERT_TRUE(done.status.ok()) << done.status;
    EXPECT_EQ(done.response.header().member_id(), cluster.sim().at(at).id().value());
    for (size_t reader = 0; reader < 3; ++reader) {
      pb::RangeRequest get;
      get.set_key("k");
      const auto read = cluster.Call<pb::RangeResponse>("/etcdserverpb.KV/Range", get, reader);
      ASSERT_EQ(read.response.kvs_size(), 1);
      EXPECT_EQ(read.response.kvs(0).value(), std::to_string(at));
    }
  }
}

TEST(KvCluster, WithoutALeaderOnlySerializableReadsAreServed) {  // 7, 38
  ApiCluster cluster({.members = 3});
  const size_t alone = cluster.FollowerAt();
  for (size_t i = 0; i < 3; ++i) {
    if (i != alone) cluster.Kill(i);
  }
  cluster.RunFor(2'000'000);
  pb::PutRequest put;
  put.set_key("k");
  EXPECT_EQ(cluster.Call<pb::PutResponse>("/etcdserverpb.KV/Put", put, alone).status,
            Unavailable("etcdserver: no leader"));
  pb::RangeRequest get;
  get.set_key("k");
  EXPECT_EQ(cluster.Call<pb::RangeResponse>("/etcdserverpb.KV/Range", get, alone).status,
            Unavailable("etcdserver: no leader"));
  get.set_serializable(true);
  EXPECT_TRUE(cluster.Call<pb::RangeResponse>("/etcdserverpb.KV/Range", get, alone).status.ok());
  net::Metadata metadata;
  metadata.Add({"hasleader", "true"});
  EXPECT_EQ(cluster.Call<pb::RangeResponse>("/etcdserverpb.KV/Range", get, alone, metadata).status,
            Unavailable("etcdserver: no leader"));
}

}  // namespace
}  // namespace keel::api_test
