// A log on a simulated disk, opened and reopened by short calls: what the tests of wal/ share.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/simfs/simulated_file_system.h"
#include "tests/wal/log_contents.h"
#include "wal/log.h"
#include "wal/recovery.h"

namespace keel::wal {

class LogFixture : public ::testing::Test {
 protected:
  LogFixture() {
    options_.directory = "/wal";
    options_.member = NodeId(7);
    options_.segment_bytes = 16 * 1024;
    options_.prepare_step_bytes = 4096;
  }

  // Reads what is there; the entries go to `found_`.
  Recovered RecoverIt() {
    Collector collector;
    auto recovered = Recover(files_.get(), options_, &collector);
    EXPECT_TRUE(recovered.ok()) << recovered.status();
    found_ = collector.contents();
    return std::move(recovered).value();
  }
  // Recovers and goes on; the report goes to `report_`.
  void Open() {
    log_.reset();
    Recovered recovered = RecoverIt();
    report_ = recovered.report;
    auto log = Log::Begin(files_.get(), options_, {std::move(recovered), ++salt_});
    ASSERT_TRUE(log.ok()) << log.status();
    log_ = std::move(log).value();
  }
  // The power goes out, taking all that was not synced, and comes back.
  void CrashAndOpen(simfs::LossMode mode = simfs::LossMode::kEverything) {
    files_->Crash({.mode = mode});
    Open();
  }

  static StoredEntry Entry(uint64_t term, uint64_t index, std::string payload) {
    return {.term = Term(term), .index = Index(index), .kind = 0, .payload = std::move(payload)};
  }
  // `count` entries from `first` on, with payloads that tell them apart.
  static std::vector<StoredEntry> Entries(uint64_t term, uint64_t first, uint64_t count,
                                          size_t size_bytes = 20) {
    std::vector<StoredEntry> entries;
    for (uint64_t index = first; index < first + count; ++index) {
      std::string payload = std::to_string(term) + ":" + std::to_string(index);
      if (payload.size() < size_bytes) payload.resize(size_bytes, '.');
      entries.push_back(Entry(term, index, payload));
    }
    return entries;
  }
  Status Append(const std::vector<StoredEntry>& entries) {
    std::vector<EntryView> views;
    for (const StoredEntry& entry : entries) views.push_back(entry.View());
    return log_->Append(views);
  }
  // What a plan reads back, or why it cannot.
  Result<std::vector<StoredEntry>> Read(uint64_t first, uint64_t last) {
    KEEL_ASSIGN_OR_RETURN(const ReadPlan plan, log_->PlanRead(Index(first), Index(last)));
    std::vector<StoredEntry> entries;
    KEEL_RETURN_IF_ERROR(plan.Run([&entries](const EntryView& entry) {
      entries.push_back({entry.term, entry.index, entry.kind, std::string(entry.payload)});
      return Status();
    }));
    return entries;
  }
  std::vector<std::string> Files() { return files_->List("/wal").value(); }
  std::string SegmentPath(uint64_t sequence) const {
    return options_.directory + "/" + SegmentName(sequence);
  }

  LogOptions options_;
  std::unique_ptr<simfs::SimulatedFileSystem> files_ =
      std::make_unique<simfs::SimulatedFileSystem>();
  std::unique_ptr<Log> log_;
  RecoveryReport report_;
  LogContents found_;
  uint64_t salt_ = 1000;
};

inline Position At(uint64_t index, uint64_t term) { return {Index(index), Term(term)}; }

}  // namespace keel::wal
