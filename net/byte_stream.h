// The seam under a connection: bytes both ways that never block. TCP today; TLS wraps one in
// another; tests and simulation bring their own.
//
// Read and Write do what can be done now. After a kWouldBlock, or at any time, WaitReadable and
// WaitWritable ask to be told once, through StreamOwner; never from inside the call. After Close,
// and after its destruction, a stream tells nothing. One executor; the owner outlives the stream,
// or closes it.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "base/status.h"

namespace keel::net {

class StreamOwner {
 public:
  StreamOwner() = default;
  StreamOwner(const StreamOwner&) = delete;
  StreamOwner& operator=(const StreamOwner&) = delete;
  virtual ~StreamOwner() = default;

  virtual void OnReadable() = 0;
  virtual void OnWritable() = 0;
};

class ByteStream {
 public:
  struct Outcome {
    enum class Kind : uint8_t { kDone, kWouldBlock, kClosed };
    Kind kind = Kind::kDone;
    // More than none, when done.
    size_t bytes = 0;
    // Why, when closed.
    Status reason;
  };

  ByteStream() = default;
  ByteStream(const ByteStream&) = delete;
  ByteStream& operator=(const ByteStream&) = delete;
  virtual ~ByteStream() = default;

  virtual void SetOwner(StreamOwner* owner) = 0;
  [[nodiscard]] virtual Outcome Read(std::span<char> into) = 0;
  // A prefix of the spans, taken together; neither empty.
  [[nodiscard]] virtual Outcome Write(std::span<const std::string_view> spans) = 0;
  virtual void WaitReadable() = 0;
  virtual void WaitWritable() = 0;
  virtual void Close() = 0;

  // The other end's address.
  [[nodiscard]] virtual std::string_view peer() const = 0;
};

}  // namespace keel::net
