// Between the hub, which wakes watchers one by one from the apply role, and the streams, which
// belong to the transport: all that wakes before the transport gets to it is one task.
//
// It owns the registrations in the hub. A watcher that is being pulled on the pool is given up only
// behind the pull. Shared by whatever may still name a watcher; functions belong to the transport's
// executor unless they say otherwise.
#pragma once

#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "kv/watch/watch_hub.h"
#include "server/api/core.h"
#include "server/api/watch_encoder.h"

namespace keel::api {

// A stream, as the center wakes it.
class WatchTarget {
 public:
  WatchTarget() = default;
  WatchTarget(const WatchTarget&) = delete;
  WatchTarget& operator=(const WatchTarget&) = delete;
  virtual ~WatchTarget() = default;

  // Something to pull. Pump follows once all that woke together have been named.
  virtual void OnReady(int64_t watch_id) = 0;
  virtual void OnPulled(int64_t watch_id, Result<kv::Pulled> pulled) = 0;
  virtual void Pump() = 0;
};

class WatchCenter final : public kv::WatchListener,
                          public std::enable_shared_from_this<WatchCenter> {
 public:
  explicit WatchCenter(CorePtr core);
  ~WatchCenter() override;

  [[nodiscard]] const CorePtr& core() const { return core_; }
  [[nodiscard]] kv::WatchHub& hub() const { return core_->node().hub(); }
  [[nodiscard]] WatchEncoder& encoder() { return encoder_; }

  [[nodiscard]] kv::WatcherId Add(const kv::WatchRequest& request, WatchTarget* target,
                                  int64_t watch_id);
  void Drop(kv::WatcherId watcher);
  // OnPulled comes later.
  void PullOnPool(kv::WatcherId watcher, size_t bytes_max);

  // The hub's, under its lock: any role.
  void OnReady(kv::WatcherId watcher) override;

 private:
  struct Entry {
    WatchTarget* target = nullptr;  // null: given up
    int64_t watch_id = 0;
    bool pulling = false;
  };
  struct Hash {
    size_t operator()(kv::WatcherId id) const { return std::hash<uint64_t>()(id.value()); }
  };
  void Wake();
  void FinishPull(kv::WatcherId watcher, Result<kv::Pulled> pulled);

  const CorePtr core_;
  WatchEncoder encoder_;
  std::unordered_map<kv::WatcherId, Entry, Hash> entries_;

  std::mutex mutex_;
  std::vector<kv::WatcherId> ready_;  // under mutex_
};

}  // namespace keel::api
