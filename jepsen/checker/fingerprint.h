// Fingerprints that stand for what they are made of: of texts that grow, and of sets of calls.
//
// TextFingerprint is a polynomial over two primes' fields (2^61 - 1, two bases): 122 bits, and that
// of a text and a piece gives that of their concatenation. SetFingerprint is 128 bits of xor. Two
// different things share one with a chance of about 2^-100 at the sizes that fit in memory, which
// is taken as never. Plain values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace keel::jepsen {

struct TextFingerprint {
  uint64_t first = 0;
  uint64_t second = 0;
  // The bases to the power of the length: what concatenation needs.
  uint64_t first_shift = 1;
  uint64_t second_shift = 1;
  size_t length = 0;  // in bytes

  [[nodiscard]] static TextFingerprint Of(std::string_view text);
  void Append(char byte);
  [[nodiscard]] TextFingerprint Then(const TextFingerprint& piece) const;
  [[nodiscard]] std::string ToKey() const;

  friend bool operator==(const TextFingerprint& a, const TextFingerprint& b) {
    return a.first == b.first && a.second == b.second;
  }

  struct Hash {
    size_t operator()(const TextFingerprint& of) const { return of.first ^ (of.second << 3); }
  };
};

struct SetFingerprint {
  uint64_t high = 0;
  uint64_t low = 0;

  // Adds a member, or takes it out again. `member` is spread over all bits.
  void Toggle(uint64_t member);
  // Of the set together with a number beside it.
  [[nodiscard]] SetFingerprint With(uint64_t number) const;

  friend bool operator==(const SetFingerprint&, const SetFingerprint&) = default;
};

}  // namespace keel::jepsen
