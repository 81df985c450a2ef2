// The bytes of the log: segment headers and records. docs/wal_format.md is the same in words.
//
// A segment is a file of preallocated length. It opens with a header, stored twice; records follow
// from kFirstRecordOffset on, each at a multiple of eight bytes. A record's checksum is seeded with
// the checksum of the record before it, and that of the first record with the header's, which
// covers the segment's incarnation: bytes left over from an earlier life of the file never fit in.
//
// Encoding appends to a buffer; decoding looks at bytes that nobody vouches for and never outside
// of them. Pure functions, any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"
#include "wal/types.h"

namespace keel::wal {

inline constexpr uint32_t kFormatVersion = 1;

inline constexpr size_t kHeaderBytes = 128;
inline constexpr uint64_t kHeaderCopyOffset = 2048;
inline constexpr uint64_t kFirstRecordOffset = 4096;

inline constexpr size_t kRecordHeaderBytes = 40;
inline constexpr size_t kRecordAlignment = 8;
inline constexpr size_t kMarkPayloadBytes = 40;
inline constexpr size_t kMarkBytes = kRecordHeaderBytes + kMarkPayloadBytes;

// Where a segment goes on from: the record that ends at `offset` of segment `sequence`.
struct Link {
  uint64_t sequence = 0;  // 0: nothing came before, the log begins here
  uint64_t offset = 0;
  uint64_t checksum = 0;
};

struct SegmentHeader {
  uint32_t format_version = kFormatVersion;
  uint64_t group = 0;
  NodeId member;
  uint64_t sequence = 0;
  // Different for every use of every file, so that no record is ever taken for another life's.
  uint64_t incarnation = 0;
  Link previous;
  Position last;  // of the log when this segment was begun
  Position base;  // likewise
  uint64_t segment_bytes = 0;
  uint64_t checksum = 0;  // set by encoding and by decoding
};

// The first kFirstRecordOffset bytes of a segment. Sets header->checksum.
[[nodiscard]] std::string EncodeSegmentHeader(SegmentHeader* header);

struct HeaderCopies {
  std::optional<SegmentHeader> header;
  bool both_valid = false;
};
// From the first bytes of a file, however few. FAILED_PRECONDITION if a newer Keel wrote them.
[[nodiscard]] Result<HeaderCopies> DecodeSegmentHeader(std::string_view bytes);

enum class RecordType : uint8_t {
  kEntry = 1,
  kMark = 2,  // opens a batch, or seals the log
  kBase = 3,  // the log begins after this position from now on
};

struct Record {
  RecordType type = RecordType::kEntry;
  uint8_t kind = 0;  // of an entry; the MarkKind of a mark
  // Of the entry, of the base, or of the log's last entry before a mark.
  Term term;
  Index index;
  std::string_view payload;
};

[[nodiscard]] constexpr size_t RecordBytes(size_t payload_bytes) {
  const size_t bare = kRecordHeaderBytes + payload_bytes;
  return (bare + kRecordAlignment - 1) / kRecordAlignment * kRecordAlignment;
}

// Appends the record, chained to the record whose checksum is *chain, and moves *chain on to it.
struct Chain {
  uint64_t incarnation = 0;
  uint64_t checksum = 0;
};
void AppendRecord(std::string* out, const Record& record, Chain* chain);

// The size of the record that begins `bytes`, as its header claims; 0 if the claim is absurd or
// there is no whole header.
[[nodiscard]] size_t ClaimedRecordBytes(std::string_view bytes);
// The record that `bytes` exactly is, if it follows *chain; moves *chain on to it. The payload
// points into `bytes`.
[[nodiscard]] std::optional<Record> DecodeRecord(std::string_view bytes, Chain* chain);

enum class MarkKind : uint8_t {
  kBatch = 0,  // a batch follows
  kIdle = 1,   // the writer ran out of work and proves its last batch
  kClose = 2,  // the writer went away in order; nothing follows in this segment
};

// What a mark states. It carries a checksum of its own besides the chained one, so that a reader
// that lost the chain to damage can still trust it.
struct Mark {
  MarkKind kind = MarkKind::kBatch;
  Position last;
  // All bytes of this segment below it had been synced before the mark was written.
  uint64_t durable_offset = 0;
  uint64_t own_offset = 0;
  uint64_t sequence = 0;
  uint32_t batch_bytes = 0;  // of the batch from the mark on, the mark included
};
void AppendMark(std::string* out, const Mark& mark, Chain* chain);
[[nodiscard]] Mark MarkOf(const Record& record);
// The mark at the front of `bytes` if its own checksum holds, whatever the chain; `incarnation` 0
// takes any.
[[nodiscard]] std::optional<Mark> DecodeLooseMark(std::string_view bytes, uint64_t incarnation);

// ---- file names ----
[[nodiscard]] std::string SegmentName(uint64_t sequence);
[[nodiscard]] std::string SpareName(uint64_t number);
[[nodiscard]] std::optional<uint64_t> ParseSegmentName(std::string_view name);
[[nodiscard]] std::optional<uint64_t> ParseSpareName(std::string_view name);

}  // namespace keel::wal
