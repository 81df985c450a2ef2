#include "tests/sim/kv_state.h"

#include <string>

#include "base/check.h"
#include "base/checksum.h"
#include "base/coding.h"

namespace keel::sim {

Payload Encode(const Command& command) {
  std::string bytes;
  AppendFixed32(&bytes, static_cast<uint32_t>(command.kind));
  AppendFixed32(&bytes, command.key);
  AppendFixed32(&bytes, command.op);
  AppendFixed64(&bytes, command.expected.value());
  bytes.resize(bytes.size() + command.padding, '.');
  return Payload::Of(std::move(bytes));
}

Command DecodeCommand(const Payload& payload) {
  const char* at = payload.view().data();
  KEEL_CHECK(payload.size() >= 20) << "a command of this state machine";
  return {.kind = static_cast<Command::Kind>(DecodeFixed32(at)),
          .key = DecodeFixed32(at + 4),
          .op = DecodeFixed32(at + 8),
          .expected = Index(DecodeFixed64(at + 12))};
}

KvState::Result KvState::Apply(const raft::Entry& entry) {
  applied_ = {entry.index, entry.term};
  hash_ = Checksum(entry.payload.view(), hash_ ^ entry.index.value());
  if (entry.kind != raft::EntryKind::kCommand) return {};
  const Command command = DecodeCommand(entry.payload);
  Cell& cell = cells_[command.key];
  const bool done = command.kind == Command::Kind::kPut || cell.revision == command.expected;
  if (done) cell = {command.op, entry.index};
  return {done, cell.revision};
}

}  // namespace keel::sim
