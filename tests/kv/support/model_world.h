// A store and the model side by side, driven by one seed: commands, reads, watches, compactions in
// pieces, restarts and crashes. Used by the model test and by the hunt for mutants.
//
// Run stops at the first disagreement and says what it was. One thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "kv/mvcc/compactor.h"
#include "kv/mvcc/store.h"
#include "kv/watch/watch_hub.h"
#include "tests/kv/support/engines.h"
#include "tests/kv/support/model.h"
#include "tests/kv/support/random_commands.h"

namespace keel::kv {

class ModelWorld {
 public:
  struct Options {
    EngineKind engine = EngineKind::kMemory;
    uint64_t seed = 1;
  };
  explicit ModelWorld(const Options& options);
  ~ModelWorld();

  // Empty when all agreed.
  [[nodiscard]] std::string Run(uint64_t operations);
  [[nodiscard]] uint64_t chain_hash() const { return store_->state().chain_hash; }

 private:
  struct Watched;
  struct Logged {
    LogEntry entry;
    std::string payload;
    Outcome outcome;
    uint64_t chain_hash = 0;
  };

  [[nodiscard]] std::string ApplyBatch();
  [[nodiscard]] std::string CheckReads();
  [[nodiscard]] std::string CheckReadTxn();
  [[nodiscard]] std::string CheckStream();
  [[nodiscard]] std::string CheckState();
  [[nodiscard]] std::string CheckWatches();
  [[nodiscard]] std::string CheckWatch(Watched* watched);
  [[nodiscard]] std::string CompactSome();
  [[nodiscard]] std::string Restart();
  [[nodiscard]] std::string Replay();
  [[nodiscard]] std::string OpenStore();
  void Watch();
  void DropStore();
  [[nodiscard]] LogEntry EntryOf(const Logged& logged) const;
  [[nodiscard]] RandomCommands::Hints hints() const;

  RandomCommands random_;
  Prng crashes_;  // of its own: the engines differ in what a crash can lose
  EngineWorld world_;
  Model model_;
  std::vector<Logged> log_;
  std::unique_ptr<WatchHub> hub_;
  std::unique_ptr<Store> store_;
  std::vector<std::unique_ptr<Watched>> watched_;
};

}  // namespace keel::kv
