// Checksums for what is stored and sent: they find damage, not malice.
//
// 64 bits of XXH3 throughout; the 32-bit form is its low half, for formats that count bytes. The
// values are part of the disk and wire formats and never change. The seed tells apart streams whose
// bytes may be equal, and chains a record to the one before it.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

struct XXH3_state_s;

namespace keel {

[[nodiscard]] uint64_t Checksum(std::string_view bytes, uint64_t seed = 0);
[[nodiscard]] uint32_t Checksum32(std::string_view bytes, uint64_t seed = 0);

// The same checksum over bytes that come in pieces, however they are cut. One thread at a time.
class StreamingChecksum {
 public:
  explicit StreamingChecksum(uint64_t seed = 0);

  void Append(std::string_view bytes);
  // Of all that was appended so far; more may follow.
  [[nodiscard]] uint64_t Digest() const;
  // Begins anew.
  void Reset(uint64_t seed = 0);

 private:
  struct Free {
    void operator()(XXH3_state_s* state) const;
  };

  std::unique_ptr<XXH3_state_s, Free> state_;
};

}  // namespace keel
