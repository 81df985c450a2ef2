#include "tools/restore/restore.h"

#include <filesystem>
#include <memory>
#include <utility>

#include "kv/engine/level_engine.h"
#include "kv/snapshot/snapshot_installer.h"
#include "kv/snapshot/store_directory.h"
#include "server/node/member_files.h"
#include "tools/restore/initial_cluster.h"

namespace keel::restore {

namespace {

// The new cluster's log begins behind this entry, which nobody has: see kv::RestoreOptions.
constexpr raft::Position kBase{Index(1), Term(1)};
// Nothing but this restore writes to the store, and it is synced as a whole at the end.
constexpr size_t kWriteBufferBytes = size_t{32} << 20;

// The directory under construction; gone again unless it was completed.
class Site {
 public:
  Site(FileSystem* files, std::string final_path)
      : files_(files), final_path_(std::move(final_path)), path_(final_path_ + ".restoring") {}
  ~Site() {
    std::error_code ignored;
    if (begun_) std::filesystem::remove_all(path_, ignored);
  }
  Site(const Site&) = delete;
  Site& operator=(const Site&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }

  Status Begin() {
    KEEL_ASSIGN_OR_RETURN(const bool exists, files_->Exists(final_path_));
    if (exists) {
      KEEL_ASSIGN_OR_RETURN(const auto names, files_->List(final_path_));
      if (!names.empty()) {
        return FailedPrecondition(final_path_ +
                                  " is not empty: a restore never touches data that is there; give "
                                  "another --data-dir, or move it away");
      }
    }
    KEEL_ASSIGN_OR_RETURN(const bool is_left, files_->Exists(path_));
    if (is_left) {
      return FailedPrecondition(path_ +
                                " is there: another restore runs, or one was killed; if none runs, "
                                "remove it");
    }
    const Status made = files_->CreateDirectory(path_);
    begun_ = made.ok();
    return made;
  }

  Status Complete() {
    KEEL_RETURN_IF_ERROR(files_->SyncDirectory(path_));
    KEEL_RETURN_IF_ERROR(files_->Rename({.from = path_, .to = final_path_}));
    begun_ = false;
    const std::string parent = std::filesystem::path(final_path_).parent_path().string();
    return files_->SyncDirectory(parent.empty() ? "." : parent);
  }

 private:
  FileSystem* const files_;
  const std::string final_path_;
  const std::string path_;
  bool begun_ = false;
};

Result<std::unique_ptr<kv::SnapshotInstaller>> BeginState(const RestoreOptions& options,
                                                          const std::string& root) {
  KEEL_RETURN_IF_ERROR(options.files->CreateDirectory(root));
  KEEL_ASSIGN_OR_RETURN(const auto directory, kv::StoreDirectory::Open(options.files, root));
  KEEL_ASSIGN_OR_RETURN(auto empty,
                        kv::LevelEngine::Open({.files = options.files,
                                               .directory = directory.active(),
                                               .clock = options.clock,
                                               .write_buffer_bytes = kWriteBufferBytes,
                                               .sync_every_bytes = 2 * kWriteBufferBytes}));
  return std::make_unique<kv::SnapshotInstaller>(
      kv::SnapshotInstaller::Options{.engine = std::move(empty)});
}

// The state, verified on its way into a store of its own, which is begun when the first chunk of it
// was good.
Result<backup::SnapshotFindings> BuildState(const RestoreOptions& options,
                                            const kv::RestoreOptions& state,
                                            backup::ChunkSource* source, const std::string& root) {
  std::unique_ptr<kv::SnapshotInstaller> installer;
  const auto add = [&](const std::string& chunk) -> Status {
    if (installer == nullptr) {
      KEEL_ASSIGN_OR_RETURN(installer, BeginState(options, root));
    }
    if (options.on_progress) {
      KEEL_RETURN_IF_ERROR(options.on_progress(
          {.done_bytes = source->offset(), .total_bytes = source->summary().file_bytes}));
    }
    return installer->Add(chunk);
  };
  KEEL_ASSIGN_OR_RETURN(auto findings, backup::CheckSnapshot(source, add));
  KEEL_ASSIGN_OR_RETURN(const auto engine, installer->Finish());
  KEEL_RETURN_IF_ERROR(kv::MakeRestored(engine.get(), state));
  return findings;
}

// Last, so that what has no VERSION is no data directory.
Status MakeMember(const RestoreOptions& options, const std::string& path, const NewCluster& cluster,
                  NodeId self) {
  KEEL_ASSIGN_OR_RETURN(const auto files, node::MemberFiles::Open(
                                              options.files, {.directory = path,
                                                              .cluster_token = options.token,
                                                              .random = self.value(),
                                                              .wall_ms = options.clock->WallMs()}));
  // The base's term is over: it was nobody's, and nobody may lead in it.
  KEEL_RETURN_IF_ERROR(files->TakeVoteFile()->Save({.term = kBase.term, .vote = {}}));
  node::MemberRecord record = files->record();
  record.phase = node::MemberPhase::kMember;
  record.cluster_id = cluster.id;
  record.base = kBase;
  record.config = cluster.ConfigEntry();
  return files->Save(record);
}

}  // namespace

Result<Restored> Restore(const RestoreOptions& options) {
  KEEL_ASSIGN_OR_RETURN(auto members, ParseInitialCluster(options.initial_cluster));
  KEEL_ASSIGN_OR_RETURN(
      auto source, backup::OpenSnapshotFile(
                       {.files = options.files, .path = options.snapshot, .key = options.key}));
  const NewCluster cluster = DrawCluster(
      std::move(members), {.token = options.token, .snapshot_sum = source->summary().sum});
  const node::MemberInfo* const self = cluster.Find(options.name);
  if (self == nullptr) {
    return InvalidArgument("--initial-cluster does not name this member, \"" + options.name +
                           "\": mend it or --name");
  }
  const kv::RestoreOptions state{.bump_revision = options.bump_revision,
                                 .mark_compacted = options.mark_compacted,
                                 .applied = kBase.index,
                                 .applied_term = kBase.term,
                                 .membership = cluster.ConfigEntry()};
  Site site(options.files, options.data_dir);
  KEEL_RETURN_IF_ERROR(site.Begin());
  Restored restored{.cluster_id = cluster.id, .member_id = self->id.value()};
  KEEL_ASSIGN_OR_RETURN(restored.snapshot,
                        BuildState(options, state, source.get(), site.path() + "/kv"));
  KEEL_RETURN_IF_ERROR(MakeMember(options, site.path(), cluster, self->id));
  restored.revision = restored.snapshot.state.revision + options.bump_revision;
  KEEL_RETURN_IF_ERROR(site.Complete());
  return restored;
}

}  // namespace keel::restore
