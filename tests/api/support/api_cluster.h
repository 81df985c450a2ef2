// A simulated cluster whose members serve the client API, in memory, and clients that call it with
// real messages.
//
// Everything runs on one thread in an order that a seed decides; a call is made, and the world runs
// until its answer is there. Owned by the test.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "net/local_channel.h"
#include "net/services/proto_call.h"
#include "server/api/services.h"
#include "tests/node/support/sim_cluster.h"

namespace keel::api_test {

using node_test::SimMember;
using node_test::World;

// One member's services, and a client's channel to them.
class Server {
 public:
  using Log = std::function<void(const std::string& line)>;
  Server(World* world, SimMember* member, const api::ServiceOptions& options, Log log);
  ~Server();

  [[nodiscard]] net::LocalChannel& channel() { return *channel_; }
  [[nodiscard]] api::Services& services() { return *services_; }
  [[nodiscard]] net::MethodTable& methods() { return methods_; }

 private:
  node_test::SimExecutor transport_;
  node_test::SimExecutor pool_;
  node_test::SimClock clock_;
  std::unique_ptr<api::Services> services_;
  net::MethodTable methods_;
  std::unique_ptr<net::LocalChannel> channel_;
};

// What a stream has said so far.
struct StreamLog {
  std::vector<std::string> messages;
  size_t taken = 0;
  bool done = false;
  Status status;
  // Nothing more is read while it is set.
  bool paused = false;
};

template <class Response>
struct Answered {
  Status status;
  Response response;
};

class ApiCluster {
 public:
  struct Options {
    size_t members = 1;
    uint64_t seed = 1;
    api::ServiceOptions services;
    node::NodeOptions node = node_test::SimCluster::SmallOptions();
    Server::Log log;
  };
  explicit ApiCluster(const Options& options);
  ApiCluster() : ApiCluster(Options{}) {}
  ~ApiCluster();

  [[nodiscard]] node_test::SimCluster& sim() { return sim_; }
  [[nodiscard]] World& world() { return sim_.world(); }
  [[nodiscard]] size_t size() const { return servers_.size(); }
  [[nodiscard]] Server& server(size_t i) { return *servers_[i]; }
  [[nodiscard]] size_t LeaderAt();
  [[nodiscard]] size_t FollowerAt() { return (LeaderAt() + 1) % sim_.size(); }
  // The services end before the process does.
  void Kill(size_t i);
  void Start(size_t i);

  // One call at one member; its answer.
  template <class Response, class Request>
  Answered<Response> Call(const std::string& path, const Request& request, size_t at = 0,
                          const net::Metadata& metadata = {}) {
    const net::UnaryResult result = CallBytes(path, net::SerializeMessage(request), at, metadata);
    Answered<Response> answered{.status = result.status, .response = {}};
    if (result.status.ok() && !answered.response.ParseFromString(result.response)) {
      answered.status = Internal("the answer does not parse");
    }
    return answered;
  }
  net::UnaryResult CallBytes(const std::string& path, Payload request, size_t at,
                             const net::Metadata& metadata);

  void RunFor(uint64_t us) { world().RunFor(us); }
  bool RunUntil(const std::function<bool()>& done, uint64_t patience_us = 20'000'000) {
    return world().RunUntil(done, patience_us);
  }

 private:
  const Options options_;
  node_test::SimCluster sim_;
  std::vector<std::unique_ptr<Server>> servers_;
};

// A streaming call of one member.
class Stream {
 public:
  Stream(ApiCluster* cluster, const std::string& path, size_t at = 0,
         const net::Metadata& metadata = {});

  template <class Request>
  void Send(const Request& request) {
    (void)cluster_->server(at_).channel().Write(call_, net::SerializeMessage(request));
  }
  void CloseWrites() { cluster_->server(at_).channel().CloseWrites(call_); }
  void Cancel() { cluster_->server(at_).channel().Cancel(call_); }
  void Pause() { log_->paused = true; }
  void Resume();

  // The next message, once it is there; false if none comes in time.
  template <class Response>
  bool Next(Response* response, uint64_t patience_us = 5'000'000) {
    if (!cluster_->RunUntil([&] { return log_->taken < log_->messages.size() || log_->done; },
                            patience_us)) {
      return false;
    }
    return log_->taken < log_->messages.size() &&
           response->ParseFromString(log_->messages[log_->taken++]);
  }
  [[nodiscard]] bool WaitDone(uint64_t patience_us = 20'000'000) {
    return cluster_->RunUntil([this] { return log_->done; }, patience_us);
  }
  [[nodiscard]] const StreamLog& log() const { return *log_; }

 private:
  ApiCluster* const cluster_;
  const size_t at_;
  std::shared_ptr<StreamLog> log_ = std::make_shared<StreamLog>();
  net::ClientCallId call_;
};

}  // namespace keel::api_test
