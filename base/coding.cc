#include "base/coding.h"

#include <bit>
#include <cstring>
#include <limits>

namespace keel {

namespace {

// The same bytes on both kinds of machine.
template <class Int>
void EncodeLittleEndian(char* at, Int value) {
  if constexpr (std::endian::native == std::endian::little) {
    std::memcpy(at, &value, sizeof(Int));
  } else {
    for (size_t i = 0; i < sizeof(Int); ++i) at[i] = static_cast<char>(value >> (8 * i));
  }
}

template <class Int>
Int DecodeLittleEndian(const char* at) {
  Int value = 0;
  if constexpr (std::endian::native == std::endian::little) {
    std::memcpy(&value, at, sizeof(Int));
    return value;
  }
  for (size_t i = 0; i < sizeof(Int); ++i) {
    value |= static_cast<Int>(static_cast<unsigned char>(at[i])) << (8 * i);
  }
  return value;
}

template <class Int>
void AppendLittleEndian(std::string* out, Int value) {
  char bytes[sizeof(Int)];
  EncodeLittleEndian(bytes, value);
  out->append(bytes, sizeof(Int));
}

}  // namespace

void EncodeFixed32(char* at, uint32_t value) { EncodeLittleEndian(at, value); }
void EncodeFixed64(char* at, uint64_t value) { EncodeLittleEndian(at, value); }
uint32_t DecodeFixed32(const char* at) { return DecodeLittleEndian<uint32_t>(at); }
uint64_t DecodeFixed64(const char* at) { return DecodeLittleEndian<uint64_t>(at); }

void AppendFixed32(std::string* out, uint32_t value) { AppendLittleEndian(out, value); }
void AppendFixed64(std::string* out, uint64_t value) { AppendLittleEndian(out, value); }

void AppendVarint32(std::string* out, uint32_t value) { AppendVarint64(out, value); }

void AppendVarint64(std::string* out, uint64_t value) {
  char bytes[kVarint64BytesMax];
  out->append(bytes, static_cast<size_t>(EncodeVarint64(bytes, value) - bytes));
}

void AppendLengthPrefixed(std::string* out, std::string_view bytes) {
  AppendVarint64(out, bytes.size());
  out->append(bytes);
}

size_t VarintLength(uint64_t value) {
  const auto bits = static_cast<size_t>(std::bit_width(value | 1));
  return (bits + 6) / 7;
}

bool ByteReader::Fail() {
  ok_ = false;
  rest_ = {};
  return false;
}

bool ByteReader::ReadByte(uint8_t* value) {
  if (rest_.empty()) return Fail();
  *value = static_cast<uint8_t>(rest_.front());
  rest_.remove_prefix(1);
  return true;
}

bool ByteReader::ReadFixed32(uint32_t* value) {
  std::string_view bytes;
  if (!ReadBytes(sizeof(*value), &bytes)) return false;
  *value = DecodeFixed32(bytes.data());
  return true;
}

bool ByteReader::ReadFixed64(uint64_t* value) {
  std::string_view bytes;
  if (!ReadBytes(sizeof(*value), &bytes)) return false;
  *value = DecodeFixed64(bytes.data());
  return true;
}

bool ByteReader::ReadVarint32(uint32_t* value) {
  uint64_t wide = 0;
  if (!ReadVarint64(&wide)) return false;
  if (wide > std::numeric_limits<uint32_t>::max()) return Fail();
  *value = static_cast<uint32_t>(wide);
  return true;
}

bool ByteReader::ReadVarint64(uint64_t* value) {
  uint64_t result = 0;
  for (size_t i = 0; i < rest_.size() && i < kVarint64BytesMax; ++i) {
    const uint64_t byte = static_cast<unsigned char>(rest_[i]);
    // The tenth byte has room for the 64th bit alone.
    if (i + 1 == kVarint64BytesMax && byte > 1) return Fail();
    result |= (byte & 0x7f) << (7 * i);
    if (byte & 0x80) continue;
    // A last byte of zero adds nothing: a shorter form of the same value exists.
    if (byte == 0 && i > 0) return Fail();
    *value = result;
    rest_.remove_prefix(i + 1);
    return true;
  }
  return Fail();
}

bool ByteReader::ReadBytes(size_t size_bytes, std::string_view* value) {
  // A failed reader is empty, but zero bytes may be read from an empty one.
  if (!ok_ || size_bytes > rest_.size()) return Fail();
  *value = rest_.substr(0, size_bytes);
  rest_.remove_prefix(size_bytes);
  return true;
}

bool ByteReader::ReadLengthPrefixed(std::string_view* value) {
  uint64_t size_bytes = 0;
  if (!ReadVarint64(&size_bytes)) return false;
  if (size_bytes > rest_.size()) return Fail();
  return ReadBytes(static_cast<size_t>(size_bytes), value);
}

}  // namespace keel
