// The bytes of what nodes say to each other: api/keel/peer.proto, to and from the values that the
// rest of the node works with.
//
// Decoding believes nothing: what is no frame, of another version or group, or names a kind, a
// health or a refusal that there is not, comes out as nothing. Whether a core's message makes sense
// is the core's to judge (raft::IsWellFormed). Payloads of decoded messages own their bytes. Pure;
// any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "server/node/peer_message.h"

namespace keel::node {

inline constexpr uint32_t kPeerFormat = 1;

// Appends one frame's bytes.
void AppendFrame(const PeerMessage& message, uint32_t group, std::string* out);
[[nodiscard]] std::optional<PeerMessage> DecodeFrame(std::string_view bytes, uint32_t group);

}  // namespace keel::node
