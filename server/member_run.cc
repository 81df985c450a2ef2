// A member's running and its end.
#include <glog/logging.h>

#include <future>
#include <utility>

#include "server/member.h"

namespace keel::server {

namespace {

constexpr uint64_t kDrainGraceUs = 2'000'000;
constexpr auto kStopPatience = std::chrono::seconds(20);

}  // namespace

node::NodeOptions Member::NodeOptions() const {
  node::NodeOptions options;
  options.directory = config_.data_dir;
  options.raft.heartbeat_ms = config_.heartbeat_ms;
  options.raft.election_timeout_ms = config_.election_ms;
  options.seed = clock_.WallUs();
  return options;
}

net::ServerOptions Member::ServerOptions(const net::Address& address) const {
  net::ServerOptions options;
  options.address = address;
  net::GrpcServerOptions& grpc = options.session.grpc;
  // As etcd: gRPC's own overhead fits beside the largest request.
  grpc.message_bytes_max = config_.request_bytes_max + (size_t{512} << 10);
  grpc.http2.streams_max = static_cast<uint32_t>(config_.streams_max);
  grpc.http2.ping_interval_min_us = config_.keepalive_min_time_ms * 1000;
  grpc.http2.keepalive_interval_us = config_.keepalive_interval_ms * 1000;
  grpc.http2.keepalive_timeout_us = config_.keepalive_timeout_ms * 1000;
  return options;
}

node::MemberInfo Member::Self() const {
  return {.name = config_.name,
          .peer_urls = config_.initial_advertise_peer_urls,
          .client_urls = config_.advertise_client_urls};
}

std::string Member::Introduce() const {
  if (said_.introduction.has_value()) return node::EncodeIntroduction(*said_.introduction);
  if (said_.bootstrap != nullptr) return node::EncodeIntroduction(said_.bootstrap->Introduce());
  return {};
}

void Member::OnMembers(std::shared_ptr<const node::Membership> members,
                       std::shared_ptr<const raft::Config> config) {
  if (config == nullptr || members == nullptr) return;
  node::Introduction& said = *said_.introduction;
  said.config = config->Encode(members->Encode());
  LOG(INFO) << "event=members count=" << members->members().size() << " config=\""
            << config->ToString() << '"';
  transport_->SetMembers(std::move(members), std::move(config));
}

void Member::RunNode() {
  threads_->core.Run([this] {
    said_.introduction = node::IntroductionOf(record_, Self());
    transport_->Join({.member = record_.member, .cluster_id = record_.cluster_id, .boot = boot_},
                     node_.get());
  });
  node_->Start();
}

Status Member::StartClients() {
  api::ServiceOptions options;
  options.max_request_bytes = config_.request_bytes_max;
  options.max_txn_ops = config_.txn_ops_max;
  options.watch_progress_interval_ms = config_.watch_progress_interval_ms;
  options.election_timeout_ms = config_.election_ms;
  net::AsioExecutor* const client = threads_->client.executor();
  const Status started = threads_->client.Run([&]() -> Status {
    services_ = std::make_unique<api::Services>(
        options, api::Services::Seams{.node = node_.get(),
                                      .clock = &clock_,
                                      .transport = client,
                                      .pool = threads_->reads.executor()});
    services_->Register(&methods_);
    health_ = std::make_unique<admin::Health>(
        admin::Health::Seams{.node = node_.get(), .executor = client});
    health_->AddTo(&http_);
    compactor_ = std::make_unique<Compactor>(
        CompactionPlan::Options{.mode = config_.compaction_mode,
                                .retention_ms = config_.compaction_retention_ms,
                                .retention_revisions = config_.compaction_retention_revisions},
        Compactor::Seams{.node = node_.get(), .clock = &clock_, .executor = client});
    compactor_->Start();
    for (const net::Address& address : config_.client_addresses) {
      KEEL_ASSIGN_OR_RETURN(auto server,
                            net::Server::Start(client, ServerOptions(address),
                                               {.methods = &methods_, .http = &http_}));
      servers_.push_back(std::move(server));
    }
    return {};
  });
  if (!started.ok()) return started.WithContext("--listen-client-urls");
  for (const std::string& url : config_.listen_client_urls) {
    LOG(INFO) << "event=serving_clients url=" << url;
  }
  return {};
}

// Clients are told to go elsewhere while the node hands over what it leads; both have a bound.
Status Member::Stop() {
  if (threads_ == nullptr) return {};
  const auto drained = std::make_shared<std::promise<void>>();
  threads_->client.Run([&] {
    if (services_ != nullptr) services_->Stop();
    auto left = std::make_shared<size_t>(servers_.size());
    if (*left == 0) drained->set_value();
    for (const auto& server : servers_) {
      server->Drain(kDrainGraceUs, [drained, left] {
        if (--*left == 0) drained->set_value();
      });
    }
  });
  Status stopped;
  if (node_ != nullptr) {
    const auto answer = std::make_shared<std::promise<Status>>();
    std::future<Status> coming = answer->get_future();
    node_->Stop([answer](Status status) { answer->set_value(std::move(status)); });
    stopped = coming.wait_for(kStopPatience) == std::future_status::ready
                  ? coming.get()
                  : DeadlineExceeded("the node did not stop in time");
  }
  drained->get_future().wait_for(kStopPatience);
  threads_->client.Run([this] { servers_.clear(); });
  threads_->core.Run([this] { transport_ == nullptr ? void() : transport_->Leave(); });
  threads_->Stop();
  compactor_.reset();
  health_.reset();
  services_.reset();
  node_.reset();
  transport_.reset();
  said_ = {};
  return stopped;
}

}  // namespace keel::server
