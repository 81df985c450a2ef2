#include "server/admin/metrics.h"

#include <prometheus/text_serializer.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <utility>

#include "api/version.h"
#include "base/numbers.h"
#include "server/admin/health.h"

namespace keel::admin {

namespace {

using Kind = Page::Kind;

double Seconds(uint64_t us) { return static_cast<double>(us) / 1e6; }
double Of(uint64_t value) { return static_cast<double>(value); }

// When this process began: what the kernel says of it is counted from the boot.
double StartedSeconds() {
  constexpr int kFieldsBefore = 19;  // between the command's name and the start
  std::string text;
  std::getline(std::ifstream("/proc/self/stat"), text);
  // The name is in brackets, and may hold anything.
  std::istringstream fields(text.substr(std::min(text.rfind(')') + 1, text.size())));
  std::string skipped;
  for (int i = 0; i < kFieldsBefore; ++i) fields >> skipped;
  double ticks = 0;
  fields >> ticks;
  timespec now{};
  timespec since_boot{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  ::clock_gettime(CLOCK_BOOTTIME, &since_boot);
  const auto seconds = [](const timespec& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
  };
  return seconds(now) - seconds(since_boot) + ticks / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

// Of this process, as the system tells it.
void AddProcess(Page* page) {
  uint64_t size_pages = 0;
  uint64_t resident_pages = 0;
  std::ifstream("/proc/self/statm") >> size_pages >> resident_pages;
  const auto page_bytes = static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  timespec used{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  std::error_code error;
  uint64_t files = 0;
  for (std::filesystem::directory_iterator at("/proc/self/fd", error), end; !error && at != end;
       at.increment(error)) {
    ++files;
  }
  page->Add({"process_resident_memory_bytes", "Memory that is in use."},
            Of(resident_pages * page_bytes));
  page->Add({"process_virtual_memory_bytes", "Address space that is in use."},
            Of(size_pages * page_bytes));
  page->Add({"process_cpu_seconds_total", "Time on processors.", Kind::kCounter},
            static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9);
  // Once: the clocks differ a little each time that they are read, and who asks takes another value
  // for a restart.
  static const double started_seconds = StartedSeconds();
  page->Add({"process_start_time_seconds", "When this process began, in seconds since 1970."},
            started_seconds);
  page->Add({"process_open_fds", "Files and sockets that are open."}, Of(files));
  rlimit most{};
  ::getrlimit(RLIMIT_NOFILE, &most);
  page->Add({"process_max_fds", "The most files and sockets that may be open."}, Of(most.rlim_cur));
  page->Add({"os_fd_used", "Files and sockets that are open."}, Of(files));
  page->Add({"os_fd_limit", "The most files and sockets that may be open."}, Of(most.rlim_cur));
  rlimit address_space{};
  ::getrlimit(RLIMIT_AS, &address_space);
  page->Add({"process_virtual_memory_max_bytes", "The most address space."},
            Of(address_space.rlim_cur));
}

void AddAlarms(const kv::Store& store, Page* page) {
  const Page::Name name{"keel_alarm", "1 while the alarm stands, else 0."};
  page->Add(name, store.IsFull() ? 1 : 0, {{"alarm", "NOSPACE"}});
  page->Add(name, store.alarms().IsRaised(kv::AlarmKind::kCorrupt) ? 1 : 0, {{"alarm", "CORRUPT"}});
}

// For comparing members: rarely another one, so that those that are scraped one after the other
// mostly show that of the same index; and only as much of it as a number of Prometheus holds.
void AddHash(const kv::Store& store, Page* page) {
  constexpr uint64_t kEvery = 16 * kv::kChainEvery;
  static_assert(kEvery <= kv::kChainKept * kv::kChainEvery);
  const uint64_t applied = store.state().applied.value();
  uint64_t index = applied - applied % kEvery;
  const Result<uint64_t> hash = store.ChainHashAt(Index(index));
  if (!hash.ok()) index = 0;
  page->Add({"keel_state_hash_index", "The index whose state keel_state_hash is of; 0: none yet."},
            Of(index));
  page->Add({"keel_state_hash", "The low 32 bits of the state's hash; the same on all members."},
            Of(hash.ok() ? *hash & UINT32_MAX : 0));
}

}  // namespace

prometheus::MetricFamily& Page::Family(const Name& name) {
  if (families_.empty() || families_.back().name != name.name) {
    prometheus::MetricFamily& family = families_.emplace_back();
    family.name = name.name;
    family.help = name.help;
    family.type = name.kind == Kind::kCounter ? prometheus::MetricType::Counter
                                              : prometheus::MetricType::Gauge;
  }
  return families_.back();
}

void Page::Add(const Name& name, double value, const std::vector<Label>& labels) {
  prometheus::ClientMetric& metric = Family(name).metric.emplace_back();
  for (const Label& label : labels) metric.label.push_back({std::string(label.name), label.value});
  metric.counter.value = value;
  metric.gauge.value = value;
}

void Page::Add(const Name& name, const Histogram& histogram, const std::vector<Label>& labels) {
  prometheus::MetricFamily& family = Family(name);
  family.type = prometheus::MetricType::Histogram;
  prometheus::ClientMetric& metric = family.metric.emplace_back();
  for (const Label& label : labels) metric.label.push_back({std::string(label.name), label.value});
  prometheus::ClientMetric::Histogram& into = metric.histogram;
  for (size_t bucket = 0; bucket < Histogram::kBuckets; ++bucket) {
    into.sample_count += histogram.count(bucket);
    into.bucket.push_back({into.sample_count, Seconds(Histogram::BoundUs(bucket))});
  }
  into.sample_count += histogram.count(Histogram::kBuckets);
  into.sample_sum = Seconds(histogram.sum_us());
}

std::string Page::ToString() const {
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, families_);
  return out.str();
}

void Page::Append(Page page) {
  for (prometheus::MetricFamily& family : page.families_) families_.push_back(std::move(family));
}

// One page under way: answered by whatever comes first, the roles or the patience.
struct Metrics::Scrape {
  net::HttpCall call;
  std::optional<Page> core;
  std::optional<Page> apply;
  bool answered = false;
};

void Metrics::AddTo(net::HttpTable* table) {
  table->Add({"GET", "/metrics"},
             [this](net::HttpCall call, const net::HttpRequest&) { Collect(call); });
}

void Metrics::Collect(net::HttpCall call) {
  auto scrape = std::make_shared<Scrape>();
  scrape->call = call;
  seams_.client->PostAfter(seams_.patience_us, [this, scrape] { Answer(scrape.get()); });
  const auto hand_in = [this, scrape](std::optional<Page> Scrape::*part, Page page) {
    seams_.client->Post([this, scrape, part, page = std::move(page)]() mutable {
      scrape.get()->*part = std::move(page);
      if (scrape->core.has_value() && scrape->apply.has_value()) Answer(scrape.get());
    });
  };
  seams_.core->Post([this, hand_in] {
    Page page;
    AddFromCore(&page);
    hand_in(&Scrape::core, std::move(page));
  });
  seams_.node->RunOnApply([this, hand_in](const node::StateMachine& machine) {
    Page page;
    AddFromApply(machine, &page);
    hand_in(&Scrape::apply, std::move(page));
  });
}

void Metrics::Answer(Scrape* scrape) const {
  if (std::exchange(scrape->answered, true)) return;
  Page page;
  const Page::Name answers{"keel_role_answers",
                           "0 where a role did not answer in time; what it knows is left out."};
  page.Add(answers, scrape->core.has_value() ? 1 : 0, {{"role", "core"}});
  page.Add(answers, scrape->apply.has_value() ? 1 : 0, {{"role", "apply"}});
  for (std::optional<Page>* part : {&scrape->core, &scrape->apply}) {
    if (part->has_value()) page.Append(std::move(**part));
  }
  AddFromClient(&page);
  scrape->call.Respond(
      {.content_type = "text/plain; version=0.0.4; charset=utf-8", .body = page.ToString()});
}

void Metrics::AddFromCore(Page* page) const {
  const node::NodeStatus status = seams_.node->status();
  const raft::Raft& core = seams_.node->core();
  const node::Pending& pending = seams_.node->pending();
  const raft::Member* self = status.config == nullptr ? nullptr : status.config->Find(status.id);
  page->Add({"etcd_server_has_leader", "1 if a leader is known, else 0."},
            status.leader.IsNone() ? 0 : 1);
  page->Add({"etcd_server_is_leader", "1 if this member leads, else 0."},
            status.role == raft::Role::kLeader ? 1 : 0);
  page->Add({"etcd_server_is_learner", "1 if this member learns and does not vote, else 0."},
            self != nullptr && self->learns ? 1 : 0);
  page->Add({"etcd_server_leader_changes_seen_total", "Leaders that came.", Kind::kCounter},
            Of(seams_.core_counts->leader_changes));
  page->Add({"etcd_server_heartbeat_send_failures_total",
             "Heartbeats that this member, as the leader, sent more than two intervals after the "
             "one before.",
             Kind::kCounter},
            Of(seams_.core_counts->late_heartbeats));
  page->Add({"etcd_server_snapshot_apply_in_progress_total",
             "1 while another member's state is taking the place of this one's, else 0."},
            seams_.node->is_installing() ? 1 : 0);
  page->Add({"keel_snapshots_received_total",
             "Snapshots that took the place of this member's state.", Kind::kCounter},
            Of(seams_.core_counts->snapshots));
  page->Add({"etcd_server_proposals_committed_total", "The newest committed entry."},
            Of(status.commit.value()));
  page->Add({"etcd_server_proposals_applied_total", "The newest applied entry."},
            Of(status.applied.value()));
  page->Add({"etcd_server_proposals_pending", "Proposals of this member's clients under way."},
            Of(pending.size()));
  page->Add({"etcd_server_proposals_failed_total",
             "Proposals that were dropped, or whose fate is "
             "not known.",
             Kind::kCounter},
            Of(pending.failed_count()));
  page->Add(
      {"etcd_server_slow_apply_total",
       "Batches of entries that took --warning-apply-duration or longer to apply.", Kind::kCounter},
      Of(seams_.node->slow_applies()));
  page->Add({"etcd_server_slow_read_indexes_total",
             "Reads that waited half a second or longer for their index.", Kind::kCounter},
            Of(seams_.node->reads().slow_count()));
  page->Add({"etcd_server_read_indexes_failed_total", "Reads that got no index.", Kind::kCounter},
            Of(seams_.node->reads().failed_count()));
  page->Add({"keel_proposals_pending_bytes", "Bytes of the proposals under way."},
            Of(pending.size_bytes()));
  page->Add({"keel_raft_term", "The term of the consensus core."}, Of(core.term().value()));
  page->Add({"keel_raft_last_index", "The newest entry of the log."}, Of(status.last.value()));
  page->Add({"keel_log_size_bytes", "Room that the log takes on the disk."}, Of(status.log_bytes));
  page->Add({"keel_raft_damaged", "1 while this member's log has lost something, else 0."},
            status.health == raft::Health::kWhole ? 0 : 1);
  if (seams_.add_from_core) seams_.add_from_core(page);
}

void Metrics::AddFromApply(const node::StateMachine& machine, Page* page) const {
  const kv::StoreState& state = machine.store().state();
  const double size_bytes = Of(machine.store().engine().SizeBytes());
  for (const char* name :
       {"etcd_mvcc_db_total_size_in_bytes", "etcd_debugging_mvcc_db_total_size_in_bytes"}) {
    page->Add({name, "Room that the state takes on the disk."}, size_bytes);
  }
  page->Add({"etcd_mvcc_db_total_size_in_use_in_bytes",
             "The same: the engine keeps no free pages that a defragmentation would give back."},
            size_bytes);
  page->Add({"keel_live_bytes", "Live keys and their newest values."}, Of(state.live_bytes));
  const auto& rules = machine.store().rules().rules();
  const auto whole = rules.find("");
  page->Add({"etcd_server_quota_backend_bytes", "Bound on live keys and values; 0: none."},
            Of(whole == rules.end() ? 0 : whole->second.quota_bytes));
  page->Add({"etcd_debugging_mvcc_keys_total", "Live keys."}, Of(state.live_keys));
  page->Add({"etcd_debugging_mvcc_current_revision", "The newest revision."},
            Of(state.revision.value()));
  page->Add({"etcd_debugging_mvcc_compact_revision", "The revision up to which history is gone."},
            Of(state.compacted.value()));
  page->Add({"etcd_debugging_lease_leases", "Leases that live."},
            Of(machine.store().leases().leases().size()));
  page->Add({"etcd_debugging_auth_revision", "Changes of users, roles and rights so far."},
            Of(state.auth_revision.value()));
  page->Add({"keel_state_durable_index",
             "The newest entry whose effect survives a crash without "
             "the log."},
            Of(machine.durable().value()));
  AddAlarms(machine.store(), page);
  AddHash(machine.store(), page);
}

void Metrics::AddFromClient(Page* page) const {
  page->Add({"etcd_disk_wal_fsync_duration_seconds", "How long a sync of the log takes."},
            *seams_.wal_syncs);
  page->Add({"etcd_disk_backend_commit_duration_seconds", "How long a sync of the state takes."},
            *seams_.state_syncs);
  page->Add({"etcd_server_version", "The version of etcd's API that is served."}, 1,
            {{"server_version", std::string(kEtcdVersion)}});
  page->Add({"etcd_cluster_version", "The version of etcd's API that all members serve."}, 1,
            {{"cluster_version", std::string(kEtcdVersion.substr(0, kEtcdVersion.rfind('.')))}});
  page->Add({"etcd_server_id", "1, with this member's id."}, 1,
            {{"server_id", HexNumber(seams_.node->status().id.value())}});
  page->Add({"etcd_debugging_mvcc_watcher_total", "Watchers of this member's clients."},
            Of(seams_.node->hub().watcher_count()));
  page->Add({"etcd_debugging_mvcc_slow_watcher_total",
             "Those among them that have not been told yet of all that there is for them."},
            Of(seams_.node->hub().behind_count()));
  page->Add({"keel_clock_seconds", "This member's wall clock, in seconds since 1970."},
            static_cast<double>(seams_.clock->WallUs()) / 1e6);
  page->Add({"keel_build_info", "The version of Keel."}, 1, {{"version", seams_.version}});
  if (seams_.add_from_client) seams_.add_from_client(page);
  AddProcess(page);
}

}  // namespace keel::admin
