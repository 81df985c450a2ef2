#include "tools/keelctl/calls/watcher.h"

#include <chrono>
#include <thread>

#include "tools/keelctl/calls/interrupt.h"
#include "tools/keelctl/calls/methods.h"

namespace keel::ctl {
namespace {

using etcdserverpb::WatchCreateRequest;
using etcdserverpb::WatchRequest;
using etcdserverpb::WatchResponse;

constexpr std::chrono::milliseconds kBeforeAnother(100);
// With nobody to be reached it gives up after so many attempts in a row.
constexpr int kAttemptsMax = 50;
constexpr uint64_t kLookUs = 50'000;

}  // namespace

int64_t Watcher::Add(WatchCreateRequest request) {
  const std::lock_guard lock(mutex_);
  const int64_t number = ++last_number_;
  request.set_watch_id(number);
  watches_[number] = std::move(request);
  if (stream_ != nullptr) SendCreate(number);
  return number;
}

void Watcher::Progress() {
  const std::lock_guard lock(mutex_);
  if (stream_ == nullptr) {
    progress_wanted_ = true;
    return;
  }
  WatchRequest request;
  request.mutable_progress_request();
  stream_->Send(request);
}

size_t Watcher::size() const {
  const std::lock_guard lock(mutex_);
  return watches_.size();
}

void Watcher::SendCreate(int64_t number) {
  WatchRequest request;
  *request.mutable_create_request() = watches_.at(number);
  stream_->Send(request);
}

Status Watcher::Begin() {
  auto stream = calls_->Open(method::kWatch, {{"hasleader", "true"}});
  if (!stream.ok()) return stream.status();
  const std::lock_guard lock(mutex_);
  stream_ = *std::move(stream);
  for (const auto& [number, request] : watches_) SendCreate(number);
  if (progress_wanted_) {
    WatchRequest request;
    request.mutable_progress_request();
    stream_->Send(request);
    progress_wanted_ = false;
  }
  return {};
}

bool Watcher::Take(const WatchResponse& answer) {
  const std::lock_guard lock(mutex_);
  const auto found = watches_.find(answer.watch_id());
  if (found == watches_.end()) return answer.watch_id() == -1;
  WatchCreateRequest& watch = found->second;
  if (answer.canceled()) {
    watches_.erase(found);
    return true;
  }
  const int64_t told = answer.events().empty() ? answer.header().revision()
                                               : answer.events().rbegin()->kv().mod_revision();
  if (answer.created()) {
    if (watch.start_revision() == 0) watch.set_start_revision(told + 1);
    return false;
  }
  watch.set_start_revision(std::max(watch.start_revision(), told + 1));
  return true;
}

Watcher::Outcome Watcher::Next(WatchResponse* answer, uint64_t timeout_us) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::microseconds(timeout_us);
  int attempts = 0;
  while (true) {
    if (interrupt::Asked()) return Outcome::kInterrupted;
    if (timeout_us != 0 && std::chrono::steady_clock::now() >= deadline) return Outcome::kTimeout;
    if (stream_ == nullptr) {
      failure_ = Begin();
      if (!failure_.ok()) {
        const bool hopeless = failure_.code() != Code::kUnavailable || ++attempts >= kAttemptsMax;
        // At the start, nobody to be reached is an error at once.
        if (hopeless || (last_number_ <= 1 && attempts == 1 && answer->header().revision() == 0)) {
          return Outcome::kFailed;
        }
        std::this_thread::sleep_for(kBeforeAnother);
        continue;
      }
    }
    const Stream::Outcome outcome = stream_->Next(answer, kLookUs);
    if (outcome == Stream::Outcome::kTimeout) continue;
    if (outcome == Stream::Outcome::kInterrupted) return Outcome::kInterrupted;
    if (outcome == Stream::Outcome::kEnded) {
      failure_ = stream_->status();
      const bool passing = failure_.ok() || failure_.code() == Code::kUnavailable;
      const bool first = NeverSent(failure_) && answer->header().revision() == 0;
      {
        const std::lock_guard lock(mutex_);
        stream_.reset();
      }
      calls_->Forget();
      if (!passing || first || ++attempts >= kAttemptsMax) return Outcome::kFailed;
      std::this_thread::sleep_for(kBeforeAnother);
      continue;
    }
    attempts = 0;
    if (Take(*answer)) return Outcome::kAnswer;
  }
}

}  // namespace keel::ctl
