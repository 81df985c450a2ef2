// Where a simulated member keeps its state: engines in memory that survive their process, and lose
// in a crash what was not synced.
//
// Batches survive in the order of their writing, as kv/engine/engine.h promises: a crash keeps what
// was synced, and some of what came after it. One thread.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "base/prng.h"
#include "kv/engine/memory_engine.h"
#include "server/node/states.h"

namespace keel::node_test {

class SimStates final : public node::States {
 public:
  struct Options {
    uint64_t sync_every_writes = 16;
  };
  explicit SimStates(Options options) : options_(options) {}

  Result<std::unique_ptr<kv::Engine>> OpenActive() override;
  Result<std::unique_ptr<kv::Engine>> OpenIncoming() override;
  Status ActivateIncoming() override;

  // What a crash leaves. No engine may be open.
  void Crash(Prng* prng);
  // The state is gone, whole.
  void Wipe() { active_ = std::make_shared<Platter>(); }

  struct Platter {
    std::map<std::string, std::string> durable;
    Index durable_applied;
    std::deque<std::pair<kv::WriteBatch, Index>> unsynced;

    void SyncFirst(size_t count);
  };

 private:
  [[nodiscard]] std::unique_ptr<kv::Engine> Open(const std::shared_ptr<Platter>& platter) const;

  const Options options_;
  std::shared_ptr<Platter> active_ = std::make_shared<Platter>();
  std::shared_ptr<Platter> incoming_;
};

}  // namespace keel::node_test
