#include "backup/archive/segment_format.h"

#include <algorithm>
#include <utility>

#include "backup/crypt.h"
#include "backup/sealed_bytes.h"
#include "base/check.h"
#include "base/checksum.h"

namespace keel::backup {

namespace {

constexpr std::string_view kTrailerMagic = "KEELSEAL";
constexpr uint8_t kBeginsChain = 1;

void AppendPosition(std::string* out, const ArchivePosition& at) {
  for (const uint64_t number : {at.index.value(), at.term.value(), at.time_ms, at.chain}) {
    AppendFixed64(out, number);
  }
}

ArchivePosition ReadPosition(ByteReader* reader) {
  uint64_t numbers[4] = {};
  for (uint64_t& number : numbers) reader->ReadFixed64(&number);
  return {.index = Index(numbers[0]),
          .term = Term(numbers[1]),
          .time_ms = numbers[2],
          .chain = numbers[3]};
}

}  // namespace

ArchivePosition BeginChain(uint64_t cluster_id, const ArchivePosition& base) {
  std::string seed;
  AppendFixed64(&seed, cluster_id);
  AppendFixed64(&seed, base.index.value());
  AppendFixed64(&seed, base.term.value());
  ArchivePosition begin = base;
  begin.chain = Checksum(seed);
  return begin;
}

void Advance(const ArchivedEntry& entry, ArchivePosition* at) {
  at->index = at->index.Next();
  at->term = entry.term;
  at->time_ms = std::max(at->time_ms, entry.time_ms);
  std::string head(1, static_cast<char>(entry.kind));
  AppendFixed64(&head, at->index.value());
  AppendFixed64(&head, entry.term.value());
  AppendFixed64(&head, entry.time_ms);
  at->chain = Checksum(entry.payload, Checksum(head, at->chain));
}

void AppendArchivedEntry(std::string* out, const ArchivedEntry& entry) {
  out->push_back(static_cast<char>(entry.kind));
  AppendVarint64(out, entry.term.value());
  AppendVarint64(out, entry.time_ms);
  AppendLengthPrefixed(out, entry.payload);
}

bool ReadArchivedEntry(ByteReader* reader, ArchivedEntry* entry) {
  uint64_t term = 0;
  std::string_view payload;
  reader->ReadByte(&entry->kind);
  reader->ReadVarint64(&term);
  reader->ReadVarint64(&entry->time_ms);
  reader->ReadLengthPrefixed(&payload);
  entry->term = Term(term);
  entry->payload = payload;
  return reader->ok();
}

std::string EncodeSegmentHeader(const SegmentHeader& header) {
  std::string bytes(kSegmentMagic);
  AppendFixed32(&bytes, kSegmentFormat);
  bytes.push_back(static_cast<char>(kZstd));
  bytes.push_back(static_cast<char>(header.is_encrypted ? kAes256Gcm : 0));
  bytes.push_back(static_cast<char>(header.begins_chain ? kBeginsChain : 0));
  bytes.push_back(static_cast<char>(kArchiveLevel));
  AppendFixed64(&bytes, header.cluster_id);
  AppendFixed64(&bytes, header.member_id);
  AppendPosition(&bytes, header.previous);
  AppendFixed64(&bytes, header.written_ms);
  KEEL_CHECK(header.salt.size() == (header.is_encrypted ? kSaltBytes : 0)) << "a salt";
  bytes.append(header.is_encrypted ? header.salt : std::string(kSaltBytes, '\0'));
  AppendFixed32(&bytes, header.key_check);
  bytes.resize(kSegmentHeaderBytes - kChecksumBytes, '\0');
  AppendChecksum(&bytes);
  return bytes;
}

Result<SegmentHeader> DecodeSegmentHeader(std::string_view bytes) {
  if (bytes.size() < kSegmentHeaderBytes) return DataLoss("it is cut off within its header");
  const std::string_view body = Checked(bytes.substr(0, kSegmentHeaderBytes));
  if (body.empty() || !body.starts_with(kSegmentMagic)) return DataLoss("its header is damaged");
  ByteReader reader(body.substr(kSegmentMagic.size()));
  uint32_t format = 0;
  uint8_t bits[4] = {};  // compression, encryption, flags, level
  SegmentHeader header;
  reader.ReadFixed32(&format);
  for (uint8_t& bit : bits) reader.ReadByte(&bit);
  if (format != kSegmentFormat || bits[3] > kArchiveLevel) {
    return FailedPrecondition(
        "it has format " + std::to_string(format) + ", level " + std::to_string(bits[3]) +
        ", and this Keel knows format " + std::to_string(kSegmentFormat) + ", level " +
        std::to_string(kArchiveLevel) + ": use one that is as new as the one that wrote it");
  }
  if (bits[0] != kZstd || bits[1] > kAes256Gcm || bits[2] > kBeginsChain) {
    return FailedPrecondition("it is packed or encrypted in a way that this Keel does not know");
  }
  reader.ReadFixed64(&header.cluster_id);
  reader.ReadFixed64(&header.member_id);
  header.previous = ReadPosition(&reader);
  reader.ReadFixed64(&header.written_ms);
  std::string_view salt;
  reader.ReadBytes(kSaltBytes, &salt);
  reader.ReadFixed32(&header.key_check);
  header.is_encrypted = bits[1] == kAes256Gcm;
  header.begins_chain = bits[2] == kBeginsChain;
  if (header.is_encrypted) header.salt = salt;
  return header;
}

uint64_t SegmentChainSeed(std::string_view header_bytes) {
  return ChecksumAtEnd(header_bytes.substr(0, kSegmentHeaderBytes));
}

std::string EncodeSegmentTrailer(const SegmentTrailer& trailer) {
  std::string bytes(kTrailerMagic);
  for (const uint64_t number :
       {trailer.blocks, trailer.raw_bytes, trailer.entries, trailer.first_time_ms}) {
    AppendFixed64(&bytes, number);
  }
  AppendPosition(&bytes, trailer.last);
  AppendFixed64(&bytes, trailer.revision.value());
  AppendFixed64(&bytes, trailer.file_bytes);
  AppendFixed64(&bytes, trailer.block_chain);
  KEEL_CHECK(trailer.sum.size() == kSumBytes) << "a SHA-256";
  bytes.append(trailer.sum);
  AppendChecksum(&bytes);
  return bytes;
}

Result<SegmentTrailer> DecodeSegmentTrailer(std::string_view bytes) {
  const Status cut = DataLoss("it is cut off, or its end is damaged");
  if (bytes.size() != kSegmentTrailerBytes || !bytes.starts_with(kTrailerMagic)) return cut;
  const std::string_view body = Checked(bytes);
  if (body.empty()) return cut;
  ByteReader reader(body.substr(kTrailerMagic.size()));
  SegmentTrailer trailer;
  for (uint64_t* number :
       {&trailer.blocks, &trailer.raw_bytes, &trailer.entries, &trailer.first_time_ms}) {
    reader.ReadFixed64(number);
  }
  trailer.last = ReadPosition(&reader);
  uint64_t revision = 0;
  reader.ReadFixed64(&revision);
  trailer.revision = Revision(revision);
  reader.ReadFixed64(&trailer.file_bytes);
  reader.ReadFixed64(&trailer.block_chain);
  trailer.sum = reader.rest();
  return trailer;
}

}  // namespace keel::backup
