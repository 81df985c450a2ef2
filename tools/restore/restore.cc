#include "tools/restore/restore.h"

#include <memory>
#include <utility>

#include "tools/restore/parts.h"
#include "tools/restore/site.h"

namespace keel::restore {

Result<Restored> Restore(const RestoreOptions& options) {
  KEEL_ASSIGN_OR_RETURN(auto members, ParseInitialCluster(options.initial_cluster));
  KEEL_ASSIGN_OR_RETURN(
      auto source, backup::OpenSnapshotFile(
                       {.files = options.files, .path = options.snapshot, .key = options.key}));
  Membership membership{
      .cluster = DrawCluster(std::move(members),
                             {.token = options.token, .snapshot_sum = source->summary().sum})};
  KEEL_ASSIGN_OR_RETURN(membership.self, FindSelf(options, membership.cluster));
  Site site(options.files, options.data_dir);
  KEEL_RETURN_IF_ERROR(site.Begin());
  Restored restored{.cluster_id = membership.cluster.id, .member_id = membership.self->id.value()};
  {
    KEEL_ASSIGN_OR_RETURN(const Built built,
                          BuildState(options, source.get(), site.path() + "/kv"));
    KEEL_RETURN_IF_ERROR(MakeBeginning(options, membership, built.engine.get()));
    restored.snapshot = built.findings;
  }
  KEEL_RETURN_IF_ERROR(MakeMember(options, membership, site.path()));
  restored.revision = restored.snapshot.state.revision + options.bump_revision;
  KEEL_RETURN_IF_ERROR(site.Complete());
  return restored;
}

}  // namespace keel::restore
