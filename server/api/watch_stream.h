// One Watch call: any number of watchers, and one queue of responses.
//
// Nothing is pulled while the client does not read: what it has not been told of yet stays in the
// hub's ring or on the disk, and a stream holds no more than one pull's worth beside the
// transport's own queue. Watchers take turns. Created by the transport, and destroyed by it.
#pragma once

#include <deque>
#include <map>
#include <memory>

#include "api/etcdserverpb/watch.pb.h"
#include "net/rpc.h"
#include "server/api/watch_center.h"

namespace keel::api {

class WatchStream final : public net::CallHandler, public OpenStream, public WatchTarget {
 public:
  WatchStream(std::shared_ptr<WatchCenter> center, net::ServerCall call, bool requires_leader);
  ~WatchStream() override;

  // ---- the client ----
  net::Flow OnMessage(std::string_view bytes) override;
  // It has asked for all that it wants, and goes on listening.
  void OnHalfClose() override {}
  void OnWritable() override;

  // ---- OpenStream ----
  void End(const Status& why) override;
  [[nodiscard]] bool requires_leader() const override { return requires_leader_; }

  // ---- WatchTarget ----
  void OnReady(int64_t watch_id) override;
  void OnPulled(int64_t watch_id, Result<kv::Pulled> pulled) override;
  void Pump() override;

 private:
  struct Watcher {
    kv::WatcherId hub;
    Revision start;
    bool progress_notify = false;
    bool fragment = false;
    bool queued = false;   // in queue_
    bool pulling = false;  // on the pool
    bool again = false;    // woke while it was being pulled
    bool told = false;     // of an event, since the last tick
  };

  void Create(const etcdserverpb::WatchCreateRequest& request);
  void Refuse(const char* why);
  void TellCompacted(int64_t watch_id, Revision compacted);
  void Cancel(int64_t watch_id);
  void Enqueue(int64_t watch_id, Watcher* watcher);
  void PullNext(ViewPtr* view);
  void FreePool();
  void Deliver(int64_t watch_id, Watcher* watcher, Result<kv::Pulled> pulled);
  void Flush();
  void Send(const etcdserverpb::WatchResponse& response);
  [[nodiscard]] etcdserverpb::WatchResponse Head(int64_t watch_id, Revision revision) const;
  void AnswerProgress();
  void TickLater();
  void Tick();

  const std::shared_ptr<WatchCenter> center_;
  const CorePtr core_;
  const net::ServerCall call_;
  const bool requires_leader_;
  const std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  std::map<int64_t, Watcher> watchers_;
  int64_t next_id_ = 0;
  std::deque<int64_t> queue_;       // with something to pull; ids that are gone are skipped
  bool pool_busy_ = false;          // one of the watchers is being pulled there
  std::deque<int64_t> disk_queue_;  // with something to pull on the pool, behind that one
  std::deque<Payload> outbox_;
  bool writable_ = true;
  bool reads_paused_ = false;
  bool progress_wanted_ = false;
  bool ticking_ = false;
  bool ended_ = false;
};

}  // namespace keel::api
