// CHECK(condition) << "what it means": a bug in this program, found; the process stops at once.
//
// On in release builds: going on with a broken invariant is how data is lost. For the environment's
// failures (disk, network, bad input) there is Status; CHECK never judges those. The message goes
// to stderr with file and line; a process may install a hook to flush its log first. No dependency
// on a logging library, so that the lowest floors can use it.
#pragma once

#include <sstream>

namespace keel {

// Called once with the full message before the process aborts; must not return to the caller's
// work.
using CheckFailureHook = void (*)(const char* message);
void SetCheckFailureHook(CheckFailureHook hook);

namespace check_internal {

class Failure {
 public:
  Failure(const char* file, int line, const char* condition);
  Failure(const Failure&) = delete;
  Failure& operator=(const Failure&) = delete;
  [[noreturn]] ~Failure();

  std::ostream& stream() { return stream_; }

 private:
  std::ostringstream stream_;
};

// Lets the macro be an expression of type void on both sides of its conditional.
struct Voidify {
  void operator&(const std::ostream&) const {}
};

}  // namespace check_internal
}  // namespace keel

#define KEEL_CHECK(condition)                       \
  (condition) ? (void)0                             \
              : ::keel::check_internal::Voidify() & \
                    ::keel::check_internal::Failure(__FILE__, __LINE__, #condition).stream()
