#include "jepsen/checker/fingerprint.h"

namespace keel::jepsen {
namespace {

constexpr uint64_t kPrime = (uint64_t{1} << 61) - 1;
constexpr uint64_t kFirstBase = 0x0A3B195D4C2E6F71;
constexpr uint64_t kSecondBase = 0x15D4F0B27A869C33;

uint64_t Multiply(uint64_t a, uint64_t b) {
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(a) * b;
  const uint64_t sum =
      static_cast<uint64_t>(product & kPrime) + static_cast<uint64_t>(product >> 61);
  return sum >= kPrime ? sum - kPrime : sum;
}

uint64_t Add(uint64_t a, uint64_t b) {
  const uint64_t sum = a + b;
  return sum >= kPrime ? sum - kPrime : sum;
}

// splitmix64's last step.
uint64_t Spread(uint64_t x) {
  x += 0x9E3779B97F4A7C15;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
  return x ^ (x >> 31);
}

}  // namespace

void TextFingerprint::Append(char byte) {
  // Never zero, so that a text's length shows.
  const uint64_t digit = static_cast<unsigned char>(byte) + uint64_t{1};
  first = Add(Multiply(first, kFirstBase), digit);
  second = Add(Multiply(second, kSecondBase), digit);
  first_shift = Multiply(first_shift, kFirstBase);
  second_shift = Multiply(second_shift, kSecondBase);
  length++;
}

TextFingerprint TextFingerprint::Of(std::string_view text) {
  TextFingerprint made;
  for (const char byte : text) made.Append(byte);
  return made;
}

TextFingerprint TextFingerprint::Then(const TextFingerprint& piece) const {
  return {.first = Add(Multiply(first, piece.first_shift), piece.first),
          .second = Add(Multiply(second, piece.second_shift), piece.second),
          .first_shift = Multiply(first_shift, piece.first_shift),
          .second_shift = Multiply(second_shift, piece.second_shift),
          .length = length + piece.length};
}

std::string TextFingerprint::ToKey() const {
  return std::to_string(first) + "," + std::to_string(second) + ";";
}

void SetFingerprint::Toggle(uint64_t member) {
  high ^= Spread(member * 2);
  low ^= Spread(member * 2 + 1);
}

SetFingerprint SetFingerprint::With(uint64_t number) const {
  return {.high = Spread(high ^ Spread(number + 0x51ED270B)),
          .low = Spread(low + Spread(number ^ 0xB492B66F00000000))};
}

}  // namespace keel::jepsen
