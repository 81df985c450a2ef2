#include "backup/snapshot_check.h"

namespace keel::backup {

Status SnapshotCheck::Add(std::string_view chunk) {
  kv::ChunkBody body;
  KEEL_RETURN_IF_ERROR(kv::OpenChunk(chunk, &chain_, &body));
  if ((body.kind == kv::ChunkBody::Kind::kHeader) != (chunks_ == 0) || ended_) {
    return DataLoss("a snapshot has one header, first, and nothing behind its end");
  }
  if (chunks_++ == 0) header_ = body.header;
  if (body.kind == kv::ChunkBody::Kind::kEnd) {
    if (body.record_count != records_) return DataLoss("records of the snapshot are missing");
    ended_ = true;
  }
  for (const kv::SnapshotRecord& record : body.records) {
    if (records_++ > 0 && record.key <= last_key_) {
      return DataLoss("the records of the snapshot are out of order");
    }
    last_key_ = record.key;
    KEEL_RETURN_IF_ERROR(state_.Add(record));
  }
  return {};
}

Result<SnapshotFindings> SnapshotCheck::Finish() const {
  if (!ended_) return DataLoss("the snapshot has not come to its end");
  KEEL_RETURN_IF_ERROR(state_.Finish(header_));
  return SnapshotFindings{.header = header_,
                          .state = state_.state(),
                          .records = records_,
                          .versions = state_.versions(),
                          .leases = state_.leases()};
}

Result<SnapshotFindings> CheckSnapshot(ChunkSource* source, const ChunkVisitor& visit) {
  SnapshotCheck check(source->summary().compacted);
  while (true) {
    KEEL_ASSIGN_OR_RETURN(const std::string chunk, source->Next());
    if (chunk.empty()) return check.Finish();
    KEEL_RETURN_IF_ERROR(check.Add(chunk));
    if (visit) KEEL_RETURN_IF_ERROR(visit(chunk));
  }
}

}  // namespace keel::backup
