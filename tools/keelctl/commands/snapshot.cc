// snapshot save: the state of one member, streamed into a file that is there whole or not at all.
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <memory>
#include <thread>
#include <utility>

#include "backup/snapshot_writer.h"
#include "backup/stream_reader.h"
#include "base/fs/posix_file_system.h"
#include "net/system_clock.h"
#include "tools/keelctl/calls/methods.h"
#include "tools/keelctl/command/progress.h"
#include "tools/keelctl/commands/all.h"
#include "tools/keelctl/commands/key_file.h"
#include "tools/keelctl/text/file.h"
#include "tools/keelctl/text/go_text.h"
#include "tools/keelctl/text/units.h"

namespace keel::ctl {
namespace {

// A file of etcd's under construction: NAME.part, which becomes NAME when it is complete.
class PartFile {
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

// A snapshot on its way into a file: Keel's into a file of Keel's, etcd's as it comes.
class Saving {
 public:
  Saving(std::string path, std::string key) : path_(std::move(path)), key_(std::move(key)) {}

  Status Begin() {
    // Opened at once, so that a path that cannot be written to is found before anybody is asked.
    KEEL_ASSIGN_OR_RETURN(writer_, backup::SnapshotWriter::Create(Options({})));
    return {};
  }

  Status Add(const pb::SnapshotResponse& answer) {
    if (!is_begun_) KEEL_RETURN_IF_ERROR(Choose(answer));
    size_bytes_ += answer.blob().size();
    if (writer_ != nullptr) return writer_->Add(answer.blob());
    return raw_->Write(sum_.Add(answer.blob()));
  }
  Status Finish() {
    if (writer_ != nullptr) return writer_->Finish();
    KEEL_RETURN_IF_ERROR(sum_.Check());
    KEEL_RETURN_IF_ERROR(raw_->Write(sum_.sum()));
    return raw_->Complete();
  }
  [[nodiscard]] uint64_t size_bytes() const { return size_bytes_; }

 private:
  [[nodiscard]] backup::SnapshotWriter::Options Options(const pb::ResponseHeader& header) {
    return {.files = &files_,
            .path = path_,
            .cluster_id = header.cluster_id(),
            .member_id = header.member_id(),
            .saved_ms = clock_.WallMs(),
            .key = key_,
            .has_thread = true};
  }
  Status Choose(const pb::SnapshotResponse& first) {
    is_begun_ = true;
    writer_.reset();
    if (!backup::IsBoltFile(first.blob())) {
      KEEL_ASSIGN_OR_RETURN(writer_, backup::SnapshotWriter::Create(Options(first.header())));
      return {};
    }
    if (!key_.empty()) {
      return FailedPrecondition("this server is etcd: its snapshots are not encrypted here");
    }
    raw_ = std::make_unique<PartFile>(path_);
    return raw_->status();
  }

  const std::string path_;
  const std::string key_;
  PosixFileSystem files_;
  net::SystemClock clock_;
  bool is_begun_ = false;
  uint64_t size_bytes_ = 0;
  std::unique_ptr<backup::SnapshotWriter> writer_;
  std::unique_ptr<PartFile> raw_;
  backup::StreamSum sum_;
};

// A backup gives way: where it runs beside a member, that one has clients who wait.
constexpr int kNiceness = 10;

// Holds a transfer to a rate by waiting behind each piece: the member sends no more than is taken.
class Pace {
 public:
  explicit Pace(uint64_t bytes_per_s) : bytes_per_s_(bytes_per_s) {}
  void Wait(uint64_t bytes_so_far) const {
    if (bytes_per_s_ == 0) return;
    const auto due = std::chrono::microseconds(static_cast<int64_t>(
        1e6 * static_cast<double>(bytes_so_far) / static_cast<double>(bytes_per_s_)));
    std::this_thread::sleep_until(began_ + due);
  }

 private:
  const uint64_t bytes_per_s_;
  const std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

Status Receive(Context& context, Stream* stream, Saving* saving, uint64_t rate) {
  Progress progress(&context.terminal(), {.what = "saved", .write = [](double bytes) {
                                            return HumanBytes(static_cast<uint64_t>(bytes));
                                          }});
  const Pace pace(rate);
  pb::SnapshotResponse answer;
  // Without --command-timeout a snapshot takes its time, but not all of it in silence.
  const uint64_t silence_us =
      std::max<uint64_t>(context.settings().calls.command_timeout_us, 30'000'000);
  while (true) {
    switch (stream->Next(&answer, silence_us)) {
      case Stream::Outcome::kTimeout:
        return DeadlineExceeded("the member has stopped sending");
      case Stream::Outcome::kInterrupted:
        return Cancelled("interrupted");
      case Stream::Outcome::kEnded:
        KEEL_RETURN_IF_ERROR(stream->status());
        return saving->Finish();
      case Stream::Outcome::kMessage:
        break;
    }
    KEEL_RETURN_IF_ERROR(saving->Add(answer));
    progress.SetTotal(saving->size_bytes() + answer.remaining_bytes());
    progress.Update(saving->size_bytes());
    pace.Wait(saving->size_bytes());
  }
}

}  // namespace

ExitCode RunSnapshotSave(Context& context) {
  if (context.words().size() != 1) {
    return context.Fail(ExitCode::kBadArguments, "snapshot save expects one argument");
  }
  if (context.endpoints().size() != 1) {
    return context.Fail(ExitCode::kInterrupted,
                        "snapshot must be requested to one selected node, not multiple [" +
                            Join(context.endpoints(), " ") + "]");
  }
  const std::string& path = context.words()[0];
  const auto rate = ParseBytes(context.flags().Text("rate"));
  if (!rate.ok()) return context.Fail(ExitCode::kBadFeature, rate.status().message());
  const auto key = KeyOf(context);
  if (!key.ok()) return context.Fail(ExitCode::kIo, key.status().message());
  Saving saving(path, *key);
  if (const Status begun = saving.Begin(); !begun.ok()) {
    return context.Fail(ExitCode::kIo, begun.message());
  }
  // For this thread and those that it starts; it may be refused, and nothing is lost by that.
  (void)setpriority(PRIO_PROCESS, 0, kNiceness);
  auto stream = context.calls().Open<pb::SnapshotResponse>(method::kSnapshot);
  if (!stream.ok()) return context.Fail(stream.status());
  (*stream)->Send(pb::SnapshotRequest());
  (*stream)->CloseSend();
  if (const Status status = Receive(context, stream->get(), &saving, *rate); !status.ok()) {
    return NeverSent(status) ? context.Fail(status)
                             : context.Fail(ExitCode::kInterrupted, Words(status));
  }
  context.Out("Snapshot saved at " + path + "\n");
  return ExitCode::kSuccess;
}

}  // namespace keel::ctl
