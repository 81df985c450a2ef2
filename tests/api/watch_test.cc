// etcdserverpb.Watch as its clients see it; the numbers are those of the list of semantics.
#include <gtest/gtest.h>

#include <limits>
#include <memory>
#include <set>

#include "api/etcdserverpb/kv.pb.h"
#include "api/etcdserverpb/watch.pb.h"
#include "tests/api/support/api_cluster.h"

namespace keel::api_test {
namespace {

namespace pb = etcdserverpb;

constexpr char kPath[] = "/etcdserverpb.Watch/Watch";

class WatchTest : public testing::Test {
 protected:
  explicit WatchTest(const ApiCluster::Options& options = {}) : cluster_(options) {}

  int64_t Put(const std::string& key, const std::string& value = "v") {
    pb::PutRequest put;
    put.set_key(key);
    put.set_value(value);
    const auto done = cluster_.Call<pb::PutResponse>("/etcdserverpb.KV/Put", put);
    EXPECT_TRUE(done.status.ok()) << done.status;
    return done.response.header().revision();
  }
  void Delete(const std::string& key) {
    pb::DeleteRangeRequest request;
    request.set_key(key);
    EXPECT_TRUE(cluster_.Call<pb::DeleteRangeResponse>("/etcdserverpb.KV/DeleteRange", request)
                    .status.ok());
  }
  void Compact(int64_t revision) {
    pb::CompactionRequest request;
    request.set_revision(revision);
    request.set_physical(true);
    const auto done = cluster_.Call<pb::CompactionResponse>("/etcdserverpb.KV/Compact", request);
    EXPECT_TRUE(done.status.ok()) << done.status;
  }
  // As many keys as asked for, in one revision.
  void PutMany(int count, size_t value_bytes) {
    pb::TxnRequest txn;
    for (int i = 0; i < count; ++i) {
      pb::PutRequest* put = txn.add_success()->mutable_request_put();
      put->set_key("many" + std::to_string(i));
      put->set_value(std::string(value_bytes, 'x'));
    }
    EXPECT_TRUE(cluster_.Call<pb::TxnResponse>("/etcdserverpb.KV/Txn", txn).status.ok());
  }
  static pb::WatchRequest Create(const std::string& key, const std::string& end = "",
                                 int64_t start = 0, int64_t id = 0) {
    pb::WatchRequest request;
    pb::WatchCreateRequest* create = request.mutable_create_request();
    create->set_key(key);
    create->set_range_end(end);
    create->set_start_revision(start);
    create->set_watch_id(id);
    return request;
  }
  static pb::WatchRequest Progress() {
    pb::WatchRequest request;
    request.mutable_progress_request();
    return request;
  }
  // The next response, which must come.
  static void ExpectCompacted(Stream* stream, int64_t compacted) {
    const auto created = Next(stream);
    EXPECT_TRUE(created.created());
    EXPECT_FALSE(created.canceled());
    const auto canceled = Next(stream);
    EXPECT_TRUE(canceled.canceled());
    EXPECT_EQ(canceled.watch_id(), created.watch_id());
    EXPECT_EQ(canceled.compact_revision(), compacted);
  }
  static pb::WatchResponse Next(Stream* stream) {
    pb::WatchResponse response;
    EXPECT_TRUE(stream->Next(&response));
    return response;
  }
  static bool IsQuiet(Stream* stream, uint64_t us = 1'000'000) {
    pb::WatchResponse response;
    return !stream->Next(&response, us);
  }

