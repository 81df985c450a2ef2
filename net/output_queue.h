// Bytes on their way to a socket: small pieces copied together, large payloads only referred to.
//
// Many frames of many streams become a few spans for one gathered write. A payload's bytes are
// shared, not copied, from kShareBytesMin on: below it the copy costs less than one more span.
// Owned by a connection, on its executor.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/payload.h"

namespace keel::net {

class OutputQueue {
 public:
  static constexpr size_t kShareBytesMin = 4096;

  OutputQueue() = default;
  OutputQueue(const OutputQueue&) = delete;
  OutputQueue& operator=(const OutputQueue&) = delete;

  void Append(std::string_view bytes);
  // The part of `payload` that `part` views.
  void AppendShared(const Payload& payload, std::string_view part);

  [[nodiscard]] size_t size_bytes() const { return size_bytes_; }
  [[nodiscard]] bool empty() const { return size_bytes_ == 0; }

  // The first bytes, as at most `spans_max` spans; valid until the queue changes.
  void Gather(size_t spans_max, std::vector<std::string_view>* spans) const;
  // `bytes` of the front have been written.
  void Consume(size_t bytes);
  void Clear();

 private:
  struct Shared {
    Payload owner;
    std::string_view part;
  };
  using Piece = std::variant<std::string, Shared>;

  [[nodiscard]] static std::string_view ViewOf(const Piece& piece);

  std::deque<Piece> pieces_;
  // How much of the first piece has been written.
  size_t front_offset_ = 0;
  size_t size_bytes_ = 0;
  // A block that was written out, kept for its memory.
  std::string spare_;
};

}  // namespace keel::net
