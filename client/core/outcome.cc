#include "client/core/outcome.h"

#include <array>
#include <string>
#include <string_view>

namespace keel::client {

namespace {

struct Saying {
  std::string_view words;
  Outcome outcome;
};

// What a server says, word for word.
constexpr auto kSayings = std::to_array<Saying>({
    {"etcdserver: no leader", Outcome::kNotDone},
    {"etcdserver: leader changed", Outcome::kNotDone},
    {"etcdserver: not leader", Outcome::kNotDone},
    {"etcdserver: too many requests", Outcome::kNotDone},
    {"etcdserver: too many unacknowledged answers in the session", Outcome::kNotDone},
    {"etcdserver: rpc not supported for learner", Outcome::kNotDone},
    {"etcdserver: unhealthy cluster", Outcome::kFinal},
    {"election: no leader", Outcome::kFinal},
    {"election: not leader", Outcome::kFinal},
    {"etcdserver: session not found", Outcome::kSessionGone},
    {"etcdserver: carried out before; the answer is not kept", Outcome::kAnswerLost},
});

}  // namespace

Outcome OutcomeOf(const Status& status, bool never_sent) {
  if (status.ok()) return Outcome::kFinal;
  if (never_sent) return Outcome::kUnreachable;
  for (const Saying& saying : kSayings) {
    if (status.message() == saying.words) return saying.outcome;
  }
  switch (status.code()) {
    case Code::kUnavailable:
    case Code::kDeadlineExceeded:
    case Code::kCancelled:
    case Code::kUnknown:
    case Code::kInternal:
      return Outcome::kUnknown;
    default:
      return Outcome::kFinal;
  }
}

bool SpeaksOfLeader(const Status& status) {
  return status.code() == Code::kUnavailable || status.code() == Code::kDeadlineExceeded ||
         status.message() == "etcdserver: not leader";
}

bool SpeaksOfLearner(const Status& status) {
  return status.message() == "etcdserver: rpc not supported for learner";
}

bool IsDoubtful(const Status& status) {
  return status.code() == Code::kUnknown || status.code() == Code::kInternal;
}

Status OutcomeUnknown(const Status& status) {
  return {status.code(), "outcome unknown: " + std::string(status.message())};
}

}  // namespace keel::client
