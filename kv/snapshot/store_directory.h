// The directory that a member's store lives in, and how one store takes the place of another.
//
// <root>/ACTIVE names the subdirectory that counts, store-<n>. A snapshot is installed into a new
// subdirectory, and counts from the moment that ACTIVE, replaced by rename and synced with its
// directory, names it; a crash before leaves the old store, whole. Subdirectories that ACTIVE does
// not name are leftovers and are removed. Blocking; one caller.
#pragma once

#include <string>

#include "base/file_system.h"
#include "base/result.h"

namespace keel::kv {

class StoreDirectory {
 public:
  // Finds the active store of `root`, which exists, and removes leftovers; a root that never had
  // one gets a name for it.
  [[nodiscard]] static Result<StoreDirectory> Open(FileSystem* files, std::string root);

  [[nodiscard]] std::string active() const { return Path(number_); }
  // Where a store that is to become active is built.
  [[nodiscard]] std::string incoming() const { return Path(number_ + 1); }

  // Removes what an installation that was given up left behind.
  Status ClearIncoming();
  // Makes the incoming store the active one, durably. Its files must be durable already.
  Status Activate();

 private:
  StoreDirectory(FileSystem* files, std::string root) : files_(files), root_(std::move(root)) {}

  [[nodiscard]] std::string Path(uint64_t number) const {
    return root_ + "/store-" + std::to_string(number);
  }
  Status WriteActive(uint64_t number);

  FileSystem* files_;
  std::string root_;
  uint64_t number_ = 1;
};

}  // namespace keel::kv
