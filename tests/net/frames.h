// HTTP/2 frames by hand (RFC 9113), so that tests speak bytes and not the library under test.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "net/metadata.h"

namespace keel::net::frames {

enum Type : uint8_t {
  kData = 0,
  kHeaders = 1,
  kPriority = 2,
  kRstStream = 3,
  kSettings = 4,
  kPing = 6,
  kGoAway = 7,
  kWindowUpdate = 8,
  kContinuation = 9,
};
inline constexpr uint8_t kEndStream = 1;
inline constexpr uint8_t kAck = 1;
inline constexpr uint8_t kEndHeaders = 4;

struct Frame {
  uint8_t type = 0;
  uint8_t flags = 0;
  uint32_t stream = 0;
  std::string payload;

  [[nodiscard]] bool EndsStream() const {
    return (type == kData || type == kHeaders) && (flags & kEndStream) != 0;
  }
};

// ---- to send ----
[[nodiscard]] std::string Encode(const Frame& frame);
[[nodiscard]] std::string BigEndian32(uint32_t value);
// The client's first bytes: magic and an empty SETTINGS.
[[nodiscard]] std::string Preface();
// HPACK without tables: every field a literal.
[[nodiscard]] std::string Block(const std::vector<Metadata::Field>& fields);
[[nodiscard]] std::vector<Metadata::Field> GrpcRequest(std::string_view path);
[[nodiscard]] std::string Headers(uint32_t stream, const std::vector<Metadata::Field>& fields,
                                  uint8_t flags = kEndHeaders);
[[nodiscard]] std::string Data(uint32_t stream, std::string_view bytes, uint8_t flags = 0);
[[nodiscard]] std::string RstStream(uint32_t stream, uint32_t error);
[[nodiscard]] std::string WindowUpdate(uint32_t stream, uint32_t bytes);
[[nodiscard]] std::string Ping();
// A message with gRPC's five bytes ahead of it.
[[nodiscard]] std::string Message(std::string_view body, bool compressed = false);
// A whole unary request.
[[nodiscard]] std::string Unary(uint32_t stream, std::string_view path, std::string_view body);

// ---- received ----
// Cuts a server's or client's output (without magic) into frames; the last must be whole.
[[nodiscard]] std::vector<Frame> Cut(std::string_view bytes);
[[nodiscard]] std::vector<Frame> Of(const std::vector<Frame>& all, uint8_t type);

// Decodes the header blocks of one connection, in order.
class Inflater {
 public:
  Inflater();
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater();

  [[nodiscard]] Metadata Decode(std::string_view block);

 private:
  struct Impl;
  Impl* impl_;
};

}  // namespace keel::net::frames
