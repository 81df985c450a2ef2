// A callback that is called at most once and may own what cannot be copied: promises, views, calls.
//
// Calling it consumes it. Whoever holds one answers for calling it; one that is destroyed uncalled
// says that its process is going away. Belongs to one thread at a time.
#pragma once

#include <memory>
#include <type_traits>
#include <utility>

#include "base/check.h"

namespace keel::node {

template <class... Args>
class Once {
 public:
  Once() = default;

  template <class Callable>
  requires(std::invocable<Callable&, Args...> && !std::same_as<std::remove_cvref_t<Callable>, Once>)
      // NOLINTNEXTLINE(google-explicit-constructor, bugprone-forwarding-reference-overload)
      Once(Callable&& callable)
      : call_(std::make_unique<Holder<std::decay_t<Callable>>>(std::forward<Callable>(callable))) {}

  [[nodiscard]] explicit operator bool() const { return call_ != nullptr; }

  void operator()(Args... args) && {
    KEEL_CHECK(call_ != nullptr) << "a callback was called twice";
    const std::unique_ptr<Call> call = std::move(call_);
    call->Run(std::move(args)...);
  }

 private:
  struct Call {
    Call() = default;
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;
    virtual ~Call() = default;
    virtual void Run(Args... args) = 0;
  };

  template <class Callable>
  struct Holder final : Call {
    explicit Holder(Callable from) : callable(std::move(from)) {}
    void Run(Args... args) override { callable(std::move(args)...); }
    Callable callable;
  };

  std::unique_ptr<Call> call_;
};

}  // namespace keel::node
