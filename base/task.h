// A piece of work to run once, somewhere else: what one role posts to another.
//
// Unlike std::function it holds callables that can only be moved, so that a task may own the
// buffers, promises and files that it is about. Owned by one thread at a time; running it consumes
// it, and a task that is never run is destroyed with all that it owns.
#pragma once

#include <concepts>
#include <memory>
#include <type_traits>
#include <utility>

#include "base/check.h"

namespace keel {

class Task;

template <class T>
concept Runnable = std::invocable<T> && !std::same_as<std::remove_cvref_t<T>, Task>;

class Task {
 public:
  Task() = default;

  // Implicit, so that a lambda can be posted as it stands.
  template <Runnable Callable>
  // NOLINTNEXTLINE(google-explicit-constructor, bugprone-forwarding-reference-overload)
  Task(Callable&& callable)
      : work_(std::make_unique<Holder<std::decay_t<Callable>>>(std::forward<Callable>(callable))) {}

  [[nodiscard]] explicit operator bool() const { return work_ != nullptr; }

  // Runs the work and lets go of it. Running an empty task, or one a second time, is a bug.
  void Run() && {
    KEEL_CHECK(work_ != nullptr) << "an empty task was run";
    const std::unique_ptr<Work> work = std::move(work_);
    work->Run();
  }

 private:
  struct Work {
    Work() = default;
    Work(const Work&) = delete;
    Work& operator=(const Work&) = delete;
    virtual ~Work() = default;
    virtual void Run() = 0;
  };

  template <class Callable>
  struct Holder final : Work {
    explicit Holder(Callable from) : callable(std::move(from)) {}
    void Run() override { callable(); }
    Callable callable;
  };

  std::unique_ptr<Work> work_;
};

}  // namespace keel
