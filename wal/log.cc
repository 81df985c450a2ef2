#include "wal/log.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/checksum.h"
#include "base/mutant.h"

namespace keel::wal {

namespace {

constexpr size_t kBaseRecordBytes = kRecordHeaderBytes;
constexpr size_t kCompactionBytes = kMarkBytes + kBaseRecordBytes;
// Entries leave this much free in a segment, so that compactions, which are what frees a full disk,
// find room for their records, and seals for theirs.
constexpr size_t kReserveBytes = 4 * (kCompactionBytes + kMarkBytes) + kMarkBytes;

uint64_t IncarnationOf(uint64_t salt, uint64_t sequence) {
  const uint64_t incarnation = Checksum(SegmentName(sequence), salt);
  return incarnation == 0 ? 1 : incarnation;  // 0 stands for "unknown"
}

uint64_t RoundUpToPage(uint64_t bytes) {
  return (bytes + kFilePageBytes - 1) / kFilePageBytes * kFilePageBytes;
}

}  // namespace

// ---- writing ----

Status Log::Failed(Status status) {
  if (status.code() != Code::kResourceExhausted && failure_.ok()) failure_ = status;
  return status;
}

// A page that was written in part and is not in the system's cache would be read first: of a
// segment that was made ready ahead, or recycled long after its first use.
Status Log::WriteAndSync(const Place& place, std::string bytes) {
  // The bug: this batch is synced when the next one comes.
  if (KEEL_MUTANT(kWalAckBeforeSync3)) KEEL_RETURN_IF_ERROR(Failed(place.file->Sync()));
  counters_.bytes_written += bytes.size();
  const uint64_t end = place.offset + bytes.size();
  bytes.resize(bytes.size() + std::min(RoundUpToPage(end), place.file_bytes) - end);
  const std::string_view piece = bytes;
  KEEL_RETURN_IF_ERROR(Failed(place.file->WriteAt(place.offset, {&piece, 1})));
  ++counters_.syncs;
  if (KEEL_MUTANT(kWalAckBeforeSync3)) return {};
  Status status = place.file->Sync();
  if (KEEL_MUTANT(kWalGoesOnAfterFailedSync42) && !status.ok()) return place.file->Sync();
  if (!status.ok() && failure_.ok()) failure_ = status;  // whatever the code
  return status;
}

Status Log::BeginSegment(const NewSegment& wanted, const RecordWriter& write) {
  const uint64_t sequence = next_sequence_++;
  Result<SegmentPool::Taken> taken =
      pool_.Take({.sequence = sequence,
                  .size_bytes = kFirstRecordOffset + wanted.record_bytes + kReserveBytes});
  if (!taken.ok()) return Failed(taken.status());
  Segment segment = {.header = {.group = options_.group,
                                .member = options_.member,
                                .sequence = sequence,
                                .incarnation = IncarnationOf(salt_, sequence),
                                .previous = wanted.previous,
                                .last = wanted.last,
                                .base = wanted.base,
                                .segment_bytes = taken->size_bytes},
                     .path = pool_.PathOf(SegmentName(sequence)),
                     .size_bytes = taken->size_bytes};
  std::string bytes = EncodeSegmentHeader(&segment.header);
  Tail tail = {.file = std::move(taken->file),
               .sequence = sequence,
               .offset = kFirstRecordOffset,
               .chain = {segment.header.incarnation, segment.header.checksum}};
  if (write) write(&bytes, &tail);
  const Status status = WriteAndSync({tail.file.get(), 0, segment.size_bytes}, std::move(bytes));
  if (!status.ok()) {
    // On a full disk the half-made segment goes, so that its room comes back.
    if (failure_.ok()) (void)files_->Remove(segment.path);
    return status;
  }
  const Status names = pool_.SyncNames();
  if (!names.ok()) {
    failure_ = names;
    return names;
  }
  tail.durable_offset = tail.offset;
  tail_ = std::move(tail);
  segments_.push_back(std::move(segment));
  ++counters_.segments_begun;
  return {};
}

Status Log::WriteRecords(const Records& records, const RecordWriter& write) {
  const Segment& segment = segments_.back();
  if (tail_.offset + records.size_bytes + records.reserve_bytes > segment.size_bytes) {
    const Link link = {segment.header.sequence, tail_.offset, tail_.chain.checksum};
    KEEL_RETURN_IF_ERROR(BeginSegment({.previous = link,
                                       .last = map_.last(),
                                       .base = map_.base(),
                                       .record_bytes = records.size_bytes},
                                      write));
    sealed_ = false;
    return {};
  }
  std::string bytes;
  bytes.reserve(records.size_bytes + kFilePageBytes);
  Tail next = {.sequence = tail_.sequence,
               .offset = tail_.offset,
               .durable_offset = tail_.durable_offset,
               .chain = tail_.chain};
  write(&bytes, &next);
  const Status status =
      WriteAndSync({tail_.file.get(), tail_.offset, segment.size_bytes}, std::move(bytes));
  if (KEEL_MUTANT(kWalFullDiskMovesOn45) && !status.ok()) tail_.offset = next.offset;
  KEEL_RETURN_IF_ERROR(status);
  tail_.offset = next.offset;
  tail_.durable_offset = next.offset;
  tail_.chain = next.chain;
  sealed_ = false;
  return {};
}

void Log::AppendBatchMark(std::string* out, Tail* tail, size_t batch_bytes) const {
  AppendMark(out,
             {.kind = MarkKind::kBatch,
              .last = map_.last(),
              .durable_offset = tail->durable_offset,
              .own_offset = tail->offset,
              .sequence = tail->sequence,
              .batch_bytes = static_cast<uint32_t>(batch_bytes)},
             &tail->chain);
  tail->offset += kMarkBytes;
}

Status Log::Append(std::span<const EntryView> entries) {
  KEEL_CHECK(thread_.IsCurrent() && !closed_);
  KEEL_RETURN_IF_ERROR(failure_);
  if (entries.empty()) return {};
  size_t size_bytes = kMarkBytes;
  Position last = map_.last();
  for (const EntryView& entry : entries) {
    KEEL_CHECK(entry.index > map_.base().index && entry.index <= last.index.Next())
        << "entry " << entry.index.value() << " after " << last.index.value();
    KEEL_CHECK(entry.index <= last.index || entry.term >= last.term) << "terms never go back";
    last = {entry.index, entry.term};
    size_bytes += RecordBytes(entry.payload.size());
  }
  KEEL_CHECK(size_bytes < UINT32_MAX) << "a batch of " << size_bytes << " bytes";

  std::vector<LogMap::Place> places;
  places.reserve(entries.size());
  const auto write = [&](std::string* out, Tail* tail) {
    AppendBatchMark(out, tail, size_bytes);
    for (const EntryView& entry : entries) {
      places.push_back({0, tail->offset, tail->chain.checksum});
      AppendRecord(out,
                   {.type = RecordType::kEntry,
                    .kind = entry.kind,
                    .term = entry.term,
                    .index = entry.index,
                    .payload = entry.payload},
                   &tail->chain);
      tail->offset += RecordBytes(entry.payload.size());
    }
  };
  KEEL_RETURN_IF_ERROR(
      WriteRecords({.size_bytes = size_bytes, .reserve_bytes = kReserveBytes}, write));
  for (size_t i = 0; i < entries.size(); ++i) {
    places[i].sequence = segments_.back().header.sequence;
    map_.Append({entries[i].index, entries[i].term}, places[i]);
  }
  ++counters_.batches;
  counters_.entries += entries.size();
  return {};
}

Status Log::WriteMark(MarkKind kind) {
  // A full segment stays without: the header of the next one proves it as well.
  if (tail_.offset + kMarkBytes > segments_.back().size_bytes) return {};
  ++counters_.seals;
  return WriteRecords({.size_bytes = kMarkBytes}, [&](std::string* out, Tail* tail) {
    AppendMark(out,
               {.kind = kind,
                .last = map_.last(),
                .durable_offset = tail->durable_offset,
                .own_offset = tail->offset,
                .sequence = tail->sequence,
                .batch_bytes = kMarkBytes},
               &tail->chain);
    tail->offset += kMarkBytes;
  });
}

Status Log::Seal() {
  KEEL_CHECK(thread_.IsCurrent() && !closed_);
  KEEL_RETURN_IF_ERROR(failure_);
  if (sealed_) return {};
  KEEL_RETURN_IF_ERROR(WriteMark(MarkKind::kIdle));
  sealed_ = true;
  return {};
}

Status Log::Close() {
  KEEL_CHECK(thread_.IsCurrent() && !closed_);
  KEEL_RETURN_IF_ERROR(failure_);
  closed_ = true;
  // A log that was opened and never written to needs no word: its next start finds it empty.
  if (tail_.offset != kFirstRecordOffset) KEEL_RETURN_IF_ERROR(WriteMark(MarkKind::kClose));
  return tail_.file->Close();
}

Result<bool> Log::Prepare() {
  KEEL_CHECK(thread_.IsCurrent() && !closed_);
  KEEL_RETURN_IF_ERROR(failure_);
  Result<bool> done = pool_.PrepareStep(&next_sequence_);
  if (!done.ok()) return Failed(done.status());
  return done;
}

// ---- the front of the log ----

Status Log::Compact(const Position& base) {
  KEEL_CHECK(thread_.IsCurrent() && !closed_);
  KEEL_RETURN_IF_ERROR(failure_);
  if (base.index <= map_.base().index) return {};
  if (map_.TermAt(base.index) != base.term) {
    return InvalidArgument("compacting to entry " + std::to_string(base.index.value()) +
                           ", which the log does not hold in term " +
                           std::to_string(base.term.value()));
  }
  KEEL_RETURN_IF_ERROR(WriteRecords(
      {.size_bytes = kCompactionBytes, .reserve_bytes = kMarkBytes},
      [&](std::string* out, Tail* tail) {
        AppendBatchMark(out, tail, kCompactionBytes);
        AppendRecord(out, {.type = RecordType::kBase, .term = base.term, .index = base.index},
                     &tail->chain);
        tail->offset += kBaseRecordBytes;
      }));
  map_.SetBase(base);
  // A segment goes when all that the log held at its end is below the base.
  size_t count = 0;
  while (count + 1 < segments_.size() && segments_[count + 1].header.last.index <= base.index) {
    ++count;
  }
  return DropSegments(count);
}

Status Log::Reset(const Position& base) {
  KEEL_CHECK(thread_.IsCurrent() && !closed_);
  return BeginAnew(base);
}

Status Log::BeginAnew(const Position& base) {
  KEEL_RETURN_IF_ERROR(failure_);
  if (!KEEL_MUTANT(kWalOldReset37)) {
    if (base.index < map_.base().index) {
      return InvalidArgument("resetting the log to entry " + std::to_string(base.index.value()) +
                             ", which is before its base");
    }
    if (map_.TermAt(base.index) == base.term) {
      return FailedPrecondition("resetting the log to entry " + std::to_string(base.index.value()) +
                                ", which it holds: compact");
    }
  }
  KEEL_RETURN_IF_ERROR(BeginSegment({.last = base, .base = base}, nullptr));
  map_ = LogMap({.base = base, .last = base});
  sealed_ = true;
  return DropSegments(segments_.size() - 1);
}

Status Log::DropSegments(size_t count) {
  if (count == 0) return {};
  for (size_t i = 0; i < count; ++i) {
    const Segment& segment = segments_.front();
    // A plan that is still being run holds the reader too.
    const Status status = pool_.GiveUp(
        {.sequence = segment.header.sequence, .may_recycle = segment.reader.use_count() <= 1});
    if (!status.ok()) {
      failure_ = status;
      return status;
    }
    segments_.pop_front();
    ++counters_.segments_given_up;
  }
  const Status names = pool_.SyncNames();
  if (!names.ok()) failure_ = names;
  return names;
}

// The room behind the end of the segment before is never used again. Not synced: either size will
// do.
Status Log::ShrinkAbandoned() {
  Segment& segment = segments_[segments_.size() - 2];
  const uint64_t size_bytes = RoundUpToPage(segments_.back().header.previous.offset);
  if (size_bytes >= segment.size_bytes) return {};
  KEEL_ASSIGN_OR_RETURN(const auto file, files_->OpenWritable(segment.path, OpenMode::kExisting));
  KEEL_RETURN_IF_ERROR(file->Truncate(size_bytes));
  segment.size_bytes = size_bytes;
  return {};
}

uint64_t Log::SizeBytes() const {
  uint64_t size_bytes = 0;
  for (const Segment& segment : segments_) size_bytes += segment.size_bytes;
  return size_bytes;
}

// ---- reading ----

Result<std::shared_ptr<const SegmentReader>> Log::ReaderOf(uint64_t sequence) {
  const auto found = std::find_if(
      segments_.begin(), segments_.end(),
      [sequence](const Segment& segment) { return segment.header.sequence == sequence; });
  KEEL_CHECK(found != segments_.end()) << "segment " << sequence << " is gone";
  if (found->reader == nullptr) {
    auto reader = std::make_shared<SegmentReader>();
    reader->path = found->path;
    reader->incarnation = found->header.incarnation;
    reader->size_bytes = found->size_bytes;
    KEEL_ASSIGN_OR_RETURN(reader->file, files_->OpenReadable(found->path, AccessPattern::kRandom));
    found->reader = std::move(reader);
  }
  return found->reader;
}

Result<ReadPlan> Log::PlanRead(Index first, Index last) {
  KEEL_CHECK(thread_.IsCurrent() && !closed_);
  KEEL_CHECK(first > map_.base().index && first <= last && last <= map_.last().index)
      << first.value() << ".." << last.value() << " is not in the log";
  std::vector<ReadPlan::Stretch> stretches;
  for (const Waypoint& waypoint : map_.Route({.first = first, .last = last})) {
    if (waypoint.goes_on && !stretches.empty()) continue;
    if (!stretches.empty()) stretches.back().last = waypoint.index.Prev();
    KEEL_ASSIGN_OR_RETURN(auto reader, ReaderOf(waypoint.sequence));
    const uint64_t end_offset = reader->size_bytes;
    stretches.push_back({.segment = std::move(reader),
                         .offset = waypoint.offset,
                         .checksum = waypoint.checksum,
                         .end_offset = end_offset,
                         .first = std::max(first, waypoint.index),
                         .last = last});
  }
  return ReadPlan(std::move(stretches));
}

}  // namespace keel::wal
