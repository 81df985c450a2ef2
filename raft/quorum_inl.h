// The bodies of raft/quorum.h: templates, so that the callers' lambdas are inlined on the hot path.
#pragma once

#include <algorithm>
#include <array>

#include "raft/quorum.h"

namespace keel::raft {

namespace quorum_internal {

inline bool IsIn(const Member& member, bool outgoing) {
  return outgoing ? member.votes_outgoing : member.votes;
}

template <class BallotOf>
Verdict CountHalf(const Config& config, bool outgoing, const BallotOf& ballot_of) {
  size_t voters = 0;
  size_t yes = 0;
  size_t no = 0;
  for (const Member& member : config.members()) {
    if (!IsIn(member, outgoing)) continue;
    ++voters;
    const Ballot ballot = ballot_of(member.id);
    if (ballot == Ballot::kYes) ++yes;
    if (ballot == Ballot::kNo) ++no;
  }
  if (voters == 0) return Verdict::kLost;
  const size_t majority = voters / 2 + 1;
  if (yes >= majority) return Verdict::kWon;
  return voters - no < majority ? Verdict::kLost : Verdict::kPending;
}

template <class ValueOf>
uint64_t HalfValue(const Config& config, bool outgoing, const ValueOf& value_of) {
  std::array<uint64_t, Config::kMembersMax> values;
  size_t count = 0;
  for (const Member& member : config.members()) {
    if (IsIn(member, outgoing)) values[count++] = value_of(member.id);
  }
  if (count == 0) return 0;
  // A majority has reached the value that stands at the majority's place from the top.
  const size_t place = count / 2;
  std::nth_element(values.begin(), values.begin() + place, values.begin() + count,
                   [](uint64_t a, uint64_t b) { return a > b; });
  return values[place];
}

}  // namespace quorum_internal

template <class BallotOf>
Verdict CountVotes(const Config& config, const BallotOf& ballot_of) {
  const Verdict incoming = quorum_internal::CountHalf(config, /*outgoing=*/false, ballot_of);
  if (!config.IsJoint()) return incoming;
  const Verdict outgoing = quorum_internal::CountHalf(config, /*outgoing=*/true, ballot_of);
  if (incoming == Verdict::kLost || outgoing == Verdict::kLost) return Verdict::kLost;
  return incoming == outgoing ? incoming : Verdict::kPending;
}

template <class ValueOf>
uint64_t MajorityValue(const Config& config, const ValueOf& value_of) {
  const uint64_t incoming = quorum_internal::HalfValue(config, /*outgoing=*/false, value_of);
  if (!config.IsJoint()) return incoming;
  return std::min(incoming, quorum_internal::HalfValue(config, /*outgoing=*/true, value_of));
}

}  // namespace keel::raft
