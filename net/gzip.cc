#include "net/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <array>

#include "base/check.h"

namespace keel::net {

namespace {

// 15 bits of window, and 16 to ask for gzip's header instead of zlib's.
constexpr int kGzipWindow = 15 + 16;
constexpr int kMemoryLevel = 8;
constexpr size_t kChunkBytes = 16 * 1024;

Bytef* In(std::string_view bytes) {
  // zlib's interface predates const; it does not write to its input.
  return const_cast<Bytef*>(reinterpret_cast<const Bytef*>(bytes.data()));
}

}  // namespace

std::string Gzip(std::string_view bytes) {
  z_stream stream{};
  // Level 1: the server's processor is dearer than the client's network.
  int result = deflateInit2(&stream, 1, Z_DEFLATED, kGzipWindow, kMemoryLevel, Z_DEFAULT_STRATEGY);
  KEEL_CHECK(result == Z_OK) << "deflateInit2: " << result;
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = In(bytes);
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  result = deflate(&stream, Z_FINISH);
  KEEL_CHECK(result == Z_STREAM_END) << "deflate: " << result;
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

Result<std::string> Gunzip(std::string_view bytes, size_t size_bytes_max) {
  z_stream stream{};
  if (inflateInit2(&stream, kGzipWindow) != Z_OK) return ResourceExhausted("no memory to inflate");
  stream.next_in = In(bytes);
  stream.avail_in = static_cast<uInt>(bytes.size());
  std::string out;
  std::array<char, kChunkBytes> chunk;
  int result = Z_OK;
  while (result == Z_OK && out.size() <= size_bytes_max) {
    stream.next_out = reinterpret_cast<Bytef*>(chunk.data());
    stream.avail_out = static_cast<uInt>(chunk.size());
    result = inflate(&stream, Z_NO_FLUSH);
    out.append(chunk.data(), chunk.size() - stream.avail_out);
  }
  const bool whole = result == Z_STREAM_END && stream.avail_in == 0;
  inflateEnd(&stream);
  if (out.size() > size_bytes_max) {
    return ResourceExhausted("received message larger than max after decompression (max " +
                             std::to_string(size_bytes_max) + ")");
  }
  if (!whole) return Internal("a compressed message is not valid gzip");
  return out;
}

}  // namespace keel::net
