// A snapshot as a stream of chunks: how a state travels to another member or into a backup.
//
// A chunk is {length, checksum, body}, little-endian, four and eight bytes; the checksum is that of
// the body, seeded with the checksum before it, so no chunk can be lost, repeated or moved. The
// first body is a header, the last one an end with the number of records; between them are records
// of the engine in key order, without the group that they belong to. docs/kv_layout.md has every
// byte. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/status.h"

namespace keel::kv {

inline constexpr uint8_t kSnapshotFormat = 1;
// A receiver takes nothing larger.
inline constexpr size_t kChunkBytesMax = size_t{64} << 20;
inline constexpr size_t kChunkHeaderBytes = 12;

struct SnapshotHeader {
  Index applied;
  Term applied_term;
  Revision revision;

  friend bool operator==(const SnapshotHeader&, const SnapshotHeader&) = default;
};

struct SnapshotRecord {
  std::string_view key;
  std::string_view value;
};

// One chunk taken apart; the views point into its bytes.
struct ChunkBody {
  enum class Kind : uint8_t { kHeader = 1, kRecords = 2, kEnd = 3 };
  Kind kind = Kind::kRecords;
  SnapshotHeader header;
  std::vector<SnapshotRecord> records;
  uint64_t record_count = 0;
};

// Whether `bytes` are as long as the chunk that they begin with.
[[nodiscard]] bool IsOneChunk(std::string_view bytes);
// As a whole chunk says; nothing is verified.
[[nodiscard]] ChunkBody::Kind KindOf(std::string_view chunk);

// Wraps a body; *chain is the checksum so far, and becomes the chunk's own.
[[nodiscard]] std::string SealChunk(std::string_view body, uint64_t* chain);
// DATA_LOSS for anything that SealChunk and the encoders below would not have made.
Status OpenChunk(std::string_view chunk, uint64_t* chain, ChunkBody* body);

[[nodiscard]] std::string EncodeHeaderBody(const SnapshotHeader& header);
[[nodiscard]] std::string EncodeEndBody(uint64_t record_count);
// A chunk of records is built and sealed in one place: it is the most of a snapshot.
[[nodiscard]] std::string BeginRecords(size_t bytes_expected);
void AppendRecord(std::string* chunk, const SnapshotRecord& record);
// Fills in the head of a chunk that was begun so; *chain as in SealChunk.
void FinishChunk(std::string* chunk, uint64_t* chain);

}  // namespace keel::kv
