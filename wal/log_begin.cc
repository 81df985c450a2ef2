// How a log goes on from what a start has found of it.
#include <algorithm>
#include <utility>

#include "wal/log.h"

namespace keel::wal {

namespace {

std::string ParentOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

Result<std::unique_ptr<Log>> Log::Begin(FileSystem* files, const LogOptions& options, Start start) {
  Recovered recovered = start.recovered;
  const std::optional<Position> reset_to = start.reset_to;
  std::unique_ptr<Log> log(new Log(files, options, std::move(start)));
  KEEL_RETURN_IF_ERROR(log->MakeDirectory());
  KEEL_RETURN_IF_ERROR(log->GoOn(std::move(recovered)));
  if (reset_to.has_value()) KEEL_RETURN_IF_ERROR(log->BeginAnew(*reset_to));
  return log;
}

Log::Log(FileSystem* files, const LogOptions& options, Start start)
    : files_(files),
      options_(options),
      salt_(start.salt),
      pool_(files, options, std::move(start.recovered.spares)),
      map_(std::move(start.recovered.map)),
      next_sequence_(start.recovered.next_sequence) {}

Log::~Log() = default;

Status Log::MakeDirectory() {
  KEEL_ASSIGN_OR_RETURN(const bool exists, files_->Exists(options_.directory));
  if (!exists) KEEL_RETURN_IF_ERROR(files_->CreateDirectory(options_.directory));
  // Also when it was there: an earlier start may have died before this sync.
  return files_->SyncDirectory(ParentOf(options_.directory));
}

Status Log::GoOn(Recovered recovered) {
  NewSegment wanted = {.last = map_.last(), .base = map_.base()};
  std::vector<RecoveredSegment>& found = recovered.segments;
  if (!found.empty() && found.back().end_offset == kFirstRecordOffset) {
    // Nothing was ever written to it: a chain of restarts does not become a chain of segments.
    wanted.previous = found.back().header.previous;
    recovered.garbage.push_back(found.back().header.sequence);
    found.pop_back();
  } else if (!found.empty()) {
    const RecoveredSegment& newest = found.back();
    wanted.previous = {newest.header.sequence, newest.end_offset, newest.end_checksum};
  }
  for (const RecoveredSegment& segment : found) {
    segments_.push_back({segment.header, segment.path, segment.size_bytes, nullptr});
  }
  const uint64_t abandoned_end = found.empty() ? 0 : found.back().end_offset;
  if (!found.empty()) KEEL_RETURN_IF_ERROR(MakeDurable(found.back()));
  KEEL_RETURN_IF_ERROR(BeginSegment(wanted, nullptr));
  for (uint64_t sequence : recovered.garbage) KEEL_RETURN_IF_ERROR(pool_.GiveUp({sequence}));
  for (const std::string& name : recovered.unusable_spares) {
    KEEL_RETURN_IF_ERROR(files_->Remove(pool_.PathOf(name)));
  }
  KEEL_RETURN_IF_ERROR(pool_.SyncNames());
  return abandoned_end == 0 ? Status() : ShrinkAbandoned();
}

// The process that wrote the last batch may have died before it was synced, or of a sync that
// failed: it was read from the system's cache, and a loss of power would still take it. From here
// on it counts as durable. It is written again: after a sync that failed the system takes the pages
// for clean, and another sync would do nothing.
Status Log::MakeDurable(const RecoveredSegment& newest) {
  std::string bytes(newest.end_offset - std::min(newest.proven_offset, newest.end_offset), '\0');
  const uint64_t offset = newest.end_offset - bytes.size();
  KEEL_ASSIGN_OR_RETURN(const auto found,
                        files_->OpenReadable(newest.path, AccessPattern::kSequential));
  KEEL_ASSIGN_OR_RETURN(const size_t count, found->ReadAt(offset, bytes));
  if (count != bytes.size()) return DataLoss(newest.path + " has shrunk since it was read");
  KEEL_ASSIGN_OR_RETURN(const auto file, files_->OpenWritable(newest.path, OpenMode::kExisting));
  const std::string_view piece = bytes;
  if (!bytes.empty()) KEEL_RETURN_IF_ERROR(file->WriteAt(offset, {&piece, 1}));
  return file->Sync();
}

}  // namespace keel::wal
