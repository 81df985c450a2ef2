// An HTTP/2 session of a server, with its events written down as lines: what its tests share.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "net/http2_session.h"
#include "tests/net/frames.h"

namespace keel::net::frames {

inline constexpr uint64_t kNowUs = 1'000'000;

// Writes events down as lines, and answers when told to.
class Recorder final : public Http2Events {
 public:
  void OnHeaders(StreamId stream, Block block, Metadata* fields) override {
    const char* const kinds[] = {"headers", "trailers", "too-large"};
    Line(stream, kinds[static_cast<int>(block)]);
    last_fields = *fields;
  }
  void OnData(StreamId stream, std::string_view bytes) override {
    data += bytes;
    held += bytes.size();
    if (consume) session->Consume(stream, bytes.size());
  }
  void OnEnd(StreamId stream) override { Line(stream, "end"); }
  void OnWritable(StreamId stream) override { Line(stream, "writable"); }
  void OnClosed(StreamId stream, uint32_t error) override {
    Line(stream, "closed " + std::to_string(error));
  }
  void OnGoAway() override { lines.push_back("goaway"); }

  void Line(StreamId stream, const std::string& what) {
    lines.push_back(std::to_string(stream.value()) + " " + what);
  }

  Http2Session* session = nullptr;
  std::vector<std::string> lines;
  std::string data;
  size_t held = 0;
  bool consume = true;
  Metadata last_fields;
};

inline std::string Produced(Http2Session* session) {
  std::string all;
  OutputQueue out;
  while (true) {
    session->Produce(&out);
    if (out.empty()) return all;
    std::vector<std::string_view> spans;
    out.Gather(SIZE_MAX, &spans);
    for (const std::string_view span : spans) all.append(span);
    out.Consume(out.size_bytes());
  }
}

struct Server {
  explicit Server(Http2Options options = {}) : session(options, &events, kNowUs) {
    events.session = &session;
  }
  void Greet() {
    session.Receive(Preface(), kNowUs);
    (void)Produced(&session);
  }
  std::vector<Frame> Frames() { return Cut(Produced(&session)); }

  Recorder events;
  Http2Session session;
};

inline const std::array<Metadata::Field, 1> kOk = {{{":status", "200"}}};

}  // namespace keel::net::frames
