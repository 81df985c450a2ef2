// What an entry of the log carries: a command, who proposed it, and when the leader took it.
//
//   format version (1 byte, today 1) · proposer · boot · sequence (varints) ·
//   the leader's wall time in milliseconds (8 bytes, little-endian) · the command
//
// Proposer, boot and sequence name a proposal for ever: whoever applies the entry knows whether it
// is the one that it was asked for. The time is the leader's alone: it stamps what it was asked
// itself and what followers forwarded alike, and the state takes max(previous, stamped), so log
// time never goes back. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "raft/types.h"

namespace keel::node {

struct ProposalId {
  NodeId proposer;
  raft::BootId boot;
  uint64_t sequence = 0;

  friend auto operator<=>(const ProposalId&, const ProposalId&) = default;
};

struct Envelope {
  ProposalId id;
  uint64_t stamped_ms = 0;
  std::string_view command;  // borrowed
};

inline constexpr uint8_t kEnvelopeFormat = 1;

[[nodiscard]] std::string EncodeEnvelope(const Envelope& envelope);
// The command points into `bytes`. Nothing for bytes that EncodeEnvelope would not have made.
[[nodiscard]] std::optional<Envelope> DecodeEnvelope(std::string_view bytes);

}  // namespace keel::node
