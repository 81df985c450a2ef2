// The threads on which one member's roles run, and the order of their end.
//
// core: the consensus core and the peers' sockets. client: the clients' sockets, the services and
// the probes. wal: the log. apply: the state. pool: the node's own work that blocks. reads: the
// clients' reads that block. bulk: snapshots for clients, which give way to all others. Owned by
// the member; started at once.
#pragma once

#include <thread>
#include <utility>

#include "base/run_on.h"
#include "net/asio_executor.h"
#include "server/node/roles.h"

namespace keel::server {

class RoleThread {
 public:
  // Beside it, as the system shares its processors, the work of the others goes first.
  static constexpr int kGivesWay = 10;
  // `name`: as the system's tools show it, at most 15 characters. `niceness` is added to the
  // process's.
  RoleThread(const char* name, const Clock* clock, int niceness = 0);
  ~RoleThread() { Stop(); }
  RoleThread(const RoleThread&) = delete;
  RoleThread& operator=(const RoleThread&) = delete;

  [[nodiscard]] net::AsioExecutor* executor() { return &executor_; }
  // Ends it behind the task that runs; what has not run is destroyed with this.
  void Stop();

  // Runs `work` there and waits for it; not from one of its own tasks.
  template <class Work>
  auto Run(Work work) {
    return RunOn(&executor_, std::move(work));
  }

 private:
  net::AsioExecutor executor_;
  std::thread thread_;
};

// The archive's own: a slow or hanging directory holds up nothing else.
struct ArchiveThreads {
  explicit ArchiveThreads(const Clock* clock)
      : ship("keel-archive", clock), base("keel-arch-base", clock, RoleThread::kGivesWay) {}
  void Stop() {
    ship.Stop();
    base.Stop();
  }

  RoleThread ship;
  RoleThread base;
};

struct RoleThreads {
  explicit RoleThreads(const Clock* clock)
      : core("keel-core", clock),
        client("keel-client", clock),
        wal("keel-wal", clock),
        apply("keel-apply", clock),
        pool("keel-pool", clock),
        reads("keel-reads", clock),
        bulk("keel-bulk", clock, RoleThread::kGivesWay) {}

  [[nodiscard]] node::Roles roles() {
    return {core.executor(), wal.executor(), apply.executor(), pool.executor()};
  }
  void Stop() {
    for (RoleThread* thread : {&client, &reads, &bulk, &pool, &apply, &wal, &core}) thread->Stop();
  }

  RoleThread core;
  RoleThread client;
  RoleThread wal;
  RoleThread apply;
  RoleThread pool;
  RoleThread reads;
  RoleThread bulk;
};

}  // namespace keel::server
