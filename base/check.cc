#include "base/check.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>

namespace keel {

namespace {
std::atomic<CheckFailureHook> failure_hook{nullptr};
}  // namespace

void SetCheckFailureHook(CheckFailureHook hook) { failure_hook.store(hook); }

namespace check_internal {

Failure::Failure(const char* file, int line, const char* condition) {
  stream_ << file << ':' << line << ": CHECK failed: " << condition << ' ';
}

Failure::~Failure() {
  const std::string message = stream_.str();
  std::fprintf(stderr, "%s\n", message.c_str());
  std::fflush(stderr);
  if (CheckFailureHook hook = failure_hook.load()) hook(message.c_str());
  std::abort();
}

}  // namespace check_internal
}  // namespace keel
