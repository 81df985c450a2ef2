#include "server/api/contender.h"

#include <utility>

#include "base/numbers.h"

namespace keel::api {

namespace {

constexpr uint64_t kOwnLeaseTtlS = 60;

// One call makes several commands here: they are no session's.
Caller WithoutSession(Caller caller) {
  caller.origin.session = {};
  caller.origin.sequence = 0;
  caller.origin.lowest_unacknowledged = 0;
  return caller;
}

kv::Compare CreatedAt(const std::string& key, Revision revision) {
  kv::Compare compare;
  compare.keys.begin = key;
  compare.target = kv::CompareTarget::kCreate;
  compare.number = revision.value();
  return compare;
}

}  // namespace

Contender::Contender(std::shared_ptr<WatchCenter> center, const Caller& caller, Contest contest,
                     Done done)
    : center_(std::move(center)),
      core_(center_->core()),
      caller_(WithoutSession(caller)),
      contest_(std::move(contest)),
      done_(std::move(done)) {}

void Contender::Start() {
  follower_ = std::make_unique<KeyFollower>(center_, [this] { Look(); });
  contest_.lease.IsNone() ? Grant() : Join();
}

void Contender::Grant() {
  contest_.lease = kv::LeaseId(core_->DrawId());
  const kv::LeaseGrantOp grant{.id = contest_.lease, .ttl_s = kOwnLeaseTtlS};
  core_->Propose(caller_, {.operation = grant},
                 [self = shared_from_this()](const Result<node::Applied>& applied) {
                   if (!applied.ok()) return self->Finish(applied.status());
                   if (!self->given_up_) self->Join();
                 });
}

void Contender::Join() {
  key_ = PrefixOf(contest_.name) + HexNumber(contest_.lease.value());
  kv::TxnOp txn;
  txn.compares.push_back(CreatedAt(key_, Revision()));
  kv::PutOp put;
  put.key = key_;
  put.value = contest_.value;
  put.lease = contest_.lease;
  txn.success.emplace_back(std::move(put));
  kv::RangeRequest get;
  get.keys.begin = key_;
  txn.failure.emplace_back(std::move(get));
  core_->Propose(caller_, {.operation = std::move(txn)},
                 [self = shared_from_this()](const Result<node::Applied>& applied) {
                   self->OnJoined(applied);
                 });
}

void Contender::OnJoined(const Result<node::Applied>& applied) {
  if (!applied.ok()) return Finish(applied.status());
  const auto& txn = std::get<kv::TxnResult>(applied->outcome.answer);
  if (txn.succeeded) {
    revision_ = applied->outcome.revision;
    return given_up_ ? Leave() : Look();
  }
  // It contends already, under the same lease: the same place in the queue.
  const kv::KeyValue& mine = std::get<kv::RangeResult>(txn.results.front()).kvs.front();
  revision_ = mine.create;
  if (given_up_) return;
  mine.value == contest_.value ? Look() : Proclaim();
}

void Contender::Proclaim() {
  kv::TxnOp txn;
  txn.compares.push_back(CreatedAt(key_, revision_));
  kv::PutOp put;
  put.key = key_;
  put.value = contest_.value;
  put.lease = contest_.lease;
  txn.success.emplace_back(std::move(put));
  core_->Propose(caller_, {.operation = std::move(txn)},
                 [self = shared_from_this()](const Result<node::Applied>& applied) {
                   if (!applied.ok()) return self->Finish(applied.status());
                   if (!self->given_up_) self->Look();
                 });
}

// The one before: the youngest that is older than this one's key.
void Contender::Look() {
  core_->pool().Post([self = shared_from_this(), view = core_->view()] {
    kv::RangeRequest request{.keys = kv::PrefixRange(PrefixOf(self->contest_.name)), .limit = 1};
    request.sort_order = kv::SortOrder::kDescend;
    request.sort_target = kv::SortTarget::kCreate;
    request.max_create = self->revision_.Prev();
    request.keys_only = true;
    Result<kv::RangeResult> found = view->Range(request);
    const auto mine = view->Get(self->key_, view->revision());
    const bool has_key = mine.ok() && mine->has_value() && (*mine)->create == self->revision_;
    auto before = std::make_shared<Result<std::string>>(
        found.ok() ? Result<std::string>(found->kvs.empty() ? "" : found->kvs.front().key)
                   : Result<std::string>(found.status()));
    self->core_->ToTransport([self, before, at = view->revision(), has_key] {
      if (!self->given_up_) self->OnLooked(*before, at, has_key);
    });
  });
}

void Contender::OnLooked(const Result<std::string>& before, Revision at, bool has_key) {
  if (!before.ok()) return Finish(before.status());
  if (!before->empty()) {
    kv::WatchRequest request{.keys = {.begin = *before}, .start = at.Next()};
    request.without_puts = true;
    return follower_->Await(request);
  }
  if (!has_key) return Finish(StatusOf(contest_.expired));
  Finish(Turn{.key = key_, .revision = revision_, .lease = contest_.lease, .now = at});
}

void Contender::Finish(Result<Turn> result) {
  follower_.reset();
  if (!result.ok()) result = ThroughAClient(result.status());
  if (done_) std::move(done_)(std::move(result));
}

void Contender::GiveUp() {
  if (given_up_ || !done_) return;
  given_up_ = true;
  done_ = Done();
  follower_.reset();
  if (!revision_.IsNone()) Leave();
}

void Contender::Leave() {
  kv::TxnOp txn;
  txn.compares.push_back(CreatedAt(key_, revision_));
  kv::DeleteRangeOp remove;
  remove.keys.begin = key_;
  txn.success.emplace_back(std::move(remove));
  core_->Propose(caller_, {.operation = std::move(txn), .essential = true},
                 [](const Result<node::Applied>&) {});
}

}  // namespace keel::api
