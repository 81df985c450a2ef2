#include "tests/api/support/api_cluster.h"

#include <optional>
#include <utility>

#include "base/check.h"

namespace keel::api_test {

namespace {

class Recorder final : public net::CallObserver {
 public:
  explicit Recorder(std::shared_ptr<StreamLog> log) : log_(std::move(log)) {}

  net::Flow OnMessage(std::string_view message) override {
    log_->messages.emplace_back(message);
    return log_->paused ? net::Flow::kPause : net::Flow::kMore;
  }
  void OnDone(const Status& status, const net::Metadata& /*trailers*/) override {
    log_->status = status;
    log_->done = true;
  }

 private:
  const std::shared_ptr<StreamLog> log_;
};

}  // namespace

Server::Server(World* world, SimMember* member, const api::ServiceOptions& options, Log log)
    : transport_(world, {}), pool_(world, {0, 1'000}), clock_(world, 0) {
  services_ =
      std::make_unique<api::Services>(options, api::Services::Seams{.node = &member->node(),
                                                                    .clock = &clock_,
                                                                    .transport = &transport_,
                                                                    .pool = &pool_,
                                                                    .log = std::move(log)});
  services_->Register(&methods_);
  channel_ = std::make_unique<net::LocalChannel>(
      net::LocalChannel::Options{.methods = &methods_, .executor = &transport_, .clock = &clock_});
}

// The channel first: it destroys the handlers, which know the services.
Server::~Server() {
  channel_.reset();
  services_.reset();
}

ApiCluster::ApiCluster(const Options& options)
    : options_(options),
      sim_({.seed = options.seed, .members = options.members, .node = options.node}) {
  for (size_t i = 0; i < options.members; ++i) {
    servers_.push_back(nullptr);
    Start(i);
  }
  KEEL_CHECK(sim_.RunUntilSettled()) << "the members of a new cluster elect a leader";
}

ApiCluster::~ApiCluster() = default;

void ApiCluster::Kill(size_t i) {
  servers_[i].reset();
  sim_.at(i).Kill();
}

void ApiCluster::Start(size_t i) {
  if (i >= servers_.size()) servers_.resize(i + 1);
  if (!sim_.at(i).IsUp()) {
    const Status started = sim_.at(i).Start();
    KEEL_CHECK(started.ok()) << started;
  }
  api::ServiceOptions services = options_.services;
  services.id_seed = options_.seed * 100 + i + 1;
  servers_[i] = std::make_unique<Server>(&world(), &sim_.at(i), services, options_.log);
}

size_t ApiCluster::LeaderAt() {
  KEEL_CHECK(sim_.RunUntilSettled()) << "somebody leads";
  for (size_t i = 0; i < sim_.size(); ++i) {
    if (&sim_.at(i) == sim_.Leader()) return i;
  }
  return 0;
}

net::UnaryResult ApiCluster::CallBytes(const std::string& path, Payload request, size_t at,
                                       const net::Metadata& metadata) {
  auto result = std::make_shared<std::optional<net::UnaryResult>>();
  net::CallUnary(&server(at).channel(), {.path = path, .metadata = metadata}, std::move(request),
                 [result](net::UnaryResult given) { *result = std::move(given); });
  if (!RunUntil([&] { return result->has_value(); }, 60'000'000)) {
    return {.status = DeadlineExceeded("no answer in a minute"), .response = {}, .trailers = {}};
  }
  return std::move(**result);
}

Stream::Stream(ApiCluster* cluster, const std::string& path, size_t at,
               const net::Metadata& metadata)
    : cluster_(cluster), at_(at) {
  call_ = cluster_->server(at_).channel().Start({.path = path, .metadata = metadata},
                                                std::make_unique<Recorder>(log_));
}

void Stream::Resume() {
  log_->paused = false;
  cluster_->server(at_).channel().ResumeReads(call_);
}

}  // namespace keel::api_test
