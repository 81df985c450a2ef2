// Writes that are carried out once: their way through the session.
#include <algorithm>
#include <utility>

#include "api/keel/session.pb.h"
#include "client/core/call.h"
#include "client/core/core.h"
#include "client/core/outcome.h"

namespace keel::client {

namespace {

constexpr uint64_t kExpireUs = 50'000;

}  // namespace

void Core::Enlist(Call* call) {
  switch (session_.state()) {
    case Session::State::kUnsupported:
      call->spec.retry = Retry::kSafe;
      return TryCall(call);
    case Session::State::kOpen:
      // In their order: nobody overtakes those who wait.
      if (waiting_.empty() && session_.HasRoom()) {
        call->once = session_.Take();
        return TryCall(call);
      }
      break;
    case Session::State::kNone:
      OpenSession();
      break;
    case Session::State::kOpening:
      break;
  }
  waiting_.push_back(call->number);
  if (waiting_timer_.IsNone()) {
    waiting_timer_ = executor_->PostAfter(kExpireUs, [this] { ExpireWaiting(); });
  }
}

void Core::OpenSession() {
  session_.OnOpening();
  CallSpec spec{.path = "/keel.api.Session/Open",
                .route = {.kind = Route::Kind::kPreferLeader},
                .retry = Retry::kIdempotent};
  spec.done = [this](const Result<std::string>& answer) {
    keel::api::OpenResponse response;
    if (closing_) return;
    if (answer.status().code() == Code::kUnimplemented) {
      session_.OnUnsupported();
    } else if (!answer.ok()) {
      session_.OnOpenFailed();
      return FailWaiting(answer.status().WithContext("opening a session"));
    } else if (!response.ParseFromString(*answer) || response.session() == 0) {
      session_.OnOpenFailed();
      return FailWaiting(Internal("the server's session cannot be read"));
    } else {
      session_.OnOpened(response.session());
    }
    StartWaiting();
  };
  // Later: this may be inside a call's own beginning.
  executor_->Post([this, spec = std::move(spec)]() mutable { Submit(std::move(spec)); });
}

void Core::OnSessionGone(Call* call, const Status& status) {
  session_.OnGone(call->once.session);
  session_.GiveBack(std::exchange(call->once, {}));
  // It may have been carried out while the session was still there, and the answer went with it.
  if (call->perhaps_done || call->spec.retry != Retry::kOnce) {
    Finish(call, OutcomeUnknown(status));
    return;
  }
  call->last_failure = status;
  Enlist(call);
}

void Core::StartWaiting() {
  if (std::exchange(starting_waiting_, true)) return;
  while (!waiting_.empty() && !closing_) {
    const bool counted = session_.state() == Session::State::kOpen;
    if (counted ? !session_.HasRoom() : session_.state() != Session::State::kUnsupported) break;
    const uint64_t number = waiting_.front();
    waiting_.pop_front();
    const auto found = calls_.find(number);
    if (found == calls_.end()) continue;
    Call* const call = found->second.get();
    if (counted) {
      call->once = session_.Take();
    } else {
      call->spec.retry = Retry::kSafe;
    }
    TryCall(call);
  }
  starting_waiting_ = false;
}

void Core::ExpireWaiting() {
  waiting_timer_ = {};
  const uint64_t now_us = NowUs();
  std::vector<uint64_t> late;
  std::erase_if(waiting_, [&](uint64_t number) {
    const auto found = calls_.find(number);
    if (found == calls_.end()) return true;
    const uint64_t deadline_us = found->second->deadline_us;
    if (deadline_us == 0 || deadline_us > now_us) return false;
    late.push_back(number);
    return true;
  });
  for (const uint64_t number : late) {
    const auto found = calls_.find(number);
    if (found != calls_.end()) GiveUp(found->second.get());
  }
  // The session may have been lost while writes were waiting for room in it.
  if (!waiting_.empty() && session_.state() == Session::State::kNone) OpenSession();
  if (!waiting_.empty() && waiting_timer_.IsNone()) {
    waiting_timer_ = executor_->PostAfter(kExpireUs, [this] { ExpireWaiting(); });
  }
}

void Core::FailWaiting(const Status& status) {
  for (const uint64_t number : std::exchange(waiting_, {})) {
    const auto found = calls_.find(number);
    if (found != calls_.end()) Finish(found->second.get(), status);
  }
}

}  // namespace keel::client
