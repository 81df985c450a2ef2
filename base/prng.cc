#include "base/prng.h"

#include <bit>

namespace keel {

namespace {

// Not ISO C++, but both compilers have it.
__extension__ using Uint128 = unsigned __int128;

uint64_t SplitMix64(uint64_t* state) {
  *state += 0x9e3779b97f4a7c15u;
  uint64_t z = *state;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

}  // namespace

Prng::Prng(uint64_t seed) {
  for (uint64_t& word : state_) word = SplitMix64(&seed);
}

uint64_t Prng::Next() {
  const uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const uint64_t shifted = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

uint64_t Prng::Below(uint64_t bound) {
  // The high half of the product is uniform but for a bias below bound / 2^64, too small to see.
  return static_cast<uint64_t>((static_cast<Uint128>(Next()) * bound) >> 64);
}

uint64_t Prng::Between(uint64_t low, uint64_t high) {
  const uint64_t count = high - low + 1;
  // Over all 64-bit values the count wraps to zero.
  return count == 0 ? Next() : low + Below(count);
}

}  // namespace keel
