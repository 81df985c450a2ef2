// Finds the session of a call by its number, so that a late answer meets nothing instead of
// something freed: the CallSink of a server.
//
// Sessions add and remove themselves. An answer for a connection or a stream that is gone is a
// no-op. Lives as long as its server, and longer than every ServerCall; one executor.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

#include "net/http.h"
#include "net/rpc.h"

namespace keel::net {

class CallRegistry final : public CallSink, public HttpSink {
 public:
  CallRegistry() = default;

  // `sink` knows its own calls by their stream alone. It is removed before it is destroyed.
  [[nodiscard]] ConnectionId Add(CallSink* sink);
  [[nodiscard]] ConnectionId Add(HttpSink* sink);
  void Remove(ConnectionId connection);

  void SendMetadata(CallId call, const Metadata& metadata) override;
  [[nodiscard]] WriteResult Write(CallId call, Payload message) override;
  void Finish(CallId call, Ending ending) override;
  void ResumeReads(CallId call) override;
  [[nodiscard]] bool IsOpen(CallId call) const override;

  void Respond(CallId call, HttpResponse response) override;

 private:
  [[nodiscard]] CallSink* Find(CallId call) const;

  uint64_t last_id_ = 0;
  std::unordered_map<uint64_t, CallSink*> calls_;
  std::unordered_map<uint64_t, HttpSink*> http_;
};

}  // namespace keel::net
