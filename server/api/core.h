// What all services share: the node, the roles, and the way by which answers find back to whoever
// asked.
//
// Shared by everything that is under way, so that a callback of the node which comes late finds it;
// once the services are gone, what it posts to the transport is dropped. Functions belong to the
// transport's executor unless they say "any role".
#pragma once

#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "api/etcdserverpb/header.pb.h"
#include "base/prng.h"
#include "base/result.h"
#include "base/task.h"
#include "kv/mvcc/command.h"
#include "server/api/caller.h"
#include "server/api/errors.h"
#include "server/api/services.h"
#include "server/api/slow_requests.h"
#include "server/node/once.h"

namespace keel::api {

// A stream that goes on until somebody ends it.
class OpenStream {
 public:
  OpenStream() = default;
  OpenStream(const OpenStream&) = delete;
  OpenStream& operator=(const OpenStream&) = delete;
  virtual ~OpenStream() = default;
  virtual void End(const Status& why) = 0;
  [[nodiscard]] virtual bool requires_leader() const = 0;
};

using ViewPtr = std::shared_ptr<const kv::ReadView>;
using ProposeDone = node::Once<Result<node::Applied>>;
using ViewDone = node::Once<Result<ViewPtr>>;

class Core final : public std::enable_shared_from_this<Core> {
 public:
  Core(const ServiceOptions& options, const Services::Seams& seams);

  [[nodiscard]] const ServiceOptions& options() const { return options_; }
  [[nodiscard]] const Clock& clock() const { return *seams_.clock; }
  [[nodiscard]] Executor& transport() const { return *seams_.transport; }
  [[nodiscard]] Executor& pool() const { return *seams_.pool; }
  [[nodiscard]] Executor& bulk() const {
    return seams_.bulk != nullptr ? *seams_.bulk : *seams_.pool;
  }
  [[nodiscard]] node::Node& node() const { return *seams_.node; }

  // ---- any role ----
  // All that comes in before the transport gets to it costs one wake-up.
  void ToTransport(Task task);
  [[nodiscard]] etcdserverpb::ResponseHeader Header(Revision revision) const;

  // ---- commands and reads ----
  struct Proposal {
    kv::Operation operation;
    // Frees room: passes the node's bounds by half.
    bool essential = false;
    // Told of the times, if it is not null; `done` keeps it alive.
    Trace* trace = nullptr;
  };
  // `done` comes on the transport, once, now or later: what was applied without a refusal, or why
  // nothing was.
  void Propose(const Caller& caller, Proposal proposal, ProposeDone done);
  enum class Where : uint8_t { kTransport, kPool };
  // A view that holds all that was answered before; `done` comes where it is asked for.
  void Read(Where where, ViewDone done, Trace* trace = nullptr);
  // The state as this member knows it.
  [[nodiscard]] ViewPtr view() const { return node().view(); }

  // Why this member does not serve `caller` now; OK if it does.
  enum class Learners : uint8_t { kRefused, kServed };
  [[nodiscard]] Status Admit(const Caller& caller, Learners learners) const;
  // The same for what goes on until somebody ends it: refused once stopped.
  [[nodiscard]] Status AdmitOpen(const Caller& caller, Learners learners) const;

  // At random; never 0, and positive as a signed number.
  [[nodiscard]] uint64_t DrawId();

  [[nodiscard]] ServiceCounts& counts() { return counts_; }
  // Any role: what a client has read.
  void CountRead(uint64_t ranges) {
    counts_.ranges.fetch_add(ranges, std::memory_order_relaxed);
    // As etcd counts transactions.
    if (ranges > 1) counts_.txns.fetch_add(1, std::memory_order_relaxed);
  }

  // ---- calls that take long ----
  [[nodiscard]] SlowRequests& slow_requests() { return slow_requests_; }
  // `path` for as long as this lives.
  [[nodiscard]] std::string_view NameOf(std::string_view path);

  // ---- open streams ----
  void Add(OpenStream* stream);
  void Remove(OpenStream* stream);
  // Ends all streams and refuses new ones. Calls that have one answer are served on, for as long as
  // connections last: their clients have not heard yet that they are to go elsewhere.
  void Stop();
  // Nothing that is posted to the transport runs from now on.
  void Close() { closed_ = true; }

 private:
  void Drain();
  // What is asked for in one round of the transport costs the node one wake-up.
  void AskLater();
  void Note(const node::ProposalOutcome& outcome, Trace* trace) const;
  void EndStreams(const Status& why, bool all);
  void WatchLeaderLater();

  const ServiceOptions options_;
  const Services::Seams seams_;
  Prng prng_;
  SlowRequests slow_requests_;
  ServiceCounts counts_;
  std::set<std::string, std::less<>> names_;
  std::set<OpenStream*> streams_;
  bool watching_leader_ = false;
  int leaderless_ticks_ = 0;
  bool stopped_ = false;
  bool closed_ = false;
  node::Node::Asks asks_;
  bool asks_later_ = false;

  std::mutex mutex_;
  std::vector<Task> tasks_;  // under mutex_
};

using CorePtr = std::shared_ptr<Core>;

}  // namespace keel::api
