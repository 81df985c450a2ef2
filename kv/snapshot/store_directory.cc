#include "kv/snapshot/store_directory.h"

#include <charconv>
#include <utility>

#include "kv/engine/level_repair.h"

namespace keel::kv {

namespace {

constexpr std::string_view kStorePrefix = "store-";

Status RemoveTree(FileSystem* files, const std::string& directory) {
  KEEL_ASSIGN_OR_RETURN(const auto names, files->List(directory));
  for (const std::string& name : names) {
    KEEL_RETURN_IF_ERROR(files->Remove(directory + "/" + name));
  }
  return files->RemoveDirectory(directory);
}

}  // namespace

Status StoreDirectory::WriteActive(uint64_t number) {
  const std::string path = root_ + "/ACTIVE";
  const std::string fresh = path + ".tmp";
  KEEL_ASSIGN_OR_RETURN(auto file, files_->OpenAppendable(fresh, OpenMode::kCreateOrEmpty));
  KEEL_RETURN_IF_ERROR(file->Append(std::string(kStorePrefix) + std::to_string(number) + "\n"));
  KEEL_RETURN_IF_ERROR(file->Sync());
  KEEL_RETURN_IF_ERROR(file->Close());
  KEEL_RETURN_IF_ERROR(files_->Rename({.from = fresh, .to = path}));
  return files_->SyncDirectory(root_);
}

Result<StoreDirectory> StoreDirectory::Open(FileSystem* files, std::string root) {
  StoreDirectory directory(files, std::move(root));
  KEEL_ASSIGN_OR_RETURN(const auto names, files->List(directory.root_));
  KEEL_ASSIGN_OR_RETURN(const bool exists, files->Exists(directory.root_ + "/ACTIVE"));
  if (exists) {
    KEEL_ASSIGN_OR_RETURN(const std::string text,
                          ReadWholeFile(files, directory.root_ + "/ACTIVE"));
    const std::string_view number = std::string_view(text).substr(
        text.starts_with(kStorePrefix) ? kStorePrefix.size() : text.size());
    const auto [end, error] =
        std::from_chars(number.data(), number.data() + number.size(), directory.number_);
    const bool whole = error == std::errc() && end + 1 == number.data() + number.size();
    if (!whole || *end != '\n') {
      return DataLoss(directory.root_ + "/ACTIVE at offset 0: it does not name a store");
    }
  }
  for (const std::string& name : names) {
    const std::string path = directory.root_ + "/" + name;
    if (!name.starts_with(kStorePrefix)) continue;
    if (!exists) return DataLoss(directory.root_ + "/ACTIVE is missing, and there is " + name);
    if (path != directory.active()) KEEL_RETURN_IF_ERROR(RemoveTree(files, path));
  }
  if (!exists) KEEL_RETURN_IF_ERROR(directory.WriteActive(directory.number_));
  return directory;
}

Status StoreDirectory::ClearIncoming() {
  KEEL_ASSIGN_OR_RETURN(const bool exists, files_->Exists(incoming()));
  return exists ? RemoveTree(files_, incoming()) : Status::Ok();
}

Status StoreDirectory::Activate() {
  KEEL_RETURN_IF_ERROR(WriteActive(number_ + 1));
  ++number_;
  return Status::Ok();
}

}  // namespace keel::kv
