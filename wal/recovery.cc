#include "wal/recovery.h"

#include <algorithm>
#include <utility>

#include "base/mutant.h"
#include "wal/inventory.h"
#include "wal/record_scanner.h"
#include "wal/remains.h"
#include "wal/start_reads.h"

namespace keel::wal {

namespace {

class Recovery {
 public:
  Recovery(FileSystem* files, const LogOptions& options, LogVisitor* visitor)
      : files_(files), options_(options), visitor_(visitor) {}

  Result<Recovered> Run();

 private:
  // What one segment came to.
  enum class Outcome { kWhole, kEndsHere };

  void Begin();
  Result<Outcome> ReadSegment(size_t at);
  Status ReadRecords(RecordScanner* scanner, const std::string& path);
  Status TakeRecord(const Record& record);
  [[nodiscard]] bool Fits(const Record& record) const;
  // A segment that another one follows could not be read to its end.
  Status ReportBroken(size_t at, const ReadableFile& file, const RecordScanner& scanner);
  // The newest segment ended, as logs do.
  Status ReportTail(const ReadableFile& file, const RecordScanner& scanner);
  // Segments behind the newest one whose headers cannot be read.
  Status LookBehind();
  void CheckHole();
  void NoteDamage(Damage damage, const Remains& remains);
  void NoteRemains(const Remains& remains);
  void RaiseBase(const Position& base);
  void Finish();
  [[nodiscard]] Link NextLink(size_t at) const;

  FileSystem* files_;
  const LogOptions& options_;
  LogVisitor* visitor_;

