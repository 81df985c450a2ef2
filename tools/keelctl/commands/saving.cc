#include "tools/keelctl/commands/saving.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <utility>

#include "backup/stream_reader.h"
#include "kv/snapshot/snapshot_format.h"
#include "tools/keelctl/text/file.h"

namespace keel::ctl {

// A file of etcd's under construction: NAME.part, which becomes NAME when it is complete.
class Saving::PartFile {
 public:
  explicit PartFile(std::string path) : path_(std::move(path)), part_(path_ + ".part") {
    file_ = open(part_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file_ < 0) status_ = ErrnoStatus(errno, "could not open " + part_);
  }
  ~PartFile() {
    if (file_ >= 0) close(file_);
    if (!renamed_) unlink(part_.c_str());
  }
  PartFile(const PartFile&) = delete;
  PartFile& operator=(const PartFile&) = delete;

  [[nodiscard]] const Status& status() const { return status_; }

  Status Write(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t wrote = write(file_, bytes.data(), bytes.size());
      if (wrote < 0 && errno == EINTR) continue;
      if (wrote < 0) return ErrnoStatus(errno, part_);
      bytes.remove_prefix(static_cast<size_t>(wrote));
    }
    return {};
  }

  Status Complete() {
    if (fsync(file_) != 0) return ErrnoStatus(errno, part_);
    const int closed = close(file_);
    file_ = -1;
    if (closed != 0) return ErrnoStatus(errno, part_);
    if (std::rename(part_.c_str(), path_.c_str()) != 0) {
      return ErrnoStatus(errno, "could not rename " + part_ + " to " + path_);
    }
    renamed_ = true;
    return SyncDirectoryOf(path_);
  }

 private:
  const std::string path_;
  const std::string part_;
  int file_ = -1;
  bool renamed_ = false;
  Status status_;
};

Saving::Saving(Options options) : options_(std::move(options)) {}
Saving::~Saving() = default;

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
      return raw_->Write(sum_.Add(answer.blob()));
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
      KEEL_RETURN_IF_ERROR(raw_->Write(sum_.sum()));
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
    raw_ = std::make_unique<PartFile>(options_.path);
    return raw_->status();
  }
  // A server that does not know chunks sends the stream as etcd's clients save it. That begins with
  // the same chunk, but never in a message of its own.
  form_ = kv::IsOneChunk(first.blob()) ? Form::kChunks : Form::kStream;
  KEEL_ASSIGN_OR_RETURN(writer_, backup::SnapshotWriter::Create(OptionsFor(first.header())));
  return {};
}

}  // namespace keel::ctl
