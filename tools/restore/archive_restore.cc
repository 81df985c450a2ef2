#include "tools/restore/archive_restore.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "backup/archive/archive_reader.h"
#include "backup/archive/tip.h"
#include "backup/crypt.h"
#include "base/coding.h"
#include "tools/restore/parts.h"
#include "tools/restore/replay.h"
#include "tools/restore/site.h"

namespace keel::restore {

namespace {

// Restores on three machines agree on who they are by what they have in common: the state.
std::string SumOf(uint64_t cluster_id, const kv::StoreState& state) {
  std::string bytes;
  for (const uint64_t number : {cluster_id, state.applied.value(), state.applied_term.value(),
                                state.revision.value(), state.chain_hash}) {
    AppendFixed64(&bytes, number);
  }
  backup::Sha256 sum;
  sum.Add(bytes);
  return sum.Finish();
}

class Restoration {
 public:
  explicit Restoration(const ArchiveRestoreOptions& options)
      : options_(options),
        member_(options.member),
        store_({.files = member_.files, .directory = options.archive, .writer = "restore"}) {}

  Result<RestoredPoint> Run() {
    KEEL_ASSIGN_OR_RETURN(auto members, ParseInitialCluster(member_.initial_cluster));
    // Whether the member is named does not wait for the work.
    KEEL_RETURN_IF_ERROR(FindSelf(member_, DrawCluster(members, {})).status());
    KEEL_ASSIGN_OR_RETURN(const auto objects, store_.List());
    catalogue_ = backup::Catalogue::Of(objects);
    KEEL_ASSIGN_OR_RETURN(base_, ChooseBase(catalogue_, options_.target));
    KEEL_ASSIGN_OR_RETURN(const std::string path, store_.Fetch(base_->name));
    KEEL_ASSIGN_OR_RETURN(
        const auto source,
        backup::OpenSnapshotFile({.files = member_.files, .path = path, .key = member_.key}));
    cluster_id_ = source->summary().cluster_id;
    KEEL_RETURN_IF_ERROR(CheckSegments());
    Site site(member_.files, member_.data_dir);
    KEEL_RETURN_IF_ERROR(site.Begin());
    const std::string root = site.path() + "/kv";
    KEEL_ASSIGN_OR_RETURN(const Replayed replayed, Rebuild(source.get(), root));
    Membership membership{
        .cluster = DrawCluster(
            std::move(members),
            {.token = member_.token, .snapshot_sum = SumOf(cluster_id_, replayed.state)})};
    KEEL_ASSIGN_OR_RETURN(membership.self, FindSelf(member_, membership.cluster));
    {
      KEEL_ASSIGN_OR_RETURN(const auto engine, OpenState(member_, root));
      KEEL_RETURN_IF_ERROR(MakeBeginning(member_, membership, engine.get()));
    }
    KEEL_RETURN_IF_ERROR(MakeMember(member_, membership, site.path()));
    KEEL_RETURN_IF_ERROR(site.Complete());
    return RestoredPoint{.cluster_id = membership.cluster.id,
                         .member_id = membership.self->id.value(),
                         .revision = replayed.state.revision + member_.bump_revision,
                         .index = replayed.state.applied,
                         .term = replayed.state.applied_term,
                         .old_revision = replayed.state.revision,
                         .time_ms = replayed.time_ms,
                         .entries = replayed.entries};
  }

 private:
  [[nodiscard]] backup::ArchiveReader Reader() {
    return backup::ArchiveReader(
        {.store = &store_,
         .key = member_.key,
         .cluster_id = cluster_id_,
         .catalogue = &catalogue_,
         .base = {.index = base_->index, .term = base_->term, .time_ms = base_->time_ms}});
  }

  // Damage is better known before a large base was unpacked for nothing. Which segments a revision
  // needs, only the replay tells.
  Status CheckSegments() {
    if (options_.target.kind == Target::Kind::kRevision) return {};
    backup::ArchiveReader reader = Reader();
    while (options_.target.kind == Target::Kind::kLatest ||
           reader.at().time_ms <= options_.target.time_ms) {
      KEEL_ASSIGN_OR_RETURN(const auto entries, reader.Next());
      if (entries.empty()) break;
    }
    return {};
  }

  Result<Replayed> Rebuild(backup::ChunkSource* source, const std::string& root) {
    KEEL_ASSIGN_OR_RETURN(Built built, BuildState(member_, source, root));
    const kv::StoreState& state = built.findings.state;
    if (state.applied != base_->index || state.applied_term != base_->term ||
        state.revision != base_->revision || state.log_time_ms != base_->time_ms) {
      return DataLoss(base_->name + ": it holds another state than its name says");
    }
    backup::ArchiveReader reader = Reader();
    KEEL_ASSIGN_OR_RETURN(const Replayed replayed,
                          Replay({.engine = std::move(built.engine),
                                  .target = options_.target,
                                  .reader = &reader,
                                  .on_progress = [&] {
                                    return member_.on_progress ? member_.on_progress({}) : Status();
                                  }}));
    if (!replayed.met_target) KEEL_RETURN_IF_ERROR(CheckEnd(reader.at(), replayed));
    return replayed;
  }

  // The entries have ended before the target came.
  Status CheckEnd(const backup::ArchivePosition& end, const Replayed& replayed) {
    const Target& target = options_.target;
    const bool goes_on =
        catalogue_.Newest()->index > end.index ||
        (!catalogue_.segments.empty() && catalogue_.segments.back().last > end.index);
    const std::string at = "index " + std::to_string(end.index.value()) + ", revision " +
                           std::to_string(replayed.state.revision.value()) + ", " +
                           std::to_string(replayed.time_ms) + " ms since 1970";
    if (goes_on) {
      return OutOfRange("the archive has a gap behind " + at +
                        ": what lies between there and the next base cannot be restored; choose a "
                        "moment before or behind it (keelctl archive status shows both ends)");
    }
    if (target.kind == Target::Kind::kLatest) return {};
    if (target.kind == Target::Kind::kTime) {
      KEEL_ASSIGN_OR_RETURN(const uint64_t whole_until_ms, WholeUntil(end));
      if (target.time_ms <= whole_until_ms) return {};
    }
    // What is missing may have happened in the same millisecond.
    if (catalogue_.HasGapNote(end.index)) {
      return OutOfRange("the archive has a gap behind " + at +
                        ": it was given up there, and no base is behind it yet; choose a moment "
                        "before, or --latest, which restores all that it holds");
    }
    if (target.kind == Target::Kind::kTime && target.time_ms <= replayed.time_ms) return {};
    return OutOfRange("the archive ends before that, at " + at +
                      ": --latest restores all that it holds");
  }

  Result<uint64_t> WholeUntil(const backup::ArchivePosition& end) {
    if (!catalogue_.has_tip) return 0;
    KEEL_ASSIGN_OR_RETURN(const std::string bytes, store_.Get(std::string(backup::kTipName)));
    KEEL_ASSIGN_OR_RETURN(const backup::Tip tip, backup::DecodeTip(bytes));
    const bool fits =
        tip.cluster_id == cluster_id_ && tip.at.index == end.index && tip.at.term == end.term;
    return fits ? tip.whole_until_ms : 0;
  }

  const ArchiveRestoreOptions& options_;
  const RestoreOptions& member_;
  backup::DirectoryStore store_;
  backup::Catalogue catalogue_;
  const backup::BaseObject* base_ = nullptr;
  uint64_t cluster_id_ = 0;
};

}  // namespace

Result<RestoredPoint> RestoreArchive(const ArchiveRestoreOptions& options) {
  return Restoration(options).Run();
}

}  // namespace keel::restore
