// How a client is made: where the cluster is, how its calls behave, and the seams of its transport.
//
// Plain values with defaults that suit a cluster in one region; read once, when the Client is made.
// Durations are std::chrono's; zero means "none" or "never" where that makes sense.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/executor.h"
#include "net/byte_stream.h"
#include "net/channel.h"

namespace keel::client {

using Milliseconds = std::chrono::milliseconds;

// What a read promises, and who answers it.
enum class ReadMode : uint8_t {
  // The newest state, confirmed by a majority; any voting member answers.
  kLinearizable,
  // The newest state by the leader, who needs no round where the cluster's lease reads are on.
  kLease,
  // What one member holds, perhaps a little old; no majority is needed.
  kSerializable,
  // The same, of the member that answers fastest.
  kNearest,
};

// How calls that any member may serve are spread.
enum class Balance : uint8_t {
  kRoundRobin,
  // By Endpoint weights: one of weight 3 gets three times what one of weight 1 gets.
  kWeighted,
  // The lower of two random members' measured latencies.
  kLatency,
};

struct Weight {
  std::string endpoint;
  uint32_t weight = 1;
};

struct Options {
  // "host:port", "http://host:port"; one that can be reached is enough, the others are learned.
  std::vector<std::string> endpoints = {"127.0.0.1:2379"};
  // Put before every key, lock and election name, and taken off what comes back.
  std::string prefix;

  // ---- time ----
  // Of one operation with all its retries; 0 is none.
  Milliseconds timeout{30'000};
  // Of the first attempt at what may be repeated, before it is tried elsewhere; each that follows
  // a silence has twice the time, so that a slow cluster is not flooded. 0 is none.
  Milliseconds attempt_timeout{2'000};
  Milliseconds connect_timeout{2'000};
  // Between retries: from the first to the second, doubling, with jitter.
  Milliseconds backoff_min{20};
  Milliseconds backoff_max{1'000};
  // Silence on a connection that has calls, before it is asked for a sign of life; and how long
  // that may take before the connection is given up.
  Milliseconds keepalive_interval{6'000};
  Milliseconds keepalive_timeout{3'000};
  // How often, while in use, members and the leader are looked up anew.
  Milliseconds refresh_interval{10'000};

  // ---- behaviour ----
  ReadMode read = ReadMode::kLinearizable;
  Balance balance = Balance::kRoundRobin;
  std::vector<Weight> weights;
  // Writes take effect exactly once, however often they are sent. Off, or against a server that
  // has no sessions, a write whose outcome is unknown is not repeated.
  bool exactly_once = true;
  // Learns members that `endpoints` does not name. Off: only those that are named are asked.
  bool discover = true;

  // ---- bounds ----
  // Writes of one session on their way at once; more of them wait. The server keeps 1,024 answers.
  size_t writes_in_flight_max = 1'000;
  // Operations that wait or run, and the bytes of their requests; beyond either, an operation fails
  // with RESOURCE_EXHAUSTED at once.
  size_t operations_max = 100'000;
  size_t operations_bytes_max = size_t{256} << 20;
  // One received message.
  size_t message_bytes_max = size_t{600} << 20;
  // What one watch or stream holds for a slow reader, before the server is held back.
  size_t stream_buffer_bytes_max = size_t{4} << 20;

  // ---- seams ----
  // Without a thread of its own the client works only while Client::Run or RunReady is called.
  bool own_thread = true;
  // Of all random choices; 0 takes one from the system.
  uint64_t seed = 0;
  // Puts TLS around a connection to the endpoint named.
  std::function<std::unique_ptr<net::ByteStream>(const std::string& endpoint,
                                                 std::unique_ptr<net::ByteStream>)>
      wrap_stream;
  // Metadata for each attempt of each call, such as {"authorization", token}; on the I/O thread.
  std::function<std::vector<std::pair<std::string, std::string>>()> credentials;
  // Puts something around what carries the calls to one endpoint, or in its place: for tests and
  // traces. It belongs to `executor`, the client's own.
  std::function<std::unique_ptr<net::Channel>(const std::string& endpoint, Executor* executor,
                                              std::unique_ptr<net::Channel> tcp)>
      wrap_channel;
};

}  // namespace keel::client
