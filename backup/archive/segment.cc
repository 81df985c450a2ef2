#include "backup/archive/segment.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "backup/blocks.h"
#include "backup/crypt.h"
#include "base/check.h"

namespace keel::backup {

namespace {

// The raw bytes of all blocks between the header and the trailer.
Result<std::string> OpenBlocks(std::string_view bytes, ChainStart start,
                               const SegmentTrailer& trailer) {
  BlockOpener opener(std::move(start));
  std::string raw;
  while (!bytes.empty()) {
    KEEL_ASSIGN_OR_RETURN(const size_t stored, BlockOpener::StoredBytes(bytes));
    const std::string_view block = bytes.substr(0, kBlockHeaderBytes + stored);
    KEEL_ASSIGN_OR_RETURN(const std::string piece, opener.Open(block));
    raw += piece;
    bytes.remove_prefix(block.size());
  }
  if (opener.count() != trailer.blocks || opener.chain() != trailer.block_chain ||
      raw.size() != trailer.raw_bytes) {
    return DataLoss("its blocks are not those that its trailer counts");
  }
  return raw;
}

Status ReadEntries(std::string_view raw, Segment* segment) {
  ByteReader reader(raw);
  ArchivePosition at = segment->header.previous;
  while (!reader.AtEnd()) {
    ArchivedEntry entry;
    if (!ReadArchivedEntry(&reader, &entry)) return DataLoss("an entry does not decode");
    if (entry.time_ms < at.time_ms) return DataLoss("its time goes back");
    Advance(entry, &at);
    segment->entries.push_back(std::move(entry));
  }
  const SegmentTrailer& trailer = segment->trailer;
  if (segment->entries.empty() || segment->entries.size() != trailer.entries ||
      at != trailer.last || segment->entries.front().time_ms != trailer.first_time_ms) {
    return DataLoss("its entries are not those that its trailer counts");
  }
  return {};
}

Result<Segment> Open(const SegmentBytes& file) {
  Segment segment;
  KEEL_ASSIGN_OR_RETURN(segment.header, DecodeSegmentHeader(file.bytes));
  if (file.bytes.size() < kSegmentHeaderBytes + kSegmentTrailerBytes) {
    return DataLoss("it is cut off after " + std::to_string(file.bytes.size()) + " bytes");
  }
  const size_t end = file.bytes.size() - kSegmentTrailerBytes;
  KEEL_ASSIGN_OR_RETURN(segment.trailer, DecodeSegmentTrailer(file.bytes.substr(end)));
  Sha256 sum;
  sum.Add(file.bytes.substr(0, end));
  if (segment.trailer.file_bytes != file.bytes.size() || segment.trailer.sum != sum.Finish()) {
    return DataLoss("its SHA-256 or its length does not fit");
  }
  ChainStart start{.seed = SegmentChainSeed(file.bytes)};
  if (segment.header.is_encrypted) {
    KEEL_ASSIGN_OR_RETURN(start.cipher, OpenCipher({.file = file.name,
                                                    .key = file.key,
                                                    .salt = segment.header.salt,
                                                    .key_check = segment.header.key_check}));
  }
  const std::string_view blocks = file.bytes.substr(kSegmentHeaderBytes, end - kSegmentHeaderBytes);
  KEEL_ASSIGN_OR_RETURN(const std::string raw,
                        OpenBlocks(blocks, std::move(start), segment.trailer));
  KEEL_RETURN_IF_ERROR(ReadEntries(raw, &segment));
  return segment;
}

}  // namespace

Result<SealedSegment> SealSegment(const SegmentDraft& draft, const std::string& key) {
  KEEL_CHECK(!draft.entries.empty()) << "a segment holds something";
  SegmentHeader header{.cluster_id = draft.cluster_id,
                       .member_id = draft.member_id,
                       .previous = draft.previous,
                       .begins_chain = draft.begins_chain,
                       .written_ms = draft.written_ms,
                       .is_encrypted = !key.empty()};
  ChainStart start;
  if (header.is_encrypted) {
    KEEL_ASSIGN_OR_RETURN(header.salt, RandomBytes(kSaltBytes));
    start.cipher = std::make_unique<Cipher>(Cipher::Options{.key = key, .salt = header.salt});
    header.key_check = start.cipher->key_check();
  }
  SealedSegment sealed{.bytes = EncodeSegmentHeader(header), .last = draft.previous};
  start.seed = SegmentChainSeed(sealed.bytes);
  BlockSealer sealer(std::move(start));
  std::string raw;
  for (const ArchivedEntry& entry : draft.entries) {
    AppendArchivedEntry(&raw, entry);
    Advance(entry, &sealed.last);
  }
  for (size_t at = 0; at < raw.size(); at += kBlockRawBytes) {
    sealed.bytes += sealer.Seal(std::string_view(raw).substr(at, kBlockRawBytes));
  }
  Sha256 sum;
  sum.Add(sealed.bytes);
  sealed.bytes += EncodeSegmentTrailer({.blocks = sealer.count(),
                                        .raw_bytes = raw.size(),
                                        .entries = draft.entries.size(),
                                        .first_time_ms = draft.entries.front().time_ms,
                                        .last = sealed.last,
                                        .revision = draft.revision,
                                        .file_bytes = sealed.bytes.size() + kSegmentTrailerBytes,
                                        .block_chain = sealer.chain(),
                                        .sum = sum.Finish()});
  return sealed;
}

Result<Segment> OpenSegment(const SegmentBytes& file) {
  Result<Segment> segment = Open(file);
  if (segment.ok() || segment.status().code() != Code::kDataLoss) return segment;
  return DataLoss(file.name + ": " + std::string(segment.status().message()) +
                  "; use another copy of the file, and look at the disk that it was on");
}

}  // namespace keel::backup
