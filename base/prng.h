// A small, seeded, portable source of randomness: the same seed gives the same numbers on every
// machine, compiler and standard library, which <random>'s distributions do not promise.
//
// The generator is xoshiro256**, its state filled by splitmix64. Not for secrets. Not thread-safe:
// each owner holds its own.
#pragma once

#include <array>
#include <cstdint>

namespace keel {

class Prng {
 public:
  explicit Prng(uint64_t seed);

  [[nodiscard]] uint64_t Next();

  // Uniform in [0, bound); a bound of 0 gives 0.
  [[nodiscard]] uint64_t Below(uint64_t bound);

  // Uniform in [low, high], both included; requires low <= high.
  [[nodiscard]] uint64_t Between(uint64_t low, uint64_t high);

  // True with a probability of numerator in denominator.
  [[nodiscard]] bool OneIn(uint64_t denominator) { return Below(denominator) == 0; }
  [[nodiscard]] bool Chance(uint64_t numerator, uint64_t denominator) {
    return Below(denominator) < numerator;
  }

  // A generator for a part of the world that must not be disturbed by how many numbers the other
  // parts draw.
  [[nodiscard]] Prng Fork() { return Prng(Next()); }

 private:
  std::array<uint64_t, 4> state_;
};

}  // namespace keel
