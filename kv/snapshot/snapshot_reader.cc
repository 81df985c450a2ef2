#include "kv/snapshot/snapshot_reader.h"

#include <utility>

namespace keel::kv {

SnapshotReader::SnapshotReader(std::shared_ptr<const ReadView> view, const Options& options)
    : view_(std::move(view)), options_(options), marks_(1) {}

Status SnapshotReader::ResumeAt(uint64_t chunk) {
  if (chunk >= marks_.size()) {
    return OutOfRange("chunk " + std::to_string(chunk) + " of a snapshot was not read yet");
  }
  marks_.resize(chunk + 1);
  iterator_.reset();
  return Status::Ok();
}

Result<std::string> SnapshotReader::Next() {
  Mark mark = marks_.back();
  if (mark.ended) return std::string();
  std::string chunk;
  if (marks_.size() == 1) {
    chunk = SealChunk(EncodeHeaderBody({.applied = view_->applied(),
                                        .applied_term = view_->applied_term(),
                                        .revision = view_->revision()}),
                      &mark.chain);
    mark.next_key = view_->layout().group_prefix();
  } else if (mark.next_key.empty()) {
    chunk = SealChunk(EncodeEndBody(mark.record_count), &mark.chain);
    mark.ended = true;
  } else {
    KEEL_ASSIGN_OR_RETURN(chunk, NextRecords(&mark));
  }
  marks_.push_back(std::move(mark));
  return chunk;
}

Result<std::string> SnapshotReader::NextRecords(Mark* mark) {
  const std::string& group = view_->layout().group_prefix();
  if (iterator_ == nullptr) {
    iterator_ = view_->Iterate(false);
    iterator_->Seek(mark->next_key);
  }
  const size_t bytes_wanted = kChunkHeaderBytes + options_.chunk_bytes;
  // Most often the last record reaches a little beyond what is wanted.
  std::string chunk = BeginRecords(options_.chunk_bytes + options_.chunk_bytes / 16);
  bool more = false;
  for (; iterator_->Valid() && iterator_->key().starts_with(group); iterator_->Next()) {
    more = chunk.size() >= bytes_wanted;
    if (more) break;
    AppendRecord(&chunk,
                 {.key = iterator_->key().substr(group.size()), .value = iterator_->value()});
    ++mark->record_count;
  }
  KEEL_RETURN_IF_ERROR(iterator_->status());
  mark->next_key = more ? std::string(iterator_->key()) : std::string();
  FinishChunk(&chunk, &mark->chain);
  return chunk;
}

}  // namespace keel::kv
