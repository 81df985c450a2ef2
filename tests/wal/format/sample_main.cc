// wal-sample: writes a small log and vote file to a directory, spoils it if told to, and prints
// what a recovery makes of it, one fact a line. An independent reader must print the same.
//
//   wal-sample DIRECTORY tiny|sound|closed|torn|damaged|reset
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "base/fs/posix_file_system.h"
#include "tests/wal/log_contents.h"
#include "wal/log.h"
#include "wal/recovery.h"
#include "wal/vote_file.h"

namespace keel::wal {
namespace {

void Must(const Status& status) { KEEL_CHECK(status.ok()) << status.ToString(); }

class Sample {
 public:
  explicit Sample(const std::string& directory)
      : directory_(directory),
        options_{.directory = directory + "/wal", .member = NodeId(7), .segment_bytes = 16384} {}

  void Write(std::string_view how) {
    WriteVote();
    Open();
    if (how == "tiny") {
      Append(1, 1, {"hello"});
      Must(log_->Close());
      log_.reset();
      return;
    }
    Append(1, 1, {"one", "two", "three"});
    Append(2, 2, {"TWO"});  // replaces two and three
    Must(log_->Seal());
    for (uint64_t index = 3; index < 60; ++index) {
      Append(2, index, {std::string(500 + index, static_cast<char>('a' + index % 26))});
      if (index == 20) Open();  // as after a kill
    }
    Must(log_->Compact({Index(30), Term(2)}));
    Append(3, 55, {"", "x", std::string(300, 'y')});
    if (how == "reset") {
      Must(log_->Reset({Index(1000), Term(9)}));
      Append(9, 1001, {"after the snapshot"});
    }
    if (how == "closed") Must(log_->Close());
    log_.reset();
    // The last entry's payload; or an entry that later batches prove durable.
    if (how == "torn") Spoil('y');
    if (how == "damaged") Spoil('t');
  }

  void Print() {
    Collector collector;
    const auto recovered = Recover(&files_, options_, &collector);
    Must(recovered.status());
    const RecoveryReport& report = recovered->report;
    std::printf("base %llu %llu\n", Number(report.base.index), Number(report.base.term));
    for (const StoredEntry& entry : collector.contents().entries) {
      std::printf("entry %llu %llu %d %s\n", Number(entry.index), Number(entry.term), entry.kind,
                  Hex(entry.payload).c_str());
    }
    std::printf("closed %d\n", report.closed_cleanly ? 1 : 0);
    if (report.cut) {
      std::printf("cut %s %llu %llu\n", NameOf(report.cut->path).c_str(),
                  static_cast<unsigned long long>(report.cut->offset),
                  static_cast<unsigned long long>(report.cut->bytes));
    }
    if (report.damage) {
      std::printf("damage %s %llu %llu %llu\n", NameOf(report.damage->path).c_str(),
                  static_cast<unsigned long long>(report.damage->offset),
                  Number(report.damage->first), Number(report.damage->last));
    }
    std::printf("vote 3 7 1 2\n");
  }

 private:
  template <class Ordinal>
  static unsigned long long Number(Ordinal ordinal) {
    return ordinal.value();
  }
  static std::string NameOf(const std::string& path) { return path.substr(path.rfind('/') + 1); }

  void WriteVote() {
    auto votes =
        VoteFile::Create(&files_, {.path = directory_ + "/vote", .member = options_.member});
    Must(votes.status());
    Must((*votes)->SetHasLog(true));
    Must((*votes)->Save({.term = Term(3), .vote = NodeId(7)}));
  }

  void Open() {
    log_.reset();
    Collector collector;
    auto recovered = Recover(&files_, options_, &collector);
    Must(recovered.status());
    auto log = Log::Begin(&files_, options_, {std::move(recovered).value(), ++salt_});
    Must(log.status());
    log_ = std::move(log).value();
  }

  void Append(uint64_t term, uint64_t first, const std::vector<std::string>& payloads) {
    std::vector<EntryView> entries;
    for (const std::string& payload : payloads) {
      entries.push_back({.term = Term(term),
                         .index = Index(first + entries.size()),
                         .kind = static_cast<uint8_t>(entries.size() % 3),
                         .payload = payload});
    }
    Must(log_->Append(entries));
  }

  // Flips a bit in the last run of a hundred such letters in the log.
  void Spoil(char letter) {
    const std::vector<std::string> names = files_.List(options_.directory).value();
    const std::string run(100, letter);
    for (auto name = names.rbegin(); name != names.rend(); ++name) {
      if (!ParseSegmentName(*name)) continue;
      const auto file =
          files_.OpenWritable(options_.directory + "/" + *name, OpenMode::kExisting).value();
      std::string bytes(file->SizeBytes().value(), '\0');
      Must(file->ReadAt(0, bytes).status());
      const size_t at = bytes.rfind(run);
      if (at == std::string::npos) continue;
      const std::string flipped(1, static_cast<char>(letter ^ 1));
      const std::string_view piece = flipped;
      Must(file->WriteAt(at, {&piece, 1}));
      return;
    }
    KEEL_CHECK(false) << "nothing to spoil";
  }

  PosixFileSystem files_;
  std::string directory_;
  LogOptions options_;
  std::unique_ptr<Log> log_;
  uint64_t salt_ = 0;
};

}  // namespace
}  // namespace keel::wal

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("Usage: wal-sample DIRECTORY tiny|sound|closed|torn|damaged|reset\n", stderr);
    return 2;
  }
  keel::wal::Sample sample(argv[1]);
  sample.Write(argv[2]);
  sample.Print();
  return 0;
}