  ApiCluster cluster_;
};

TEST_F(WatchTest, IdsBeginAtZeroAndAreTheStreamsOwn) {  // 23, 24
  Stream stream(&cluster_, kPath);
  for (int64_t id = 0; id < 2; ++id) {
    stream.Send(Create("a"));
    const auto created = Next(&stream);
    EXPECT_TRUE(created.created());
    EXPECT_EQ(created.watch_id(), id);
    EXPECT_EQ(created.header().revision(), 1);
    EXPECT_EQ(created.header().cluster_id(), 7u);
  }
  stream.Send(Create("a", "", 0, 2));
  EXPECT_EQ(Next(&stream).watch_id(), 2);
  stream.Send(Create("a"));
  EXPECT_EQ(Next(&stream).watch_id(), 3);
  stream.Send(Create("a", "", 0, 2));
  const auto twice = Next(&stream);
  EXPECT_TRUE(twice.created());
  EXPECT_TRUE(twice.canceled());
  EXPECT_EQ(twice.watch_id(), -1);
  EXPECT_EQ(twice.cancel_reason(), "mvcc: duplicate watch ID provided on the WatchStream");
  stream.Send(Create("b", "a"));
  EXPECT_EQ(Next(&stream).cancel_reason(), "mvcc: watcher range is empty");
  Stream other(&cluster_, kPath);
  other.Send(Create("a"));
  EXPECT_EQ(Next(&other).watch_id(), 0);
}

TEST_F(WatchTest, EventsComeInOrderFromWhereTheyWereAskedFor) {  // 27
  Put("a", "1");
  Put("b", "2");
  Put("a", "3");
  Stream stream(&cluster_, kPath);
  stream.Send(Create("a", "", 2));
  EXPECT_TRUE(Next(&stream).created());
  const auto past = Next(&stream);
  ASSERT_EQ(past.events_size(), 2);
  EXPECT_EQ(past.events(0).kv().value(), "1");
  EXPECT_EQ(past.events(1).kv().mod_revision(), 4);
  EXPECT_EQ(past.header().revision(), 4);
  Delete("a");
  const auto now = Next(&stream);
  ASSERT_EQ(now.events_size(), 1);
  EXPECT_EQ(now.events(0).type(), mvccpb::Event::DELETE);
  EXPECT_EQ(now.events(0).kv().key(), "a");
  EXPECT_EQ(now.events(0).kv().mod_revision(), 5);
  EXPECT_EQ(now.events(0).kv().version(), 0);
  EXPECT_TRUE(IsQuiet(&stream));
}

TEST_F(WatchTest, AnEmptyKeyWithAnOpenEndIsEverything) {
  Stream stream(&cluster_, kPath);
  stream.Send(Create("", std::string(1, '\0')));
  EXPECT_TRUE(Next(&stream).created());
  Put("x");
  EXPECT_EQ(Next(&stream).events(0).kv().key(), "x");
}

TEST_F(WatchTest, ABeginningInTheFutureWaitsForIt) {
  Stream stream(&cluster_, kPath);
  stream.Send(Create("a", "", 4));
  EXPECT_TRUE(Next(&stream).created());
  for (int i = 0; i < 4; ++i) Put("a", std::to_string(i));  // revisions 2 to 5
  EXPECT_EQ(Next(&stream).events(0).kv().mod_revision(), 4);
  EXPECT_EQ(Next(&stream).events(0).kv().mod_revision(), 5);
}

TEST_F(WatchTest, ACompactedBeginningIsCreatedAndThenCanceled) {  // 25, 26
  for (int i = 0; i < 5; ++i) Put("a");
  Compact(5);
  Stream stream(&cluster_, kPath);
  stream.Send(Create("a", "", 3));
  ExpectCompacted(&stream, 5);
  stream.Send(Create("a", "", 5));
  EXPECT_TRUE(Next(&stream).created());
  EXPECT_EQ(Next(&stream).events(0).kv().mod_revision(), 5);
}

TEST_F(WatchTest, ABeginningBelowZeroIsBeforeAllThatIsCompacted) {  // 25
  Put("a");
  Put("a");
  Stream stream(&cluster_, kPath);
  // Nothing is compacted: it is none, and the watch begins now.
  stream.Send(Create("a", "", -1));
  EXPECT_TRUE(Next(&stream).created());
  Put("a");
  EXPECT_EQ(Next(&stream).events(0).kv().mod_revision(), 4);
  Compact(2);
  for (const int64_t start : {int64_t{-1}, int64_t{-7}, std::numeric_limits<int64_t>::min()}) {
    stream.Send(Create("a", "", start));
    ExpectCompacted(&stream, 2);
  }
}

TEST_F(WatchTest, CancelIsAnsweredOnceAndAnUnknownIdNever) {  // 32
  Stream stream(&cluster_, kPath);
  stream.Send(Create("a"));
  Next(&stream);
  pb::WatchRequest cancel;
  cancel.mutable_cancel_request()->set_watch_id(0);
  stream.Send(cancel);
  const auto canceled = Next(&stream);
  EXPECT_TRUE(canceled.canceled());
  EXPECT_EQ(canceled.watch_id(), 0);
  EXPECT_EQ(canceled.compact_revision(), 0);
  stream.Send(cancel);
  Put("a");
  EXPECT_TRUE(IsQuiet(&stream));
}

TEST_F(WatchTest, FiltersLeaveKindsOut) {
  Stream stream(&cluster_, kPath);
  auto deletes = Create("a");
  deletes.mutable_create_request()->add_filters(pb::WatchCreateRequest::NOPUT);
  stream.Send(deletes);
  Next(&stream);
  Put("a");
  Delete("a");
  const auto deleted = Next(&stream);
  ASSERT_EQ(deleted.events_size(), 1);
  EXPECT_EQ(deleted.events(0).type(), mvccpb::Event::DELETE);
}

TEST_F(WatchTest, PreviousValuesAreAbsentForCreationsAndWhereCompacted) {  // 31
  Put("a", "1");
  Put("a", "2");
  Put("a", "3");
  Stream stream(&cluster_, kPath);
  auto request = Create("a", "", 2);
  request.mutable_create_request()->set_prev_kv(true);
  stream.Send(request);
  Next(&stream);
  auto response = Next(&stream);
  ASSERT_EQ(response.events_size(), 3);
  EXPECT_FALSE(response.events(0).has_prev_kv());
  EXPECT_EQ(response.events(1).prev_kv().value(), "1");
  Delete("a");
  response = Next(&stream);
  EXPECT_EQ(response.events(0).prev_kv().value(), "3");
  Compact(4);
  request.mutable_create_request()->set_start_revision(4);
  stream.Send(request);
  Next(&stream);
  response = Next(&stream);
  ASSERT_EQ(response.events_size(), 2);
  EXPECT_FALSE(response.events(0).has_prev_kv());
  EXPECT_EQ(response.events(1).prev_kv().value(), "3");
}

TEST_F(WatchTest, ARevisionIsWholeUnlessPiecesWereAskedFor) {  // 28
  Stream whole(&cluster_, kPath);
  whole.Send(Create("many", "manz"));
  Next(&whole);
  Stream pieces(&cluster_, kPath);
  auto request = Create("many", "manz");
  request.mutable_create_request()->set_fragment(true);
  pieces.Send(request);
  Next(&pieces);
  PutMany(100, 15'000);  // 1.5 MB
  EXPECT_EQ(Next(&whole).events_size(), 100);
  PutMany(3, 100);
  int events = 0;
  pb::WatchResponse piece;
  do {
    piece = Next(&pieces);
    EXPECT_GT(piece.events_size(), 0);
    EXPECT_LT(piece.ByteSizeLong(), size_t{3} << 19);
    events += piece.events_size();
  } while (piece.fragment());
  EXPECT_EQ(events, 100);
  EXPECT_EQ(Next(&pieces).events_size(), 3);
}

class FragmentTest : public WatchTest {
 protected:
  FragmentTest() : WatchTest(Options()) {}
  static ApiCluster::Options Options() {
    ApiCluster::Options options;
    options.services.max_request_bytes = 20'000;
    options.services.watch_progress_interval_ms = 10'000;
    return options;
  }
};

TEST_F(FragmentTest, PiecesAreMarkedButForTheLast) {  // 28
  Stream stream(&cluster_, kPath);
  auto request = Create("k", "l");
  request.mutable_create_request()->set_fragment(true);
  request.mutable_create_request()->set_start_revision(2);
  for (int i = 0; i < 5; ++i) Put("k" + std::to_string(i), std::string(9'000, 'x'));
  stream.Send(request);
  Next(&stream);
  std::vector<bool> marks;
  int events = 0;
  while (events < 5) {
    const auto piece = Next(&stream);
    marks.push_back(piece.fragment());
    events += piece.events_size();
    EXPECT_LT(piece.ByteSizeLong(), 20'000u);
  }
  EXPECT_EQ(marks, (std::vector<bool>{true, true, false}));
}

TEST_F(FragmentTest, AQuietWatcherIsToldHowFarItIs) {  // 30
  Stream stream(&cluster_, kPath);
  auto request = Create("quiet");
  request.mutable_create_request()->set_progress_notify(true);
  stream.Send(request);
  Next(&stream);
  Stream without(&cluster_, kPath);
  without.Send(Create("quiet"));
  Next(&without);
  Put("other");
  cluster_.RunFor(12'000'000);
  const auto progress = Next(&stream);
  EXPECT_EQ(progress.events_size(), 0);
  EXPECT_EQ(progress.watch_id(), 0);
  EXPECT_EQ(progress.header().revision(), 2);
  // Not after events.
  Put("quiet");
  EXPECT_EQ(Next(&stream).events_size(), 1);
  EXPECT_TRUE(IsQuiet(&stream, 14'000'000));
  cluster_.RunFor(10'000'000);
  EXPECT_EQ(Next(&stream).header().revision(), 3);
  EXPECT_EQ(Next(&without).events_size(), 1);
  EXPECT_TRUE(IsQuiet(&without));
}

TEST_F(FragmentTest, ProgressComesWithATenthOfJitter) {  // 30
  constexpr uint64_t kStepUs = 20'000;
  std::vector<std::unique_ptr<Stream>> streams;
  for (int i = 0; i < 12; ++i) {
    streams.push_back(std::make_unique<Stream>(&cluster_, kPath));
    auto request = Create("quiet");
    request.mutable_create_request()->set_progress_notify(true);
    streams.back()->Send(request);
  }
  cluster_.RunFor(kStepUs);
  for (const auto& stream : streams) ASSERT_EQ(stream->log().messages.size(), 1u);
  // The steps in which the first progress of each came.
  std::set<uint64_t> steps;
  for (uint64_t step = 1; step <= 12'000'000 / kStepUs; ++step) {
    cluster_.RunFor(kStepUs);
    for (const auto& stream : streams) {
      if (stream->log().messages.size() < 2 || stream->log().paused) continue;
      stream->Pause();
      steps.insert(step);
    }
  }
  for (const auto& stream : streams) EXPECT_EQ(stream->log().messages.size(), 2u);
  ASSERT_FALSE(steps.empty());
  EXPECT_GE(*steps.begin() * kStepUs, 10'000'000 - 2 * kStepUs);
  EXPECT_LE(*steps.rbegin() * kStepUs, 11'000'000 + 2 * kStepUs);
  EXPECT_GE(steps.size(), 4u) << "they come all at once";
}

TEST_F(WatchTest, ManualProgressIsAnsweredWhenAllWatchersAreUpToDate) {  // 29
  Stream stream(&cluster_, kPath);
  stream.Send(Progress());
  EXPECT_TRUE(IsQuiet(&stream));  // nobody watches
  stream.Send(Create("a"));
  Next(&stream);
  stream.Send(Create("b", "", 2));
  Next(&stream);
  Put("b");
  Put("c");
  EXPECT_EQ(Next(&stream).watch_id(), 1);
  stream.Send(Progress());
  const auto progress = Next(&stream);
  EXPECT_EQ(progress.watch_id(), -1);
  EXPECT_EQ(progress.events_size(), 0);
  EXPECT_EQ(progress.header().revision(), 3);
  // A watcher that is ahead of the store.
  stream.Send(Create("a", "", 10));
  Next(&stream);
  stream.Send(Progress());
  EXPECT_TRUE(IsQuiet(&stream));
}

TEST_F(WatchTest, ProgressNeverOvertakesEvents) {  // 29
  for (int i = 0; i < 300; ++i) Put("a" + std::to_string(i), std::string(2'000, 'x'));
  Stream stream(&cluster_, kPath);
  stream.Send(Create("a", "b", 2));
  stream.Send(Progress());
  int events = 0;
  EXPECT_TRUE(Next(&stream).created());
  pb::WatchResponse response;
  while ((response = Next(&stream)).watch_id() != -1) events += response.events_size();
  EXPECT_EQ(events, 300);
  EXPECT_EQ(response.header().revision(), 301);
}

TEST_F(WatchTest, ASlowReaderHoldsNothingUpAndMissesNothing) {
  Stream slow(&cluster_, kPath);
  slow.Send(Create("k"));
  Next(&slow);
  slow.Pause();
  Stream quick(&cluster_, kPath);
  quick.Send(Create("k"));
  Next(&quick);
  // More than the ring and every queue hold together.
  const int puts = 2'000;
  for (int i = 0; i < puts; ++i) Put("k", std::string(20'000, 'x'));
  EXPECT_LT(slow.log().messages.size(), 40u);
  int64_t revision = 1;
  for (Stream* stream : {&quick, &slow}) {
    if (stream == &slow) slow.Resume();
    revision = 1;
    while (revision < puts + 1) {
      const auto response = Next(stream);
      ASSERT_GT(response.events_size(), 0);
      for (const auto& event : response.events()) {
        ASSERT_EQ(event.kv().mod_revision(), ++revision);
      }
    }
  }
  Put("k", "last");
  EXPECT_EQ(Next(&slow).events(0).kv().value(), "last");
}

TEST_F(WatchTest, ManyWatchersOfOneStreamAllHear) {
  Stream stream(&cluster_, kPath);
  const int watchers = 2'000;
  for (int i = 0; i < watchers; ++i) {
    stream.Send(Create("k"));
    EXPECT_EQ(Next(&stream).watch_id(), i);
  }
  Put("k", "1");
  std::vector<int> heard(watchers);
  for (int i = 0; i < watchers; ++i) {
    const auto response = Next(&stream);
    ASSERT_EQ(response.events_size(), 1);
    ++heard.at(static_cast<size_t>(response.watch_id()));
  }
  EXPECT_EQ(heard, std::vector<int>(watchers, 1));
}

TEST_F(WatchTest, AStreamThatIsGoneLeavesNothingInTheHub) {
  {
    Stream stream(&cluster_, kPath);
    for (int i = 0; i < 10; ++i) {
      auto request = Create("k", "", i % 2 == 0 ? 1 : 0);
      request.mutable_create_request()->set_prev_kv(i % 3 == 0);
      stream.Send(request);
    }
    Next(&stream);
    EXPECT_GT(cluster_.sim().at(0).node().hub().watcher_count(), 0u);
    stream.Cancel();
  }
  cluster_.RunFor(1'000'000);
  EXPECT_EQ(cluster_.sim().at(0).node().hub().watcher_count(), 0u);
}

}  // namespace
}  // namespace keel::api_test
