// The client API: every RPC that a client of etcd v3 knows, on top of one node.
//
// One file a service. A handler runs on the transport's executor: it decodes, validates and hands
// the work to the node; the node's callback encodes the answer and posts it back to the transport.
// Nothing here blocks. Made by main once the node is open; outlives the transport's sessions, and
// is destroyed before the node.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/executor.h"
#include "base/histogram.h"
#include "net/method_table.h"
#include "server/node/node.h"

namespace keel::api {

struct ServiceOptions {
  size_t max_request_bytes = size_t{3} << 19;  // 1.5 MiB, as --max-request-bytes
  size_t max_txn_ops = 128;                    // as --max-txn-ops
  uint64_t watch_progress_interval_ms = 600'000;
  uint64_t election_timeout_ms = 1'000;  // the shortest lease is half as long again
  // Keys and values of one answer to a range; past it the client is told to ask with a limit.
  size_t max_response_bytes = size_t{512} << 20;
  // A unary call that takes as long is logged and counted; 0: none is.
  uint64_t slow_request_ms = 300;
  // Of the ids that are drawn here; 0: from the operating system.
  uint64_t id_seed = 0;
};

// What was done for clients without the log's help, for metrics. Where it says "any thread", that
// is who counts.
struct ServiceCounts {
  std::atomic<uint64_t> ranges = 0;  // those inside transactions that only read too; any thread
  std::atomic<uint64_t> txns = 0;    // those that only read, of more than one range; any thread
  uint64_t watch_streams = 0;        // that are open
  uint64_t events = 0;               // that watchers were told of
  Histogram hashes;                  // how long they took; any thread
  Histogram revision_hashes;
  Histogram snapshots;  // that clients have taken to their end
};

class Services {
 public:
  struct Seams {
    node::Node* node = nullptr;
    const Clock* clock = nullptr;
    Executor* transport = nullptr;  // handlers run there, and answers are given there
    Executor* pool = nullptr;       // for what blocks: large ranges, hashes
    Executor* bulk = nullptr;       // for what takes long and gives way: snapshots; null: the pool
    // Takes a line of the process's log, on the transport's executor; must not block. May be null.
    std::function<void(const std::string& line)> log;
  };
  Services(const ServiceOptions& options, const Seams& seams);
  ~Services();
  Services(const Services&) = delete;
  Services& operator=(const Services&) = delete;

  // Fills the table with all services, health and reflection among them. Once, before it is used.
  void Register(net::MethodTable* methods);
  // On the transport's executor: ends all streams, with UNAVAILABLE and the words that make clients
  // go to another member.
  void Stop();
  // On the transport's executor.
  [[nodiscard]] const ServiceCounts& counts() const;
  // On the transport's executor: the unary calls so far that took ServiceOptions::slow_request_ms
  // or longer.
  [[nodiscard]] uint64_t slow_requests() const;

 private:
  struct Parts;
  const std::unique_ptr<Parts> parts_;
};

}  // namespace keel::api
