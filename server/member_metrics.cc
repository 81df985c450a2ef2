// What a member tells Prometheus of its parts.
#include <map>
#include <string>
#include <vector>

#include "base/numbers.h"
#include "server/member.h"

namespace keel::server {

namespace {

using Kind = admin::Page::Kind;

}  // namespace

void Member::AddMetrics() {
  metrics_ = std::make_unique<admin::Metrics>(
      admin::Metrics::Seams{.node = node_.get(),
                            .clock = &clock_,
                            .core = threads_->core.executor(),
                            .client = threads_->client.executor(),
                            .core_counts = &core_counts_,
                            .wal_syncs = &wal_syncs_,
                            .state_syncs = &state_syncs_,
                            .add_from_core = [this](admin::Page* page) { AddPeers(page); },
                            .add_from_client = [this](admin::Page* page) { AddConnections(page); },
                            .version = KEEL_VERSION});
  metrics_->AddTo(&http_);
  metrics_->AddTo(&metrics_pages_);
}

void Member::AddPeers(admin::Page* page) const {
  const std::vector<peers::PeerCounts> all = transport_->counts();
  const std::string self = HexNumber(record_.member.value());
  const auto add_pair = [&](const admin::Page::Name& name, auto value_of) {
    for (const peers::PeerCounts& counts : all) {
      page->Add(name, static_cast<double>(value_of(counts)),
                {{"Local", self}, {"Remote", HexNumber(counts.peer.value())}});
    }
  };
  const auto add = [&](const admin::Page::Name& name, std::string_view label, auto value_of) {
    for (const peers::PeerCounts& counts : all) {
      page->Add(name, static_cast<double>(value_of(counts)),
                {{label, HexNumber(counts.peer.value())}});
    }
  };
  add_pair({"etcd_network_known_peers", "1 for each peer."}, [](const auto&) { return 1; });
  add_pair({"etcd_network_active_peers", "1 while both lanes to the peer are open, else 0."},
           [](const auto& counts) { return counts.is_open ? 1 : 0; });
  add({"etcd_network_peer_sent_bytes_total", "Bytes for the peer.", Kind::kCounter}, "To",
      [](const auto& counts) { return counts.sent_bytes; });
  add({"etcd_network_peer_received_bytes_total", "Bytes from the peer.", Kind::kCounter}, "From",
      [](const auto& counts) { return counts.received_bytes; });
  add({"etcd_network_peer_sent_failures_total", "Times that messages for the peer were lost.",
       Kind::kCounter},
      "To", [](const auto& counts) { return counts.losses; });
  for (const peers::PeerCounts& counts : all) {
    page->Add({"etcd_network_peer_round_trip_time_seconds",
               "How long a ping on the urgent lane takes to be answered."},
              *counts.round_trips, {{"To", HexNumber(counts.peer.value())}});
  }
  add({"keel_peer_round_trip_seconds", "The last round trip that was measured."}, "To",
      [](const auto& counts) { return static_cast<double>(counts.round_trip_us) / 1e6; });
  add({"keel_peer_queued_bytes", "Bytes that wait for the peer's connections."}, "To",
      [](const auto& counts) { return counts.queued_bytes; });
  page->Add(
      {"keel_peer_refused_total", "Incoming peer connections that were refused.", Kind::kCounter},
      static_cast<double>(transport_->refused_count()));
  AddSnapshots(page);
}

void Member::AddSnapshots(admin::Page* page) const {
  using Counts = node::SnapshotSender::Counts;
  std::map<NodeId, Counts> all = node_->sender().counts();
  // Those too for whom there was none so far: what is missing has no rate.
  for (const peers::PeerCounts& peer : transport_->counts()) all.try_emplace(peer.peer);
  const auto add = [&](const admin::Page::Name& name, auto value_of) {
    for (const auto& [peer, counts] : all) {
      page->Add(name, static_cast<double>(value_of(counts)), {{"To", HexNumber(peer.value())}});
    }
  };
  add({"etcd_network_snapshot_send_success", "States that the peer has taken.", Kind::kCounter},
      [](const Counts& counts) { return counts.arrived; });
  add({"etcd_network_snapshot_send_failures",
       "States that did not reach the peer, or that it refused.", Kind::kCounter},
      [](const Counts& counts) { return counts.failed; });
  add({"etcd_network_snapshot_send_inflights_total", "1 while a state is on its way to the peer."},
      [](const Counts& counts) { return counts.is_under_way ? 1 : 0; });
}

// What clients asked for: what went through the log, and what did not.
void Member::AddServices(admin::Page* page) const {
  const kv::OperationCounts& done = node_->operations();
  const api::ServiceCounts& served = services_->counts();
  const auto count = [page](const char* name, const char* help, uint64_t value) {
    page->Add({name, help, Kind::kCounter}, static_cast<double>(value));
  };
  const uint64_t ranges = done.ranges.value() + served.ranges.load(std::memory_order_relaxed);
  const uint64_t txns = done.txns.value() + served.txns.load(std::memory_order_relaxed);
  // Under its old name as well, for the dashboards that have it.
  for (const std::string_view group : {"etcd_mvcc_", "etcd_debugging_mvcc_"}) {
    const auto both = [&](const char* name, const char* help, uint64_t value) {
      count((std::string(group) + name).c_str(), help, value);
    };
    both("put_total", "Puts that took effect here.", done.puts.value());
    both("delete_total", "Deletions that took effect here.", done.deletes.value());
    both("range_total", "Ranges that were read here.", ranges);
    both("txn_total", "Transactions of more than one operation.", txns);
  }
  count("etcd_debugging_mvcc_total_put_size_in_bytes", "Keys and values that were put.",
        done.put_bytes.value());
  count("etcd_debugging_mvcc_events_total", "Events that watchers were told of.", served.events);
  page->Add({"etcd_debugging_mvcc_watch_stream_total", "Watch calls that are open."},
            static_cast<double>(served.watch_streams));
  count("etcd_debugging_lease_granted_total", "Leases that were granted.",
        done.leases_granted.value());
  count("etcd_debugging_lease_revoked_total", "Leases that are gone, for whatever reason.",
        done.leases_revoked.value());
  count("etcd_debugging_lease_renewed_total", "Renewals by this member, as the leader.",
        done.leases_renewed.value());
  count("etcd_debugging_server_lease_expired_total",
        "Leases that ran out by this member's clock, as the leader.", done.leases_expired.value());
  page->Add({"etcd_mvcc_hash_duration_seconds", "How long Hash takes."}, served.hashes);
  page->Add({"etcd_mvcc_hash_rev_duration_seconds", "How long HashKV takes."},
            served.revision_hashes);
  page->Add(
      {"etcd_disk_backend_snapshot_duration_seconds", "How long clients take to save the state."},
      served.snapshots);
}

void Member::AddConnections(admin::Page* page) const {
  AddArchive(page);
  health_->AddTo(page);
  page->Add({"etcd_disk_wal_write_bytes_total", "Bytes that were written to the log."},
            static_cast<double>(wal_written_bytes_.load(std::memory_order_relaxed)));
  admin::AddCalls(calls_, methods_, page);
  const auto promoted = static_cast<size_t>(Code::kOk);
  const auto* const promote = methods_.Find("/etcdserverpb.Cluster/MemberPromote");
  page->Add({"etcd_server_learner_promote_successes", "Learners that became voters by this member.",
             Kind::kCounter},
            static_cast<double>(calls_.Of(promote).ended.at(promoted)));
  AddServices(page);
  page->Add({"keel_slow_requests_total",
             "Calls that took --warning-unary-request-duration or longer.", Kind::kCounter},
            static_cast<double>(services_->slow_requests()));
  net::Server::Counts sum;
  for (const auto& server : servers_) {
    const net::Server::Counts counts = server->counts();
    sum.accepted += counts.accepted;
    sum.refused += counts.refused;
    sum.open += counts.open;
    sum.held.requests_bytes += counts.held.requests_bytes;
    sum.held.answers_bytes += counts.held.answers_bytes;
  }
  page->Add({"keel_client_connections", "Client connections that are open."},
            static_cast<double>(sum.open));
  page->Add({"keel_client_requests_bytes", "Bytes of clients' requests that have not begun."},
            static_cast<double>(sum.held.requests_bytes));
  page->Add({"keel_client_answers_bytes", "Bytes of answers that wait for clients to take them."},
            static_cast<double>(sum.held.answers_bytes));
  page->Add({"keel_client_connections_accepted_total", "Client connections that were accepted.",
             Kind::kCounter},
            static_cast<double>(sum.accepted));
  page->Add({"keel_client_connections_refused_total", "Client connections beyond the bound.",
             Kind::kCounter},
            static_cast<double>(sum.refused));
  for (const auto& [reason, count] : cuts_) {
    page->Add(
        {"keel_client_connections_cut_total",
         "Client connections that this member ended, by what was wrong with them.", Kind::kCounter},
        static_cast<double>(count), {{"reason", std::string(reason)}});
  }
}

}  // namespace keel::server
