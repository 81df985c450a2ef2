// Makes a member's data directory out of a snapshot file, offline: keeld starts from it as a member
// of a new cluster.
//
// Everything in the file is verified before the directory gets its name: it is built beside it, as
// DIRECTORY.restoring, synced, and renamed. The new cluster has an identity of its own; its log
// goes on behind index 1; revisions are bumped and the history is marked compacted, so that no
// client sees a revision of the old cluster stand for other data (etcd 16028, 9096). Blocking; one
// call.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "backup/chunk_source.h"
#include "backup/snapshot_check.h"
#include "base/clock.h"
#include "base/file_system.h"
#include "base/result.h"

namespace keel::restore {

struct RestoreOptions {
  FileSystem* files = nullptr;
  const Clock* clock = nullptr;
  std::string snapshot;
  std::string key;   // of the key file; empty: none was given
  std::string name;  // of the member whose directory it is
  std::string data_dir;
  std::string initial_cluster;
  std::string token;
  uint64_t bump_revision = 1'000'000'000;
  bool mark_compacted = true;
  // Called now and then with how much of the file has been read, and how much there is. A failure
  // that it gives ends the restore, which then leaves nothing.
  struct Progress {
    uint64_t done_bytes = 0;
    uint64_t total_bytes = 0;
  };
  std::function<Status(const Progress&)> on_progress;
};

struct Restored {
  uint64_t cluster_id = 0;
  uint64_t member_id = 0;
  Revision revision;  // the new cluster's first
  backup::SnapshotFindings snapshot;
};

// FAILED_PRECONDITION if the directory is not empty or the file is of another format; DATA_LOSS if
// it is damaged or cut off; INVALID_ARGUMENT for options that make no sense. Each says what to do.
[[nodiscard]] Result<Restored> Restore(const RestoreOptions& options);

}  // namespace keel::restore
