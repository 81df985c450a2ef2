#include "kv/engine/level_repair.h"

#include <algorithm>
#include <map>
#include <optional>

#include "base/coding.h"
#include "base/mutant.h"
#include "base/numbers.h"
#include "kv/engine/level_log.h"

namespace keel::kv {

namespace {

constexpr std::string_view kAdvice =
    "; the copy of this member is damaged: remove its data directory's store and let the member be "
    "seeded from its peers";

struct Listing {
  std::map<uint64_t, std::string> logs;
  std::vector<std::string> manifests;
  std::vector<std::string> leftovers;
  bool has_current = false;
  bool has_tables = false;
};

Listing Sort(const std::vector<std::string>& names) {
  Listing listing;
  for (const std::string& name : names) {
    if (name == "CURRENT") listing.has_current = true;
    if (name.starts_with("MANIFEST-")) listing.manifests.push_back(name);
    if (name.ends_with(".dbtmp")) listing.leftovers.push_back(name);
    if (name.ends_with(".ldb") || name.ends_with(".sst")) listing.has_tables = true;
    if (!name.ends_with(".log")) continue;
    const auto number = ParseNumber<uint64_t>(std::string_view(name).substr(0, name.size() - 4));
    if (number.has_value()) listing.logs.emplace(*number, name);
  }
  return listing;
}

Status Cut(FileSystem* files, const std::string& path, uint64_t size_bytes) {
  KEEL_ASSIGN_OR_RETURN(auto file, files->OpenWritable(path, OpenMode::kExisting));
  KEEL_RETURN_IF_ERROR(file->Truncate(size_bytes));
  KEEL_RETURN_IF_ERROR(file->Sync());
  return file->Close();
}

Status Damage(const std::string& path, uint64_t offset, std::string_view complaint) {
  return DataLoss(path + " at offset " + std::to_string(offset) + ": " + std::string(complaint) +
                  std::string(kAdvice));
}

// Reads a file in log format; `torn` says whether its end may be cut, and collects what was.
Result<std::vector<std::string>> ReadRecords(FileSystem* files, const std::string& path,
                                             std::vector<TornTail>* torn) {
  KEEL_ASSIGN_OR_RETURN(const std::string bytes, ReadWholeFile(files, path));
  LevelLogScan scan = ScanLevelLog(bytes);
  if (scan.good_bytes == bytes.size()) return std::move(scan.records);
  if (torn == nullptr) return Damage(path, scan.good_bytes, scan.complaint);
  if (!KEEL_MUTANT(kTornTailKept46)) KEEL_RETURN_IF_ERROR(Cut(files, path, scan.good_bytes));
  torn->push_back({.path = path,
                   .offset = scan.good_bytes,
                   .cut_bytes = bytes.size() - scan.good_bytes,
                   .complaint = scan.complaint});
  return std::move(scan.records);
}

// A log record is a batch: sequence of its first operation, count, operations.
constexpr size_t kBatchHeaderBytes = 12;

Status CheckJoin(const std::string& path, const std::vector<std::string>& records,
                 uint64_t* next_sequence, bool first) {
  for (const std::string& record : records) {
    if (record.size() < kBatchHeaderBytes) return Damage(path, 0, "a batch is too short");
    const uint64_t sequence = DecodeFixed64(record.data());
    const uint64_t count = DecodeFixed32(record.data() + 8);
    // The first log may begin before what the tables already hold.
    const bool joins = first ? sequence <= *next_sequence : sequence == *next_sequence;
    if (!joins) {
      return Damage(path, 0,
                    "batches are missing before sequence " + std::to_string(sequence) +
                        ", expected " + std::to_string(*next_sequence));
    }
    *next_sequence = sequence + count;
    first = false;
  }
  return Status::Ok();
}

Status CheckLogs(FileSystem* files, const std::string& directory, const Listing& listing,
                 const ManifestLogs& manifest, std::vector<TornTail>* torn) {
  if (manifest.log_number != 0 && !listing.logs.contains(manifest.log_number)) {
    return Damage(directory + "/CURRENT", 0,
                  "log " + std::to_string(manifest.log_number) + " is missing");
  }
  uint64_t next_sequence = manifest.last_sequence + 1;
  bool first = true;
  for (const auto& [number, name] : listing.logs) {
    // Flushed before the crash, and only its removal was lost.
    if (number < manifest.log_number && number != manifest.previous_log_number) continue;
    const std::string path = directory + "/" + name;
    const bool newest = number == listing.logs.rbegin()->first;
    KEEL_ASSIGN_OR_RETURN(const auto records, ReadRecords(files, path, newest ? torn : nullptr));
    KEEL_RETURN_IF_ERROR(CheckJoin(path, records, &next_sequence, first));
    first = first && records.empty();
  }
  return Status::Ok();
}

// LevelDB writes a first MANIFEST, then CURRENT: a crash in between leaves no data.
Result<LevelRepair> StartAfresh(FileSystem* files, const std::string& directory,
                                const Listing& listing) {
  if (listing.has_tables || !listing.logs.empty() || listing.manifests.size() > 1) {
    return Damage(directory + "/CURRENT", 0, "the file is missing, and there is data");
  }
  for (const auto& names : {listing.manifests, listing.leftovers}) {
    for (const std::string& name : names) {
      KEEL_RETURN_IF_ERROR(files->Remove(directory + "/" + name));
    }
  }
  return LevelRepair{.fresh = true, .torn = {}};
}

}  // namespace

Result<std::string> ReadWholeFile(FileSystem* files, const std::string& path) {
  KEEL_ASSIGN_OR_RETURN(const auto file, files->OpenReadable(path, AccessPattern::kSequential));
  KEEL_ASSIGN_OR_RETURN(const uint64_t size_bytes, file->SizeBytes());
  std::string bytes(size_bytes, '\0');
  const auto read_bytes = file->ReadAt(0, std::span(bytes));
  if (!read_bytes.ok()) {
    return Status(read_bytes.status().code(),
                  path + ": cannot be read: " + std::string(read_bytes.status().message()) +
                      std::string(kReadAdvice));
  }
  bytes.resize(*read_bytes);
  return bytes;
}

Result<LevelRepair> PrepareLevelDirectory(FileSystem* files, const std::string& directory) {
  KEEL_ASSIGN_OR_RETURN(const auto names, files->List(directory));
  const Listing listing = Sort(names);
  if (!listing.has_current) return StartAfresh(files, directory, listing);
  KEEL_ASSIGN_OR_RETURN(const std::string current, ReadWholeFile(files, directory + "/CURRENT"));
  const std::string manifest_name = current.substr(0, current.find('\n'));
  const bool named = !current.empty() && current.back() == '\n' &&
                     std::find(listing.manifests.begin(), listing.manifests.end(), manifest_name) !=
                         listing.manifests.end();
  if (!named) return Damage(directory + "/CURRENT", 0, "it does not name a MANIFEST that exists");
  LevelRepair repair;
  const std::string manifest_path = directory + "/" + manifest_name;
  KEEL_ASSIGN_OR_RETURN(const auto edits, ReadRecords(files, manifest_path, &repair.torn));
  if (edits.empty()) return Damage(manifest_path, 0, "no record of it can be read");
  ManifestLogs manifest;
  if (const Status read = ReadManifestLogs(edits, &manifest); !read.ok()) {
    return Damage(manifest_path, 0, read.message());
  }
  KEEL_RETURN_IF_ERROR(CheckLogs(files, directory, listing, manifest, &repair.torn));
  return repair;
}

}  // namespace keel::kv
