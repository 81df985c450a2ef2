#include "tools/restore/parts.h"

#include <utility>

#include "kv/engine/level_engine.h"
#include "kv/snapshot/store_directory.h"
#include "server/node/member_files.h"

namespace keel::restore {

namespace {

// The new cluster's log begins behind this entry, which nobody has: see kv::RestoreOptions.
constexpr raft::Position kBase{Index(1), Term(1)};
// Nothing but this restore writes to the store, and it is synced as a whole at the end.
constexpr size_t kWriteBufferBytes = size_t{32} << 20;

}  // namespace

Result<std::unique_ptr<kv::Engine>> OpenState(const RestoreOptions& options,
                                              const std::string& root) {
  KEEL_ASSIGN_OR_RETURN(const auto directory, kv::StoreDirectory::Open(options.files, root));
  KEEL_ASSIGN_OR_RETURN(std::unique_ptr<kv::Engine> engine,
                        kv::LevelEngine::Open({.files = options.files,
                                               .directory = directory.active(),
                                               .clock = options.clock,
                                               .write_buffer_bytes = kWriteBufferBytes,
                                               .sync_every_bytes = 2 * kWriteBufferBytes}));
  return engine;
}

Result<Built> BuildState(const RestoreOptions& options, backup::ChunkSource* source,
                         const std::string& root) {
  std::unique_ptr<kv::SnapshotInstaller> installer;
  const auto add = [&](const std::string& chunk) -> Status {
    if (installer == nullptr) {
      KEEL_RETURN_IF_ERROR(options.files->CreateDirectory(root));
      KEEL_ASSIGN_OR_RETURN(auto empty, OpenState(options, root));
      installer = std::make_unique<kv::SnapshotInstaller>(
          kv::SnapshotInstaller::Options{.engine = std::move(empty)});
    }
    if (options.on_progress) {
      KEEL_RETURN_IF_ERROR(options.on_progress(
          {.done_bytes = source->offset(), .total_bytes = source->summary().file_bytes}));
    }
    return installer->Add(chunk);
  };
  Built built;
  KEEL_ASSIGN_OR_RETURN(built.findings, backup::CheckSnapshot(source, add));
  KEEL_ASSIGN_OR_RETURN(built.engine, installer->Finish());
  return built;
}

Status MakeBeginning(const RestoreOptions& options, const Membership& membership,
                     kv::Engine* engine) {
  return kv::MakeRestored(engine, {.bump_revision = options.bump_revision,
                                   .mark_compacted = options.mark_compacted,
                                   .applied = kBase.index,
                                   .applied_term = kBase.term,
                                   .membership = membership.cluster.ConfigEntry()});
}

Status MakeMember(const RestoreOptions& options, const Membership& membership,
                  const std::string& path) {
  KEEL_ASSIGN_OR_RETURN(const auto files, node::MemberFiles::Open(
                                              options.files, {.directory = path,
                                                              .cluster_token = options.token,
                                                              .random = membership.self->id.value(),
                                                              .wall_ms = options.clock->WallMs()}));
  // The base's term is over: it was nobody's, and nobody may lead in it.
  KEEL_RETURN_IF_ERROR(files->TakeVoteFile()->Save({.term = kBase.term, .vote = {}}));
  node::MemberRecord record = files->record();
  record.phase = node::MemberPhase::kMember;
  record.cluster_id = membership.cluster.id;
  record.base = kBase;
  record.config = membership.cluster.ConfigEntry();
  return files->Save(record);
}

Result<const node::MemberInfo*> FindSelf(const RestoreOptions& options, const NewCluster& cluster) {
  const node::MemberInfo* const self = cluster.Find(options.name);
  if (self != nullptr) return self;
  return InvalidArgument("--initial-cluster does not name this member, \"" + options.name +
                         "\": mend it or --name");
}

}  // namespace keel::restore
