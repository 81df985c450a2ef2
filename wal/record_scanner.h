// Reads the records of one segment in order, verifying each against the one before it.
//
// It reads ahead in large pieces, so that recovery runs at the speed of the disk. A record's
// payload is valid until the next call. Used by one thread; borrows the file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/file_system.h"
#include "base/result.h"
#include "wal/format.h"

namespace keel::wal {

class RecordScanner {
 public:
  struct Start {
    uint64_t offset = kFirstRecordOffset;
    Chain chain;
    // Where the segment ends: no record reaches beyond it.
    uint64_t end_offset = 0;
    size_t read_ahead_bytes = 1 << 20;
  };
  RecordScanner(const ReadableFile* file, const Start& start);

  // The next record, or none if what stands here is none that follows the one before.
  Result<std::optional<Record>> Next();

  // Behind the last record that Next gave.
  [[nodiscard]] uint64_t offset() const { return offset_; }
  [[nodiscard]] const Chain& chain() const { return chain_; }

 private:
  // The bytes from offset_ on, at least `size_bytes` of them unless the segment ends before.
  Result<std::string_view> Window(size_t size_bytes);

  const ReadableFile* file_;
  Start start_;
  uint64_t offset_;
  Chain chain_;
  std::string buffer_;
  uint64_t buffer_offset_ = 0;
};

}  // namespace keel::wal
