#include "kv/mvcc/state.h"

#include "base/coding.h"

namespace keel::kv {

namespace {
constexpr uint8_t kStateFormat = 1;
constexpr uint64_t kAuthEnabled = 1;
constexpr uint64_t kCompactedAtZero = 2;

// A compacted revision above 0 says by itself that there was a compaction.
uint64_t FlagsOf(const StoreState& state) {
  const bool at_zero = state.has_compacted && state.compacted.IsNone();
  return (state.auth_enabled ? kAuthEnabled : 0) | (at_zero ? kCompactedAtZero : 0);
}

}  // namespace

std::string EncodeState(const StoreState& state) {
  std::string out(1, static_cast<char>(kStateFormat));
  for (const uint64_t number :
       {state.applied.value(), state.applied_term.value(), state.revision.value(),
        state.compacted.value(), state.log_time_ms, state.live_keys, state.live_bytes,
        state.auth_revision.value(), FlagsOf(state)}) {
    AppendVarint64(&out, number);
  }
  AppendFixed64(&out, state.chain_hash);
  return out;
}

bool DecodeState(std::string_view bytes, StoreState* state) {
  ByteReader reader(bytes);
  uint8_t format = 0;
  if (!reader.ReadByte(&format) || format != kStateFormat) return false;
  uint64_t numbers[9] = {};
  for (uint64_t& number : numbers) reader.ReadVarint64(&number);
  reader.ReadFixed64(&state->chain_hash);
  const uint64_t flags = numbers[8];
  if (!reader.AtEnd() || flags > (kAuthEnabled | kCompactedAtZero)) return false;
  if (numbers[3] != 0 && (flags & kCompactedAtZero) != 0) return false;
  state->applied = Index(numbers[0]);
  state->applied_term = Term(numbers[1]);
  state->revision = Revision(numbers[2]);
  state->compacted = Revision(numbers[3]);
  state->log_time_ms = numbers[4];
  state->live_keys = numbers[5];
  state->live_bytes = numbers[6];
  state->auth_revision = Revision(numbers[7]);
  state->auth_enabled = (flags & kAuthEnabled) != 0;
  state->has_compacted = !state->compacted.IsNone() || (flags & kCompactedAtZero) != 0;
  return true;
}

}  // namespace keel::kv
