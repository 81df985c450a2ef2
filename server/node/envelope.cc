#include "server/node/envelope.h"

#include "base/coding.h"

namespace keel::node {

std::string EncodeEnvelope(const Envelope& envelope) {
  std::string bytes;
  bytes.reserve(1 + 3 * kVarint64BytesMax + 8 + envelope.command.size());
  bytes.push_back(static_cast<char>(kEnvelopeFormat));
  AppendVarint64(&bytes, envelope.id.proposer.value());
  AppendVarint64(&bytes, envelope.id.boot.value());
  AppendVarint64(&bytes, envelope.id.sequence);
  AppendFixed64(&bytes, envelope.stamped_ms);
  bytes.append(envelope.command);
  return bytes;
}

std::optional<Envelope> DecodeEnvelope(std::string_view bytes) {
  ByteReader reader(bytes);
  uint8_t format = 0;
  uint64_t proposer = 0;
  uint64_t boot = 0;
  Envelope envelope;
  reader.ReadByte(&format);
  reader.ReadVarint64(&proposer);
  reader.ReadVarint64(&boot);
  reader.ReadVarint64(&envelope.id.sequence);
  reader.ReadFixed64(&envelope.stamped_ms);
  if (!reader.ok() || format != kEnvelopeFormat) return std::nullopt;
  envelope.id.proposer = NodeId(proposer);
  envelope.id.boot = raft::BootId(boot);
  envelope.command = reader.rest();
  return envelope;
}

}  // namespace keel::node
