#include "tests/net/frames.h"

#include <nghttp2/nghttp2.h>

#include "base/check.h"
#include "net/message_reader.h"

namespace keel::net::frames {

std::string BigEndian32(uint32_t value) {
  std::string bytes(4, '\0');
  for (int i = 3; i >= 0; --i) {
    bytes[i] = static_cast<char>(value);
    value >>= 8;
  }
  return bytes;
}

std::string Encode(const Frame& frame) {
  std::string bytes = BigEndian32(static_cast<uint32_t>(frame.payload.size())).substr(1);
  bytes.push_back(static_cast<char>(frame.type));
  bytes.push_back(static_cast<char>(frame.flags));
  return bytes + BigEndian32(frame.stream) + frame.payload;
}

std::string Preface() { return "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + Encode({.type = kSettings}); }

std::string Block(const std::vector<Metadata::Field>& fields) {
  std::string block;
  const auto append = [&block](std::string_view text) {
    // An HPACK integer with a prefix of 7 bits.
    if (text.size() < 127) {
      block.push_back(static_cast<char>(text.size()));
    } else {
      block.push_back(127);
      size_t rest = text.size() - 127;
      for (; rest >= 128; rest >>= 7) block.push_back(static_cast<char>(128 | (rest & 127)));
      block.push_back(static_cast<char>(rest));
    }
    block.append(text);
  };
  for (const Metadata::Field& field : fields) {
    block.push_back('\0');
    append(field.name);
    append(field.value);
  }
  return block;
}

std::vector<Metadata::Field> GrpcRequest(std::string_view path) {
  return {{":method", "POST"},  {":scheme", "http"}, {":path", path},
          {":authority", "me"}, {"te", "trailers"},  {"content-type", "application/grpc"}};
}

std::string Headers(uint32_t stream, const std::vector<Metadata::Field>& fields, uint8_t flags) {
  return Encode({.type = kHeaders, .flags = flags, .stream = stream, .payload = Block(fields)});
}

std::string Data(uint32_t stream, std::string_view bytes, uint8_t flags) {
  return Encode({.type = kData, .flags = flags, .stream = stream, .payload = std::string(bytes)});
}

std::string RstStream(uint32_t stream, uint32_t error) {
  return Encode({.type = kRstStream, .stream = stream, .payload = BigEndian32(error)});
}

std::string WindowUpdate(uint32_t stream, uint32_t bytes) {
  return Encode({.type = kWindowUpdate, .stream = stream, .payload = BigEndian32(bytes)});
}

std::string Ping() { return Encode({.type = kPing, .payload = "12345678"}); }

std::string Message(std::string_view body, bool compressed) {
  return std::string(MessageHead(body.size(), compressed).view()).append(body);
}

std::string Unary(uint32_t stream, std::string_view path, std::string_view body) {
  return Headers(stream, GrpcRequest(path)) + Data(stream, Message(body), kEndStream);
}

std::vector<Frame> Cut(std::string_view bytes) {
  constexpr size_t kHeadBytes = 9;
  std::vector<Frame> frames;
  while (!bytes.empty()) {
    KEEL_CHECK(bytes.size() >= kHeadBytes) << "half a frame's head";
    const auto at = [&bytes](size_t i) { return static_cast<uint32_t>(uint8_t(bytes[i])); };
    const size_t size = at(0) << 16 | at(1) << 8 | at(2);
    KEEL_CHECK(bytes.size() >= kHeadBytes + size) << "half a frame";
    frames.push_back({.type = static_cast<uint8_t>(at(3)),
                      .flags = static_cast<uint8_t>(at(4)),
                      .stream = (at(5) & 127) << 24 | at(6) << 16 | at(7) << 8 | at(8),
                      .payload = std::string(bytes.substr(kHeadBytes, size))});
    bytes.remove_prefix(kHeadBytes + size);
  }
  return frames;
}

std::vector<Frame> Of(const std::vector<Frame>& all, uint8_t type) {
  std::vector<Frame> some;
  for (const Frame& frame : all) {
    if (frame.type == type) some.push_back(frame);
  }
  return some;
}

struct Inflater::Impl {
  nghttp2_hd_inflater* inflater = nullptr;
};

Inflater::Inflater() : impl_(new Impl) {
  KEEL_CHECK(nghttp2_hd_inflate_new(&impl_->inflater) == 0) << "out of memory";
}

Inflater::~Inflater() {
  nghttp2_hd_inflate_del(impl_->inflater);
  delete impl_;
}

Metadata Inflater::Decode(std::string_view block) {
  Metadata fields;
  while (true) {
    nghttp2_nv nv;
    int flags = 0;
    const ssize_t taken =
        nghttp2_hd_inflate_hd2(impl_->inflater, &nv, &flags,
                               reinterpret_cast<const uint8_t*>(block.data()), block.size(), 1);
    KEEL_CHECK(taken >= 0) << nghttp2_strerror(static_cast<int>(taken));
    block.remove_prefix(static_cast<size_t>(taken));
    if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0) {
      fields.Add({{reinterpret_cast<const char*>(nv.name), nv.namelen},
                  {reinterpret_cast<const char*>(nv.value), nv.valuelen}});
    }
    if ((flags & NGHTTP2_HD_INFLATE_FINAL) != 0) break;
  }
  nghttp2_hd_inflate_end_headers(impl_->inflater);
  return fields;
}

}  // namespace keel::net::frames
