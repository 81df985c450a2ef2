#include "client/core/contest.h"

#include <algorithm>
#include <chrono>

#include "base/numbers.h"
#include "client/kv.h"
#include "client/watch.h"

namespace keel::client {

namespace {

using Time = std::chrono::steady_clock::time_point;

// A lease that ran out takes its key away unseen by the watch of another's: so it is looked after.
constexpr Milliseconds kLookAgain{3'000};

struct Queue {
  const Client* client;
  ViewOptions view;
  Kv kv;
  Contest contest;
  Time deadline;
  Turn turn;

  [[nodiscard]] Status Join();
  // The key before ours, or nothing: it is our turn.
  struct Before {
    std::string key;
    Revision as_of;
  };
  [[nodiscard]] Result<Before> Look() const;
  [[nodiscard]] Status AwaitEnd(const Before& before) const;
  void Leave() const;
  // How long one step may wait; nothing is left: 0.
  [[nodiscard]] Milliseconds Patience() const {
    if (contest.patience.count() == 0) return kLookAgain;
    const auto left =
        std::chrono::duration_cast<Milliseconds>(deadline - std::chrono::steady_clock::now());
    return std::clamp(left, Milliseconds(0), kLookAgain);
  }
};

Status Queue::Join() {
  turn.key = contest.name + "/" + HexNumber(contest.lease.value());
  const PutRequest put{.key = turn.key, .value = contest.value, .lease = contest.lease};
  KEEL_ASSIGN_OR_RETURN(const TxnResult joined,
                        kv.Commit(Txn()
                                      .If(Missing(turn.key))
                                      .Then(put)
                                      .Else(GetRequest{.range = KeyRange::One(turn.key)})));
  if (joined.succeeded) {
    turn.revision = joined.header.revision;
    return {};
  }
  // Under this lease already: the same place in the queue, perhaps with another value.
  const KeyValue& mine = joined.Get(0).kvs.at(0);
  turn.revision = mine.create_revision;
  if (mine.value == contest.value) return {};
  return kv.Commit(Txn().If(CreateRevisionOf(turn.key) == turn.revision).Then(put)).status();
}

Result<Queue::Before> Queue::Look() const {
  const GetRequest youngest_before{.range = KeyRange::Prefix(contest.name + "/"),
                                   .limit = 1,
                                   .order = GetRequest::Order::kDescend,
                                   .order_by = GetRequest::Target::kCreate,
                                   .keys_only = true,
                                   .create_revision_max = turn.revision.Prev()};
  // One moment for both: that nobody is before us, and that we are still there.
  KEEL_ASSIGN_OR_RETURN(
      const TxnResult seen,
      kv.Commit(Txn().Then(youngest_before, GetRequest{.range = KeyRange::One(turn.key)})));
  const std::vector<KeyValue>& mine = seen.Get(1).kvs;
  if (mine.empty() || mine[0].create_revision != turn.revision) {
    return FailedPrecondition("the lease ran out while waiting for \"" + contest.name + "\"");
  }
  Before before{.as_of = seen.header.revision};
  if (!seen.Get(0).kvs.empty()) before.key = seen.Get(0).kvs[0].key;
  return before;
}

Status Queue::AwaitEnd(const Before& before) const {
  Watcher watcher(client,
                  {.range = KeyRange::One(before.key), .start = before.as_of.Next(), .puts = false},
                  view);
  const Result<std::optional<WatchBatch>> batch = watcher.NextFor(Patience());
  // What was compacted meanwhile is looked up again, as is all else.
  return batch.status().code() == Code::kOutOfRange ? Status() : batch.status();
}

void Queue::Leave() const {
  kv.StartCommit(Txn()
                     .If(CreateRevisionOf(turn.key) == turn.revision)
                     .Then(DeleteRequest{.range = KeyRange::One(turn.key)}),
                 [](const Result<TxnResult>& /*answer*/) {});
}

}  // namespace

Result<Turn> Contend(const Client* client, const ViewOptions& view, const Contest& contest) {
  Queue queue{.client = client,
              .view = view,
              .kv = Kv(client, view),
              .contest = contest,
              .deadline = std::chrono::steady_clock::now() + contest.patience};
  KEEL_RETURN_IF_ERROR(queue.Join());
  while (true) {
    const Result<Queue::Before> before = queue.Look();
    if (before.ok() && before->key.empty()) return queue.turn;
    Status failure = before.status();
    if (before.ok()) failure = queue.AwaitEnd(*before);
    if (failure.ok() && queue.Patience().count() == 0) {
      failure = DeadlineExceeded("others were before us in \"" + contest.name + "\" all the time");
    }
    if (failure.ok()) continue;
    queue.Leave();
    return failure;
  }
}

}  // namespace keel::client
