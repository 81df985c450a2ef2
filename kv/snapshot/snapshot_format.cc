#include "kv/snapshot/snapshot_format.h"

#include "base/checksum.h"
#include "base/coding.h"

namespace keel::kv {

namespace {

// Behind the length.
constexpr size_t kChunkSumOffset = 4;

bool DecodeBody(std::string_view bytes, ChunkBody* body) {
  ByteReader reader(bytes);
  uint8_t kind = 0;
  if (!reader.ReadByte(&kind)) return false;
  body->kind = static_cast<ChunkBody::Kind>(kind);
  switch (body->kind) {
    case ChunkBody::Kind::kHeader: {
      uint8_t format = 0;
      uint64_t applied = 0;
      uint64_t term = 0;
      uint64_t revision = 0;
      if (!reader.ReadByte(&format) || format != kSnapshotFormat) return false;
      reader.ReadVarint64(&applied);
      reader.ReadVarint64(&term);
      reader.ReadVarint64(&revision);
      body->header = {
          .applied = Index(applied), .applied_term = Term(term), .revision = Revision(revision)};
      return reader.AtEnd();
    }
    case ChunkBody::Kind::kRecords:
      while (!reader.AtEnd()) {
        SnapshotRecord record;
        if (!reader.ReadLengthPrefixed(&record.key) || record.key.empty()) return false;
        if (!reader.ReadLengthPrefixed(&record.value)) return false;
        body->records.push_back(record);
      }
      return true;
    case ChunkBody::Kind::kEnd:
      return reader.ReadVarint64(&body->record_count) && reader.AtEnd();
  }
  return false;
}

}  // namespace

bool IsOneChunk(std::string_view bytes) {
  return bytes.size() > kChunkHeaderBytes &&
         DecodeFixed32(bytes.data()) == bytes.size() - kChunkHeaderBytes;
}

ChunkBody::Kind KindOf(std::string_view chunk) {
  return static_cast<ChunkBody::Kind>(chunk[kChunkHeaderBytes]);
}

std::string SealChunk(std::string_view body, uint64_t* chain) {
  std::string chunk(kChunkHeaderBytes, '\0');
  chunk.append(body);
  FinishChunk(&chunk, chain);
  return chunk;
}

void FinishChunk(std::string* chunk, uint64_t* chain) {
  const std::string_view body = std::string_view(*chunk).substr(kChunkHeaderBytes);
  *chain = Checksum(body, *chain);
  EncodeFixed32(chunk->data(), static_cast<uint32_t>(body.size()));
  EncodeFixed64(chunk->data() + kChunkSumOffset, *chain);
}

Status OpenChunk(std::string_view chunk, uint64_t* chain, ChunkBody* body) {
  if (chunk.size() < kChunkHeaderBytes || chunk.size() > kChunkBytesMax) {
    return DataLoss("a snapshot chunk of " + std::to_string(chunk.size()) + " bytes");
  }
  const std::string_view bytes = chunk.substr(kChunkHeaderBytes);
  if (DecodeFixed32(chunk.data()) != bytes.size()) {
    return DataLoss("a snapshot chunk's length does not match its bytes");
  }
  const uint64_t checksum = Checksum(bytes, *chain);
  if (DecodeFixed64(chunk.data() + kChunkSumOffset) != checksum) {
    return DataLoss("a snapshot chunk is damaged, missing or out of order");
  }
  if (!DecodeBody(bytes, body)) return DataLoss("a snapshot chunk does not decode");
  *chain = checksum;
  return Status::Ok();
}

std::string EncodeHeaderBody(const SnapshotHeader& header) {
  std::string body;
  body.push_back(static_cast<char>(ChunkBody::Kind::kHeader));
  body.push_back(static_cast<char>(kSnapshotFormat));
  AppendVarint64(&body, header.applied.value());
  AppendVarint64(&body, header.applied_term.value());
  AppendVarint64(&body, header.revision.value());
  return body;
}

std::string EncodeEndBody(uint64_t record_count) {
  std::string body(1, static_cast<char>(ChunkBody::Kind::kEnd));
  AppendVarint64(&body, record_count);
  return body;
}

std::string BeginRecords(size_t bytes_expected) {
  std::string chunk;
  chunk.reserve(kChunkHeaderBytes + bytes_expected);
  chunk.append(kChunkHeaderBytes, '\0');
  chunk.push_back(static_cast<char>(ChunkBody::Kind::kRecords));
  return chunk;
}

void AppendRecord(std::string* chunk, const SnapshotRecord& record) {
  AppendLengthPrefixed(chunk, record.key);
  AppendLengthPrefixed(chunk, record.value);
}

}  // namespace keel::kv
