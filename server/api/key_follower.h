// Waits for the next change of a key, or of any in a range, behind a revision.
//
// It says that something has changed, not what: who waits looks again. Belongs to the transport's
// executor, as whoever made it.
#pragma once

#include <functional>
#include <memory>

#include "server/api/watch_center.h"

namespace keel::api {

class KeyFollower final : public WatchTarget {
 public:
  KeyFollower(std::shared_ptr<WatchCenter> center, std::function<void()> on_change)
      : center_(std::move(center)), on_change_(std::move(on_change)) {}
  ~KeyFollower() override { Stop(); }

  // From now on, or anew; on_change_ comes once, later, and may begin again.
  void Await(const kv::WatchRequest& request);
  void Stop();

  // ---- WatchTarget ----
  void OnReady(int64_t watch_id) override;
  void OnPulled(int64_t watch_id, Result<kv::Pulled> pulled) override;
  void Pump() override;

 private:
  void Judge(const Result<kv::Pulled>& pulled);

  const std::shared_ptr<WatchCenter> center_;
  const std::function<void()> on_change_;
  kv::WatcherId watcher_;
  int64_t number_ = 0;  // of this waiting: what woke an earlier one says nothing
  bool pulling_ = false;
  bool ready_ = false;
};

}  // namespace keel::api
