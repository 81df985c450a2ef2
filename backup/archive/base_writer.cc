#include "backup/archive/base_writer.h"

#include <utility>

namespace keel::backup {

BaseWriter::BaseWriter(Options options)
    : options_(std::move(options)), reader_(options_.view, {}) {}

Result<bool> BaseWriter::Step() {
  const std::string name = BaseName(options_.place);
  if (writer_ == nullptr) {
    KEEL_ASSIGN_OR_RETURN(writer_,
                          SnapshotWriter::Create({.files = options_.files,
                                                  .path = options_.store->StagingPath(name),
                                                  .cluster_id = options_.cluster_id,
                                                  .member_id = options_.member_id,
                                                  .saved_ms = options_.saved_ms,
                                                  .key = options_.key}));
  }
  KEEL_ASSIGN_OR_RETURN(const std::string chunk, reader_.Next());
  if (!chunk.empty()) {
    bytes_written_ += chunk.size();
    KEEL_RETURN_IF_ERROR(writer_->AddChunk(chunk));
    return false;
  }
  KEEL_RETURN_IF_ERROR(writer_->Complete());
  KEEL_RETURN_IF_ERROR(options_.store->Publish(name));
  return true;
}

}  // namespace keel::backup
