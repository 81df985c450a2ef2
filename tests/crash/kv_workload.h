// The store on LevelDB: commands by chance, compactions in pieces, syncs and restarts, and what
// every crash in between must leave.
//
// The same log is first applied to the in-memory twin, which says what the state is at each
// position. An image must open at one of those positions, at least at the durable one, hold exactly
// its state, and reach the end of the log when what is missing is applied again.
#pragma once

#include <string>
#include <vector>

#include "kv/engine/level_engine.h"
#include "kv/mvcc/store.h"
#include "tests/crash/workload.h"

namespace keel::crash {

struct KvWorkloadOptions {
  uint64_t seed = 1;
  size_t batches = 40;
};

class KvWorkload final : public Workload {
 public:
  explicit KvWorkload(const KvWorkloadOptions& options);
  ~KvWorkload() override;

  std::string Run(simfs::SimulatedFileSystem* files) override;
  std::string Check(const simfs::Image& image, uint64_t seed) override;
  [[nodiscard]] uint64_t Expectation() const override;

 private:
  // The truth after a batch.
  struct Position {
    kv::StoreState state;
    uint64_t keys_checksum = 0;
  };
  struct Batch {
    std::vector<std::string> payloads;
    Position after;
  };

  void Record();
  [[nodiscard]] std::string RunOn(simfs::SimulatedFileSystem* files, size_t* next);
  [[nodiscard]] std::string CheckAt(kv::Store* store, size_t batches_done) const;
  [[nodiscard]] static Status ApplyBatch(kv::Store* store, const Batch& batch);
  [[nodiscard]] static Result<uint64_t> KeysChecksum(const kv::Store& store);

  const KvWorkloadOptions options_;
  std::vector<Batch> batches_;  // batches_[0] is the empty beginning
  // What Run was promised so far.
  size_t issued_ = 0;
  Index durable_;
  kv::LevelEngine* engine_ = nullptr;
};

}  // namespace keel::crash
