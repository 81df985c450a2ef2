// snapshot save: the state of one member, streamed into a file that is there whole or not at all.
// snapshot status: what such a file holds, and whether it is as it was written.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "base/coding.h"
#include "kv/snapshot/snapshot_format.h"
#include "tools/keelctl/calls/methods.h"
#include "tools/keelctl/command/progress.h"
#include "tools/keelctl/commands/all.h"
#include "tools/keelctl/output/json.h"
#include "tools/keelctl/output/table.h"
#include "tools/keelctl/text/file.h"
#include "tools/keelctl/text/go_text.h"
#include "tools/keelctl/text/sha256.h"
#include "tools/keelctl/text/units.h"

namespace keel::ctl {
namespace {

constexpr size_t kSectorBytes = 512;

// A file under construction: NAME.part, which becomes NAME when it is complete.
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

// The sum over all bytes but the last 32, which are it.
class TrailingSum {
 public:
  void Add(std::string_view bytes) {
    tail_.append(bytes);
    size_ += bytes.size();
    if (tail_.size() <= Sha256::kBytes) return;
    const size_t body = tail_.size() - Sha256::kBytes;
    sum_.Add(std::string_view(tail_).substr(0, body));
    tail_.erase(0, body);
  }
  Status Check() {
    if (size_ % kSectorBytes != Sha256::kBytes) {
      return DataLoss("sha256 checksum not found [bytes: " + std::to_string(size_) + "]");
    }
    return sum_.End() == tail_ ? Status() : DataLoss("the checksum does not fit: it is damaged");
  }
  [[nodiscard]] uint64_t size() const { return size_; }

 private:
  Sha256 sum_;
  std::string tail_;
  uint64_t size_ = 0;
};

Status Receive(Context& context, Stream* stream, PartFile* file) {
  Progress progress(&context.terminal(), {.what = "saved", .write = [](double bytes) {
                                            return HumanBytes(static_cast<uint64_t>(bytes));
                                          }});
  TrailingSum sum;
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
        KEEL_RETURN_IF_ERROR(sum.Check());
        return file->Complete();
      case Stream::Outcome::kMessage:
        break;
    }
    sum.Add(answer.blob());
    progress.SetTotal(sum.size() + answer.remaining_bytes());
    progress.Update(sum.size());
    KEEL_RETURN_IF_ERROR(file->Write(answer.blob()));
  }
}

struct Summary {
  std::string hash;
  uint64_t revision = 0;
  uint64_t applied = 0;
  uint64_t versions = 0;  // of all keys, as etcd counts them
  uint64_t size = 0;
};

// A snapshot's file from its front, summed on the way.
class SnapshotFile {
 public:
  explicit SnapshotFile(const std::string& path) : file_(std::fopen(path.c_str(), "rbe")) {
    struct stat about {};
    if (file_ == nullptr || fstat(fileno(file_), &about) != 0) {
      status_ = ErrnoStatus(errno, path);
      return;
    }
    size_ = static_cast<uint64_t>(about.st_size);
    left_ = size_ < Sha256::kBytes ? 0 : size_ - Sha256::kBytes;
  }
  ~SnapshotFile() {
    if (file_ != nullptr) std::fclose(file_);
  }
  SnapshotFile(const SnapshotFile&) = delete;
  SnapshotFile& operator=(const SnapshotFile&) = delete;

  [[nodiscard]] const Status& status() const { return status_; }
  [[nodiscard]] uint64_t size() const { return size_; }
  // Of what the sum is about: without the sum itself.
  [[nodiscard]] uint64_t left() const { return left_; }

  Result<std::string> Take(uint64_t bytes) {
    if (bytes > left_) return DataLoss("it ends within a chunk");
    std::string out(bytes, '\0');
    if (std::fread(out.data(), 1, bytes, file_) != bytes) return DataLoss("it cannot be read");
    sum_.Add(out);
    left_ -= bytes;
    return out;
  }
  // What is left, and the sum at the end; gives that.
  Result<std::string> TakeEnd() {
    while (left_ > 0) {
      auto rest = Take(std::min<uint64_t>(left_, 65536));
      if (!rest.ok()) return rest;
    }
    std::string told(Sha256::kBytes, '\0');
    if (std::fread(told.data(), 1, told.size(), file_) != told.size() || sum_.End() != told) {
      return DataLoss("the checksum does not fit");
    }
    return told;
  }

 private:
  std::FILE* const file_;
  uint64_t size_ = 0;
  uint64_t left_ = 0;
  Sha256 sum_;
  Status status_;
};

