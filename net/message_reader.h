// Cuts a stream of DATA bytes into gRPC's length-prefixed messages.
//
// Bytes go in as they arrive, in any pieces; whole messages come out, in order. A message longer
// than the bound is refused by its length prefix, before its bytes are stored. After a failure the
// reader stays failed. Owned by one call, on its executor.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace keel::net {

class MessageReader {
 public:
  enum class Encoding : uint8_t { kIdentity, kGzip };
  struct Options {
    size_t message_bytes_max = 0;
    // How messages with the compressed flag are read.
    Encoding encoding = Encoding::kIdentity;
  };

  explicit MessageReader(Options options) : options_(options) {}

  // As if made anew, with the memory kept.
  void Reset(Options options);

  void Append(std::string_view bytes);

  enum class Next : uint8_t { kMessage, kNeedMore };
  // On kMessage, `message` views it until the next call that is not const.
  [[nodiscard]] Result<Next> Read(std::string_view* message);

  // What is wrong with the message that has begun to arrive, as far as its first bytes tell.
  [[nodiscard]] Status CheckHead() const;

  // What the message that has begun to arrive will be, its head included; nothing before that is
  // known.
  [[nodiscard]] std::optional<size_t> announced_bytes() const;

  // Received and not handed out yet.
  [[nodiscard]] size_t buffered_bytes() const { return buffer_.size() - offset_; }
  // The memory that a Reset may keep.
  [[nodiscard]] size_t kept_bytes() const { return buffer_.capacity(); }

 private:
  [[nodiscard]] Result<Next> Decode(std::string_view body, std::string_view* message);
  void Compact();

  Options options_;
  std::string buffer_;
  size_t offset_ = 0;
  std::string decoded_;
  Status failure_;
};

// The five bytes ahead of each message.
struct MessageHead {
  static constexpr size_t kBytes = 5;
  char bytes[kBytes];

  MessageHead(size_t size, bool compressed);
  [[nodiscard]] std::string_view view() const { return {bytes, kBytes}; }
};

}  // namespace keel::net
