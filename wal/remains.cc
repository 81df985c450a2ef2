#include "wal/remains.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include "base/coding.h"
#include "wal/format.h"
#include "wal/record_scanner.h"

namespace keel::wal {

namespace {

constexpr uint64_t kStepBytesMax = 1 << 20;

class Finder {
 public:
  Finder(const ReadableFile& file, const RemainsOptions& options)
      : file_(file), options_(options), next_offset_(options.from_offset) {}

  Result<Remains> Run() {
    KEEL_ASSIGN_OR_RETURN(end_offset_, file_.SizeBytes());
    if (options_.from_offset >= end_offset_) return remains_;
    const uint64_t step_bytes = std::min(kStepBytesMax, end_offset_ - options_.from_offset);
    // Each step reads a little of the next one, for a mark that lies across the border.
    std::string buffer(step_bytes + kMarkBytes, '\0');
    for (uint64_t offset = options_.from_offset; offset < end_offset_; offset += step_bytes) {
      KEEL_ASSIGN_OR_RETURN(const size_t count, file_.ReadAt(offset, buffer));
      KEEL_RETURN_IF_ERROR(Look(std::string_view(buffer).substr(0, count), offset));
    }
    return remains_;
  }

 private:
  // `bytes` stand at `offset`.
  Status Look(std::string_view bytes, uint64_t offset) {
    for (size_t at = 0; at + kRecordHeaderBytes <= bytes.size(); at += kRecordAlignment) {
      const uint64_t incarnation = DecodeFixed64(bytes.data() + at + 8);
      if (options_.incarnation != 0 && incarnation != options_.incarnation) continue;
      if (options_.incarnation != 0) remains_.has_trace = true;
      if (offset + at < next_offset_) continue;
      const std::optional<Mark> mark = DecodeLooseMark(bytes.substr(at), options_.incarnation);
      if (!mark || mark->sequence != options_.sequence || mark->own_offset != offset + at) continue;
      TakeMark(*mark);
      KEEL_RETURN_IF_ERROR(
          FollowChain(offset + at + kMarkBytes,
                      {.incarnation = incarnation, .checksum = DecodeFixed64(bytes.data() + at)}));
    }
    return {};
  }

  // The records behind a trusted mark, as far as they go.
  Status FollowChain(uint64_t offset, const Chain& chain) {
    RecordScanner scanner(&file_, {.offset = offset, .chain = chain, .end_offset = end_offset_});
    while (true) {
      KEEL_ASSIGN_OR_RETURN(const std::optional<Record> record, scanner.Next());
      if (!record) break;
      if (record->type == RecordType::kMark) TakeMark(MarkOf(*record));
      if (record->type == RecordType::kEntry) Raise(&remains_.last, {record->index, record->term});
      if (record->type == RecordType::kBase) Raise(&remains_.base, {record->index, record->term});
    }
    next_offset_ = scanner.offset();
    return {};
  }

  void TakeMark(const Mark& mark) {
    if (mark.durable_offset > options_.from_offset) remains_.proves_loss = true;
    Raise(&remains_.last, mark.last);
  }

  static void Raise(Position* furthest, const Position& seen) {
    if (seen.index > furthest->index) *furthest = seen;
  }

  const ReadableFile& file_;
  RemainsOptions options_;
  uint64_t end_offset_ = 0;
  // What is before it has been looked at.
  uint64_t next_offset_;
  Remains remains_;
};

}  // namespace

Result<Remains> FindRemains(const ReadableFile& file, const RemainsOptions& options) {
  return Finder(file, options).Run();
}

}  // namespace keel::wal
