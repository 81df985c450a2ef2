#include "client/lock.h"

#include "api/v3lockpb/v3lock.pb.h"
#include "client/core/contest.h"
#include "client/core/holding.h"
#include "client/core/view_call.h"

namespace keel::client {

namespace {

constexpr Method kUnlock{.path = "/v3lockpb.Lock/Unlock", .retry = Retry::kIdempotent};

Route ForLocks() { return {.kind = Route::Kind::kPreferLeader}; }

Operation StartUnlock(const View& view, const std::string& key, Done<Status> done) {
  v3lockpb::UnlockRequest request;
  request.set_key(view.prefix + key);
  return StartCall<v3lockpb::UnlockResponse>(
      view, kUnlock, ForLocks(), request, std::move(done),
      [](const v3lockpb::UnlockResponse* /*response*/) { return Status(); });
}

}  // namespace

Result<Lock> Lock::Acquire(const Client* client, std::string name) {
  return Acquire(client, std::move(name), Options{});
}

Result<Lock> Lock::Acquire(const Client* client, std::string name, Options options) {
  KEEL_ASSIGN_OR_RETURN(Holding holding,
                        LeaseFor(client, options.lease, options.ttl, std::move(options.on_lost)));
  // On failure a lease of our own goes, and with it whatever place in the queue is left.
  KEEL_ASSIGN_OR_RETURN(
      Turn turn,
      Contend(client, options.view,
              {.name = std::move(name), .lease = holding.id, .patience = options.patience}));
  Lock lock;
  lock.client_ = client;
  lock.view_ = std::move(options.view);
  lock.key_ = std::move(turn.key);
  lock.lease_id_ = holding.id;
  lock.lease_ = std::move(holding.own);
  return lock;
}

Lock::Lock(Lock&& other) noexcept
    : client_(std::exchange(other.client_, nullptr)),
      view_(std::move(other.view_)),
      key_(std::move(other.key_)),
      lease_id_(other.lease_id_),
      lease_(std::move(other.lease_)) {}

Lock& Lock::operator=(Lock&& other) noexcept {
  if (this != &other) {
    (void)End(kGoodbyePatience);
    client_ = std::exchange(other.client_, nullptr);
    view_ = std::move(other.view_);
    key_ = std::move(other.key_);
    lease_id_ = other.lease_id_;
    lease_ = std::move(other.lease_);
  }
  return *this;
}

Lock::~Lock() { (void)End(kGoodbyePatience); }

bool Lock::alive() const { return client_ != nullptr && (!lease_.has_value() || lease_->alive()); }

Status Lock::Unlock() {
  if (client_ == nullptr) return {};
  return End(client_->core()->options().timeout);
}

Status Lock::End(Milliseconds patience) {
  const Client* const client = std::exchange(client_, nullptr);
  if (client == nullptr) return {};
  const View view(client, Patiently(view_, patience));
  Status status;
  if (client->core()->IsCurrent()) {
    StartUnlock(view, key_, [](const Status& /*status*/) {});
  } else {
    status = internal::Await<Status>(
        *view.core, [&](Done<Status> done) { StartUnlock(view, key_, std::move(done)); });
  }
  lease_.reset();
  return status;
}

}  // namespace keel::client
