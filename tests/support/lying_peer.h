// Decodes bytes into messages that a correct peer might have sent, or never would.
//
// Indexes and terms are drawn near those of the core that will receive them, because far ones are
// dropped at the door and test little. A source that has run out gives zeros.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "raft/raft.h"

namespace keel::raft {

class ByteSource {
 public:
  explicit ByteSource(std::span<const uint8_t> bytes) : bytes_(bytes) {}

  [[nodiscard]] bool AtEnd() const { return bytes_.empty(); }
  uint8_t Byte();
  // In [0, bound); a bound of 0 gives 0.
  uint64_t Below(uint64_t bound) { return bound == 0 ? 0 : Byte() % bound; }
  bool Flag() { return (Byte() & 1) != 0; }
  // Mostly small, at times anything at all.
  uint64_t Wide();

 private:
  std::span<const uint8_t> bytes_;
};

class LyingPeer {
 public:
  LyingPeer(ByteSource& source, const Raft& core) : source_(source), core_(core) {}

  [[nodiscard]] Message AnyMessage();
  // What the best of all peers would answer to this; nothing if no answer is due.
  [[nodiscard]] static std::optional<Message> HonestReply(const Message& asked);
  [[nodiscard]] std::shared_ptr<const Config> AnyConfig();
  [[nodiscard]] Index AnyIndex();
  [[nodiscard]] NodeId AnyNode() { return NodeId(source_.Below(7)); }

 private:
  [[nodiscard]] Body AnyBody(Term term);
  [[nodiscard]] Term AnyTerm();
  [[nodiscard]] Position AnyPosition();
  [[nodiscard]] AppendRequest AnyAppend(Term term);
  [[nodiscard]] Health AnyHealth() { return static_cast<Health>(source_.Below(3)); }
  [[nodiscard]] BootId AnyBoot() { return BootId(source_.Below(4)); }
  [[nodiscard]] std::vector<ReadId> AnyReads();

  ByteSource& source_;
  const Raft& core_;
};

}  // namespace keel::raft
