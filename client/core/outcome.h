// What the end of one attempt means: whether the request may have been carried out, and whether it
// helps to ask again.
//
// The table is docs/api.md's, "what comes of a write". Pure; any thread.
#pragma once

#include <cstdint>

#include "base/status.h"
#include "client/raw.h"

namespace keel::client {

enum class Outcome : uint8_t {
  // An answer: a result, or a refusal that another try would meet again.
  kFinal,
  // Certainly not carried out, and another member, or a little later, may do it.
  kNotDone,
  // The same, and this member cannot be reached.
  kUnreachable,
  // Nobody can tell whether it was carried out.
  kUnknown,
  // The session is not known any more; the request was not carried out now.
  kSessionGone,
  // Carried out by an earlier attempt, whose answer was too large for the server to keep.
  kAnswerLost,
};

[[nodiscard]] Outcome OutcomeOf(const Status& status, bool never_sent);

// Whether the leader may be another one than was thought.
[[nodiscard]] bool SpeaksOfLeader(const Status& status);
// The member is a learner and leaves this to others.
[[nodiscard]] bool SpeaksOfLearner(const Status& status);
// Codes that may also be the request's own fault are worth few attempts only.
[[nodiscard]] bool IsDoubtful(const Status& status);

// A failure in the words of IsOutcomeUnknown.
[[nodiscard]] Status OutcomeUnknown(const Status& status);

}  // namespace keel::client
