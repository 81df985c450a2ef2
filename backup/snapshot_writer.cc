#include "backup/snapshot_writer.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "kv/mvcc/layout.h"
#include "kv/mvcc/state.h"

namespace keel::backup {

namespace {

// Blocks that wait for the thread: so much is in memory.
constexpr size_t kBlocksWaitingMax = 4;

}  // namespace

Result<std::unique_ptr<SnapshotWriter>> SnapshotWriter::Create(Options options) {
  std::unique_ptr<SnapshotWriter> writer(new SnapshotWriter(std::move(options)));
  KEEL_ASSIGN_OR_RETURN(writer->file_,
                        PartFile::Create(writer->options_.files, writer->options_.path));
  return writer;
}

Status SnapshotWriter::Add(std::string_view bytes) {
  std::string_view body;
  const std::string taken = stream_sum_.Add(bytes);
  body = taken;
  if (!ended_) {
    splitter_.Add(body);
    body = {};
    while (!ended_) {
      KEEL_ASSIGN_OR_RETURN(const std::string chunk, splitter_.Next());
      if (chunk.empty()) break;
      KEEL_RETURN_IF_ERROR(AddChunk(chunk));
    }
    if (ended_) body = splitter_.rest();
  }
  if (body.find_first_not_of('\0') != std::string_view::npos) {
    return DataLoss("the stream goes on behind its end");
  }
  return {};
}

Status SnapshotWriter::AddChunk(std::string_view chunk) {
  if (ended_) return DataLoss("the snapshot goes on behind its end");
  kv::ChunkBody body;
  KEEL_RETURN_IF_ERROR(kv::OpenChunk(chunk, &stream_chain_, &body));
  if ((body.kind == kv::ChunkBody::Kind::kHeader) != (sealer_ == nullptr)) {
    return DataLoss("a snapshot has one header, first");
  }
  if (sealer_ == nullptr) KEEL_RETURN_IF_ERROR(Begin(body.header));
  static const std::string kStateKey =
      static_cast<char>(kv::Family::kState) + std::string(kv::kStateName);
  for (const kv::SnapshotRecord& record : body.records) {
    if (record.key.front() == static_cast<char>(kv::Family::kData)) ++trailer_.versions;
    if (record.key != kStateKey) continue;
    kv::StoreState state;
    if (!kv::DecodeState(record.value, &state)) return DataLoss("the state does not decode");
    trailer_.compacted = state.compacted;
  }
  trailer_.records += body.records.size();
  ended_ = body.kind == kv::ChunkBody::Kind::kEnd;
  if (ended_ && body.record_count != trailer_.records) {
    return DataLoss("records of the snapshot are missing");
  }
  trailer_.raw_bytes += chunk.size();
  while (!chunk.empty()) {
    if (raw_.empty()) raw_.reserve(kBlockRawBytes);
    const size_t taken = std::min(chunk.size(), kBlockRawBytes - raw_.size());
    raw_.append(chunk.substr(0, taken));
    chunk.remove_prefix(taken);
    if (raw_.size() == kBlockRawBytes) KEEL_RETURN_IF_ERROR(PassOn(std::exchange(raw_, {})));
  }
  return {};
}

Status SnapshotWriter::Begin(const kv::SnapshotHeader& header) {
  header_ = {.cluster_id = options_.cluster_id,
             .member_id = options_.member_id,
             .applied = header.applied,
             .applied_term = header.applied_term,
             .revision = header.revision,
             .saved_ms = options_.saved_ms,
             .is_encrypted = !options_.key.empty()};
  ChainStart start;
  if (header_.is_encrypted) {
    KEEL_ASSIGN_OR_RETURN(header_.salt, RandomBytes(kSaltBytes));
    start.cipher =
        std::make_unique<Cipher>(Cipher::Options{.key = options_.key, .salt = header_.salt});
    header_.key_check = start.cipher->key_check();
  }
  const std::string bytes = EncodeFileHeader(header_);
  start.seed = ChainSeed(bytes);
  sealer_ = std::make_unique<BlockSealer>(std::move(start));
  KEEL_RETURN_IF_ERROR(Write(bytes));
  if (options_.has_thread) lane_ = std::make_unique<Lane>(kBlocksWaitingMax);
  return {};
}

Status SnapshotWriter::PassOn(std::string raw) {
  if (lane_ == nullptr) return WriteBlock(raw);
  return lane_->Add([this, block = std::move(raw)] { return WriteBlock(block); });
}

Status SnapshotWriter::WriteBlock(std::string_view raw) { return Write(sealer_->Seal(raw)); }

Status SnapshotWriter::Write(std::string_view bytes) {
  sum_.Add(bytes);
  trailer_.file_bytes += bytes.size();
  return file_->Append(bytes);
}

Status SnapshotWriter::Finish() {
  KEEL_RETURN_IF_ERROR(stream_sum_.Check());
  return Complete();
}

Status SnapshotWriter::Complete() {
  if (!ended_) return DataLoss("the stream ended before its last chunk");
  if (!raw_.empty()) KEEL_RETURN_IF_ERROR(PassOn(std::move(raw_)));
  if (lane_ != nullptr) KEEL_RETURN_IF_ERROR(lane_->Wait());
  trailer_.blocks = sealer_->count();
  trailer_.chain = sealer_->chain();
  trailer_.file_bytes += kFileTrailerBytes;
  trailer_.sum = sum_.Finish();
  KEEL_RETURN_IF_ERROR(file_->Append(EncodeFileTrailer(trailer_)));
  return file_->Complete();
}

}  // namespace keel::backup
