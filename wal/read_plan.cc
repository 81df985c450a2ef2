#include "wal/read_plan.h"

#include "wal/record_scanner.h"

namespace keel::wal {

namespace {

// Reads of a few entries should not cost a megabyte.
constexpr size_t kReadAheadBytes = 128 * 1024;

}  // namespace

Status ReadPlan::Run(const EntryVisitor& visitor) const {
  for (const Stretch& stretch : stretches_) KEEL_RETURN_IF_ERROR(RunStretch(stretch, visitor));
  return {};
}

Status ReadPlan::RunStretch(const Stretch& stretch, const EntryVisitor& visitor) {
  RecordScanner scanner(stretch.segment->file.get(),
                        {.offset = stretch.offset,
                         .chain = {stretch.segment->incarnation, stretch.checksum},
                         .end_offset = stretch.end_offset,
                         .read_ahead_bytes = kReadAheadBytes});
  while (true) {
    const uint64_t offset = scanner.offset();
    KEEL_ASSIGN_OR_RETURN(const std::optional<Record> record, scanner.Next());
    if (!record) {
      return DataLoss(stretch.segment->path + ": damage at offset " + std::to_string(offset) +
                      ": the record there was good when it was written. Restart this member, so "
                      "that its peers repair it; if the disk is failing, replace it: `keelctl "
                      "member replace`");
    }
    if (record->type != RecordType::kEntry || record->index < stretch.first) continue;
    KEEL_RETURN_IF_ERROR(visitor({.term = record->term,
                                  .index = record->index,
                                  .kind = record->kind,
                                  .payload = record->payload}));
    if (record->index == stretch.last) return {};
  }
}

}  // namespace keel::wal
