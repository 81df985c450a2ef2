// A member's log and vote under random work: appends with replaced tails, seals, compactions,
// resets, recycled segments, votes, restarts, crashes, a full disk and a failing one.
//
// The naive model beside it is a list of the logs and of the votes that a crash may show: what was
// acknowledged, and each step of what is on its way. Nothing else may ever be found.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/prng.h"
#include "tests/crash/workload.h"
#include "tests/wal/log_contents.h"
#include "wal/log.h"
#include "wal/vote_file.h"

namespace keel::crash {

struct WalWorkloadOptions {
  uint64_t seed = 1;
  int steps = 60;
  // The last work before the end meets a disk that lies. Not for the enumerator: a crash before the
  // next proof of durability cannot tell a lost write from one that never was.
  bool ends_with_a_lie = false;
  // Crashes, failed syncs and full disks on the way, besides those that the enumerator makes.
  bool has_faults = true;
};

class WalWorkload final : public Workload {
 public:
  explicit WalWorkload(const WalWorkloadOptions& options);
  ~WalWorkload() override;

  std::string Run(simfs::SimulatedFileSystem* files) override;
  simfs::Fault OnOperation(const simfs::Operation& operation) override;
  std::string Check(const simfs::Image& image, uint64_t seed) override;
  [[nodiscard]] uint64_t Expectation() const override { return expectation_; }

 private:
  enum class Weather { kFair, kFailingSync, kFullDisk, kLostWrite, kMisplacedWrite };

  std::string Step();
  std::string Start();
  std::string StopAndStart();
  std::string CrashAndStart();
  std::string AppendSome();
  std::string AppendInBadWeather(Weather weather);
  std::string CompactSome();
  std::string ResetForward();
  std::string ResetBackward();
  std::string SaveVote();
  // A disk that says OK: a write is lost or lands elsewhere, the log goes on and is sealed. A start
  // then finds everything, or says what is damaged; it never shows what nobody wrote.
  std::string EndWithALie();
  std::string CheckLie();
  std::string PrepareSome();
  // What the running log says of itself, and a stretch of it read back.
  std::string CompareLive();

  // ---- the model ----
  [[nodiscard]] const wal::LogContents& acked() const { return allowed_logs_.front(); }
  [[nodiscard]] std::vector<wal::StoredEntry> RandomBatch();
  // On its way: any of these may be found from now on.
  void Allow(std::vector<wal::LogContents> logs);
  // Acknowledged: only this.
  void Acknowledge(wal::LogContents log);
  void AcknowledgeVote(const wal::VoteRecord& record);

  WalWorkloadOptions options_;
  Prng prng_;
  simfs::SimulatedFileSystem* files_ = nullptr;
  std::unique_ptr<wal::VoteFile> votes_;
  std::unique_ptr<wal::Log> log_;
  Weather weather_ = Weather::kFair;
  bool weather_struck_ = false;

  std::vector<wal::LogContents> allowed_logs_;  // the acknowledged one first
  std::vector<wal::VoteRecord> allowed_votes_;  // likewise
  bool has_votes_ = false;
  std::vector<wal::StoredEntry> written_;  // all that was ever handed to the log
  uint64_t expectation_ = 0;
};

}  // namespace keel::crash
