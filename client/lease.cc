#include "client/lease.h"

#include <algorithm>
#include <atomic>

#include "base/check.h"
#include "client/core/core.h"
#include "net/alive.h"

namespace keel::client {

namespace {

constexpr Milliseconds kGoodbyePatience{1'000};
constexpr uint64_t kRenewUsMin = 200'000;
// Of a lease whose time to live is not known yet.
constexpr uint64_t kFirstTtlUs = 3'000'000;

ViewOptions Patience(Milliseconds timeout) { return {.timeout = timeout}; }

}  // namespace

// Shared with the timer and the renewal that are on their way.
struct Lease::State : std::enable_shared_from_this<Lease::State> {
  const Client* client = nullptr;
  LeaseId id;
  bool revokes = false;
  std::function<void(const Status&)> on_lost;

  // ---- any thread ----
  std::atomic<bool> ended = false;
  std::atomic<bool> lost = false;
  // By the monotonic clock: until then the server has it for certain.
  std::atomic<uint64_t> certain_until_us = 0;
  std::atomic<uint64_t> ttl_us = 0;

  // ---- the executor ----
  void RenewAfter(uint64_t wait_us) {
    client->core()->executor().PostAfter(wait_us, [self = shared_from_this()] {
      if (!self->ended) self->Renew();
    });
  }

  void Renew() {
    const uint64_t began_us = client->core()->NowUs();
    const uint64_t limit_us = std::max(kRenewUsMin, PeriodUs());
    Leases(client, Patience(Milliseconds(static_cast<int64_t>(limit_us / 1000))))
        .StartRenew({.id = id}, [self = shared_from_this(), began_us](Result<RenewResult> answer) {
          self->OnRenewed(began_us, answer);
        });
  }

  void OnRenewed(uint64_t began_us, const Result<RenewResult>& answer) {
    if (ended || answer.status().code() == Code::kCancelled) return;
    const bool gone =
        answer.ok() ? answer->ttl.count() <= 0 : answer.status().code() == Code::kNotFound;
    if (gone) {
      ended = true;
      lost = true;
      if (on_lost) on_lost(NotFound("the lease has run out or was revoked"));
      return;
    }
    if (!answer.ok()) return RenewAfter(kRenewUsMin);
    ttl_us = static_cast<uint64_t>(answer->ttl.count()) * 1'000'000;
    certain_until_us = began_us + ttl_us;
    RenewAfter(PeriodUs());
  }

  [[nodiscard]] uint64_t PeriodUs() const {
    return std::max(kRenewUsMin, (ttl_us == 0 ? kFirstTtlUs : ttl_us.load()) / 3);
  }
};

Lease::Lease(std::shared_ptr<State> state) : state_(std::move(state)) {}

Result<Lease> Lease::Grant(const Client* client, Options options) {
  const uint64_t began_us = client->core()->NowUs();
  KEEL_ASSIGN_OR_RETURN(const GrantResult granted, Leases(client).Grant({.ttl = options.ttl}));
  Lease lease = Keep(client, granted.id, std::move(options));
  lease.state_->revokes = true;
  lease.state_->ttl_us = static_cast<uint64_t>(granted.ttl.count()) * 1'000'000;
  lease.state_->certain_until_us = began_us + lease.state_->ttl_us;
  return lease;
}

Lease Lease::Keep(const Client* client, LeaseId id, Options options) {
  auto state = std::make_shared<State>();
  state->client = client;
  state->id = id;
  state->on_lost = std::move(options.on_lost);
  state->certain_until_us =
      client->core()->NowUs() + static_cast<uint64_t>(options.ttl.count()) * 1'000'000;
  client->core()->executor().Post([state] { state->Renew(); });
  return Lease(std::move(state));
}

Lease::Lease(Lease&& other) noexcept = default;

Lease& Lease::operator=(Lease&& other) noexcept {
  if (this != &other) {
    (void)End(kGoodbyePatience);
    state_ = std::move(other.state_);
  }
  return *this;
}

Lease::~Lease() { (void)End(kGoodbyePatience); }

LeaseId Lease::id() const { return state_ == nullptr ? LeaseId() : state_->id; }

bool Lease::alive() const {
  if (state_ == nullptr || state_->lost) return false;
  return state_->client->core()->NowUs() < state_->certain_until_us;
}

Status Lease::Revoke() {
  if (state_ != nullptr) state_->revokes = true;
  return End(state_ == nullptr ? kGoodbyePatience : state_->client->core()->options().timeout);
}

void Lease::Abandon() {
  if (state_ != nullptr) state_->revokes = false;
  (void)End(kGoodbyePatience);
}

Status Lease::End(Milliseconds patience) {
  if (state_ == nullptr) return {};
  const std::shared_ptr<State> state = std::move(state_);
  const bool was_lost = state->lost;
  state->ended = true;
  if (!state->revokes || was_lost) return {};
  const Leases leases(state->client, Patience(patience));
  if (state->client->core()->IsCurrent()) {
    leases.StartRevoke({.id = state->id}, [](const Result<RevokeResult>& /*answer*/) {});
    return {};
  }
  const Status status = leases.Revoke({.id = state->id}).status();
  return status.code() == Code::kNotFound ? Status() : status;
}

}  // namespace keel::client
