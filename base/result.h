// A value, or the Status that says why there is none.
//
// Built by returning either: `return value;` or `return NotFound("...");`. Asking for the value of
// a failure is a bug and stops the process, as is building one from an OK Status. A moved-from
// Result keeps its kind, as std::optional does: a value stays a (moved-from) value; a failure stays
// a failure. Not for sharing between threads.
#pragma once

#include <type_traits>
#include <utility>
#include <variant>

#include "base/check.h"
#include "base/status.h"

namespace keel {

template <class T>
class [[nodiscard]] Result {
  static_assert(!std::is_reference_v<T>, "a Result owns its value: hold a pointer instead");
  static_assert(!std::is_same_v<std::remove_cv_t<T>, Status>, "a Status is a Result of nothing");

  template <class U>
  static constexpr bool kBuildsValue =
      std::is_convertible_v<U&&, T> && !std::is_same_v<std::remove_cvref_t<U>, Result> &&
      !std::is_same_v<std::remove_cvref_t<U>, Status>;

 public:
  using value_type = T;

  // NOLINTBEGIN(google-explicit-constructor): so that `return` works for either.
  // Takes anything that T is built from, move-only types too.
  template <class U = T, class = std::enable_if_t<kBuildsValue<U>>>
  Result(U&& value) : state_(std::in_place_index<kValue>, std::forward<U>(value)) {}

  Result(Status failure) : state_(std::in_place_index<kFailure>, std::move(failure)) {
    KEEL_CHECK(!std::get<kFailure>(state_).ok()) << "a Result without a value needs a failure";
  }
  // NOLINTEND(google-explicit-constructor)

  Result(const Result&) = default;
  Result& operator=(const Result&) = default;
  ~Result() = default;

  Result(Result&& other) noexcept(std::is_nothrow_move_constructible_v<T>)
      : state_(Take(std::move(other))) {}

  Result& operator=(Result&& other) noexcept(
      std::is_nothrow_move_constructible_v<T>&& std::is_nothrow_move_assignable_v<T>) {
    if (this != &other) state_ = Take(std::move(other));
    return *this;
  }

  [[nodiscard]] bool ok() const { return state_.index() == kValue; }

  // OK when there is a value.
  [[nodiscard]] Status status() const { return ok() ? Status() : std::get<kFailure>(state_); }

  [[nodiscard]] T& value() & {
    CheckHasValue();
    return std::get<kValue>(state_);
  }
  [[nodiscard]] const T& value() const& {
    CheckHasValue();
    return std::get<kValue>(state_);
  }
  [[nodiscard]] T&& value() && {
    CheckHasValue();
    return std::get<kValue>(std::move(state_));
  }

  [[nodiscard]] T& operator*() & { return value(); }
  [[nodiscard]] const T& operator*() const& { return value(); }
  [[nodiscard]] T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  template <class U>
  [[nodiscard]] T value_or(U&& fallback) const& {
    return ok() ? std::get<kValue>(state_) : static_cast<T>(std::forward<U>(fallback));
  }
  template <class U>
  [[nodiscard]] T value_or(U&& fallback) && {
    return ok() ? std::get<kValue>(std::move(state_)) : static_cast<T>(std::forward<U>(fallback));
  }

 private:
  static constexpr size_t kFailure = 0;
  static constexpr size_t kValue = 1;
  using State = std::variant<Status, T>;

  // A failure is copied out, never moved out: a moved-from Status would read as OK.
  static State Take(Result&& other) {
    if (other.ok()) return State(std::in_place_index<kValue>, std::move(*other));
    return State(std::in_place_index<kFailure>, std::get<kFailure>(other.state_));
  }

  void CheckHasValue() const {
    KEEL_CHECK(ok()) << "no value in a Result: " << std::get<kFailure>(state_).ToString();
  }

  State state_;
};

}  // namespace keel

// KEEL_ASSIGN_OR_RETURN(auto file, files.Open(path)); leaves the function with the failure, or
// assigns the value to the first argument, which may be a declaration.
#define KEEL_ASSIGN_OR_RETURN(target, expression) \
  KEEL_ASSIGN_OR_RETURN_AS_(KEEL_JOIN_(keel_result_, __LINE__), target, expression)
#define KEEL_ASSIGN_OR_RETURN_AS_(result, target, expression) \
  auto result = (expression);                                 \
  if (!result.ok()) return result.status();                   \
  target = std::move(result).value()
#define KEEL_JOIN_(a, b) KEEL_JOIN_NOW_(a, b)
#define KEEL_JOIN_NOW_(a, b) a##b
