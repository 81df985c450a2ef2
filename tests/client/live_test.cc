// The SDK against real members that are well: every view, and both faces. The suite that starts
// them gives their addresses in KEEL_ENDPOINTS. Machines are busy, and stand still: leases are long
// where none is to run out, and what comes in the end is waited for; the suite loses patience.
#include <gtest/gtest.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <chrono>
#include <cstdlib>
#include <future>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "api/etcdserverpb/maintenance.pb.h"
#include "client/keel.h"
#include "client/raw.h"

namespace keel::client {
namespace {

using boost::asio::use_awaitable;
using std::chrono::seconds;

constexpr seconds kLongTtl{3'600};

void Pause() { std::this_thread::sleep_for(std::chrono::milliseconds(5)); }

Options LiveOptions() {
  Options options{.endpoints = {}, .timeout = std::chrono::minutes(10)};
  const char* const given = std::getenv("KEEL_ENDPOINTS");
  std::stringstream text(given == nullptr ? "" : given);
  for (std::string each; std::getline(text, each, ',');) options.endpoints.push_back(each);
  return options;
}

class Live : public testing::Test {
 protected:
  Live()
      : prefix_(std::string(testing::UnitTest::GetInstance()->current_test_info()->name()) + "/") {}

  [[nodiscard]] Kv MakeKv() const { return Kv(&client_, {.prefix = prefix_}); }

  const std::string prefix_;
  Client client_{LiveOptions()};
};

TEST_F(Live, KeysArePutReadAndDeleted) {
  const Kv kv = MakeKv();
  const Result<PutResult> put = kv.Put("a", "1");
  ASSERT_TRUE(put.ok()) << put.status();
  EXPECT_GT(put->header.revision.value(), 1U);
  Result<std::optional<KeyValue>> found = kv.Get("a");
  ASSERT_TRUE(found.ok()) << found.status();
  ASSERT_TRUE(found->has_value());
  EXPECT_EQ((*found)->key, "a");
  EXPECT_EQ((*found)->value, "1");
  EXPECT_EQ((*found)->version, 1U);

  const Result<PutResult> again = kv.Put({.key = "a", .value = "2", .previous = true});
  ASSERT_TRUE(again.ok()) << again.status();
  ASSERT_TRUE(again->previous.has_value());
  EXPECT_EQ(again->previous->key, "a");
  EXPECT_EQ(again->previous->value, "1");

  const Result<DeleteResult> removed = kv.Delete("a");
  ASSERT_TRUE(removed.ok()) << removed.status();
  EXPECT_EQ(removed->deleted, 1U);
  found = kv.Get("a");
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_FALSE(found->has_value());
}

TEST_F(Live, AListPagesItselfInOneRevision) {
  const Kv kv = MakeKv();
  Pipeline pipeline(kv, {.in_flight_max = 64});
  for (int i = 0; i < 250; ++i) {
    ASSERT_TRUE(pipeline.Put({.key = "k" + std::to_string(1000 + i), .value = "v"}));
  }
  ASSERT_TRUE(pipeline.Flush().ok());
  EXPECT_EQ(pipeline.done(), 250U);
  Pages pages = kv.List({.range = KeyRange::All()}, 100);
  int seen = 0;
  for (const KeyValue& each : pages) {
    EXPECT_EQ(each.key, "k" + std::to_string(1000 + seen));
    // What comes while it is read is not of that moment.
    if (seen == 10) {
      ASSERT_TRUE(kv.Put("k9999", "later").ok());
    }
    ++seen;
  }
  EXPECT_TRUE(pages.status().ok()) << pages.status();
  EXPECT_EQ(seen, 250);
  EXPECT_EQ(pages.count(), 250U);
  int limited = 0;
  Pages some = kv.List({.range = KeyRange::Prefix("k1"), .limit = 130}, 50);
  for (const KeyValue& each : some) limited += each.key.empty() ? 0 : 1;
  EXPECT_EQ(limited, 130);
}

TEST_F(Live, TransactionsCompareAndNest) {
  const Kv kv = MakeKv();
  ASSERT_TRUE(kv.Put("stock", "7").ok());
  Result<TxnResult> result =
      kv.Commit(Txn()
                    .If(ValueOf("stock") == "7", Missing("order"))
                    .Then(PutRequest{.key = "stock", .value = "6"},
                          PutRequest{.key = "order", .value = "mine"},
                          Txn().If(Exists("stock")).Then(GetRequest{.range = KeyRange::All()}))
                    .Else(GetRequest{.range = KeyRange::One("stock")}));
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_TRUE(result->succeeded);
  ASSERT_EQ(result->answers.size(), 3U);
  const auto& inner = std::get<TxnResult>(result->answers[2]);
  ASSERT_EQ(inner.answers.size(), 1U);
  ASSERT_EQ(inner.Get(0).kvs.size(), 2U);
  EXPECT_EQ(inner.Get(0).kvs[0].key, "order");
  EXPECT_EQ(inner.Get(0).kvs[1].value, "6");

  result = kv.Commit(Txn()
                         .If(Missing("order"))
                         .Then(DeleteRequest{.range = KeyRange::One("stock")})
                         .Else(GetRequest{.range = KeyRange::One("order")}));
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_FALSE(result->succeeded);
  EXPECT_EQ(result->Get(0).kvs[0].value, "mine");
}

struct NumberCodec {
  static std::string Encode(const int& number) { return std::to_string(number); }
  static Result<int> Decode(std::string_view text) { return std::stoi(std::string(text)); }
};

TEST_F(Live, TypedUpdatesLoseNothing) {
  const TypedKv<int, NumberCodec> numbers(MakeKv());
  const auto add_ten = [&] {
    for (int i = 0; i < 10; ++i) {
      const auto result = numbers.Update(
          "n", [](std::optional<int> now) -> Result<int> { return now.value_or(0) + 1; });
      ASSERT_TRUE(result.ok()) << result.status();
    }
  };
  std::thread other(add_ten);
  add_ten();
  other.join();
  const auto total = numbers.Get("n");
  ASSERT_TRUE(total.ok()) << total.status();
  EXPECT_EQ((*total)->value, 20);
  EXPECT_EQ((*total)->version, 20U);
}

TEST_F(Live, WatchesTellOfEveryChangeInOrder) {
  const Kv kv = MakeKv();
  Watcher watcher(&client_, {.range = KeyRange::All(), .previous = true}, {.prefix = prefix_});
  ASSERT_TRUE(watcher.WaitUntilCreated(std::chrono::minutes(10)).ok());
  ASSERT_TRUE(kv.Put("a", "1").ok());
  ASSERT_TRUE(kv.Put("a", "2").ok());
  ASSERT_TRUE(kv.Delete("a").ok());
  std::vector<Event> events;
  while (events.size() < 3) {
    Result<WatchBatch> batch = watcher.Next();
    ASSERT_TRUE(batch.ok()) << batch.status();
    for (Event& event : batch->events) events.push_back(std::move(event));
  }
  EXPECT_TRUE(events[0].IsCreate());
  EXPECT_EQ(events[0].kv.key, "a");
  EXPECT_EQ(events[1].kv.value, "2");
  EXPECT_EQ(events[1].previous->value, "1");
  EXPECT_EQ(events[2].kind, Event::Kind::kDelete);
  const Result<std::optional<WatchBatch>> quiet = watcher.NextFor(Milliseconds(50));
  ASSERT_TRUE(quiet.ok());
  EXPECT_FALSE(quiet->has_value());
  watcher.Cancel();
  EXPECT_EQ(watcher.Next().status().code(), Code::kCancelled);
}

TEST_F(Live, AWatchOfWhatIsCompactedSaysSo) {
  const Kv kv = MakeKv();
  ASSERT_TRUE(kv.Put("a", "1").ok());
  const Result<PutResult> last = kv.Put("a", "2");
  ASSERT_TRUE(last.ok());
  ASSERT_TRUE(kv.Compact({.revision = last->header.revision}).ok());
  // A member that is a little behind still tells of what was there.
  Status told;
  Revision compacted;
  while (told.ok()) {
    Watcher watcher(&client_, {.range = KeyRange::All(), .start = Revision(1)},
                    {.prefix = prefix_});
    told = watcher.Next().status();
    compacted = watcher.compact_revision();
  }
  EXPECT_EQ(told.code(), Code::kOutOfRange);
  EXPECT_EQ(compacted, last->header.revision);
}

TEST_F(Live, LeasesEndTheirKeys) {
  const Kv kv = MakeKv();
  const Leases leases(&client_);
  {
    Result<Lease> lease = Lease::Grant(&client_, {.ttl = kLongTtl});
    ASSERT_TRUE(lease.ok()) << lease.status();
    EXPECT_TRUE(lease->alive());
    ASSERT_TRUE(kv.Put({.key = "mine", .value = "1", .lease = lease->id()}).ok());
    const Result<TimeToLiveResult> left =
        Leases(&client_, {.prefix = prefix_}).TimeToLive({.id = lease->id(), .keys = true});
    ASSERT_TRUE(left.ok()) << left.status();
    EXPECT_EQ(left->keys, std::vector<std::string>{"mine"});
    const Result<RenewResult> renewed = leases.Renew({.id = lease->id()});
    ASSERT_TRUE(renewed.ok()) << renewed.status();
    EXPECT_EQ(renewed->ttl, left->granted);
  }
  // Revoked as it was destroyed, long before it would have run out; not much was waited for that.
  Result<std::optional<KeyValue>> found = kv.Get("mine");
  while (found.ok() && found->has_value()) {
    Pause();
    found = kv.Get("mine");
  }
  EXPECT_TRUE(found.ok()) << found.status();
}

TEST_F(Live, ALeaseThatIsRevokedElsewhereIsLost) {
  std::promise<Status> lost;
  Result<Lease> lease = Lease::Grant(
      &client_, {.ttl = seconds(3), .on_lost = [&](const Status& why) { lost.set_value(why); }});
  ASSERT_TRUE(lease.ok()) << lease.status();
  // Where the machine stood still it may have run out before.
  const Status revoked = Leases(&client_).Revoke({.id = lease->id()}).status();
  ASSERT_TRUE(revoked.ok() || revoked.code() == Code::kNotFound) << revoked;
  EXPECT_EQ(lost.get_future().get().code(), Code::kNotFound);
  EXPECT_FALSE(lease->alive());
  EXPECT_TRUE(lease->Revoke().ok());
}

TEST_F(Live, ALockHasOneHolder) {
  const Lock::Options options{.ttl = kLongTtl, .view = {.prefix = prefix_}};
  Result<Lock> first = Lock::Acquire(&client_, "door", options);
  ASSERT_TRUE(first.ok()) << first.status();
  Lock::Options hasty = options;
  hasty.patience = Milliseconds(300);
  EXPECT_EQ(Lock::Acquire(&client_, "door", hasty).status().code(), Code::kDeadlineExceeded);
  const Kv kv = MakeKv();
  const Result<TxnResult> guarded =
      kv.Commit(Txn().If(first->Held()).Then(PutRequest{.key = "guarded", .value = "by the lock"}));
  ASSERT_TRUE(guarded.ok()) << guarded.status();
  EXPECT_TRUE(guarded->succeeded);
  std::future<bool> second =
      std::async(std::launch::async, [&] { return Lock::Acquire(&client_, "door", options).ok(); });
  EXPECT_EQ(second.wait_for(std::chrono::milliseconds(100)), std::future_status::timeout);
  const Compare held = first->Held();
  ASSERT_TRUE(first->Unlock().ok());
  EXPECT_TRUE(second.get());
  const Result<TxnResult> late =
      kv.Commit(Txn().If(held).Then(PutRequest{.key = "guarded", .value = "by nobody"}));
  ASSERT_TRUE(late.ok()) << late.status();
  EXPECT_FALSE(late->succeeded);
}

TEST_F(Live, ElectionsHaveOneLeader) {
  const Elections elections(&client_, {.prefix = prefix_});
  const Result<std::optional<KeyValue>> nobody = elections.Leader({.name = "office"});
  ASSERT_TRUE(nobody.ok()) << nobody.status();
  EXPECT_FALSE(nobody->has_value());
  const Election::Options options{.ttl = kLongTtl, .view = {.prefix = prefix_}};
  Result<Election> first = Election::Campaign(&client_, "office", "alice", options);
  ASSERT_TRUE(first.ok()) << first.status();
  ASSERT_TRUE(first->Proclaim("alice again").ok());
  std::future<Status> second = std::async(std::launch::async, [&] {
    return Election::Campaign(&client_, "office", "bob", options).status();
  });
  std::vector<std::string> seen;
  std::promise<void> is_observed;
  std::thread resigns([&] {
    is_observed.get_future().wait();
    EXPECT_TRUE(first->Resign().ok());
  });
  const Status observed = elections.Observe("office", [&](const KeyValue& leader) {
    seen.push_back(leader.value);
    if (seen.size() == 1) is_observed.set_value();
    return seen.back() != "bob";
  });
  if (seen.empty()) is_observed.set_value();
  EXPECT_TRUE(observed.ok()) << observed;
  EXPECT_EQ(seen, (std::vector<std::string>{"alice again", "bob"}));
  resigns.join();
  EXPECT_TRUE(second.get().ok());
}

TEST_F(Live, MembersAndTheirStatesAreTold) {
  const Result<MembersResult> members = Cluster(&client_).List({});
  ASSERT_TRUE(members.ok()) << members.status();
  EXPECT_GE(members->members.size(), 1U);
  for (const Member& member : members->members) {
    const Maintenance there(&client_, {.target = Target::At(member.client_urls.at(0))});
    EXPECT_TRUE(there.HashKv({}).ok());
    EXPECT_TRUE(there.Defragment({}).ok());
    EXPECT_TRUE(there.Alarms({}).ok());
  }
  // All name one, unless one is elected meanwhile.
  std::set<uint64_t> leaders;
  while (leaders.size() != 1 || leaders.contains(0)) {
    leaders.clear();
    for (const Member& member : members->members) {
      const Maintenance there(&client_, {.target = Target::At(member.client_urls.at(0))});
      const Result<MemberStatus> status = there.Status({});
      ASSERT_TRUE(status.ok()) << status.status();
      EXPECT_EQ(status->header.member, member.id);
      leaders.insert(status->leader.value());
    }
    Pause();
  }
  uint64_t bytes = 0;
  const Status snapshot = Maintenance(&client_).Snapshot([&](const SnapshotPiece& piece) {
    bytes += piece.blob.size();
    return Status();
  });
  EXPECT_TRUE(snapshot.ok()) << snapshot;
  EXPECT_EQ(bytes % 512, 32U);
}

TEST_F(Live, OneEndpointIsEnoughToFindTheOthers) {
  Options options = LiveOptions();
  const size_t all = options.endpoints.size();
  options.endpoints.resize(1);
  const Client client(options);
  const Kv kv(&client, {.prefix = prefix_});
  size_t known = 0;
  size_t leading = 0;
  while (known < all || leading == 0) {
    // Members that did not answer in time are asked again while the client is used.
    ASSERT_TRUE(kv.Put("a", "1").ok());
    Pause();
    known = leading = 0;
    for (const Client::Endpoint& endpoint : client.Endpoints()) {
      known += endpoint.reachable ? 1 : 0;
      leading += endpoint.leader ? 1 : 0;
    }
  }
  EXPECT_EQ(known, all);
  EXPECT_EQ(leading, 1U);
}

TEST_F(Live, EveryReadModeReadsWhatWasWritten) {
  ASSERT_TRUE(MakeKv().Put("a", "1").ok());
  for (const ReadMode mode :
       {ReadMode::kLinearizable, ReadMode::kLease, ReadMode::kSerializable, ReadMode::kNearest}) {
    const Kv kv(&client_, {.prefix = prefix_, .read = mode});
    // A member alone may be a little behind.
    Result<std::optional<KeyValue>> found = kv.Get("a");
    while (found.ok() && !found->has_value()) {
      Pause();
      found = kv.Get("a");
    }
    ASSERT_TRUE(found.ok()) << found.status();
    EXPECT_TRUE(found->has_value());
  }
}

TEST_F(Live, FuturesAndCallbacksCarryAnswers) {
  const Kv kv = MakeKv();
  std::future<Result<PutResult>> future =
      kv.Put({.key = "a", .value = "1"}, boost::asio::use_future);
  EXPECT_TRUE(future.get().ok());
  std::promise<Result<GetResult>> promise;
  kv.Get({.range = KeyRange::One("a")},
         [&](Result<GetResult> answer) { promise.set_value(std::move(answer)); });
  EXPECT_EQ(promise.get_future().get()->kvs.size(), 1U);
}

boost::asio::awaitable<void> CountUp(Kv kv, int* done) {
  for (int i = 0; i < 20; ++i) {
    const Result<PutResult> put = co_await kv.Put("a", std::to_string(i), use_awaitable);
    EXPECT_TRUE(put.ok()) << put.status();
    ++*done;
  }
}

TEST_F(Live, CoroutinesRunOnTheirOwnContextAndOnTheClients) {
  int done = 0;
  boost::asio::io_context context;
  co_spawn(context, CountUp(MakeKv(), &done), boost::asio::detached);
  context.run();
  EXPECT_EQ(done, 20);
  co_spawn(client_.get_executor(), CountUp(MakeKv(), &done), boost::asio::use_future).get();
  EXPECT_EQ(done, 40);
}

boost::asio::awaitable<Status> WatchOrTimeOut(Watcher* watcher) {
  using boost::asio::experimental::awaitable_operators::operator||;
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor);
  timer.expires_after(std::chrono::milliseconds(50));
  auto first = co_await (watcher->Next(use_awaitable) || timer.async_wait(use_awaitable));
  if (first.index() == 1) co_return DeadlineExceeded("nothing came");
  co_return std::get<0>(first).status();
}

TEST_F(Live, AWaitIsCancelledThroughItsSlot) {
  Watcher watcher(&client_, {.range = KeyRange::All()}, {.prefix = prefix_});
  boost::asio::io_context context;
  auto ended = co_spawn(context, WatchOrTimeOut(&watcher), boost::asio::use_future);
  context.run();
  EXPECT_EQ(ended.get().code(), Code::kDeadlineExceeded);
  EXPECT_TRUE(watcher.status().ok());
}

TEST_F(Live, TheRawDoorReachesEveryMethod) {
  etcdserverpb::StatusResponse status;
  const Status called =
      Call(client_, "/etcdserverpb.Maintenance/Status", etcdserverpb::StatusRequest(), &status,
           {.target = Target::Leader(), .retry = Retry::kIdempotent});
  ASSERT_TRUE(called.ok()) << called;
  EXPECT_EQ(status.leader(), status.header().member_id());
  const auto later = AsyncCall<etcdserverpb::HashKVResponse>(
      client_, "/etcdserverpb.Maintenance/HashKV", etcdserverpb::HashKVRequest(),
      {.retry = Retry::kIdempotent}, boost::asio::use_future);
  const Status unknown =
      Call(client_, "/keel.api.Nothing/Nothing", etcdserverpb::StatusRequest(), &status);
  EXPECT_EQ(unknown.code(), Code::kUnimplemented);
}

TEST_F(Live, AClientWithoutAThreadWorksWhileItIsRun) {
  Options options = LiveOptions();
  options.own_thread = false;
  Client client(options);
  int done = 0;
  co_spawn(client.get_executor(), CountUp(Kv(&client, {.prefix = prefix_}), &done),
           [&](const std::exception_ptr& /*failed*/) { client.Stop(); });
  EXPECT_EQ(done, 0);
  client.Run();
  EXPECT_EQ(done, 20);
}

}  // namespace
}  // namespace keel::client
