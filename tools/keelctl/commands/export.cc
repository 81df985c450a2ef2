// export: all keys under a prefix, as of one revision, as JSON lines.
//
// Into a file it is resumable: NAME.part holds what was written so far, and a second run goes on
// behind its last whole line, at the same revision.
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <memory>

#include "tools/keelctl/calls/interrupt.h"
#include "tools/keelctl/calls/methods.h"
#include "tools/keelctl/command/progress.h"
#include "tools/keelctl/commands/all.h"
#include "tools/keelctl/text/export_lines.h"
#include "tools/keelctl/text/file.h"
#include "tools/keelctl/text/units.h"

namespace keel::ctl {
namespace {

constexpr int64_t kPageKeysFirst = 16;
constexpr int64_t kPageKeysMax = 2000;
constexpr size_t kPageBytes = size_t{4} << 20;

Progress::Options Keys(std::string what) { return {.what = std::move(what), .write = HumanCount}; }

// Where an export stands.
struct Position {
  int64_t revision = 0;  // 0: not begun
  uint64_t total = 0;
  uint64_t keys = 0;
  std::string last_key;
  uint64_t file_bytes = 0;  // of whole lines
};

// What an earlier run left in `path`.
Result<Position> PositionIn(const std::string& path, const std::string& prefix) {
  Position position;
  std::ifstream file(path, std::ios::binary);
  for (std::string text; std::getline(file, text) && !file.eof();) {
    const auto line = ParseExportLine(text);
    if (!line.ok()) return line.status().WithContext(path);
    if (line->kind == ExportLine::Kind::kEnd) break;
    if (line->kind == ExportLine::Kind::kHeader && line->prefix != prefix) {
      return FailedPrecondition(path + " is of an export of another prefix: remove it");
    }
    position.file_bytes += text.size() + 1;
    if (line->kind == ExportLine::Kind::kHeader) {
      position.revision = line->revision;
      position.total = line->key_count;
    } else {
      ++position.keys;
      position.last_key = line->kv.key();
    }
  }
  return position;
}

class Export {
 public:
  Export(Context* context, std::string prefix, Position from)
      : context_(*context), prefix_(std::move(prefix)), position_(std::move(from)) {}

  // Writes every line by `write`.
  Status Run(const std::function<Status(const std::string&)>& write) {
    Progress progress(&context_.terminal(), Keys("exported"));
    progress.SetTotal(position_.total);
    pb::RangeRequest request = FirstPage();
    while (true) {
      if (interrupt::Asked()) return Cancelled("interrupted; the same command goes on from here");
      const auto page = context_.calls().Any<pb::RangeResponse>(method::kRange, request);
      if (!page.ok()) {
        const bool too_large = page.status().code() == Code::kResourceExhausted;
        if (!too_large || request.limit() == 1) return Explained(page.status());
        request.set_limit(std::max<int64_t>(1, request.limit() / 4));
        continue;
      }
      if (position_.revision == 0) KEEL_RETURN_IF_ERROR(Begin(*page, &progress, write));
      for (const mvccpb::KeyValue& kv : page->kvs()) {
        KEEL_RETURN_IF_ERROR(write(WriteExportLine({.kv = kv})));
        ++position_.keys;
      }
      progress.Update(position_.keys);
      if (!page->more() || page->kvs().empty()) break;
      request.set_revision(position_.revision);
      request.set_key(page->kvs().rbegin()->key() + std::string(1, '\0'));
      const size_t bytes = std::max<size_t>(page->ByteSizeLong(), 1);
      const size_t fitting = kPageBytes * static_cast<size_t>(page->kvs_size()) / bytes;
      request.set_limit(std::clamp<int64_t>(static_cast<int64_t>(fitting), 1, kPageKeysMax));
    }
    return write(WriteExportLine({.kind = ExportLine::Kind::kEnd, .key_count = position_.keys}));
  }
  [[nodiscard]] const Position& position() const { return position_; }

 private:
  [[nodiscard]] pb::RangeRequest FirstPage() const {
    pb::RangeRequest request;
    request.set_key(prefix_.empty() ? std::string(1, '\0') : prefix_);
    if (!position_.last_key.empty()) request.set_key(position_.last_key + std::string(1, '\0'));
    request.set_range_end(PrefixEnd(prefix_));
    request.set_revision(position_.revision);
    request.set_limit(kPageKeysFirst);
    return request;
  }
  Status Begin(const pb::RangeResponse& page, Progress* progress,
               const std::function<Status(const std::string&)>& write) {
    position_.revision = page.header().revision();
    position_.total = static_cast<uint64_t>(page.count());
    progress->SetTotal(position_.total);
    return write(WriteExportLine({.kind = ExportLine::Kind::kHeader,
                                  .prefix = prefix_,
                                  .revision = position_.revision,
                                  .key_count = position_.total}));
  }
  [[nodiscard]] Status Explained(const Status& status) const {
    if (status.code() != Code::kOutOfRange || position_.revision == 0) return status;
    return OutOfRange("revision " + std::to_string(position_.revision) +
                      ", as of which it was begun, has been compacted: begin anew (--restart)");
  }

  Context& context_;
  const std::string prefix_;
  Position position_;
};

Status ExportToFile(Context& context, const std::string& prefix, const std::string& path) {
  const std::string part = path + ".part";
  if (context.flags().Switch("restart")) unlink(part.c_str());
  KEEL_ASSIGN_OR_RETURN(const Position from, PositionIn(part, prefix));
  if (from.revision != 0) {
    context.terminal().Note("goes on behind " + std::to_string(from.keys) +
                            " keys, as of revision " + std::to_string(from.revision));
  }
  std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(part.c_str(), "ab"), &std::fclose);
  if (file == nullptr) return PermissionDenied("could not open " + part);
  // A line that was cut off goes.
  if (ftruncate(fileno(file.get()), static_cast<off_t>(from.file_bytes)) != 0) {
    return Unavailable("could not cut " + part);
  }
  Export run(&context, prefix, from);
  const Status done = run.Run([&](const std::string& line) {
    const bool wrote = std::fwrite(line.data(), 1, line.size(), file.get()) == line.size();
    return wrote ? Status() : ResourceExhausted("could not write " + part);
  });
  if (std::fflush(file.get()) != 0 || fsync(fileno(file.get())) != 0) {
    return ResourceExhausted("could not write " + part);
  }
  KEEL_RETURN_IF_ERROR(done);
  if (std::rename(part.c_str(), path.c_str()) != 0) {
    return PermissionDenied("could not rename " + part + " to " + path);
  }
  KEEL_RETURN_IF_ERROR(SyncDirectoryOf(path));
  context.Out("Exported " + std::to_string(run.position().keys) + " keys as of revision " +
              std::to_string(run.position().revision) + " to " + path + "\n");
  return {};
}

}  // namespace

ExitCode RunExport(Context& context) {
  if (context.words().size() > 1) {
    return context.Fail(ExitCode::kBadArguments, "export expects at most a prefix");
  }
  const std::string prefix = context.words().empty() ? "" : context.words()[0];
  const std::string& path = context.flags().Text("output");
  Status done;
  if (path.empty()) {
    done = Export(&context, prefix, {}).Run([&](const std::string& line) {
      context.Out(line);
      return Status();
    });
  } else {
    done = ExportToFile(context, prefix, path);
  }
  if (done.code() == Code::kCancelled) return context.Fail(ExitCode::kInterrupted, done.message());
  return done.ok() ? ExitCode::kSuccess : context.Fail(done);
}

}  // namespace keel::ctl
