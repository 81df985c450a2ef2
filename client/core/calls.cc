// A call's attempts: whom it goes to, what their ends mean, and when it is over.
#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "client/core/call.h"
#include "client/core/core.h"
#include "client/core/outcome.h"

namespace keel::client {

namespace {

// A server that fails inside again and again will not do better by being asked more often.
constexpr uint32_t kDoubtfulEndsMax = 3;
constexpr uint32_t kSilencesCounted = 4;

void AddNumber(net::Metadata* metadata, std::string_view name, uint64_t number) {
  std::array<char, 20> digits{};
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), number);
  metadata->Add({name, std::string_view(digits.data(), static_cast<size_t>(end - digits.data()))});
}

uint64_t Us(Milliseconds duration) { return static_cast<uint64_t>(duration.count()) * 1000; }

}  // namespace

// One attempt, as the channel tells of it.
class Core::Attempt final : public net::CallObserver {
 public:
  Attempt(Core* core, const Call& call)
      : core_(core), number_(call.number), attempt_(call.attempts) {}

  net::Flow OnMessage(std::string_view message) override {
    ++messages_;
    response_ = message;
    return net::Flow::kMore;
  }

  void OnDone(const Status& status, const net::Metadata& trailers) override {
    Status end = status;
    if (end.ok() && messages_ != 1) end = Internal("a unary call was not answered by one message");
    const bool never_sent = !end.ok() && trailers.Find(net::kNeverSent).has_value();
    core_->OnAttemptEnd(number_, attempt_, std::move(end), std::move(response_), never_sent);
  }

 private:
  Core* const core_;
  const uint64_t number_;
  const uint32_t attempt_;
  std::string response_;
  uint64_t messages_ = 0;
};

void Core::TryCall(Call* call) {
  call->timer = {};
  const uint64_t now_us = NowUs();
  if (call->deadline_us != 0 && now_us >= call->deadline_us) return GiveUp(call);
  Pool::Endpoint* const endpoint = pool_.Pick(call->spec.route, call->failed_at);
  if (endpoint == nullptr) {
    if (call->spec.route.kind == Route::Kind::kEndpoint) {
      return Finish(call, InvalidArgument("no endpoint: \"" + call->spec.route.endpoint + "\""));
    }
    scout_.LookSoon();
    return TryAgain(call, Unavailable("the leader is not known"), false);
  }
  ++call->attempts;
  call->endpoint = endpoint;
  call->attempt_us = now_us;
  ++endpoint->in_flight;
  net::CallOptions options{.path = std::string(call->spec.path), .metadata = Credentials()};
  for (const auto& [name, value] : call->spec.metadata) options.metadata.Add({name, value});
  if (call->once.sequence != 0) {
    AddNumber(&options.metadata, "keel-session", call->once.session);
    AddNumber(&options.metadata, "keel-sequence", call->once.sequence);
    AddNumber(&options.metadata, "keel-acknowledged", session_.acknowledged());
  }
  if (call->deadline_us != 0) options.timeout_us = call->deadline_us - now_us;
  const bool repeatable =
      call->spec.retry == Retry::kIdempotent || call->spec.retry == Retry::kOnce;
  const uint64_t limit_us = Us(options_.attempt_timeout)
                            << std::min(call->silences, kSilencesCounted);
  if (repeatable && !call->spec.patient && limit_us != 0 &&
      call->spec.route.kind != Route::Kind::kEndpoint) {
    if (options.timeout_us == 0 || options.timeout_us > limit_us) options.timeout_us = limit_us;
  }
  net::Channel* const channel = pool_.ChannelOf(endpoint);
  call->running = channel->Start(std::move(options), std::make_unique<Attempt>(this, *call));
  // A first message is always taken; if the call is over already, its end says so.
  (void)channel->Write(call->running, call->request);
  channel->CloseWrites(call->running);
}

void Core::OnAttemptEnd(uint64_t number, uint32_t attempt, Status status, std::string response,
                        bool never_sent) {
  const auto found = calls_.find(number);
  // Cancelled meanwhile.
  if (found == calls_.end() || found->second->attempts != attempt) return;
  Call* const call = found->second.get();
  NoteEnd(call, status, never_sent);
  const bool bound =
      call->spec.retry == Retry::kNever || call->spec.route.kind == Route::Kind::kEndpoint;
  switch (OutcomeOf(status, never_sent)) {
    case Outcome::kFinal:
      if (status.ok()) return Finish(call, std::move(response));
      return Finish(call, std::move(status));
    case Outcome::kUnreachable:
      if (bound) return Finish(call, std::move(status));
      return TryAgain(call, status, true);
    case Outcome::kNotDone:
      if (bound) return Finish(call, std::move(status));
      return TryAgain(call, status, false);
    case Outcome::kSessionGone:
      return OnSessionGone(call, status);
    case Outcome::kAnswerLost:
      return Finish(call, OutcomeUnknown(status));
    case Outcome::kUnknown:
      return OnUnknown(call, status);
  }
}

