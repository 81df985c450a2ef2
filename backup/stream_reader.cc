#include "backup/stream_reader.h"

#include <algorithm>
#include <utility>

#include "backup/snapshot_format.h"
#include "backup/snapshot_reader.h"
#include "kv/mvcc/layout.h"
#include "kv/mvcc/state.h"
#include "kv/snapshot/snapshot_format.h"

namespace keel::backup {

namespace {

constexpr size_t kReadBytes = size_t{1} << 20;
// bbolt's pages begin with a page number, flags 4 for a meta page, and then its magic number.
constexpr size_t kBoltMagicOffset = 16;
constexpr std::string_view kBoltMagic = "\xed\xda\x0c\xed";

// At most `size` bytes, and fewer at the file's end.
Result<std::string> ReadAt(const ReadableFile& file, uint64_t offset, size_t size) {
  KEEL_ASSIGN_OR_RETURN(const uint64_t end, file.SizeBytes());
  std::string bytes(std::min<uint64_t>(size, end - std::min(end, offset)), '\0');
  KEEL_ASSIGN_OR_RETURN(const size_t got, file.ReadAt(offset, {bytes.data(), bytes.size()}));
  bytes.resize(got);
  return bytes;
}

}  // namespace

bool IsBoltFile(std::string_view begin) {
  return begin.size() > kBoltMagicOffset && begin.substr(kBoltMagicOffset).starts_with(kBoltMagic);
}

Result<std::unique_ptr<ChunkSource>> OpenSnapshotFile(const OpenOptions& options) {
  std::string begin;
  {
    KEEL_ASSIGN_OR_RETURN(const auto file,
                          options.files->OpenReadable(options.path, AccessPattern::kSequential));
    KEEL_ASSIGN_OR_RETURN(begin, ReadAt(*file, 0, kFileMagic.size()));
  }
  if (begin == kFileMagic) {
    KEEL_ASSIGN_OR_RETURN(auto reader, SnapshotReader::Open(options));
    return std::unique_ptr<ChunkSource>(std::move(reader));
  }
  KEEL_ASSIGN_OR_RETURN(auto reader, StreamReader::Open(options));
  return std::unique_ptr<ChunkSource>(std::move(reader));
}

Result<std::unique_ptr<StreamReader>> StreamReader::Open(const OpenOptions& options) {
  std::unique_ptr<StreamReader> reader(new StreamReader(options));
  KEEL_ASSIGN_OR_RETURN(reader->file_,
                        options.files->OpenReadable(options.path, AccessPattern::kSequential));
  KEEL_ASSIGN_OR_RETURN(const std::string begin, ReadAt(*reader->file_, 0, kReadBytes));
  if (IsBoltFile(begin)) {
    return Unimplemented(options.path +
                         ": this is a snapshot of etcd's own (bbolt): read it by etcdutl");
  }
  KEEL_RETURN_IF_ERROR(reader->LookThrough());
  return reader;
}

Status StreamReader::LookThrough() {
  summary_.is_stream = true;
  static const std::string kStateKey =
      static_cast<char>(kv::Family::kState) + std::string(kv::kStateName);
  uint64_t chain = 0;
  while (true) {
    KEEL_ASSIGN_OR_RETURN(const std::string chunk, Read());
    if (chunk.empty()) break;
    kv::ChunkBody body;
    if (const Status opened = kv::OpenChunk(chunk, &chain, &body); !opened.ok()) {
      return Damaged(opened);
    }
    summary_.raw_bytes += chunk.size();
    for (const kv::SnapshotRecord& record : body.records) {
      kv::StoreState state;
      if (record.key.front() == static_cast<char>(kv::Family::kData)) ++summary_.versions;
      if (record.key != kStateKey || !kv::DecodeState(record.value, &state)) continue;
      summary_.compacted = state.compacted;
    }
  }
  summary_.file_bytes = sum_.size_bytes();
  summary_.sum = sum_.sum();
  sum_ = StreamSum();
  splitter_ = ChunkSplitter();
  offset_ = 0;
  ended_ = false;
  return {};
}

Result<std::string> StreamReader::Read() {
  while (!ended_) {
    auto chunk = splitter_.Next();
    if (!chunk.ok()) return Damaged(chunk.status());
    if (!chunk->empty()) {
      ended_ = chunk->size() > kv::kChunkHeaderBytes &&
               (*chunk)[kv::kChunkHeaderBytes] == static_cast<char>(kv::ChunkBody::Kind::kEnd);
      return chunk;
    }
    KEEL_ASSIGN_OR_RETURN(const std::string bytes, ReadAt(*file_, offset_, kReadBytes));
    if (bytes.empty()) break;
    offset_ += bytes.size();
    splitter_.Add(sum_.Add(bytes));
  }
  KEEL_ASSIGN_OR_RETURN(const std::string padding, ReadAt(*file_, offset_, kReadBytes));
  offset_ += padding.size();
  splitter_.Add(sum_.Add(padding));
  if (const Status sum = sum_.Check(); !sum.ok()) return Damaged(sum);
  if (!ended_ || splitter_.rest().find_first_not_of('\0') != std::string_view::npos) {
    return Damaged(DataLoss("its last chunk is not where the stream ends"));
  }
  return std::string();
}

Result<std::string> StreamReader::Next() { return Read(); }

Status StreamReader::Damaged(const Status& why) const {
  if (why.code() != Code::kDataLoss) return why;
  return DataLoss(path_ + ": " + std::string(why.message()) +
                  "; use another copy of the file or another snapshot");
}

}  // namespace keel::backup
