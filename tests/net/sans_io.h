// What tests of sessions share: a host that only counts, output as a string, a wire between two
// sessions, and an observer that writes down what it is told.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/prng.h"
#include "net/channel.h"
#include "net/session.h"

namespace keel::net {

class CountingHost final : public SessionHost {
 public:
  void WantsFlush() override { ++wanted; }
  int wanted = 0;
};

// Everything that the session has to say now, as if the socket took it all.
[[nodiscard]] std::string Take(Session* session);
// At most about `bytes_max` of it: a slow socket.
[[nodiscard]] std::string TakeSome(Session* session, OutputQueue* out, size_t bytes_max);

// Carries bytes between a client and a server session until both are quiet.
class Wire {
 public:
  Wire(Session* client, Session* server) : client_(client), server_(server) {}

  uint64_t now_us = 1'000'000;
  // Cuts what is carried into pieces of random size; whole if null.
  Prng* chop = nullptr;

  void Pump();
  // Lets time pass for both ends, then pumps.
  void Pass(uint64_t us);

 private:
  [[nodiscard]] bool Carry(Session* from, Session* to);

  Session* client_;
  Session* server_;
};

struct CallLog {
  std::vector<std::string> messages;
  Metadata metadata;
  Metadata trailers;
  Status status;
  int done = 0;
  int writable = 0;
  // Pauses after this many messages.
  size_t pause_after = SIZE_MAX;
};

// Writes into `log`, which outlives it.
[[nodiscard]] std::unique_ptr<CallObserver> Observe(CallLog* log);

}  // namespace keel::net
