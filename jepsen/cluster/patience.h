// How long to wait for what others do, on a machine that may stand still itself.
//
// A wait asks again and again whether it is over. What passes between two questions counts up to a
// twentieth of the whole: who was not asked for longer was not run. Meanwhile the disk that the
// servers wait for is synced now and then, and counts no more than that either, however long it
// takes. So a slow machine makes a wait longer, and what never happens is given up all the same.
#pragma once

#include <chrono>
#include <string>

namespace keel::jepsen {

class Patience {
 public:
  using Duration = std::chrono::steady_clock::duration;

  // `directory`: on the disk that is waited for; empty: none is.
  explicit Patience(Duration time, std::string directory = {});

  // Counts what has passed since it was made or asked last.
  [[nodiscard]] bool IsOver();
  // That so much has passed; IsOver's own count.
  void Count(Duration passed);

 private:
  void SyncDisk();

  Duration left_;
  Duration step_max_;
  std::string directory_;
  std::chrono::steady_clock::time_point last_;
  Duration until_sync_;
};

}  // namespace keel::jepsen
