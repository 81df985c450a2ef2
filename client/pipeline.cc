#include "client/pipeline.h"

#include <condition_variable>
#include <mutex>
#include <utility>

namespace keel::client {

struct Pipeline::State {
  explicit State(Options from) : options(from) {}

  const Options options;
  std::mutex mutex;
  std::condition_variable changed;
  // Under mutex:
  size_t in_flight = 0;
  uint64_t done = 0;
  Status failure;

  void OnDone(const Status& status) {
    const std::lock_guard lock(mutex);
    --in_flight;
    if (status.ok()) {
      ++done;
    } else if (failure.ok()) {
      failure = status;
    }
    // The one thread that waits either wants room, or waits for the last.
    if (in_flight == 0 || in_flight == options.in_flight_max - 1) changed.notify_one();
  }
};

Pipeline::Pipeline(Kv kv, Options options)
    : kv_(std::move(kv)), state_(std::make_shared<State>(options)) {}

Pipeline::~Pipeline() { (void)Flush(); }

bool Pipeline::TakeRoom() {
  std::unique_lock lock(state_->mutex);
  state_->changed.wait(lock, [this] { return state_->in_flight < state_->options.in_flight_max; });
  if (!state_->failure.ok()) return false;
  ++state_->in_flight;
  return true;
}

bool Pipeline::Put(PutRequest request) {
  if (!TakeRoom()) return false;
  kv_.StartPut(std::move(request), [state = state_](const Result<PutResult>& answer) {
    state->OnDone(answer.status());
  });
  return true;
}

bool Pipeline::Delete(DeleteRequest request) {
  if (!TakeRoom()) return false;
  kv_.StartDelete(std::move(request), [state = state_](const Result<DeleteResult>& answer) {
    state->OnDone(answer.status());
  });
  return true;
}

bool Pipeline::Commit(Txn txn) {
  if (!TakeRoom()) return false;
  kv_.StartCommit(std::move(txn), [state = state_](const Result<TxnResult>& answer) {
    state->OnDone(answer.status());
  });
  return true;
}

Status Pipeline::Flush() {
  std::unique_lock lock(state_->mutex);
  state_->changed.wait(lock, [this] { return state_->in_flight == 0; });
  return state_->failure;
}

uint64_t Pipeline::done() const {
  const std::lock_guard lock(state_->mutex);
  return state_->done;
}

}  // namespace keel::client
