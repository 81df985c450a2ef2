#include "backup/snapshot_reader.h"

#include <utility>

namespace keel::backup {

Result<std::unique_ptr<SnapshotReader>> SnapshotReader::Open(const OpenOptions& options) {
  std::unique_ptr<SnapshotReader> reader(new SnapshotReader(options));
  KEEL_RETURN_IF_ERROR(reader->OpenFile(options));
  return reader;
}

Status SnapshotReader::OpenFile(const OpenOptions& options) {
  KEEL_ASSIGN_OR_RETURN(file_,
                        options.files->OpenReadable(options.path, AccessPattern::kSequential));
  KEEL_ASSIGN_OR_RETURN(const uint64_t size, file_->SizeBytes());
  KEEL_ASSIGN_OR_RETURN(const std::string bytes, Read(0, kFileHeaderBytes));
  auto header = DecodeFileHeader(bytes);
  if (!header.ok()) {
    return header.status().code() == Code::kDataLoss ? Damaged(header.status())
                                                     : header.status().WithContext(path_);
  }
  header_ = *header;
  if (size < kFileHeaderBytes + kFileTrailerBytes) {
    return Damaged(DataLoss("it is cut off after " + std::to_string(size) + " bytes"));
  }
  blocks_end_ = size - kFileTrailerBytes;
  KEEL_ASSIGN_OR_RETURN(const std::string end, Read(blocks_end_, kFileTrailerBytes));
  auto trailer = DecodeFileTrailer(end);
  if (!trailer.ok()) return Damaged(trailer.status());
  trailer_ = *trailer;
  if (trailer_.file_bytes != size) {
    return Damaged(DataLoss("it has " + std::to_string(size) + " bytes, and was written with " +
                            std::to_string(trailer_.file_bytes)));
  }
  ChainStart start{.seed = ChainSeed(bytes)};
  KEEL_ASSIGN_OR_RETURN(start.cipher, CipherFor(options));
  opener_ = std::make_unique<BlockOpener>(std::move(start));
  sum_.Add(bytes);
  offset_ = kFileHeaderBytes;
  summary_ = {.is_encrypted = header_.is_encrypted,
              .cluster_id = header_.cluster_id,
              .member_id = header_.member_id,
              .saved_ms = header_.saved_ms,
              .versions = trailer_.versions,
              .file_bytes = size,
              .raw_bytes = trailer_.raw_bytes,
              .compacted = trailer_.compacted,
              .sum = trailer_.sum};
  return {};
}

Result<std::unique_ptr<Cipher>> SnapshotReader::CipherFor(const OpenOptions& options) const {
  if (!header_.is_encrypted) return std::unique_ptr<Cipher>();
  return OpenCipher(
      {.file = path_, .key = options.key, .salt = header_.salt, .key_check = header_.key_check});
}

Status SnapshotReader::Damaged(const Status& why) const {
  if (why.code() != Code::kDataLoss) return why;
  return DataLoss(path_ + " at offset " + std::to_string(offset_) + ": " +
                  std::string(why.message()) +
                  "; use another copy of the file or another snapshot, and look at the disk that "
                  "it was on");
}

Result<std::string> SnapshotReader::Read(uint64_t offset, size_t size) const {
  std::string bytes(size, '\0');
  KEEL_ASSIGN_OR_RETURN(const size_t got, file_->ReadAt(offset, {bytes.data(), bytes.size()}));
  bytes.resize(got);
  return bytes;
}

Result<std::string> SnapshotReader::Next() {
  while (true) {
    auto chunk = splitter_.Next();
    if (!chunk.ok()) return Damaged(chunk.status());
    if (!chunk->empty() || ended_) return chunk;
    if (const Status read = offset_ < blocks_end_ ? ReadBlock() : CheckTotals(); !read.ok()) {
      return Damaged(read);
    }
  }
}

Status SnapshotReader::ReadBlock() {
  KEEL_ASSIGN_OR_RETURN(std::string block, Read(offset_, kBlockHeaderBytes));
  KEEL_ASSIGN_OR_RETURN(const size_t stored, BlockOpener::StoredBytes(block));
  if (offset_ + kBlockHeaderBytes + stored > blocks_end_) {
    return DataLoss("a block reaches beyond the file's end");
  }
  KEEL_ASSIGN_OR_RETURN(const std::string body, Read(offset_ + kBlockHeaderBytes, stored));
  block += body;
  KEEL_ASSIGN_OR_RETURN(const std::string raw, opener_->Open(block));
  sum_.Add(block);
  offset_ += block.size();
  raw_bytes_ += raw.size();
  splitter_.Add(raw);
  return {};
}

Status SnapshotReader::CheckTotals() {
  if (!splitter_.rest().empty()) return DataLoss("it ends within a chunk");
  if (opener_->count() != trailer_.blocks || raw_bytes_ != trailer_.raw_bytes ||
      opener_->chain() != trailer_.chain) {
    return DataLoss("its blocks are not those that its trailer counts");
  }
  if (sum_.Finish() != trailer_.sum) return DataLoss("its SHA-256 does not fit");
  offset_ += kFileTrailerBytes;
  ended_ = true;
  return {};
}

}  // namespace keel::backup
