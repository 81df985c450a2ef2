// A watch between its reader and the I/O thread: the stream that feeds it, and what it has for it.
//
// Shared by the Watcher, its stream's observer and its timers. The upper part belongs to the
// executor; `mutex_` guards what the reader's thread sees. Nobody is called with it held.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "api/etcdserverpb/watch.pb.h"
#include "client/core/core.h"
#include "client/watch.h"

namespace keel::client {

struct Watcher::State final : public Cancellable, public std::enable_shared_from_this<State> {
 public:
  State(const View& view, WatchRequest request, OnBatch on_batch);

  // ---- any thread ----
  void Start();
  void End(const Status& status);
  void RequestProgress();
  [[nodiscard]] Operation StartNext(Done<Result<WatchBatch>> done);
  void CancelOperation() override;
  [[nodiscard]] Result<std::optional<WatchBatch>> WaitNext(const Milliseconds* patience);
  [[nodiscard]] Status WaitUntilCreated(Milliseconds patience);

  [[nodiscard]] Status status() const;
  [[nodiscard]] Revision next() const;
  [[nodiscard]] Revision compacted() const;
  [[nodiscard]] uint64_t resumptions() const;
  [[nodiscard]] Core* core() const { return core_; }

 private:
  class Observer;

  // ---- the executor ----
  void Open();
  void OpenLater(const Status& reason);
  [[nodiscard]] Payload CreateRequest() const;
  [[nodiscard]] net::Flow OnMessage(std::string_view message);
  // False: the stream is of no more use.
  [[nodiscard]] bool OnResponse(etcdserverpb::WatchResponse* response);
  [[nodiscard]] bool OnCanceled(const etcdserverpb::WatchResponse& response);
  void OnStreamDone(const Status& status, bool never_sent);
  void LeaveStream();
  void AskForProgress();

  [[nodiscard]] bool Deliver(WatchBatch batch);
  void Advance(Revision next);
  void Resume();
  [[nodiscard]] WatchBatch TakeFirst();

  Core* const core_;
  const std::string prefix_;
  const WatchRequest request_;
  const Route route_;
  const OnBatch on_batch_;

  // ---- the executor ----
  Stream stream_;
  TimerId progress_timer_;
  uint64_t generation_ = 0;  // of the stream: an older one's observer is not heard
  uint32_t failures_ = 0;    // since something came
  Pool::Endpoint* failed_at_ = nullptr;
  std::vector<Event> pieces_;  // of a revision that is not whole yet
  Revision delivered_;

  // ---- under mutex_ ----
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<WatchBatch> batches_;
  std::deque<size_t> sizes_;  // of the batches, as they arrived
  size_t bytes_ = 0;
  bool paused_ = false;
  Done<Result<WatchBatch>> waiter_;
  bool created_ = false;
  bool ended_ = false;
  Status end_;
  Revision next_;
  Revision compacted_;
  uint64_t streams_ = 0;
  size_t arriving_bytes_ = 0;
};

}  // namespace keel::client
