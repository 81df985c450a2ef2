// A member's start, up to the node. Its running and its end are in member_run.cc.
#include "server/member.h"

#include <glog/logging.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <future>
#include <map>
#include <random>
#include <utility>
#include <variant>

#include "base/numbers.h"
#include "net/cut_words.h"
#include "server/node/quoted.h"

namespace keel::server {

namespace {

constexpr uint64_t kAskEveryMs = 500;
constexpr int kAsksUntilTold = 10;
constexpr uint64_t kWaitsToldEveryMs = 5'000;

uint64_t DrawRandom() {
  std::random_device device;
  uint64_t drawn = 0;
  while (drawn == 0) drawn = (uint64_t{device()} << 32) | device();
  return drawn;
}

}  // namespace

Member::Member(Config config, Inbox* inbox)
    : config_(std::move(config)),
      inbox_(inbox),
      wal_measured_({.beneath = &disk_,
                     .clock = &clock_,
                     .prefix = config_.data_dir + "/wal/",
                     .syncs = &wal_syncs_,
                     .written_bytes = &wal_written_bytes_}),
      files_({.beneath = &wal_measured_,
              .clock = &clock_,
              .prefix = config_.data_dir + "/kv/",
              .syncs = &state_syncs_}) {
  for (const std::string_view word : net::cut_words::kAll) cuts_[word] = 0;
}

Member::~Member() {
  if (archive_threads_ != nullptr) archive_threads_->Stop();
  if (threads_ != nullptr) threads_->Stop();
}

Status Member::Start() {
  KEEL_RETURN_IF_ERROR(CheckPorts());
  threads_ = std::make_unique<RoleThreads>(&clock_);
  KEEL_RETURN_IF_ERROR(StartTransport());
  KEEL_RETURN_IF_ERROR(OpenDirectory());
  KEEL_RETURN_IF_ERROR(BecomeMember());
  KEEL_RETURN_IF_ERROR(OpenNode());
  KEEL_RETURN_IF_ERROR(CheckName());
  RunNode();
  KEEL_RETURN_IF_ERROR(StartArchive());
  return StartClients();
}

// Before anything is made or told: a port that is taken is the most common mistake there is.
Status Member::CheckPorts() {
  net::AsioExecutor probe(&clock_);
  for (const auto& [flag, addresses] :
       {std::pair("--listen-client-urls", &config_.client_addresses),
        std::pair("--listen-peer-urls", &config_.peer_addresses),
        std::pair("--listen-metrics-urls", &config_.metrics_addresses)}) {
    for (const net::Address& address : *addresses) {
      const auto listener = net::TcpListener::Listen(&probe, {.address = address},
                                                     [](std::unique_ptr<net::ByteStream>) {});
      if (!listener.ok()) {
        return Status(listener.status().code(),
                      std::string(flag) + ": " + std::string(listener.status().message()) +
                          ": another process has the port, or this machine has no such address");
      }
    }
  }
  return {};
}

Status Member::StartTransport() {
  peers::TransportOptions options;
  options.listen = config_.peer_addresses;
  options.peer_urls = config_.initial_advertise_peer_urls;
  options.seed = DrawRandom();
  const peers::PeerTransport::Seams seams{
      .executor = threads_->core.executor(),
      .introduce = [this] { return Introduce(); },
      .commit = [this] { return node_ == nullptr ? Index() : node_->core().commit(); },
      .on_removed =
          [this](const std::string& reason) {
            Fail(FailedPrecondition(reason + ": this member is not needed any more; remove " +
                                    config_.data_dir + " before the machine serves again"));
          }};
  auto started =
      threads_->core.Run([&] { return peers::PeerTransport::Start(std::move(options), seams); });
  if (!started.ok()) return started.status();
  transport_ = std::move(*started);
  return {};
}

Status Member::OpenDirectory() {
  std::error_code error;
  const std::filesystem::path directory(config_.data_dir);
  if (std::filesystem::exists(directory, error) && !std::filesystem::is_directory(directory)) {
    return FailedPrecondition("--data-dir " + config_.data_dir +
                              " is a file: name a directory, or one that is to be made");
  }
  error.clear();
  if (directory.has_parent_path())
    std::filesystem::create_directories(directory.parent_path(), error);
  if (error) {
    return FailedPrecondition("--data-dir " + config_.data_dir +
                              " cannot be made: " + error.message());
  }
  KEEL_ASSIGN_OR_RETURN(const bool is_made, files_.Exists(config_.data_dir + "/VERSION"));
  uint64_t id = DrawRandom();
  if (!is_made && config_.joins) {
    // The cluster gave it an id when it was added.
    KEEL_ASSIGN_OR_RETURN(const Identity identity, AskWhoIAm(NodeId()));
    id = identity.member.value();
  }
  KEEL_ASSIGN_OR_RETURN(member_files_,
                        node::MemberFiles::Open(&files_, {.directory = config_.data_dir,
                                                          .cluster_token = config_.token,
                                                          .random = id,
                                                          .wall_ms = clock_.WallMs()}));
  boot_ = raft::BootId(member_files_->vote().boot);
  record_ = member_files_->record();
  LOG(INFO) << "event=directory_open path=" << config_.data_dir
            << " member=" << HexNumber(record_.member.value()) << " boot=" << boot_.value()
            << " phase=" << static_cast<int>(record_.phase);
  return {};
}

Status Member::BecomeMember() {
  if (record_.phase == node::MemberPhase::kMember) return {};
  KEEL_RETURN_IF_ERROR(config_.initial_wrong);
  if (record_.phase == node::MemberPhase::kPrepared || !config_.joins) return Agree();
  KEEL_ASSIGN_OR_RETURN(const Identity identity, AskWhoIAm(record_.member));
  record_.cluster_id = identity.cluster_id;
  record_.phase = node::MemberPhase::kMember;
  return member_files_->Save(record_);
}

// The static bootstrap: all members agree on the ids before anybody votes.
Status Member::Agree() {
  node::Bootstrap::Options options;
  options.roles = threads_->roles();
  options.name = config_.name;
  options.initial = config_.initial_members;
  options.files = member_files_.get();
  options.introducer = transport_.get();
  options.on_silent = [this, told_ms = std::map<std::string, uint64_t>(),
                       began_ms = clock_.MonotonicMs()](const std::string& name,
                                                        const Status& why) mutable {
    // Members that are started one after the other are no news.
    uint64_t& last_ms = told_ms.try_emplace(name, began_ms).first->second;
    const uint64_t now_ms = clock_.MonotonicMs();
    if (now_ms < last_ms + kWaitsToldEveryMs) return;
    last_ms = now_ms;
    LOG(WARNING) << "event=bootstrap_waits member=" << name
                 << " reason=" << node::Quoted(why.message());
  };
  KEEL_RETURN_IF_ERROR(node::Bootstrap::Validate(options));
  LOG(INFO) << "event=bootstrap_begins members=" << options.initial.size()
            << " token=" << config_.token;
  threads_->core.Run([&] {
    said_.bootstrap = std::make_unique<node::Bootstrap>(std::move(options));
    said_.bootstrap->Start([this](Status status) {
      inbox_->Put({Event::Kind::kBootstrapped, std::move(status)});
    });
  });
  while (true) {
    Event event = inbox_->Take();
    if (event.kind == Event::Kind::kSignal) return Cancelled("a signal came during the bootstrap");
    if (!event.status.ok()) return event.status;
    if (event.kind == Event::Kind::kBootstrapped) break;
  }
  record_ = member_files_->record();
  LOG(INFO) << "event=bootstrap_done cluster=" << HexNumber(record_.cluster_id)
            << " member=" << HexNumber(record_.member.value());
  return {};
}

Result<Identity> Member::AskWhoIAm(NodeId known) {
  for (int ask = 1;; ++ask) {
    Result<Identity> found = AskOnce(known);
    if (found.ok() || found.status().code() != Code::kUnavailable) return found;
    if (ask % kAsksUntilTold == 1) {
      LOG(WARNING) << "event=join_waits reason=" << node::Quoted(found.status().message());
    }
    const std::optional<Event> event = inbox_->TakeFor(std::chrono::milliseconds(kAskEveryMs));
    if (event.has_value()) return Cancelled("a signal came before the cluster was found");
  }
}

Result<Identity> Member::AskOnce(NodeId known) {
  const Applicant applicant{.name = config_.name,
                            .peer_urls = config_.initial_advertise_peer_urls,
                            .token = config_.token,
                            .member = known};
  Status why = Unavailable("--initial-cluster names no other member");
  for (const node::MemberInfo& member : config_.initial_members) {
    if (member.name == config_.name) continue;
    auto answer = std::make_shared<std::promise<Result<node::Introduction>>>();
    std::future<Result<node::Introduction>> coming = answer->get_future();
    threads_->core.executor()->Post([this, member, answer] {
      transport_->Ask(member, [answer](Result<node::Introduction> said) {
        answer->set_value(std::move(said));
      });
    });
    const Result<node::Introduction> said = coming.get();
    if (!said.ok()) {
      why = Unavailable("the member " + member.name + ": " + std::string(said.status().message()));
      continue;
    }
    Result<Identity> found = FindSelf(*said, applicant);
    if (found.ok() || found.status().code() != Code::kUnavailable) return found;
    why = found.status();
  }
  return why;
}

Status Member::OpenNode() {
  KEEL_ASSIGN_OR_RETURN(states_, node::LevelStates::Open({.files = &files_, .clock = &clock_},
                                                         member_files_->kv_directory()));
  node::Node::Seams seams;
  seams.clock = &clock_;
  seams.roles = threads_->roles();
  seams.files = &files_;
  seams.states = states_.get();
  seams.transport = transport_.get();
  seams.on_failed = [this](const Status& status) { Fail(status); };
  seams.on_notice = [this](const raft::Notice& notice) {
    if (notice.kind == raft::NoticeKind::kRemoved) {
      Fail(FailedPrecondition("this member was removed from its cluster: remove " +
                              config_.data_dir + " before the machine serves again"));
    } else if (notice.kind == raft::NoticeKind::kPeerWiped) {
      LOG(ERROR) << "event=peer_wiped peer=" << HexNumber(notice.peer.value())
                 << " reason=\"it lost its directory: keelctl member replace\"";
    } else {
      LOG(WARNING) << "event=log_healed";
    }
  };
  seams.on_step = [this](const raft::Raft& core, const raft::Output& out) {
    const NodeId leader = core.role() == raft::Role::kLeader ? core.id() : core.leader();
    if (leader != core_counts_.leader) LogLeader(leader, core.term());
    core_counts_.OnStep(leader);
    NoteHeartbeats(core, out);
    if (!out.persist.snapshot.has_value()) return;
    ++core_counts_.snapshots;
    LOG(INFO) << "event=snapshot_received index=" << out.persist.snapshot->last.index.value()
              << " term=" << out.persist.snapshot->last.term.value();
  };
  seams.on_members = [this](auto members, auto config) {
    OnMembers(std::move(members), std::move(config));
  };
  // The node is the core's from its opening on: whoever asks for the commit index finds it whole.
  KEEL_ASSIGN_OR_RETURN(
      auto node, node::Node::Open(NodeOptions(), std::move(seams), std::move(member_files_)));
  threads_->core.Run([&] { node_ = std::move(node); });
  if (node_->status().health == raft::Health::kDamaged) {
    LOG(WARNING) << "event=log_damaged reason=\"the log lost something that may have been "
                    "acknowledged: this member does not vote until a leader has healed it\"";
  }
  return {};
}

void Member::NoteHeartbeats(const raft::Raft& core, const raft::Output& out) {
  if (core.role() != raft::Role::kLeader) return core_counts_.OnNoHeartbeats();
  const bool beats =
      std::any_of(out.send_now.begin(), out.send_now.end(), [](const raft::Message& message) {
        return std::holds_alternative<raft::HeartbeatRequest>(message.body);
      });
  if (beats) core_counts_.OnHeartbeat(clock_.MonotonicMs(), config_.heartbeat_ms);
}

void Member::LogLeader(NodeId leader, Term term) const {
  if (leader.IsNone()) {
    LOG(WARNING) << "event=leader_lost leader=" << HexNumber(core_counts_.leader.value())
                 << " term=" << term.value();
  } else {
    LOG(INFO) << "event=leader leader=" << HexNumber(leader.value()) << " term=" << term.value()
              << (leader == record_.member ? " self=true" : "");
  }
}

// Two members of one name would be taken for each other by people; one under two names as well.
Status Member::CheckName() {
  const node::NodeStatus status = node_->status();
  const node::MemberInfo* self =
      status.membership == nullptr ? nullptr : status.membership->Find(status.id);
  if (self == nullptr || self->name.empty() || self->name == config_.name) return {};
  return FailedPrecondition(config_.data_dir + " belongs to the member \"" + self->name +
                            "\", not \"" + config_.name + "\": mend --name or --data-dir");
}

void Member::Fail(Status why) { inbox_->Put({Event::Kind::kFailed, std::move(why)}); }

}  // namespace keel::server
