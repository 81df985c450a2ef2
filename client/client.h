// A client of one cluster: its connections, what it knows of the members, its session, its thread.
//
//   keel::client::Client client({.endpoints = {"10.0.0.1:2379"}});
//   keel::client::Kv kv(&client);
//   keel::Result<keel::client::PutResult> put = kv.Put("greeting", "hello");
//
// Making one connects to nothing and cannot fail: what is wrong with the options is what every
// operation then says (and status() says at once). Operations belong to views: Kv, Watcher, Lease,
// Lock, Election, Cluster, Maintenance, each in a header of its own. A view is a small value, made
// from a Client that outlives it, and may be used from any thread, as the Client may.
//
// Destroying the client ends what still runs with CANCELLED, and waits for its thread; it must not
// happen on that thread, nor while another thread uses the client.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "client/async.h"
#include "client/options.h"
#include "client/types.h"

namespace keel::client {

// Which member a call is for.
struct Target {
  enum class Kind : uint8_t { kAny, kLeader, kEndpoint };
  Kind kind = Kind::kAny;
  // Of kEndpoint: as in Options::endpoints; it need not be one of those.
  std::string endpoint;

  [[nodiscard]] static Target Any() { return {}; }
  [[nodiscard]] static Target Leader() { return {.kind = Kind::kLeader}; }
  [[nodiscard]] static Target At(std::string endpoint) {
    return {.kind = Kind::kEndpoint, .endpoint = std::move(endpoint)};
  }
};

// How the operations of one view differ from what the client's Options say.
struct ViewOptions {
  // Behind the client's own prefix.
  std::string prefix;
  std::optional<Milliseconds> timeout;
  std::optional<ReadMode> read;
  // Given: nothing but this one is asked, and a failure to reach it is the caller's.
  std::optional<Target> target;
};

// Of this library, as semver.org has it: "1.2.3".
[[nodiscard]] std::string_view Version();

class Client {
 public:
  explicit Client(Options options = {});
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client();

  // OK, or what is wrong with the options.
  [[nodiscard]] Status status() const;

  // One member, as the client knows it: by the cluster's list and by its own measuring.
  struct Endpoint {
    std::string address;  // "host:port"
    NodeId member;        // none until it has answered
    bool leader = false;
    bool learner = false;
    bool reachable = false;
    Milliseconds latency{0};
  };
  [[nodiscard]] std::vector<Endpoint> Endpoints() const;

  // The I/O thread as Asio sees it: coroutines that are spawned here run without changing threads.
  [[nodiscard]] boost::asio::any_io_executor get_executor() const;

  // For Options::own_thread = false only. Run works until Stop; RunReady does what is ready.
  void Run();
  void RunReady();
  void Stop();

  // For views.
  [[nodiscard]] Core* core() const { return core_.get(); }

 private:
  std::unique_ptr<Core> core_;
};

// What every view is made of.
struct View {
  View(const Client* client, ViewOptions options);

  Core* core;
  // The client's prefix and the view's own.
  std::string prefix;
  Milliseconds timeout;
  ReadMode read;
  std::optional<Target> target;
};

}  // namespace keel::client
