// What ends a member's waiting: signals, failures, and steps that are done, for the main thread.
//
// Put from any thread; Take from the main thread alone.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

#include "base/status.h"

namespace keel::server {

struct Event {
  enum class Kind : uint8_t {
    kSignal,        // somebody wants this process to end
    kFailed,        // this member cannot go on
    kBootstrapped,  // the members' ids are agreed on, or never will be
  };
  Kind kind = Kind::kSignal;
  Status status;
};

class Inbox {
 public:
  void Put(Event event) {
    {
      const std::lock_guard lock(mutex_);
      events_.push_back(std::move(event));
    }
    wake_.notify_one();
  }
  [[nodiscard]] Event Take() {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [this] { return !events_.empty(); });
    return TakeFirst();
  }
  // Nothing, if nothing comes in time.
  [[nodiscard]] std::optional<Event> TakeFor(std::chrono::milliseconds patience) {
    std::unique_lock lock(mutex_);
    if (!wake_.wait_for(lock, patience, [this] { return !events_.empty(); })) return std::nullopt;
    return TakeFirst();
  }

 private:
  Event TakeFirst() {
    Event event = std::move(events_.front());
    events_.pop_front();
    return event;
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Event> events_;  // under mutex_
};

}  // namespace keel::server
