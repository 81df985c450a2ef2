#include "backup/archive/store.h"

#include <utility>

#include "base/mutant.h"

namespace keel::backup {

namespace {

// Names that begin so are no objects: they are being written, or were when a writer died.
constexpr std::string_view kStaging = ".staging-";

}  // namespace

// Another member may have made the directory, or be making it, and may have died before its name
// was durable: with that name everything in it would go.
Status DirectoryStore::Prepare() {
  KEEL_ASSIGN_OR_RETURN(const bool exists, options_.files->Exists(options_.directory));
  if (!exists) {
    const Status made = options_.files->CreateDirectory(options_.directory);
    if (!made.ok() && made.code() != Code::kAlreadyExists) return made;
  }
  if (!exists || !KEEL_MUTANT(kArchiveParentUnsynced)) KEEL_RETURN_IF_ERROR(SyncNamesAbove());
  KEEL_ASSIGN_OR_RETURN(const auto names, options_.files->List(options_.directory));
  for (const std::string& name : names) {
    if (name.starts_with(StagingName(""))) {
      KEEL_RETURN_IF_ERROR(options_.files->Remove(PathOf(name)));
    }
  }
  return {};
}

// What is above the parent was there before this program, and need not be this user's to open.
Status DirectoryStore::SyncNamesAbove() {
  bool is_parent = true;
  for (size_t slash = options_.directory.rfind('/'); slash != std::string::npos;) {
    const std::string above = slash == 0 ? "/" : options_.directory.substr(0, slash);
    const Status synced = options_.files->SyncDirectory(above);
    if (is_parent) KEEL_RETURN_IF_ERROR(synced);
    is_parent = false;
    slash = slash == 0 ? std::string::npos : options_.directory.rfind('/', slash - 1);
  }
  return {};
}

Result<std::vector<ObjectInfo>> DirectoryStore::List() {
  KEEL_ASSIGN_OR_RETURN(const auto names, options_.files->List(options_.directory));
  std::vector<ObjectInfo> objects;
  for (const std::string& name : names) {
    if (name.starts_with(kStaging)) continue;
    const auto size = options_.files->SizeBytes(PathOf(name));
    if (size.status().code() == Code::kNotFound) continue;  // removed meanwhile
    KEEL_RETURN_IF_ERROR(size.status());
    objects.push_back({.name = name, .size_bytes = *size});
  }
  return objects;
}

Result<std::string> DirectoryStore::Get(const std::string& name) {
  KEEL_ASSIGN_OR_RETURN(const auto file,
                        options_.files->OpenReadable(PathOf(name), AccessPattern::kSequential));
  KEEL_ASSIGN_OR_RETURN(const uint64_t size, file->SizeBytes());
  std::string bytes(size, '\0');
  KEEL_ASSIGN_OR_RETURN(const size_t got, file->ReadAt(0, {bytes.data(), bytes.size()}));
  bytes.resize(got);
  return bytes;
}

Status DirectoryStore::Put(const std::string& name, std::string_view bytes) {
  KEEL_ASSIGN_OR_RETURN(
      const auto file, options_.files->OpenAppendable(StagingPath(name), OpenMode::kCreateOrEmpty));
  KEEL_RETURN_IF_ERROR(file->Append(bytes));
  if (!KEEL_MUTANT(kArchiveBytesUnsynced)) KEEL_RETURN_IF_ERROR(file->Sync());
  KEEL_RETURN_IF_ERROR(file->Close());
  return Publish(name);
}

Status DirectoryStore::Remove(const std::string& name) {
  KEEL_RETURN_IF_ERROR(options_.files->Remove(PathOf(name)));
  return options_.files->SyncDirectory(options_.directory);
}

Status DirectoryStore::Settle(const std::vector<std::string>& names) {
  if (KEEL_MUTANT(kArchiveUnsettled)) return {};
  for (const std::string& name : names) {
    const auto file = options_.files->OpenWritable(PathOf(name), OpenMode::kExisting);
    // Of another user's files the bytes are durable: nobody gives a name before.
    if (file.status().code() == Code::kPermissionDenied) continue;
    KEEL_RETURN_IF_ERROR(file.status());
    KEEL_RETURN_IF_ERROR((*file)->Sync());
    KEEL_RETURN_IF_ERROR((*file)->Close());
  }
  return options_.files->SyncDirectory(options_.directory);
}

std::string DirectoryStore::StagingName(const std::string& name) const {
  return std::string(kStaging) + options_.writer + "-" + name;
}

std::string DirectoryStore::StagingPath(const std::string& name) {
  return PathOf(StagingName(name));
}

Status DirectoryStore::Publish(const std::string& name) {
  KEEL_RETURN_IF_ERROR(options_.files->Rename({.from = StagingPath(name), .to = PathOf(name)}));
  if (KEEL_MUTANT(kArchiveNameUnsynced)) return {};
  return options_.files->SyncDirectory(options_.directory);
}

Result<std::string> DirectoryStore::Fetch(const std::string& name) { return PathOf(name); }

}  // namespace keel::backup
