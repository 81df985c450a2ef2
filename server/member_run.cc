// A member's running and its end.
#include <glog/logging.h>

#include <algorithm>
#include <future>
#include <optional>
#include <utility>

#include "base/numbers.h"

#include "server/member.h"
#include "server/node/quoted.h"

namespace keel::server {

namespace {

// Prometheus and a probe or two.
constexpr size_t kMetricsConnectionsMax = 64;
constexpr uint64_t kDrainGraceUs = 2'000'000;
constexpr auto kStopPatience = std::chrono::seconds(20);

}  // namespace

node::NodeOptions Member::NodeOptions() const {
  node::NodeOptions options;
  options.directory = config_.data_dir;
  options.raft.heartbeat_ms = config_.heartbeat_ms;
  options.raft.election_timeout_ms = config_.election_ms;
  options.seed = clock_.WallUs();
  options.reconfig = {.strict = config_.strict_reconfig, .learners_max = config_.learners_max};
  options.slow_apply_ms = config_.slow_apply_ms;
  options.log_kept_bytes_max = config_.log_kept_bytes;
  options.log_kept_bytes_min = std::min(options.log_kept_bytes_min, config_.log_kept_bytes);
  if (!config_.archive.empty()) options.archive_hold_bytes_max = config_.archive_hold_bytes;
  return options;
}

net::ServerOptions Member::ServerOptions(const net::Address& address) {
  net::ServerOptions options;
  options.address = address;
  net::GrpcServerOptions& grpc = options.session.grpc;
  // As etcd: gRPC's own overhead fits beside the largest request.
  grpc.message_bytes_max = config_.request_bytes_max + (size_t{512} << 10);
  grpc.http2.streams_max = static_cast<uint32_t>(config_.streams_max);
  grpc.http2.ping_interval_min_us = config_.keepalive_min_time_ms * 1000;
  grpc.http2.keepalive_interval_us = config_.keepalive_interval_ms * 1000;
  grpc.http2.keepalive_timeout_us = config_.keepalive_timeout_ms * 1000;
  // Each address has its share: what one takes is out of reach of the others.
  options.connections_max =
      std::max<size_t>(config_.connections_max / config_.client_addresses.size(), 1);
  options.on_accept_failed = [this](const Status& why) { OnAcceptFailed(why); };
  options.on_cut = [this](std::string_view peer, const net::Session::Cut& cut) {
    OnCut(peer, cut);
  };
  grpc.counts = &calls_;
  return options;
}

void Member::OnAcceptFailed(const Status& why) {
  const std::optional<uint64_t> left_out = accept_failures_.Tell(clock_.MonotonicUs());
  if (!left_out.has_value()) return;
  LOG(WARNING) << "event=accept_failed reason=" << node::Quoted(why.message())
               << " not_told=" << *left_out;
}

void Member::OnCut(std::string_view peer, const net::Session::Cut& cut) {
  ++cuts_[cut.word];
  const std::optional<uint64_t> left_out = cuts_told_.Tell(clock_.MonotonicUs());
  if (!left_out.has_value()) return;
  LOG(WARNING) << "event=client_cut peer=" << peer << " reason=" << cut.word
               << " detail=" << node::Quoted(cut.detail) << " not_told=" << *left_out;
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
  // One that stops before it ran, refused for its name, has nothing to say to anybody.
  if (config == nullptr || members == nullptr || !said_.introduction.has_value()) return;
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
  publisher_ = std::make_unique<node::Publisher>(node::Publisher::Options{
      .node = node_.get(), .role = threads_->core.executor(), .self = Self(), .on_taken = [this] {
        Fail(FailedPrecondition(
            "another member has taken this one's id: the directory " + config_.data_dir +
            " is a copy, or was lost and made anew; run `keelctl member replace`, or etcdctl "
            "member remove and add"));
      }});
  publisher_->Start();
}

Status Member::StartClients() {
  api::ServiceOptions options;
  options.max_request_bytes = config_.request_bytes_max;
  options.max_txn_ops = config_.txn_ops_max;
  options.slow_request_ms = config_.slow_request_ms;
  options.watch_progress_interval_ms = config_.watch_progress_interval_ms;
  options.election_timeout_ms = config_.election_ms;
  net::AsioExecutor* const client = threads_->client.executor();
  const Status started = threads_->client.Run([&]() -> Status {
    services_ = std::make_unique<api::Services>(
        options,
        api::Services::Seams{.node = node_.get(),
                             .clock = &clock_,
                             .transport = client,
                             .pool = threads_->reads.executor(),
                             .bulk = threads_->bulk.executor(),
                             .log = [](const std::string& line) { LOG(WARNING) << line; }});
    services_->Register(&methods_);
    health_ = std::make_unique<admin::Health>(
        admin::Health::Seams{.node = node_.get(), .executor = client});
    health_->AddTo(&http_);
    health_->AddProbesTo(&metrics_pages_);
    AddMetrics();
    compactor_ = std::make_unique<Compactor>(
        CompactionPlan::Options{.mode = config_.compaction_mode,
                                .retention_ms = config_.compaction_retention_ms,
                                .retention_revisions = config_.compaction_retention_revisions},
        Compactor::Seams{.node = node_.get(), .clock = &clock_, .executor = client});
    compactor_->Start();
    quota_ = std::make_unique<Quota>(
        Quota::Options{.node = node_.get(), .executor = client, .bytes = config_.quota_bytes});
    quota_->Start();
    StartScheduling();
    for (const net::Address& address : config_.client_addresses) {
      KEEL_ASSIGN_OR_RETURN(auto server,
                            net::Server::Start(client, ServerOptions(address),
                                               {.methods = &methods_, .http = &http_}));
      servers_.push_back(std::move(server));
    }
    return {};
  });
  if (!started.ok()) return started.WithContext("--listen-client-urls");
  KEEL_RETURN_IF_ERROR(StartMetrics());
  for (const std::string& url : config_.listen_client_urls) {
    LOG(INFO) << "event=serving_clients url=" << url;
  }
  return {};
}

Status Member::StartMetrics() {
  return threads_->client.Run([&]() -> Status {
    for (const net::Address& address : config_.metrics_addresses) {
      auto server =
          net::Server::Start(threads_->client.executor(),
                             {.address = address, .connections_max = kMetricsConnectionsMax},
                             {.methods = &no_methods_, .http = &metrics_pages_});
      if (!server.ok()) return server.status().WithContext("--listen-metrics-urls");
      metrics_servers_.push_back(std::move(*server));
    }
    return {};
  });
}

void Member::StartScheduling() {
  if (!config_.batch_scheduling || !HasDefaultScheduling()) return;
  scheduling_ = std::make_unique<Scheduling>(Scheduling::Options{
      .executor = threads_->client.executor(),
      .work_done = [this] { return calls_.ended() + node_->status().applied.value(); },
      .set =
          [](bool batches) {
            const Status set = ScheduleInBatches(batches);
            LOG_IF(WARNING, !set.ok())
                << "event=no_batch_scheduling reason=" << node::Quoted(set.message());
          }});
  scheduling_->Start();
}

// Clients are told to go elsewhere while the node hands over what it leads; it serves those that
// are still here until the last of them has gone. Both have a bound.
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
  if (node_ != nullptr) node_->TransferLeadership(NodeId(), [](raft::TransferOutcome) {});
  drained->get_future().wait_for(kStopPatience);
  Status stopped;
  if (node_ != nullptr) {
    const auto answer = std::make_shared<std::promise<Status>>();
    std::future<Status> coming = answer->get_future();
    node_->Stop([answer](Status status) { answer->set_value(std::move(status)); });
    stopped = coming.wait_for(kStopPatience) == std::future_status::ready
                  ? coming.get()
                  : DeadlineExceeded("the node did not stop in time");
  }
  threads_->client.Run([this] {
    servers_.clear();
    metrics_servers_.clear();
  });
  threads_->core.Run([this] { transport_ == nullptr ? void() : transport_->Leave(); });
  if (archive_threads_ != nullptr) archive_threads_->Stop();
  threads_->Stop();
  archive_threads_.reset();  // with what it still held of the state
  archiver_.reset();
  archive_source_.reset();
  scheduling_.reset();
  quota_.reset();
  publisher_.reset();
  compactor_.reset();
  metrics_.reset();
  health_.reset();
  services_.reset();
  node_.reset();
  transport_.reset();
  said_ = {};
  return stopped;
}

}  // namespace keel::server
