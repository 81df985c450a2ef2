#include "client/watch.h"

#include "client/core/watch_state.h"

namespace keel::client {

Watcher::Watcher(const Client* client, WatchRequest request, ViewOptions options, OnBatch on_batch)
    : state_(std::make_shared<State>(View(client, std::move(options)), std::move(request),
                                     std::move(on_batch))) {
  state_->Start();
}

Watcher::~Watcher() { Cancel(); }

Result<WatchBatch> Watcher::Next() {
  Result<std::optional<WatchBatch>> next = state_->WaitNext(nullptr);
  KEEL_RETURN_IF_ERROR(next.status());
  return std::move(**next);
}

Result<std::optional<WatchBatch>> Watcher::NextFor(Milliseconds patience) {
  return state_->WaitNext(&patience);
}

Status Watcher::WaitUntilCreated(Milliseconds patience) {
  return state_->WaitUntilCreated(patience);
}

void Watcher::RequestProgress() { state_->RequestProgress(); }
void Watcher::Cancel() { state_->End(Cancelled("the watch was cancelled")); }
Revision Watcher::next_revision() const { return state_->next(); }
Revision Watcher::compact_revision() const { return state_->compacted(); }
uint64_t Watcher::resumptions() const { return state_->resumptions(); }
Status Watcher::status() const { return state_->status(); }

Operation Watcher::StartNext(Done<Result<WatchBatch>> done) {
  return state_->StartNext(std::move(done));
}

Watcher::Iterator& Watcher::Iterator::operator++() {
  Result<WatchBatch> next = watcher_->Next();
  if (next.ok()) {
    batch_ = std::move(*next);
  } else {
    watcher_ = nullptr;
  }
  return *this;
}

}  // namespace keel::client
