#include "base/checksum.h"

#include <xxhash.h>

#include "base/check.h"

namespace keel {

uint64_t Checksum(std::string_view bytes, uint64_t seed) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

uint32_t Checksum32(std::string_view bytes, uint64_t seed) {
  return static_cast<uint32_t>(Checksum(bytes, seed));
}

void StreamingChecksum::Free::operator()(XXH3_state_s* state) const { XXH3_freeState(state); }

StreamingChecksum::StreamingChecksum(uint64_t seed) : state_(XXH3_createState()) {
  KEEL_CHECK(state_ != nullptr) << "out of memory";
  Reset(seed);
}

void StreamingChecksum::Append(std::string_view bytes) {
  if (bytes.empty()) return;
  KEEL_CHECK(XXH3_64bits_update(state_.get(), bytes.data(), bytes.size()) == XXH_OK);
}

uint64_t StreamingChecksum::Digest() const { return XXH3_64bits_digest(state_.get()); }

void StreamingChecksum::Reset(uint64_t seed) {
  KEEL_CHECK(XXH3_64bits_reset_withSeed(state_.get(), seed) == XXH_OK);
}

}  // namespace keel