// What the end of an attempt says about the member.
void Core::NoteEnd(Call* call, const Status& status, bool never_sent) {
  Pool::Endpoint* const endpoint = std::exchange(call->endpoint, nullptr);
  --endpoint->in_flight;
  if (status.ok()) {
    if (!call->spec.patient) pool_.OnAnswered(endpoint, NowUs() - call->attempt_us);
    return;
  }
  call->failed_at = endpoint;
  if (SpeaksOfLearner(status)) endpoint->learner = true;
  if (!SpeaksOfLeader(status)) return;
  // The caller's own patience may be over before that with a member would be.
  const bool early = NowUs() - call->attempt_us < Us(options_.attempt_timeout);
  if (status.code() == Code::kDeadlineExceeded && (call->spec.patient || early)) return;
  const bool by_server = status.message().starts_with("etcdserver:");
  if (never_sent || !by_server) pool_.OnUnreachable(endpoint);
  if (pool_.leader() == endpoint) pool_.ForgetLeader();
  scout_.LookSoon();
}

void Core::OnUnknown(Call* call, const Status& status) {
  const Retry retry = call->spec.retry;
  const bool out_of_time = call->deadline_us != 0 && NowUs() >= call->deadline_us;
  if (out_of_time) {
    call->perhaps_done = true;
    call->last_failure = status;
    return GiveUp(call);
  }
  call->perhaps_done = true;
  if (status.code() == Code::kDeadlineExceeded) ++call->silences;
  if (retry == Retry::kNever) return Finish(call, status);
  bool repeat = retry == Retry::kIdempotent || (retry == Retry::kOnce && call->once.sequence != 0);
  if (call->spec.route.kind == Route::Kind::kEndpoint) repeat = false;
  if (IsDoubtful(status) && ++call->doubtful_ends >= kDoubtfulEndsMax) repeat = false;
  if (repeat) return TryAgain(call, status, true);
  Finish(call, retry == Retry::kIdempotent ? status : OutcomeUnknown(status));
}

void Core::TryAgain(Call* call, const Status& reason, bool at_once) {
  call->last_failure = reason;
  uint64_t wait_us = 0;
  // Somebody else may be asked at once; when all have failed, patience is better.
  const bool hasty = at_once && ++call->hasty_retries < pool_.endpoints().size();
  if (!hasty) {
    wait_us = BackoffUs(call->attempts);
    call->hasty_retries = 0;
  }
  const uint64_t now_us = NowUs();
  if (call->deadline_us != 0 && now_us + wait_us >= call->deadline_us) {
    wait_us = call->deadline_us > now_us ? call->deadline_us - now_us : 0;
  }
  call->timer = executor_->PostAfter(wait_us, [this, number = call->number] {
    const auto found = calls_.find(number);
    if (found != calls_.end()) TryCall(found->second.get());
  });
}

void Core::GiveUp(Call* call) {
  std::string words = "no answer within " + std::to_string(call->spec.timeout_us / 1000) +
                      " ms from " + pool_.Names();
  if (!call->last_failure.ok()) words += "; the last failure: " + call->last_failure.ToString();
  const Status status = DeadlineExceeded(std::move(words));
  const bool reading = call->spec.retry == Retry::kIdempotent;
  Finish(call, call->perhaps_done && !reading ? OutcomeUnknown(status) : status);
}

void Core::Finish(Call* call, Result<std::string> result) {
  executor_->Cancel(call->timer);
  auto node = calls_.extract(call->number);
  if (call->endpoint != nullptr) {
    --call->endpoint->in_flight;
    call->endpoint->channel->Cancel(call->running);
  }
  operations_ -= 1;
  operations_bytes_ -= call->request_bytes;
  const bool counted = call->once.sequence != 0;
  if (counted) session_.GiveBack(call->once);
  if (call->beginning) {
    executor_->Post([done = std::move(call->spec.done), result = std::move(result)]() mutable {
      done(std::move(result));
    });
  } else {
    call->spec.done(std::move(result));
  }
  if (counted) StartWaiting();
}

}  // namespace keel::client
