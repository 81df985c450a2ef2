#include "server/peer/framing.h"

#include "base/checksum.h"
#include "base/coding.h"

namespace keel::peers {

namespace {

uint32_t ChecksumOf(FrameKind kind, std::string_view body) {
  const uint64_t seed = (uint64_t{body.size()} << 8) | static_cast<uint64_t>(kind);
  return Checksum32(body, seed);
}

bool IsKind(uint8_t byte) {
  return byte >= static_cast<uint8_t>(FrameKind::kHello) &&
         byte <= static_cast<uint8_t>(FrameKind::kAnswer);
}

}  // namespace

size_t BeginFrame(std::string* out) {
  const size_t begin = out->size();
  out->append(kFrameHeaderBytes, '\0');
  return begin;
}

void EndFrame(FrameKind kind, size_t begin, std::string* out) {
  const std::string_view body = std::string_view(*out).substr(begin + kFrameHeaderBytes);
  const uint32_t checksum = ChecksumOf(kind, body);
  EncodeFixed32(out->data() + begin, static_cast<uint32_t>(body.size()));
  (*out)[begin + 4] = static_cast<char>(kind);
  EncodeFixed32(out->data() + begin + 5, checksum);
}

void AppendWireFrame(FrameKind kind, std::string_view body, std::string* out) {
  const size_t begin = BeginFrame(out);
  out->append(body);
  EndFrame(kind, begin, out);
}

void FrameReader::Append(std::string_view bytes) {
  if (!reason_.ok()) return;
  if (begin_ > 0) {
    buffer_.erase(0, begin_);
    begin_ = 0;
  }
  buffer_.append(bytes);
}

FrameReader::Outcome FrameReader::Next(Frame* frame) {
  if (!reason_.ok()) return Outcome::kBroken;
  const std::string_view rest = std::string_view(buffer_).substr(begin_);
  if (rest.size() < kFrameHeaderBytes) return Outcome::kNeedsMore;
  const size_t length = DecodeFixed32(rest.data());
  const uint8_t kind = static_cast<uint8_t>(rest[4]);
  if (!IsKind(kind)) return Break("a frame of no known kind");
  frame->kind = static_cast<FrameKind>(kind);
  const size_t bound = frame->kind == FrameKind::kMessage ? message_bytes_max_ : kSmallBodyBytesMax;
  // Before the body is waited for: a length that is a lie must not cost memory.
  if (length > bound) return Break("a frame larger than any may be");
  if (rest.size() < kFrameHeaderBytes + length) return Outcome::kNeedsMore;
  frame->body = rest.substr(kFrameHeaderBytes, length);
  if (DecodeFixed32(rest.data() + 5) != ChecksumOf(frame->kind, frame->body)) {
    return Break("a frame whose checksum is wrong");
  }
  begin_ += kFrameHeaderBytes + length;
  return Outcome::kFrame;
}

FrameReader::Outcome FrameReader::Break(const char* what) {
  reason_ = DataLoss(what);
  buffer_.clear();
  begin_ = 0;
  return Outcome::kBroken;
}

}  // namespace keel::peers