// Reads the next chunk; a body of kind kEnd is the last.
Status TakeChunk(SnapshotFile* file, uint64_t* chain, Summary* summary, bool* ended) {
  auto chunk = file->Take(kv::kChunkHeaderBytes);
  if (!chunk.ok()) return chunk.status();
  const uint64_t body_bytes = DecodeFixed32(chunk->data());
  if (body_bytes > kv::kChunkBytesMax) return DataLoss("a chunk is too large");
  const auto rest = file->Take(body_bytes);
  if (!rest.ok()) return rest.status();
  *chunk += *rest;
  kv::ChunkBody body;
  KEEL_RETURN_IF_ERROR(kv::OpenChunk(*chunk, chain, &body));
  switch (body.kind) {
    case kv::ChunkBody::Kind::kHeader:
      summary->revision = body.header.revision.value();
      summary->applied = body.header.applied.value();
      break;
    case kv::ChunkBody::Kind::kRecords:
      for (const kv::SnapshotRecord& record : body.records) {
        if (record.key.starts_with('d')) ++summary->versions;
      }
      break;
    case kv::ChunkBody::Kind::kEnd:
      *ended = true;
  }
  return {};
}

// bbolt's pages begin with a page number and flags, and the first one has its magic number next.
bool IsBolt(const std::string& path) {
  constexpr std::string_view kMagic = "\xed\xda\x0c\xed";
  SnapshotFile file(path);
  const auto front = file.status().ok() ? file.Take(20) : Result<std::string>(file.status());
  return front.ok() && front->substr(16) == kMagic;
}

Result<Summary> Summarise(const std::string& path) {
  if (IsBolt(path)) {
    return Unimplemented("this is a snapshot of etcd's own (bbolt): read it by etcdutl");
  }
  SnapshotFile file(path);
  KEEL_RETURN_IF_ERROR(file.status());
  Summary summary{.size = file.size()};
  if (file.size() % kSectorBytes != Sha256::kBytes) {
    return DataLoss(
        "it is damaged: sha256 checksum not found [bytes: " + std::to_string(file.size()) + "]");
  }
  uint64_t chain = 0;
  bool ended = false;
  while (!ended) {
    const Status status = TakeChunk(&file, &chain, &summary, &ended);
    if (!status.ok()) return DataLoss("it is damaged: " + std::string(status.message()));
  }
  const auto sum = file.TakeEnd();
  if (!sum.ok()) return DataLoss("it is damaged: " + std::string(sum.status().message()));
  for (size_t i = 0; i < 4; ++i) summary.hash += Hex(static_cast<uint8_t>((*sum)[i]), 2);
  return summary;
}

Printed PrintSummary(const Style& style, const Summary& summary) {
  const std::vector<std::string> row = {summary.hash, std::to_string(summary.revision),
                                        std::to_string(summary.versions), HumanBytes(summary.size)};
  const auto hash = ParseUint(summary.hash, 16).value_or(0);
  return Show(style, {.simple = [&] { return Join(row, ", ") + "\n"; },
                      .json =
                          [&] {
                            return JsonObject()
                                       .Unsigned("hash", hash)
                                       .Unsigned("revision", summary.revision)
                                       .Unsigned("totalKey", summary.versions)
                                       .Unsigned("totalSize", summary.size)
                                       .Unsigned("appliedIndex", summary.applied)
                                       .End() +
                                   "\n";
                          },
                      .table =
                          [&] {
                            return Table{
                                .heading = {"hash", "revision", "total keys", "total size"},
                                .rows = {row}}
                                .Draw();
                          }});
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
  PartFile file(path);
  if (!file.status().ok()) return context.Fail(ExitCode::kIo, file.status().message());
  auto stream = context.calls().Open<pb::SnapshotResponse>(method::kSnapshot);
  if (!stream.ok()) return context.Fail(stream.status());
  (*stream)->Send(pb::SnapshotRequest());
  (*stream)->CloseSend();
  if (const Status status = Receive(context, stream->get(), &file); !status.ok()) {
    return NeverSent(status) ? context.Fail(status)
                             : context.Fail(ExitCode::kInterrupted, Words(status));
  }
  context.Out("Snapshot saved at " + path + "\n");
  return ExitCode::kSuccess;
}

ExitCode RunSnapshotStatus(Context& context) {
  if (context.words().size() != 1) {
    return context.Fail(ExitCode::kBadArguments, "snapshot status requires exactly one argument");
  }
  const std::string& path = context.words()[0];
  const auto summary = Summarise(path);
  if (!summary.ok()) {
    const Code code = summary.status().code();
    const ExitCode exit = code == Code::kUnimplemented ? ExitCode::kBadFeature
                          : code == Code::kDataLoss    ? ExitCode::kError
                                                       : ExitCode::kIo;
    const bool named = exit == ExitCode::kIo;
    return context.Fail(exit, (named ? "" : path + ": ") + std::string(summary.status().message()));
  }
  return context.Print(PrintSummary(context.style(), *summary));
}

}  // namespace keel::ctl
