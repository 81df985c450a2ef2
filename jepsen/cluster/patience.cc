#include "jepsen/cluster/patience.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

namespace keel::jepsen {
namespace {

constexpr int kStepsMin = 20;
constexpr auto kBetweenSyncs = std::chrono::milliseconds(250);

}  // namespace

Patience::Patience(Duration time, std::string directory)
    : left_(time),
      step_max_(time / kStepsMin),
      directory_(std::move(directory)),
      last_(std::chrono::steady_clock::now()),
      until_sync_(kBetweenSyncs) {}

bool Patience::IsOver() {
  if (until_sync_ <= Duration::zero()) SyncDisk();
  const auto now = std::chrono::steady_clock::now();
  Count(now - last_);
  last_ = now;
  return left_ <= Duration::zero();
}

void Patience::Count(Duration passed) {
  const Duration counted = std::min(passed, step_max_);
  left_ -= counted;
  until_sync_ -= counted;
}

// The outcome does not matter, only the time: what the disk refuses, the servers will say.
void Patience::SyncDisk() {
  until_sync_ = kBetweenSyncs;
  if (directory_.empty()) return;
  const std::string path = directory_ + "/patience";
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  if (file < 0) return;
  if (::pwrite(file, "p", 1, 0) == 1) (void)::fdatasync(file);
  ::close(file);
}

}  // namespace keel::jepsen
