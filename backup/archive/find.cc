#include "backup/archive/find.h"

#include <algorithm>
#include <vector>

#include "backup/archive/catalogue.h"
#include "base/numbers.h"

namespace keel::backup {

namespace {

bool IsClusterId(const std::string& name) {
  return !name.empty() && name.size() <= 16 &&
         name.find_first_not_of("0123456789abcdef") == std::string::npos;
}

}  // namespace

std::string ArchiveDirectory(const std::string& directory, uint64_t cluster_id) {
  return directory + "/" + HexNumber(cluster_id);
}

Result<std::string> FindArchive(FileSystem* files, const ArchiveWanted& wanted) {
  KEEL_ASSIGN_OR_RETURN(const auto names, files->List(wanted.directory));
  std::vector<ObjectInfo> objects;
  std::vector<std::string> clusters;
  for (const std::string& name : names) {
    objects.push_back({.name = name});
    if (IsClusterId(name)) clusters.push_back(name);
  }
  const Catalogue catalogue = Catalogue::Of(objects);
  if (!catalogue.bases.empty() || !catalogue.segments.empty()) return wanted.directory;
  if (!wanted.cluster.empty()) {
    if (std::ranges::find(clusters, wanted.cluster) != clusters.end()) {
      return wanted.directory + "/" + wanted.cluster;
    }
    return NotFound(wanted.directory + " holds no archive of the cluster " + wanted.cluster);
  }
  if (clusters.empty()) return NotFound(wanted.directory + " holds no archive");
  if (clusters.size() == 1) return wanted.directory + "/" + clusters.front();
  std::string all;
  for (const std::string& one : clusters) all += (all.empty() ? "" : ", ") + one;
  return InvalidArgument(wanted.directory +
                         " holds archives of several clusters: say which by "
                         "--cluster-id (" +
                         all + ")");
}

}  // namespace keel::backup
