// Feeds an HTTP/1.1 session with anything, in any pieces: it must stay within its bounds, answer
// each request at most once, and close on what it does not understand.
//
// The first byte seeds the cuts; the rest is what a client sends.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "base/prng.h"
#include "net/http1_session.h"

namespace keel::net {
namespace {

class Host final : public SessionHost {
 public:
  void WantsFlush() override {}
};

void Run(uint8_t seed, std::string_view input) {
  HttpTable table;
  uint64_t handled = 0;
  std::vector<HttpCall> waiting;
  table.Add({.method = "GET", .path = "/"}, [&](HttpCall call, const HttpRequest&) {
    ++handled;
    call.Respond({.body = "root"});
  });
  table.Add({.method = "POST", .path = "/"}, [&](HttpCall call, const HttpRequest& request) {
    ++handled;
    KEEL_CHECK(request.body.size() <= 1000);
    waiting.push_back(call);
  });
  CallRegistry registry;
  Host host;
  Http1Session session(
      {.header_bytes_max = 500, .body_bytes_max = 1000, .pipelined_bytes_max = 2000},
      {&table, &registry, &host, "fuzz"}, 0);
  Prng prng(seed);
  OutputQueue out;
  uint64_t now_us = 0;
  while (!input.empty()) {
    const size_t bytes = std::min<size_t>(input.size(), 1 + prng.Below(prng.OneIn(4) ? 400 : 20));
    session.Receive(input.substr(0, bytes), now_us);
    input.remove_prefix(bytes);
    session.Produce(&out);
    if (!waiting.empty() && prng.OneIn(2)) {
      waiting.back().Respond({.body = "later"});
      session.Produce(&out);
    }
    now_us += prng.Below(100'000);
    session.OnTime(now_us);
    if (prng.OneIn(2)) out.Consume(out.size_bytes());
  }
  KEEL_CHECK(handled <= 4096);
}

}  // namespace
}  // namespace keel::net

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1) return 0;
  keel::net::Run(data[0], {reinterpret_cast<const char*>(data + 1), size - 1});
  return 0;
}
