// The log against the bare disk: appends beside a plain write and sync of the same bytes, and the
// speed of a recovery.
//
// Both sides of a comparison run in turns in one loop, so that whatever else the disk does slows
// both; `ratio` is the log's rate in units of the bare one. The bare side overwrites a file that
// was written before, which is the fastest durable write there is.
//
//   bench_wal [--recovery_mib=N]     the log that is recovered, 256 MiB unless told
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/fs/posix_file.h"
#include "base/fs/posix_file_system.h"
#include "wal/log.h"
#include "wal/recovery.h"

namespace keel::wal {
namespace {

constexpr uint64_t kMib = uint64_t{1} << 20;
constexpr uint64_t kSegmentBytes = 64 * kMib;

uint64_t recovery_mib = 256;

void Must(const Status& status) { KEEL_CHECK(status.ok()) << status.ToString(); }

// A directory that goes away with its files.
class Scratch {
 public:
  Scratch() {
    const char* parent = std::getenv("TMPDIR");
    path_ = std::string(parent == nullptr ? "/tmp" : parent) + "/bench_wal_XXXXXX";
    KEEL_CHECK(mkdtemp(path_.data()) != nullptr) << path_;
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() {
    for (const std::string& directory : {log_directory(), path_}) {
      const auto names = files_.List(directory);
      if (!names.ok()) continue;
      for (const std::string& name : *names) (void)files_.Remove(directory + "/" + name);
      (void)files_.RemoveDirectory(directory);
    }
  }

  [[nodiscard]] std::string bare_file() const { return path_ + "/bare"; }
  [[nodiscard]] std::string log_directory() const { return path_ + "/wal"; }
  PosixFileSystem* files() { return &files_; }

 private:
  PosixFileSystem files_;
  std::string path_;
};

class Counting final : public LogVisitor {
 public:
  Status OnEntry(const EntryView& entry) override {
    bytes_ += entry.payload.size();
    return {};
  }
  void OnBase(const Position&) override {}
  void OnCleared(const Position&) override {}
  [[nodiscard]] uint64_t bytes() const { return bytes_; }

 private:
  uint64_t bytes_ = 0;
};

// A log and the batches that go into it.
class Writer {
 public:
  Writer(Scratch* scratch, uint64_t segment_bytes)
      : options_{.directory = scratch->log_directory(),
                 .member = NodeId(1),
                 .segment_bytes = segment_bytes} {
    Counting visitor;
    auto recovered = Recover(scratch->files(), options_, &visitor);
    Must(recovered.status());
    auto log = Log::Begin(scratch->files(), options_, {std::move(recovered).value(), 1});
    Must(log.status());
    log_ = std::move(log).value();
  }

  // One batch of entries of about `entry_bytes`, `batch_bytes` in all.
  void Append(uint64_t batch_bytes, uint64_t entry_bytes) {
    entries_.clear();
    for (uint64_t done = 0; done < batch_bytes; done += entry_bytes) {
      next_ = next_.Next();
      entries_.push_back({.term = Term(1),
                          .index = next_,
                          .payload = std::string_view(payload_).substr(0, entry_bytes)});
    }
    Must(log_->Append(entries_));
  }
  // What the owner does when it is idle: the next segment is ready, old ones are recycled.
  void Tidy() {
    if (log_->segments() > 2) Must(log_->Compact(log_->last()));
    while (!log_->Prepare().value()) continue;
  }
  // Until the segment in use is one that was written ahead.
  void WarmUp() {
    Tidy();
    const uint64_t begun = log_->counters().segments_begun;
    while (log_->counters().segments_begun == begun) Append(kMib, 64 * 1024);
    Tidy();
  }
  [[nodiscard]] const LogOptions& options() const { return options_; }

