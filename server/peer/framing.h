// The bytes on a peer connection: frames of a kind, a length and a checksum, without a socket.
//
//   fixed32 length of the body | kind, one byte | fixed32 checksum of all three | body
//
// The checksum finds damage that TCP's let through, and a stream that is no peer's. After a frame
// that cannot be, nothing more is believed: the connection ends. A reader buffers at most one
// frame's body, within the bound that it is given, and only as much as has arrived. Belongs to a
// session, on its executor.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"

namespace keel::peers {

enum class FrameKind : uint8_t {
  kHello = 1,     // the dialer's first word
  kWelcome = 2,   // the answer to it: come in, or why not
  kMessage = 3,   // a peer::Frame, from the dialer
  kPing = 4,      // is anybody there?
  kPong = 5,      // the ping's body, sent back
  kQuestion = 6,  // instead of a Hello: who are you?
  kAnswer = 7,    // a peer::Introduction
};

inline constexpr size_t kFrameHeaderBytes = 9;
// Of all kinds but kMessage.
inline constexpr size_t kSmallBodyBytesMax = size_t{256} << 10;

// Makes room for a header at the end of *out; the body is appended behind it by the caller.
[[nodiscard]] size_t BeginFrame(std::string* out);
// Fills in the header of the frame that began at `begin` and ends where *out does.
void EndFrame(FrameKind kind, size_t begin, std::string* out);
void AppendWireFrame(FrameKind kind, std::string_view body, std::string* out);

class FrameReader {
 public:
  struct Frame {
    FrameKind kind = FrameKind::kPing;
    std::string_view body;  // valid until the next call
  };
  enum class Outcome : uint8_t { kFrame, kNeedsMore, kBroken };

  explicit FrameReader(size_t message_bytes_max) : message_bytes_max_(message_bytes_max) {}

  // What arrived; then Next until it needs more.
  void Append(std::string_view bytes);
  [[nodiscard]] Outcome Next(Frame* frame);
  // Why, once it is broken; for people.
  [[nodiscard]] const Status& reason() const { return reason_; }
  [[nodiscard]] size_t buffered_bytes() const { return buffer_.size() - begin_; }

 private:
  [[nodiscard]] Outcome Break(const char* what);

  const size_t message_bytes_max_;
  std::string buffer_;
  size_t begin_ = 0;  // of what has not been read yet
  Status reason_;
};

}  // namespace keel::peers
