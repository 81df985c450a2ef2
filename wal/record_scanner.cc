#include "wal/record_scanner.h"

#include <algorithm>
#include <span>

#include "base/coding.h"

namespace keel::wal {

RecordScanner::RecordScanner(const ReadableFile* file, const Start& start)
    : file_(file), start_(start), offset_(start.offset), chain_(start.chain) {}

Result<std::string_view> RecordScanner::Window(size_t size_bytes) {
  const uint64_t room = start_.end_offset > offset_ ? start_.end_offset - offset_ : 0;
  const size_t wanted = static_cast<size_t>(std::min<uint64_t>(size_bytes, room));
  const size_t skipped = static_cast<size_t>(offset_ - buffer_offset_);
  if (!buffer_.empty() && skipped + wanted <= buffer_.size()) {
    return std::string_view(buffer_).substr(skipped);
  }
  // What is left of the buffer moves to its front, and the file fills up the rest.
  if (skipped < buffer_.size()) {
    buffer_.erase(0, skipped);
  } else {
    buffer_.clear();
  }
  buffer_offset_ = offset_;
  const size_t kept = buffer_.size();
  const auto size =
      static_cast<size_t>(std::min<uint64_t>(std::max(wanted, start_.read_ahead_bytes), room));
  if (size <= kept) return std::string_view(buffer_);
  buffer_.resize(size);
  KEEL_ASSIGN_OR_RETURN(const size_t count,
                        file_->ReadAt(offset_ + kept, std::span(buffer_).subspan(kept)));
  buffer_.resize(kept + count);
  return std::string_view(buffer_);
}

Result<std::optional<Record>> RecordScanner::Next() {
  KEEL_ASSIGN_OR_RETURN(std::string_view window, Window(kRecordHeaderBytes));
  const size_t claimed = ClaimedRecordBytes(window);
  if (claimed == 0 || offset_ + claimed > start_.end_offset) return std::optional<Record>();
  // An unreadable header must not make us read gigabytes for a checksum that cannot hold.
  if (claimed > window.size()) {
    if (DecodeFixed64(window.data() + 8) != chain_.incarnation) return std::optional<Record>();
    KEEL_ASSIGN_OR_RETURN(window, Window(claimed));
    if (claimed > window.size()) return std::optional<Record>();
  }
  std::optional<Record> record = DecodeRecord(window.substr(0, claimed), &chain_);
  if (record) offset_ += claimed;
  return record;
}

}  // namespace keel::wal
