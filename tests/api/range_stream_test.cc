// KV.RangeStream as etcd 3.7 and its clients know it: merged, its pieces are what Range answers.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "api/etcdserverpb/kv.pb.h"
#include "tests/api/support/api_cluster.h"

namespace keel::api_test {
namespace {

namespace pb = etcdserverpb;

const std::string kMethod = "/etcdserverpb.KV/RangeStream";
constexpr size_t kPieceBytesMax = size_t{512} << 10;  // of a test's values: a piece and one more

class RangeStreamTest : public testing::Test {
 protected:
  void Put(const std::string& key, const std::string& value) {
    pb::PutRequest request;
    request.set_key(key);
    request.set_value(value);
    const auto put = cluster_.Call<pb::PutResponse>("/etcdserverpb.KV/Put", request);
    ASSERT_TRUE(put.status.ok()) << put.status;
  }
  void PutMany(int count) {
    for (int i = 0; i < count; ++i) Put("k" + std::to_string(1'000 + i), std::string(40'000, 'x'));
  }
  static pb::RangeRequest Everything() {
    pb::RangeRequest request;
    request.set_key("a");
    request.set_range_end("z");
    return request;
  }
  // Every piece of an answer, and how it ended.
  struct Answer {
    Status status;
    std::vector<pb::RangeResponse> pieces;
    pb::RangeResponse merged;
  };
  static Answer AnswerOf(const StreamLog& log) {
    Answer answer{.status = log.status};
    for (const std::string& bytes : log.messages) {
      pb::RangeStreamResponse response;
      EXPECT_TRUE(response.ParseFromString(bytes));
      answer.merged.MergeFrom(response.range_response());
      answer.pieces.push_back(response.range_response());
    }
    return answer;
  }
  Answer Ask(const pb::RangeRequest& request, size_t at = 0) {
    Stream stream(&cluster_, kMethod, at);
    stream.Send(request);
    stream.CloseWrites();
    EXPECT_TRUE(stream.WaitDone());
    return AnswerOf(stream.log());
  }
  void ExpectAsRange(const pb::RangeRequest& request) {
    const auto range = cluster_.Call<pb::RangeResponse>("/etcdserverpb.KV/Range", request);
    const Answer answer = Ask(request);
    EXPECT_EQ(answer.status, range.status);
    EXPECT_EQ(answer.merged.SerializeAsString(), range.response.SerializeAsString())
        << answer.merged.ShortDebugString().substr(0, 400);
  }

