// A data directory under construction: built as DIRECTORY.restoring, synced, and renamed.
//
// Gone again unless it was completed. Blocking; one thread at a time.
#pragma once

#include <string>

#include "base/file_system.h"
#include "base/status.h"

namespace keel::restore {

class Site {
 public:
  Site(FileSystem* files, std::string final_path)
      : files_(files), final_path_(std::move(final_path)), path_(final_path_ + ".restoring") {}
  ~Site();
  Site(const Site&) = delete;
  Site& operator=(const Site&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }

  // FAILED_PRECONDITION if there is data, or another restore.
  Status Begin();
  Status Complete();

 private:
  FileSystem* const files_;
  const std::string final_path_;
  const std::string path_;
  bool begun_ = false;
};

}  // namespace keel::restore
