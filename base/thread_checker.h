// Holds a class to one thread: the first check binds it, and every later check from elsewhere is a
// bug.
//
//   void Store::Apply(...) {
//     KEEL_CHECK(thread_.IsCurrent()) << "Store belongs to the apply role";
//
// It is for classes that live on one thread without knowing an Executor. The check costs a load and
// a comparison, so it stays on in release. A class that is built on one thread and handed to
// another before its first call needs nothing; one that moves later calls Detach on the old thread,
// and the next check binds it anew.
#pragma once

#include <atomic>

namespace keel {

class ThreadChecker {
 public:
  ThreadChecker() = default;
  ThreadChecker(const ThreadChecker&) = delete;
  ThreadChecker& operator=(const ThreadChecker&) = delete;

  [[nodiscard]] bool IsCurrent() const {
    const void* self = Self();
    const void* owner = owner_.load(std::memory_order_relaxed);
    if (owner == self) return true;
    if (owner != nullptr) return false;
    return owner_.compare_exchange_strong(owner, self, std::memory_order_relaxed);
  }

  void Detach() { owner_.store(nullptr, std::memory_order_relaxed); }

 private:
  // The address of a thread's own variable names the thread for as long as it lives.
  static const void* Self() {
    static thread_local const char self = 0;
    return &self;
  }

  mutable std::atomic<const void*> owner_ = nullptr;
};

}  // namespace keel
