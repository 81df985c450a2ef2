// Feeds the HTTP/2 receive path with anything: raw bytes behind a true preface, or frames whose
// headers are made well-formed so that the fuzzer gets past the first one.
//
// The first byte chooses the kind and seeds the cuts. Whatever comes: what is held and queued stays
// within its bounds, no event follows a stream's end, and a dead session stays dead.
#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/prng.h"
#include "net/http2_session.h"

namespace keel::net {
namespace {

constexpr Http2Options kOptions = {.streams_max = 8,
                                   .header_list_bytes_max = 600,
                                   .stream_window_bytes = 1000,
                                   .connection_window_bytes = 65'535,
                                   .held_bytes_max = 2000,
                                   .stream_queue_bytes_max = 500,
                                   .connection_queue_bytes_max = 2000,
                                   .output_bytes_max = 4000};

class Events final : public Http2Events {
 public:
  void OnHeaders(StreamId stream, Block block, Metadata* fields) override {
    KEEL_CHECK(fields->ListBytes() <= kOptions.header_list_bytes_max);
    const bool is_first = block == Block::kFirst || block == Block::kFirstTooLarge;
    if (is_first) KEEL_CHECK(open.insert(stream).second);
    KEEL_CHECK(open.contains(stream));
  }
  void OnData(StreamId stream, std::string_view bytes) override {
    KEEL_CHECK(open.contains(stream));
    if (prng->OneIn(2)) session->Consume(stream, bytes.size());
  }
  void OnEnd(StreamId stream) override {
    KEEL_CHECK(open.contains(stream));
    if (prng->OneIn(4)) return;
    const Metadata::Field fields[] = {{":status", "200"}};
    session->Respond(stream, fields, prng->OneIn(4));
    (void)session->Send(stream, {.head = "head", .body = Payload::Of(std::string(300, 'b'))});
    if (prng->OneIn(2)) session->End(stream, {});
  }
  void OnWritable(StreamId stream) override { KEEL_CHECK(open.contains(stream)); }
  void OnClosed(StreamId stream, uint32_t) override { KEEL_CHECK(open.erase(stream) == 1); }
  void OnGoAway() override {}

  Http2Session* session = nullptr;
  Prng* prng = nullptr;
  std::set<StreamId> open;
};

// A request's header block that HTTP/2 accepts, without tables.
std::string RequestBlock() {
  std::string block;
  for (const std::string_view text : {":method", "POST", ":scheme", "http", ":path", "/a.B/C"}) {
    if (text.starts_with(':')) block.push_back('\0');
    block.push_back(static_cast<char>(text.size()));
    block.append(text);
  }
  return block;
}

// Reads `input` as a list of {type, flags, stream, size, bytes} and writes frames. A HEADERS frame
// of size 0 becomes a valid request, so that the fuzzer soon has streams to play with.
std::string Frames(std::string_view input) {
  const std::string request = RequestBlock();
  std::string frames;
  while (input.size() >= 4) {
    const auto size = static_cast<uint8_t>(input[3]);
    if ((input[0] & 15) == 1 && size == 0) {
      frames.append({'\0', '\0', static_cast<char>(request.size()), '\1'});
      frames.push_back(static_cast<char>(4 | (input[1] & 1)));
      frames.append({'\0', '\0', '\0', static_cast<char>(input[2] & 31)}).append(request);
      input.remove_prefix(4);
      continue;
    }
    const std::string_view payload = input.substr(4, size);
    frames.append({'\0', '\0', static_cast<char>(payload.size())});
    frames.push_back(static_cast<char>(input[0] & 15));
    frames.push_back(input[1]);
    frames.append({'\0', '\0', '\0', static_cast<char>(input[2] & 31)});
    frames.append(payload);
    input.remove_prefix(4 + payload.size());
  }
  return frames;
}

void Run(uint8_t first, std::string_view input) {
  Prng prng(first);
  Events events;
  Http2Session session(kOptions, &events, 0);
  events.session = &session;
  events.prng = &prng;
  std::string bytes = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  if (first % 4 != 0) bytes.append(std::string_view("\0\0\0\4\0\0\0\0\0", 9));
  bytes.append(first % 2 == 0 ? std::string(input) : Frames(input));
  OutputQueue out;
  uint64_t now_us = 0;
  for (size_t at = 0; at < bytes.size();) {
    const size_t now = std::min<size_t>(bytes.size() - at, 1 + prng.Below(200));
    session.Receive(std::string_view(bytes).substr(at, now), now_us);
    at += now;
    now_us += prng.Below(1'000'000);
    session.OnTime(now_us);
    session.Produce(&out);
    if (prng.OneIn(2)) out.Consume(out.size_bytes());
    KEEL_CHECK(session.streams() <= 200u);
    KEEL_CHECK(session.queued_bytes() <= kOptions.connection_queue_bytes_max + 400);
    KEEL_CHECK(session.held_bytes() <= kOptions.held_bytes_max + 65'535 + 16'384);
  }
  session.StartDrain(now_us);
  session.Produce(&out);
}

}  // namespace
}  // namespace keel::net

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1) return 0;
  keel::net::Run(data[0], {reinterpret_cast<const char*>(data + 1), size - 1});
  return 0;
}
