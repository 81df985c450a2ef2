// How numbers and byte strings become bytes, and how bytes that nobody vouches for are read back.
//
// Fixed-width numbers are little-endian on every machine. A varint holds seven bits a byte, lowest
// first, the top bit saying that more follow; the shortest form is the only valid one, so that
// equal values have equal bytes and a checksum over an encoding means something. A length-prefixed
// string is a varint length, then the bytes.
//
// Appending cannot fail. Reading goes through ByteReader, which never looks outside its input and
// remembers the first failure, so a decoder may read all its fields and ask ok() once at the end.
// Nothing here is shared between threads; readers borrow their input.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace keel {

// The longest encodings: ceil(32 / 7) and ceil(64 / 7) bytes.
inline constexpr size_t kVarint32BytesMax = 5;
inline constexpr size_t kVarint64BytesMax = 10;

void AppendFixed32(std::string* out, uint32_t value);
void AppendFixed64(std::string* out, uint64_t value);
void AppendVarint32(std::string* out, uint32_t value);
void AppendVarint64(std::string* out, uint64_t value);
void AppendLengthPrefixed(std::string* out, std::string_view bytes);

// The number of bytes that AppendVarint64 would append.
[[nodiscard]] size_t VarintLength(uint64_t value);

// For encoders that gather many numbers before they append: writes the varint at `at`, where there
// is room for it, and gives the place behind it.
inline char* EncodeVarint64(char* at, uint64_t value) {
  for (; value >= 0x80; value >>= 7) *at++ = static_cast<char>((value & 0x7f) | 0x80);
  *at++ = static_cast<char>(value);
  return at;
}

// Reads and writes in place, for records whose checksum or length is known only after their body.
// The caller vouches for the room: 4 or 8 bytes at the pointer.
void EncodeFixed32(char* at, uint32_t value);
void EncodeFixed64(char* at, uint64_t value);
[[nodiscard]] uint32_t DecodeFixed32(const char* at);
[[nodiscard]] uint64_t DecodeFixed64(const char* at);

// A cursor over bytes from a disk or a network.
//
// A read that fails returns false, leaves *value alone, and fails every later read too: a decoder
// can never mistake what follows damage for data.
class ByteReader {
 public:
  // Borrows `input`; strings read by reference point into it.
  explicit ByteReader(std::string_view input) : rest_(input) {}

  bool ReadByte(uint8_t* value);
  bool ReadFixed32(uint32_t* value);
  bool ReadFixed64(uint64_t* value);
  bool ReadVarint32(uint32_t* value);
  bool ReadVarint64(uint64_t* value);
  bool ReadBytes(size_t size_bytes, std::string_view* value);
  bool ReadLengthPrefixed(std::string_view* value);

  // False from the first failed read on.
  [[nodiscard]] bool ok() const { return ok_; }
  // All is read and nothing failed: what a decoder that knows the whole message should end with.
  [[nodiscard]] bool AtEnd() const { return ok_ && rest_.empty(); }
  // The bytes not yet read; empty after a failure.
  [[nodiscard]] std::string_view rest() const { return rest_; }

 private:
  bool Fail();

  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace keel
