#include "tools/keelctl/commands/saving.h"

#include <utility>

#include "backup/stream_reader.h"
#include "kv/snapshot/snapshot_format.h"

namespace keel::ctl {

Saving::Saving(Options options) : options_(std::move(options)) {}

Status Saving::Begin() {
  KEEL_ASSIGN_OR_RETURN(writer_, backup::SnapshotWriter::Create(OptionsFor({})));
  return {};
}

Status Saving::Add(const etcdserverpb::SnapshotResponse& answer) {
  if (form_ == Form::kUnknown) KEEL_RETURN_IF_ERROR(Choose(answer));
  size_bytes_ += answer.blob().size();
  switch (form_) {
    case Form::kChunks:
      return writer_->AddChunk(answer.blob());
    case Form::kEtcd:
      return raw_->Append(sum_.Add(answer.blob()));
    default:
      return writer_->Add(answer.blob());
  }
}

Status Saving::Finish() {
  switch (form_) {
    case Form::kChunks:
      return writer_->Complete();
    case Form::kEtcd:
      KEEL_RETURN_IF_ERROR(sum_.Check());
      KEEL_RETURN_IF_ERROR(raw_->Append(sum_.sum()));
      return raw_->Complete();
    default:
      return writer_->Finish();
  }
}

backup::SnapshotWriter::Options Saving::OptionsFor(const etcdserverpb::ResponseHeader& header) {
  return {.files = &files_,
          .path = options_.path,
          .cluster_id = header.cluster_id(),
          .member_id = header.member_id(),
          .saved_ms = options_.clock->WallMs(),
          .key = options_.key,
          .has_thread = true};
}

Status Saving::Choose(const etcdserverpb::SnapshotResponse& first) {
  writer_.reset();
  if (backup::IsBoltFile(first.blob())) {
    if (!options_.key.empty()) {
      return FailedPrecondition("this server is etcd: its snapshots are not encrypted here");
    }
    form_ = Form::kEtcd;
    KEEL_ASSIGN_OR_RETURN(raw_, backup::PartFile::Create(&files_, options_.path));
    return {};
  }
  // A server that does not know chunks sends the stream as etcd's clients save it. That begins with
  // the same chunk, but never in a message of its own.
  form_ = kv::IsOneChunk(first.blob()) ? Form::kChunks : Form::kStream;
  KEEL_ASSIGN_OR_RETURN(writer_, backup::SnapshotWriter::Create(OptionsFor(first.header())));
  return {};
}

}  // namespace keel::ctl
