// What comes of a proposal: exactly one of three, exactly once.
//
// Applied: it took effect, and this is the state's answer. Dropped: it has not taken effect and
// never will; asking again is safe. Unknown: it may have taken effect or may still do so; only the
// client can judge whether asking again is safe. Values; any thread.
#pragma once

#include <cstdint>
#include <string_view>
#include <variant>

#include "base/ids.h"
#include "kv/mvcc/answer.h"
#include "raft/io.h"
#include "server/node/once.h"

namespace keel::node {

// When it had come how far, by this node's monotonic clock; 0: it had not.
struct ProposalTimes {
  uint64_t asked_ms = 0;      // asked of this node
  uint64_t handed_ms = 0;     // given to whoever leads
  uint64_t committed_ms = 0;  // known here to be committed
  uint64_t applied_ms = 0;
};

struct Applied {
  Index index;
  Term term;
  kv::Outcome outcome;
  ProposalTimes times;
};

enum class DropReason : uint8_t {
  kNoLeader,       // nobody led for as long as it was held here
  kOverloaded,     // a bound in bytes or in number was reached: ask again, later
  kTooLarge,       // larger than any entry may be
  kSuperseded,     // another leader's entry took its place in the log
  kShuttingDown,   // this node stops, and had not handed it on
  kConfigRefused,  // a change of members that cannot be; Dropped::config says why
};
[[nodiscard]] std::string_view ToString(DropReason reason);

struct Dropped {
  DropReason reason = DropReason::kNoLeader;
  raft::ConfigRefusal config = raft::ConfigRefusal::kNone;
  ProposalTimes times;
};

enum class UnknownReason : uint8_t {
  kLeaderChanged,  // the leader that had it leads no more, and it has not turned up since
  kLinkLost,       // the connection over which it was forwarded broke
  kTimedOut,       // nothing came of it for too long
  kOvertaken,      // a snapshot took the place of the entries among which it may be
  kShuttingDown,   // this node stops
};
[[nodiscard]] std::string_view ToString(UnknownReason reason);

struct Unknown {
  UnknownReason reason = UnknownReason::kLeaderChanged;
  ProposalTimes times;
};

using ProposalOutcome = std::variant<Applied, Dropped, Unknown>;
using ProposalDone = Once<ProposalOutcome>;

}  // namespace keel::node
