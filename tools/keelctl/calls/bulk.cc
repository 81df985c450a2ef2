#include "tools/keelctl/calls/bulk.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <utility>

#include "client/raw.h"
#include "client/types.h"
#include "tools/keelctl/calls/interrupt.h"

namespace keel::ctl {
namespace {

constexpr std::chrono::milliseconds kLook(20);
// A write is tried for so long at least: longer than a cluster takes to elect another leader.
constexpr client::Milliseconds kPatience(30'000);

client::Milliseconds Ms(uint64_t microseconds) {
  return client::Milliseconds((microseconds + 999) / 1000);
}

client::Options OptionsFor(const CallsOptions& options) {
  client::Options out;
  out.endpoints = options.endpoints;
  out.connect_timeout = Ms(options.wire.dial_timeout_us);
  out.keepalive_interval = Ms(options.wire.keepalive_us);
  out.keepalive_timeout = Ms(options.wire.keepalive_timeout_us);
  out.timeout = std::max(kPatience, Ms(options.command_timeout_us));
  // The user has named whom to ask: what members call themselves may not be reached from here.
  out.discover = false;
  return out;
}

}  // namespace

struct Bulk::State {
  struct Sent {
    std::string method;
    std::string request;
    bool is_done = false;
  };

  mutable std::mutex mutex;
  std::condition_variable changed;
  // All below is under mutex.
  std::map<uint64_t, Sent> open;  // and those done behind the first that is not
  uint64_t next = 0;
  uint64_t done = 0;  // from the first on, without a hole
  size_t in_flight = 0;
  Status failure;

  void Finish(uint64_t number) {
    open.at(number) = {.method = {}, .request = {}, .is_done = true};
    while (!open.empty() && open.begin()->second.is_done) {
      open.erase(open.begin());
      ++done;
    }
  }
};

Bulk::Bulk(Options options)
    : options_(std::move(options)),
      state_(std::make_shared<State>()),
      client_(std::make_unique<client::Client>(OptionsFor(options_.calls))) {}

Bulk::~Bulk() = default;

void Bulk::Start(uint64_t number, bool once) {
  std::string method;
  std::string request;
  {
    const std::lock_guard lock(state_->mutex);
    const State::Sent& sent = state_->open.at(number);
    method = sent.method;
    request = sent.request;
  }
  const client::RawOptions options{
      .retry = once ? client::Retry::kOnce : client::Retry::kIdempotent,
      .metadata = options_.credentials};
  client::StartRaw(*client_, method, std::move(request), options,
                   [this, state = state_, number, once](const Result<std::string>& answer) {
                     const Status& status = answer.status();
                     if (once && !status.ok() && client::IsOutcomeUnknown(status)) {
                       return Start(number, /*once=*/false);
                     }
                     const std::lock_guard lock(state->mutex);
                     --state->in_flight;
                     if (status.ok()) {
                       state->Finish(number);
                     } else if (state->failure.ok()) {
                       state->failure = status;
                     }
                     state->changed.notify_one();
                   });
}

Status Bulk::AwaitFewerThan(size_t count) {
  std::unique_lock lock(state_->mutex);
  while (state_->failure.ok() && state_->in_flight >= count) {
    if (interrupt::Asked()) return Cancelled("interrupted");
    state_->changed.wait_for(lock, kLook);
  }
  return state_->failure;
}

Status Bulk::Send(std::string_view method, const google::protobuf::MessageLite& request) {
  KEEL_RETURN_IF_ERROR(AwaitFewerThan(options_.in_flight_max));
  uint64_t number = 0;
  {
    const std::lock_guard lock(state_->mutex);
    number = state_->next++;
    state_->open[number] = {.method = std::string(method), .request = request.SerializeAsString()};
    ++state_->in_flight;
  }
  Start(number, /*once=*/true);
  return {};
}

Status Bulk::Flush() { return AwaitFewerThan(1); }

uint64_t Bulk::done() const {
  const std::lock_guard lock(state_->mutex);
  return state_->done;
}

}  // namespace keel::ctl
