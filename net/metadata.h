// A list of names and values: the headers and trailers of a call, as they are on the wire.
//
// All text lies in one string, so that a whole header block costs no allocation once the list has
// been used before: a session reuses one for everything that it receives. Names are lower case.
// Values are what the wire carries; those of names that end in "-bin" are base64 there, and
// AddBinary and FindBinary translate. Duplicates are kept, in order. A plain value: one thread at a
// time, copied freely; the views that it gives are valid until it changes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace keel::net {

class Metadata {
 public:
  struct Field {
    std::string_view name;
    std::string_view value;
  };

  Metadata() = default;

  void Add(Field field);
  // `field.value` is any bytes; the name ends in "-bin".
  void AddBinary(Field field);
  void Clear();

  [[nodiscard]] size_t size() const { return entries_.size(); }
  [[nodiscard]] bool empty() const { return entries_.empty(); }
  [[nodiscard]] Field operator[](size_t position) const;

  // The first value under `name`.
  [[nodiscard]] std::optional<std::string_view> Find(std::string_view name) const;
  // The same, decoded; nothing if it is not base64.
  [[nodiscard]] std::optional<std::string> FindBinary(std::string_view name) const;

  // The size as HTTP/2 counts it: names, values and 32 bytes a field (RFC 9113, 6.5.2).
  [[nodiscard]] size_t ListBytes() const { return text_.size() + entries_.size() * 32; }

  // Whether a program may send this field: a lower-case token that is neither a pseudo-header nor
  // gRPC's own, and a value of printable ASCII
  // without outer spaces.
  [[nodiscard]] static bool MaySend(Field field);

  friend bool operator==(const Metadata& a, const Metadata& b);

 private:
  struct Entry {
    uint32_t begin;
    uint32_t name_bytes;
    uint32_t value_bytes;
  };

  std::string text_;
  std::vector<Entry> entries_;
};

// Base64 as gRPC uses it: sent without padding, read with or without.
[[nodiscard]] std::string EncodeBase64(std::string_view bytes);
[[nodiscard]] std::optional<std::string> DecodeBase64(std::string_view text);

}  // namespace keel::net