  Inventory inventory_;
  std::vector<uint64_t> chain_;
  Recovered recovered_;
  // Entries above the base up to here were in segments that are gone.
  Index hole_last_;
  std::optional<Mark> newest_mark_;
};

Result<Recovered> Recovery::Run() {
  KEEL_ASSIGN_OR_RETURN(inventory_, TakeInventory(files_, options_));
  chain_ = inventory_.Chain();
  recovered_.next_sequence = inventory_.next_sequence;
  if (!chain_.empty()) {
    Begin();
    for (size_t at = 0; at < chain_.size(); ++at) {
      KEEL_ASSIGN_OR_RETURN(const Outcome outcome, ReadSegment(at));
      if (outcome == Outcome::kEndsHere) break;
    }
  }
  KEEL_RETURN_IF_ERROR(LookBehind());
  CheckHole();
  Finish();
  return std::move(recovered_);
}

void Recovery::Begin() {
  const SegmentHeader& oldest = *inventory_.segments.at(chain_.front()).header;
  recovered_.report.found = true;
  recovered_.map = LogMap({.base = oldest.base, .last = oldest.last});
  if (oldest.previous.sequence != 0) hole_last_ = oldest.last.index;
  visitor_->OnBase(oldest.base);
}

Link Recovery::NextLink(size_t at) const {
  if (at + 1 == chain_.size()) return {};
  return inventory_.segments.at(chain_[at + 1]).header->previous;
}

Result<Recovery::Outcome> Recovery::ReadSegment(size_t at) {
  const SegmentFile& segment = inventory_.segments.at(chain_[at]);
  const Link next = NextLink(at);
  const bool is_newest = at + 1 == chain_.size();
  KEEL_ASSIGN_OR_RETURN(const auto file,
                        OpenForStart(files_, segment.path, AccessPattern::kSequential));
  RecordScanner scanner(
      file.get(),
      {.chain = {segment.header->incarnation, segment.header->checksum},
       .end_offset = is_newest ? segment.size_bytes : std::min(next.offset, segment.size_bytes)});
  ++recovered_.report.segments;
  if (segment.header_damaged) ++recovered_.report.headers_damaged;
  // The record of this base may have been behind a place where an earlier start cut the log.
  RaiseBase(segment.header->base);
  newest_mark_.reset();
  recovered_.segments.push_back(
      {.header = *segment.header, .path = segment.path, .size_bytes = segment.size_bytes});
  KEEL_RETURN_IF_ERROR(ReadRecords(&scanner, segment.path));
  recovered_.report.bytes += scanner.offset();
  recovered_.segments.back().end_offset = scanner.offset();
  recovered_.segments.back().end_checksum = scanner.chain().checksum;
  if (newest_mark_) recovered_.segments.back().proven_offset = newest_mark_->durable_offset;
  if (is_newest) {
    KEEL_RETURN_IF_ERROR(ReportTail(*file, scanner));
    return Outcome::kEndsHere;
  }
  if (scanner.offset() == next.offset && scanner.chain().checksum == next.checksum) {
    return Outcome::kWhole;
  }
  KEEL_RETURN_IF_ERROR(ReportBroken(at, *file, scanner));
  return Outcome::kEndsHere;
}

Status Recovery::ReadRecords(RecordScanner* scanner, const std::string& path) {
  while (true) {
    const uint64_t offset = scanner->offset();
    const uint64_t checksum = scanner->chain().checksum;
    const Result<std::optional<Record>> record = scanner->Next();
    KEEL_RETURN_IF_ERROR(record.status());
    if (!*record) return {};
    if (!Fits(**record)) {
      return DataLoss(path + ": the record at offset " + std::to_string(offset) +
                      " does not follow the one before; nothing of Keel writes such a log. "
                      "Replace this member: `keelctl member replace`");
    }
    if ((*record)->type == RecordType::kEntry) {
      recovered_.map.Append({(*record)->index, (*record)->term},
                            {recovered_.segments.back().header.sequence, offset, checksum});
    }
    KEEL_RETURN_IF_ERROR(TakeRecord(**record));
  }
}

bool Recovery::Fits(const Record& record) const {
  const LogMap& map = recovered_.map;
  switch (record.type) {
    case RecordType::kEntry:
      return record.index > map.base().index && record.index <= map.last().index.Next();
    case RecordType::kBase:
      return record.index >= map.base().index && record.index <= map.last().index;
    case RecordType::kMark:
      return true;
  }
  return false;
}

Status Recovery::TakeRecord(const Record& record) {
  ++recovered_.report.records;
  switch (record.type) {
    case RecordType::kEntry:
      ++recovered_.report.entries;
      if (record.index <= hole_last_) hole_last_ = record.index.Prev();
      return visitor_->OnEntry({.term = record.term,
                                .index = record.index,
                                .kind = record.kind,
                                .payload = record.payload});
    case RecordType::kBase:
      recovered_.map.SetBase({record.index, record.term});
      visitor_->OnBase({record.index, record.term});
      return {};
    case RecordType::kMark:
      newest_mark_ = MarkOf(record);
      return {};
  }
  return {};
}

Status Recovery::ReportBroken(size_t at, const ReadableFile& file, const RecordScanner& scanner) {
  const SegmentHeader& header = recovered_.segments.back().header;
  KEEL_ASSIGN_OR_RETURN(const Remains remains,
                        FindRemains(file, {.from_offset = scanner.offset(),
                                           .sequence = header.sequence,
                                           .incarnation = header.incarnation}));
  NoteDamage(
      {.path = recovered_.segments.back().path,
       .offset = scanner.offset(),
       .reason = "the record there cannot be read, and a later segment goes on from behind it"},
      remains);
  // The later segments cannot be part of the log any more, but they know how far it had come.
  for (size_t later = at + 1; later < chain_.size(); ++later) {
    const SegmentFile& segment = inventory_.segments.at(chain_[later]);
    KEEL_ASSIGN_OR_RETURN(const auto later_file,
                          OpenForStart(files_, segment.path, AccessPattern::kSequential));
    KEEL_ASSIGN_OR_RETURN(Remains behind,
                          FindRemains(*later_file, {.from_offset = kFirstRecordOffset,
                                                    .sequence = chain_[later],
                                                    .incarnation = segment.header->incarnation}));
    if (segment.header->last.index > behind.last.index) behind.last = segment.header->last;
    if (segment.header->base.index > behind.base.index) behind.base = segment.header->base;
    NoteRemains(behind);
  }
  return {};
}

Status Recovery::ReportTail(const ReadableFile& file, const RecordScanner& scanner) {
  RecoveryReport& report = recovered_.report;
  const RecoveredSegment& segment = recovered_.segments.back();
  if (newest_mark_ && newest_mark_->kind == MarkKind::kClose) {
    report.closed_cleanly = true;
    return {};
  }
  const uint64_t end = scanner.offset();
  KEEL_ASSIGN_OR_RETURN(const Remains remains,
                        FindRemains(file, {.from_offset = end,
                                           .sequence = segment.header.sequence,
                                           .incarnation = segment.header.incarnation}));
  if (remains.proves_loss && !KEEL_MUTANT(kWalDamageTakenForTail44)) {
    NoteDamage({.path = segment.path,
                .offset = end,
                .reason = "the record there cannot be read, and a later mark proves it durable"},
               remains);
    return {};
  }
  const uint64_t batch_end =
      newest_mark_ ? newest_mark_->own_offset + newest_mark_->batch_bytes : end;
  if (batch_end > end) {
    report.cut = Cut{.path = segment.path, .offset = end, .bytes = batch_end - end};
  } else if (remains.has_trace) {
    report.cut = Cut{.path = segment.path, .offset = end, .bytes = 0};
  }
  return {};
}

Status Recovery::LookBehind() {
  for (const auto& [sequence, segment] : inventory_.segments) {
    if (segment.header || (!chain_.empty() && sequence < chain_.back())) continue;
    KEEL_ASSIGN_OR_RETURN(const auto file,
                          OpenForStart(files_, segment.path, AccessPattern::kSequential));
    KEEL_ASSIGN_OR_RETURN(const Remains remains, FindRemains(*file, {.sequence = sequence}));
    if (!remains.proves_loss) continue;
    NoteDamage({.path = segment.path,
                .offset = 0,
                .reason = "both copies of the segment's header are unreadable"},
               remains);
  }
  return {};
}

// The front of the log was looked for in vain; that is right only if a compaction took it away.
void Recovery::CheckHole() {
  LogMap& map = recovered_.map;
  if (hole_last_ <= map.base().index) return;
  const SegmentHeader& oldest = recovered_.segments.front().header;
  const std::optional<Damage>& known = recovered_.report.damage;
  const Index last = known ? std::max(known->last, map.last().index) : map.last().index;
  NoteDamage(
      {.path = options_.directory + "/" + SegmentName(oldest.previous.sequence),
       .reason = "the segment is missing or its header is unreadable, and entries after the log's "
                 "base were in it"},
      {});
  recovered_.report.damage->first = map.base().index.Next();
  recovered_.report.damage->last = last;
  map = LogMap({.base = map.base(), .last = map.base()});
  // Entries with a gap before them are of no use to anybody.
  recovered_.segments.clear();
  visitor_->OnCleared(map.base());
}

// The first place that is damaged is what is reported; all places tell how much is lost.
void Recovery::NoteDamage(Damage damage, const Remains& remains) {
  if (!recovered_.report.damage) recovered_.report.damage = std::move(damage);
  NoteRemains(remains);
}

void Recovery::RaiseBase(const Position& base) {
  if (base.index <= recovered_.map.base().index) return;
  recovered_.map.SetBase(base);
  visitor_->OnBase(base);
}

void Recovery::NoteRemains(const Remains& remains) {
  RaiseBase(remains.base);
  Damage& damage = *recovered_.report.damage;
  damage.first = recovered_.map.last().index.Next();
  damage.last = std::max({damage.first, damage.last, remains.last.index});
}

void Recovery::Finish() {
  recovered_.report.base = recovered_.map.base();
  recovered_.report.last = recovered_.map.last();
  recovered_.spares = std::move(inventory_.spares);
  recovered_.unusable_spares = std::move(inventory_.unusable_spares);
  for (const auto& [sequence, segment] : inventory_.segments) {
    const bool is_used = std::any_of(
        recovered_.segments.begin(), recovered_.segments.end(),
        [sequence = sequence](const auto& used) { return used.header.sequence == sequence; });
    if (!is_used) recovered_.garbage.push_back(sequence);
  }
}

}  // namespace

std::string Damage::ToString() const {
  return path + ": damage at offset " + std::to_string(offset) + ": " + reason + ". Entries " +
         std::to_string(first.value()) + " to at least " + std::to_string(last.value()) +
         " are lost here. The member may start as damaged and be repaired by its peers; if the "
         "disk is failing, replace it: `keelctl member replace`";
}

std::string Cut::ToString() const {
  std::string text = path + ": cut at offset " + std::to_string(offset) +
                     ": the last batch was not proven durable and cannot be read to its end";
  if (bytes != 0) text += ", " + std::to_string(bytes) + " bytes of it are dropped";
  return text;
}

StateFit Recovered::Fit(const Position& state) const {
  if (state.index < report.base.index) {
    return KEEL_MUTANT(kWalGapIgnored38) ? StateFit::kFits : StateFit::kGap;
  }
  return map.TermAt(state.index) == state.term ? StateFit::kFits : StateFit::kLogBehind;
}

Result<Recovered> Recover(FileSystem* files, const LogOptions& options, LogVisitor* visitor) {
  return Recovery(files, options, visitor).Run();
}

}  // namespace keel::wal
