#include "net/message_reader.h"

#include <algorithm>

#include "net/gzip.h"

namespace keel::net {

namespace {

// An idle stream gives back a buffer that was larger than this.
constexpr size_t kKeptBytes = 16 * 1024;
// For each byte of a message that has come, at most so much is made ready for the rest.
constexpr size_t kRoomPerByte = 8;

uint32_t ReadBigEndian32(std::string_view bytes) {
  uint32_t value = 0;
  for (const char byte : bytes.substr(0, 4)) value = (value << 8) | static_cast<uint8_t>(byte);
  return value;
}

}  // namespace

MessageHead::MessageHead(size_t size, bool compressed)
    : bytes{static_cast<char>(compressed ? 1 : 0), static_cast<char>(size >> 24),
            static_cast<char>(size >> 16), static_cast<char>(size >> 8), static_cast<char>(size)} {}

void MessageReader::Append(std::string_view bytes) {
  Compact();
  const size_t needed = buffer_.size() + bytes.size();
  if (needed > buffer_.capacity()) {
    // An announcement costs its sender nothing: it counts as far as what has come bears it out.
    const size_t whole = offset_ + announced_bytes().value_or(0);
    buffer_.reserve(std::max(needed, std::min(whole, needed * kRoomPerByte)));
  }
  buffer_.append(bytes);
}

void MessageReader::Compact() {
  if (offset_ == 0) return;
  if (offset_ < buffer_.size()) {
    // Move the rest only when that is cheaper than what has been read since the last time.
    if (offset_ < buffer_.size() - offset_) return;
    buffer_.erase(0, offset_);
  } else if (buffer_.capacity() > kKeptBytes) {
    std::string().swap(buffer_);
  } else {
    buffer_.clear();
  }
  offset_ = 0;
}

void MessageReader::Reset(Options options) {
  options_ = options;
  offset_ = buffer_.size();
  Compact();
  std::string().swap(decoded_);
  failure_ = {};
}

Status MessageReader::CheckHead() const {
  const std::string_view rest = std::string_view(buffer_).substr(offset_);
  if (rest.empty()) return {};
  const auto flag = static_cast<uint8_t>(rest[0]);
  if (flag > 1) return Internal("a message has an unknown compression flag");
  if (flag == 1 && options_.encoding == Encoding::kIdentity) {
    return Internal("a message is compressed, but no grpc-encoding was announced");
  }
  if (rest.size() < MessageHead::kBytes) return {};
  const size_t size = ReadBigEndian32(rest.substr(1));
  if (size <= options_.message_bytes_max) return {};
  return ResourceExhausted("received message larger than max (" + std::to_string(size) + " vs. " +
                           std::to_string(options_.message_bytes_max) + ")");
}

std::optional<size_t> MessageReader::announced_bytes() const {
  const std::string_view rest = std::string_view(buffer_).substr(offset_);
  if (rest.size() < MessageHead::kBytes) return std::nullopt;
  return MessageHead::kBytes + ReadBigEndian32(rest.substr(1));
}

Result<MessageReader::Next> MessageReader::Read(std::string_view* message) {
  if (failure_.ok()) failure_ = CheckHead();
  if (!failure_.ok()) return failure_;
  Compact();
  const std::string_view rest = std::string_view(buffer_).substr(offset_);
  if (rest.size() < MessageHead::kBytes) return Next::kNeedMore;
  const size_t size = ReadBigEndian32(rest.substr(1));
  if (rest.size() - MessageHead::kBytes < size) return Next::kNeedMore;
  offset_ += MessageHead::kBytes + size;
  const std::string_view body = rest.substr(MessageHead::kBytes, size);
  if (rest[0] == 1) return Decode(body, message);
  *message = body;
  return Next::kMessage;
}

Result<MessageReader::Next> MessageReader::Decode(std::string_view body,
                                                  std::string_view* message) {
  Result<std::string> decoded = Gunzip(body, options_.message_bytes_max);
  if (!decoded.ok()) {
    failure_ = decoded.status();
    return failure_;
  }
  decoded_ = std::move(decoded).value();
  *message = decoded_;
  return Next::kMessage;
}

}  // namespace keel::net
