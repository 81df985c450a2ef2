// Any bytes on a peer connection: an accepting session and a dialing one take them in pieces, and
// neither hands on what is no whole frame, holds more than its bound, or falls over.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "server/node/wire.h"
#include "server/peer/accept_session.h"
#include "server/peer/dial_session.h"
#include "server/peer/question.h"

namespace {

using namespace keel;

struct Host final : net::SessionHost {
  void WantsFlush() override {}
};

void Feed(net::Session* session, std::string_view bytes, size_t piece) {
  uint64_t now_us = 1'000'000;
  net::OutputQueue out;
  while (!bytes.empty()) {
    const std::string_view part = bytes.substr(0, piece);
    bytes.remove_prefix(part.size());
    session->Receive(part, ++now_us);
    session->Produce(&out);
    out.Clear();
  }
  session->OnTime(session->NextWakeUs());
  session->OnTransportClosed(Unavailable("the end"));
}

// Bytes that random input would hardly hit upon: frames whose checksums are right.
std::string Framed(std::string_view bytes) {
  std::string wire;
  while (bytes.size() > 2) {
    const auto kind = static_cast<peers::FrameKind>(1 + static_cast<uint8_t>(bytes[0]) % 7);
    const size_t length = static_cast<uint8_t>(bytes[1]);
    bytes.remove_prefix(2);
    peers::AppendWireFrame(kind, bytes.substr(0, length), &wire);
    bytes.remove_prefix(std::min(length, bytes.size()));
  }
  return wire;
}

void Accept(const peers::SessionOptions& options, std::string_view bytes, size_t piece) {
  Host host;
  bool greeted = false;
  peers::AcceptSession accept(options,
                              {.host = &host,
                               .judge =
                                   [&](const peers::Hello&) {
                                     greeted = true;
                                     return peers::Welcome{};
                                   },
                               .on_message =
                                   [&](NodeId, std::string_view body) {
                                     KEEL_CHECK(greeted) << "a message before the greeting";
                                     return node::DecodeFrame(body, 0).has_value();
                                   },
                               .introduce = [] { return std::string("me"); },
                               .on_offence = [](const Status&) {}},
                              0);
  Feed(&accept, bytes, piece);
}

void Dial(const peers::SessionOptions& options, std::string_view bytes, size_t piece) {
  Host host;
  peers::SendQueue queue(1000);
  KEEL_CHECK(queue.Push("a frame")) << "an empty queue takes any";
  peers::DialSession dial(options, {.cluster_id = 1, .from = NodeId(1), .to = NodeId(2)},
                          {.host = &host,
                           .queue = &queue,
                           .on_welcome = [] {},
                           .on_refused = [](const peers::Welcome&) {},
                           .on_pong = [](uint64_t) {}},
                          0);
  Feed(&dial, bytes, piece);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const size_t piece = 1 + data[0] % 40;
  const std::string_view raw(reinterpret_cast<const char*>(data) + 1, size - 1);
  peers::SessionOptions options;
  options.message_bytes_max = 4096;
  for (const std::string& bytes : {std::string(raw), Framed(raw)}) {
    Accept(options, bytes, piece);
    Dial(options, bytes, piece);
    Host host;
    int answers = 0;
    peers::QuestionSession question(&host, [&](const Result<node::Introduction>&) { ++answers; });
    Feed(&question, bytes, piece);
    KEEL_CHECK(answers == 1) << "a question ends exactly once";
  }
  return 0;
}