  ApiCluster cluster_{{.members = 3}};
};

TEST_F(RangeStreamTest, MergedPiecesAreTheAnswerOfARange) {
  PutMany(30);
  pb::RangeRequest request = Everything();
  ExpectAsRange(request);
  request.set_limit(7);
  ExpectAsRange(request);
  request.set_limit(30);
  ExpectAsRange(request);
  request.set_keys_only(true);
  ExpectAsRange(request);
  request.set_count_only(true);
  ExpectAsRange(request);
  request = Everything();
  request.set_revision(11);
  ExpectAsRange(request);
  request = Everything();
  request.set_sort_order(pb::RangeRequest::ASCEND);
  ExpectAsRange(request);
  request = pb::RangeRequest();
  request.set_key("k1003");
  ExpectAsRange(request);
  request.set_key("nothing");
  ExpectAsRange(request);
}

TEST_F(RangeStreamTest, ComesInBoundedPiecesOfWhichTheLastSaysWhatTheWholeWas) {
  PutMany(60);
  const Answer answer = Ask(Everything());
  ASSERT_TRUE(answer.status.ok()) << answer.status;
  ASSERT_GT(answer.pieces.size(), 4u);
  for (size_t i = 0; i < answer.pieces.size(); ++i) {
    const bool last = i + 1 == answer.pieces.size();
    EXPECT_LE(answer.pieces[i].ByteSizeLong(), kPieceBytesMax);
    EXPECT_GT(answer.pieces[i].kvs_size(), 0);
    EXPECT_EQ(answer.pieces[i].has_header(), last);
    EXPECT_EQ(answer.pieces[i].count(), last ? 60 : 0);
  }
}

TEST_F(RangeStreamTest, AllPiecesAreOfOneRevisionWhateverHappensMeanwhile) {
  PutMany(60);
  Stream stream(&cluster_, kMethod);
  stream.Pause();
  stream.Send(Everything());
  stream.CloseWrites();
  cluster_.RunFor(1'000'000);
  ASSERT_FALSE(stream.log().done) << "the reader has not read it";
  for (int i = 0; i < 60; ++i) Put("k" + std::to_string(1'000 + i), "new");
  pb::CompactionRequest compact;
  compact.set_revision(120);
  compact.set_physical(true);
  ASSERT_TRUE(
      cluster_.Call<pb::CompactionResponse>("/etcdserverpb.KV/Compact", compact).status.ok());
  stream.Resume();
  ASSERT_TRUE(stream.WaitDone());
  const Answer answer = AnswerOf(stream.log());
  ASSERT_TRUE(answer.status.ok()) << answer.status;
  ASSERT_EQ(answer.merged.kvs_size(), 60);
  EXPECT_EQ(answer.merged.header().revision(), 61);
  for (const auto& kv : answer.merged.kvs()) EXPECT_EQ(kv.value().size(), 40'000u) << kv.key();
}

TEST_F(RangeStreamTest, SeesWhatWasAnsweredBeforeThroughEveryMember) {
  for (int i = 0; i < 5; ++i) {
    Put("k", std::to_string(i));
    for (size_t at = 0; at < cluster_.size(); ++at) {
      const Answer answer = Ask(Everything(), at);
      ASSERT_TRUE(answer.status.ok()) << answer.status;
      ASSERT_EQ(answer.merged.kvs_size(), 1);
      EXPECT_EQ(answer.merged.kvs(0).value(), std::to_string(i));
    }
  }
}

TEST_F(RangeStreamTest, AMemberAloneServesWhatMayBeOldAndNothingElse) {
  Put("k", "v");
  const size_t left = cluster_.FollowerAt();
  cluster_.RunFor(1'000'000);
  for (size_t at = 0; at < cluster_.size(); ++at) {
    if (at != left) cluster_.Kill(at);
  }
  cluster_.RunFor(5'000'000);
  EXPECT_EQ(Ask(Everything(), left).status.code(), Code::kUnavailable);
  pb::RangeRequest request = Everything();
  request.set_serializable(true);
  const Answer answer = Ask(request, left);
  EXPECT_TRUE(answer.status.ok()) << answer.status;
  EXPECT_EQ(answer.merged.kvs_size(), 1);
}

TEST_F(RangeStreamTest, RefusesWhatOnlyTheWholeCanAnswerInTheWordsOfEtcd) {
  Put("k", "v");
  const Status sorts = Unimplemented("RangeStream does not support custom sort orders");
  const Status hides = Unimplemented("RangeStream does not support revision filters");
  pb::RangeRequest request = Everything();
  request.set_sort_target(pb::RangeRequest::VALUE);
  EXPECT_TRUE(Ask(request).status.ok());
  request.set_sort_order(pb::RangeRequest::ASCEND);
  EXPECT_EQ(Ask(request).status, sorts);
  request.set_sort_target(pb::RangeRequest::KEY);
  request.set_sort_order(pb::RangeRequest::DESCEND);
  request.set_min_mod_revision(1);
  EXPECT_EQ(Ask(request).status, sorts);
  request.set_sort_order(pb::RangeRequest::NONE);
  EXPECT_EQ(Ask(request).status, hides);
  request = Everything();
  request.set_max_create_revision(1);
  EXPECT_EQ(Ask(request).status, hides);
}

TEST_F(RangeStreamTest, RefusesWhatARangeRefuses) {
  Put("k", "v");
  ExpectAsRange(pb::RangeRequest());
  pb::RangeRequest request = Everything();
  request.set_revision(99);
  ExpectAsRange(request);
  pb::CompactionRequest compact;
  compact.set_revision(2);
  cluster_.Call<pb::CompactionResponse>("/etcdserverpb.KV/Compact", compact);
  request.set_revision(1);
  ExpectAsRange(request);
  request.set_sort_target(static_cast<pb::RangeRequest::SortTarget>(9));
  ExpectAsRange(request);
  Stream empty(&cluster_, kMethod);
  empty.CloseWrites();
  ASSERT_TRUE(empty.WaitDone());
  EXPECT_EQ(empty.log().status.code(), Code::kInternal);
}

TEST_F(RangeStreamTest, AReaderThatGoesAwayLeavesNothingBehind) {
  PutMany(60);
  Stream stream(&cluster_, kMethod);
  stream.Pause();
  stream.Send(Everything());
  cluster_.RunFor(1'000'000);
  stream.Cancel();
  cluster_.RunFor(1'000'000);
  ExpectAsRange(Everything());
}

}  // namespace
}  // namespace keel::api_test
