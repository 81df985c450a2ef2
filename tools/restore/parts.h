// What restores of all kinds are made of: the state as an engine, and the record of the member.
//
// Blocking; one thread at a time.
#pragma once

#include <memory>
#include <string>

#include "backup/chunk_source.h"
#include "backup/snapshot_check.h"
#include "kv/engine/engine.h"
#include "kv/snapshot/snapshot_installer.h"
#include "tools/restore/initial_cluster.h"
#include "tools/restore/restore.h"

namespace keel::restore {

// A state, verified on its way into a store of its own under `root`, which is begun when the first
// chunk of it was good.
struct Built {
  std::unique_ptr<kv::Engine> engine;
  backup::SnapshotFindings findings;
};
[[nodiscard]] Result<Built> BuildState(const RestoreOptions& options, backup::ChunkSource* source,
                                       const std::string& root);
// That store once more, after all who had it have closed it.
[[nodiscard]] Result<std::unique_ptr<kv::Engine>> OpenState(const RestoreOptions& options,
                                                            const std::string& root);

// Turns the state into the beginning of the new cluster, and the directory at `path` into that of
// its member. The record goes last, so that what has no VERSION is no data directory.
struct Membership {
  NewCluster cluster;
  const node::MemberInfo* self = nullptr;  // one of the cluster's
};
Status MakeBeginning(const RestoreOptions& options, const Membership& membership,
                     kv::Engine* engine);
Status MakeMember(const RestoreOptions& options, const Membership& membership,
                  const std::string& path);

// INVALID_ARGUMENT if --initial-cluster does not name the member.
[[nodiscard]] Result<const node::MemberInfo*> FindSelf(const RestoreOptions& options,
                                                       const NewCluster& cluster);

}  // namespace keel::restore
