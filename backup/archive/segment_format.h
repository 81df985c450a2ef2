// The header, the trailer and the entries of an archive's segment: docs/backup_format.md, in code.
//
// A segment holds a run of committed entries without a hole. Between header and trailer stand
// blocks (backup/blocks.h), whose raw bytes are the entries, one behind the other. Every entry has
// a hash that is chained to the entry before it, not to the file before it: two files fit together
// where the hash behind the one is the hash before the other, however the log was cut into files
// and by whom. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/coding.h"
#include "base/ids.h"
#include "base/result.h"

namespace keel::backup {

inline constexpr uint32_t kSegmentFormat = 1;
// How commands are encoded and carried out; a reader refuses what it does not know.
inline constexpr uint8_t kArchiveLevel = 1;
inline constexpr std::string_view kSegmentMagic = "KEELARCH";
inline constexpr size_t kSegmentHeaderBytes = 128;
inline constexpr size_t kSegmentTrailerBytes = 136;

// A place in the log, between two entries, and what the chain of hashes says there.
struct ArchivePosition {
  Index index;           // of the last entry before it
  Term term;             // that entry's
  uint64_t time_ms = 0;  // the log's time there: the greatest stamp so far
  uint64_t chain = 0;

  friend bool operator==(const ArchivePosition&, const ArchivePosition&) = default;
};
// Where a chain begins: behind a base, with a hash that every member draws alike.
[[nodiscard]] ArchivePosition BeginChain(uint64_t cluster_id, const ArchivePosition& base);

struct ArchivedEntry {
  uint8_t kind = 0;  // as the log has it
  Term term;
  uint64_t time_ms = 0;  // the log's time, which never goes back
  std::string payload;

  friend bool operator==(const ArchivedEntry&, const ArchivedEntry&) = default;
};
// Moves `at` over the entry.
void Advance(const ArchivedEntry& entry, ArchivePosition* at);

void AppendArchivedEntry(std::string* out, const ArchivedEntry& entry);
[[nodiscard]] bool ReadArchivedEntry(ByteReader* reader, ArchivedEntry* entry);

struct SegmentHeader {
  uint64_t cluster_id = 0;
  uint64_t member_id = 0;     // of the leader that wrote it
  ArchivePosition previous;   // where its entries begin
  bool begins_chain = false;  // behind a base: nothing before it is needed, or was kept
  uint64_t written_ms = 0;
  bool is_encrypted = false;
  std::string salt;  // kSaltBytes; empty unless encrypted
  uint32_t key_check = 0;

  friend bool operator==(const SegmentHeader&, const SegmentHeader&) = default;
};
[[nodiscard]] std::string EncodeSegmentHeader(const SegmentHeader& header);
// FAILED_PRECONDITION for a format or a level that a newer Keel wrote; DATA_LOSS for damage.
[[nodiscard]] Result<SegmentHeader> DecodeSegmentHeader(std::string_view bytes);
[[nodiscard]] uint64_t SegmentChainSeed(std::string_view header_bytes);

struct SegmentTrailer {
  uint64_t blocks = 0;
  uint64_t raw_bytes = 0;
  uint64_t entries = 0;
  uint64_t first_time_ms = 0;
  ArchivePosition last;
  Revision revision;  // behind the last entry; none: it was not known
  uint64_t file_bytes = 0;
  uint64_t block_chain = 0;
  std::string sum;  // SHA-256 of all bytes before the trailer

  friend bool operator==(const SegmentTrailer&, const SegmentTrailer&) = default;
};
[[nodiscard]] std::string EncodeSegmentTrailer(const SegmentTrailer& trailer);
[[nodiscard]] Result<SegmentTrailer> DecodeSegmentTrailer(std::string_view bytes);

}  // namespace keel::backup
