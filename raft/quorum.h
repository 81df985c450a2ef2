// Majorities, as pure functions: over one set of voters or, while a config is joint, over both.
#pragma once

#include <cstdint>
#include <functional>

#include "raft/config.h"

namespace keel::raft {

enum class Verdict : uint8_t { kPending, kWon, kLost };

enum class Ballot : uint8_t { kMissing, kYes, kNo };

// Won when every majority of the config said yes, lost as soon as one of them no longer can. An
// empty config wins nothing.
template <class BallotOf>
[[nodiscard]] Verdict CountVotes(const Config& config, const BallotOf& ballot_of);

// The greatest value that every majority of the config has reached, `value_of` naming each voter's;
// zero for an empty config. With it the commit index is found, and the newest confirmed round.
template <class ValueOf>
[[nodiscard]] uint64_t MajorityValue(const Config& config, const ValueOf& value_of);

}  // namespace keel::raft

#include "raft/quorum_inl.h"
