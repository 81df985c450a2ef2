// One keeld, whole: the node with its transport, its clients' port and its housekeeping, on
// threads.
//
// Start brings it up, in the order in which nothing is promised before it can be kept: the
// directory, the cluster's agreement on who is who, the log and the state, and the clients last.
// Stop takes it down the other way round: clients are sent elsewhere, leadership is handed on, all
// is made durable. Belongs to the main thread.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/fs/posix_file_system.h"
#include "net/server.h"
#include "net/system_clock.h"
#include "server/admin/call_metrics.h"
#include "server/admin/health.h"
#include "server/admin/metrics.h"
#include "server/api/services.h"
#include "server/archive/archive_source.h"
#include "server/archive/archiver.h"
#include "server/compactor.h"
#include "server/config.h"
#include "server/inbox.h"
#include "server/join.h"
#include "server/measured_files.h"
#include "server/node/level_states.h"
#include "server/node/node.h"
#include "server/node/publisher.h"
#include "server/occasional.h"
#include "server/peer/peer_transport.h"
#include "server/quota.h"
#include "server/role_threads.h"
#include "server/scheduling.h"

namespace keel::server {

class Member {
 public:
  // Failures after Start come by the inbox, as do signals.
  Member(Config config, Inbox* inbox);
  ~Member();
  Member(const Member&) = delete;
  Member& operator=(const Member&) = delete;

  // CANCELLED if a signal came first.
  [[nodiscard]] Status Start();
  // Whatever Start has come to. What could not be made durable is in the answer.
  [[nodiscard]] Status Stop();

 private:
  [[nodiscard]] Status CheckPorts();
  [[nodiscard]] Status OpenDirectory();
  [[nodiscard]] Status StartTransport();
  [[nodiscard]] Status BecomeMember();
  [[nodiscard]] Status Agree();
  [[nodiscard]] Result<Identity> AskWhoIAm(NodeId known);
  [[nodiscard]] Result<Identity> AskOnce(NodeId known);
  [[nodiscard]] Status OpenNode();
  [[nodiscard]] Status CheckName();
  void RunNode();
  [[nodiscard]] Status StartArchive();
  void AddArchive(admin::Page* page) const;
  [[nodiscard]] Status StartClients();

  [[nodiscard]] node::NodeOptions NodeOptions() const;
  [[nodiscard]] net::ServerOptions ServerOptions(const net::Address& address);
  [[nodiscard]] node::MemberInfo Self() const;
  // On the core's executor.
  [[nodiscard]] std::string Introduce() const;
  void OnMembers(std::shared_ptr<const node::Membership> members,
                 std::shared_ptr<const raft::Config> config);
  void OnAcceptFailed(const Status& why);
  void OnCut(std::string_view peer, const net::Session::Cut& cut);
  void NoteHeartbeats(const raft::Raft& core, const raft::Output& out);
  void LogLeader(NodeId leader, Term term) const;
  void Fail(Status why);
  [[nodiscard]] Status StartMetrics();
  void StartScheduling();
  void AddMetrics();
  void AddPeers(admin::Page* page) const;
  void AddSnapshots(admin::Page* page) const;
  void AddServices(admin::Page* page) const;
  void AddConnections(admin::Page* page) const;

  const Config config_;
  Inbox* const inbox_;
  const net::SystemClock clock_;
  PosixFileSystem disk_;
  Histogram wal_syncs_;
  std::atomic<uint64_t> wal_written_bytes_ = 0;
  Histogram state_syncs_;
  MeasuredFiles wal_measured_;
  MeasuredFiles files_;
  std::unique_ptr<node::MemberFiles> member_files_;  // until the node has them
  raft::BootId boot_;
  node::MemberRecord record_;

  // In the order in which they must outlive one another, apart from the threads, which end first.
  std::unique_ptr<node::LevelStates> states_;
  std::unique_ptr<RoleThreads> threads_;
  std::unique_ptr<peers::PeerTransport> transport_;
  std::unique_ptr<node::Node> node_;
  std::unique_ptr<api::Services> services_;
  std::unique_ptr<admin::Health> health_;
  std::unique_ptr<admin::Metrics> metrics_;
  std::unique_ptr<Compactor> compactor_;
  std::unique_ptr<node::Publisher> publisher_;
  std::unique_ptr<Quota> quota_;
  std::unique_ptr<Scheduling> scheduling_;
  std::unique_ptr<backup::DirectoryStore> archive_store_;
  std::unique_ptr<NodeArchiveSource> archive_source_;
  std::unique_ptr<Archiver> archiver_;
  std::unique_ptr<ArchiveThreads> archive_threads_;
  net::CallCounts calls_{"client-api-version"};  // the client executor's
  // The client executor's.
  Occasional accept_failures_;
  Occasional cuts_told_;
  // By the word, each from the start: a rate begins with the first one.
  std::map<std::string_view, uint64_t> cuts_;
  net::MethodTable methods_;
  net::HttpTable http_;
  // On --listen-metrics-urls.
  const net::MethodTable no_methods_;
  net::HttpTable metrics_pages_;
  std::vector<std::unique_ptr<net::Server>> servers_;
  std::vector<std::unique_ptr<net::Server>> metrics_servers_;

  // The core executor's: what this member says of itself to those who ask.
  struct Said {
    std::unique_ptr<node::Bootstrap> bootstrap;
    std::optional<node::Introduction> introduction;
  };
  Said said_;
  admin::CoreCounts core_counts_;
};

}  // namespace keel::server