 private:
  LogOptions options_;
  std::unique_ptr<Log> log_;
  Index next_;
  std::string payload_ = std::string(kMib, 'x');
  std::vector<EntryView> entries_;
};

// A file of a segment's size, written and synced once, and overwritten from then on.
class BareFile {
 public:
  explicit BareFile(const std::string& path)
      : file_(PosixFile::Open(path, {.flags = O_RDWR | O_CREAT}).value()) {
    for (uint64_t at = 0; at < kSegmentBytes; at += kMib) Write(at, kMib);
    Must(file_.SyncData());
  }
  void Append(uint64_t size_bytes) {
    if (offset_ + size_bytes > kSegmentBytes) offset_ = 0;
    Write(offset_, size_bytes);
    Must(file_.SyncData());
    offset_ += size_bytes;
  }

 private:
  void Write(uint64_t offset, uint64_t size_bytes) {
    const std::string_view piece = std::string_view(bytes_).substr(0, size_bytes);
    Must(file_.WriteAt(offset, {&piece, 1}));
  }

  PosixFile file_;
  uint64_t offset_ = 0;
  std::string bytes_ = std::string(kMib, 'y');
};

template <class Work>
double SecondsOf(const Work& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void AppendBesideTheBareDisk(benchmark::State& state) {
  const auto batch_bytes = static_cast<uint64_t>(state.range(0));
  Scratch scratch;
  BareFile bare(scratch.bare_file());
  Writer writer(&scratch, kSegmentBytes);
  writer.WarmUp();
  double bare_s = 0;
  double log_s = 0;
  for (auto _ : state) {
    bare_s += SecondsOf([&] { bare.Append(batch_bytes); });
    const double seconds = SecondsOf([&] { writer.Append(batch_bytes, 1024); });
    log_s += seconds;
    state.SetIterationTime(seconds);
    writer.Tidy();
  }
  const auto count = static_cast<double>(state.iterations());
  state.counters["bare_per_s"] = count / bare_s;
  state.counters["log_per_s"] = count / log_s;
  state.counters["ratio"] = bare_s / log_s;
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(AppendBesideTheBareDisk)
    ->RangeMultiplier(4)
    ->Range(4 << 10, 256 << 10)
    ->UseManualTime()
    ->MinTime(2)
    ->Unit(benchmark::kMicrosecond);

// Takes the log's pages out of the system's cache, as far as it lets go of them.
void Forget(Scratch* scratch) {
  const auto names = scratch->files()->List(scratch->log_directory());
  Must(names.status());
  for (const std::string& name : *names) {
    const auto file =
        PosixFile::Open(scratch->log_directory() + "/" + name, {.flags = O_RDONLY}).value();
    (void)posix_fadvise(file.descriptor(), 0, 0, POSIX_FADV_DONTNEED);
  }
}

// 1: from the device; 0: from the system's cache.
void Recovery(benchmark::State& state) {
  Scratch scratch;
  LogOptions options;
  {
    Writer writer(&scratch, kSegmentBytes);
    options = writer.options();
    for (uint64_t done = 0; done < recovery_mib; ++done) writer.Append(kMib, 512);
  }
  uint64_t bytes = 0;
  for (auto _ : state) {
    if (state.range(0) == 1) Forget(&scratch);
    Counting visitor;
    const double seconds = SecondsOf([&] {
      const auto recovered = Recover(scratch.files(), options, &visitor);
      Must(recovered.status());
      bytes += recovered->report.bytes;
    });
    state.SetIterationTime(seconds);
    benchmark::DoNotOptimize(visitor.bytes());
  }
  state.SetBytesProcessed(static_cast<int64_t>(bytes));
}
BENCHMARK(Recovery)->Arg(0)->Arg(1)->UseManualTime()->Unit(benchmark::kMillisecond);

// Takes our own option out of the command line.
void TakeOptions(int* argc, char** argv) {
  constexpr std::string_view kOption = "--recovery_mib=";
  int kept = 0;
  for (int i = 0; i < *argc; ++i) {
    if (std::string_view(argv[i]).starts_with(kOption)) {
      recovery_mib = std::strtoull(argv[i] + kOption.size(), nullptr, 10);
    } else {
      argv[kept++] = argv[i];
    }
  }
  *argc = kept;
}

}  // namespace
}  // namespace keel::wal

int main(int argc, char** argv) {
  keel::wal::TakeOptions(&argc, argv);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
