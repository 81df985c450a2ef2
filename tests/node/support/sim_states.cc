#include "tests/node/support/sim_states.h"

namespace keel::node_test {

namespace {

using Platter = SimStates::Platter;

class SurvivingEngine final : public kv::Engine {
 public:
  SurvivingEngine(std::shared_ptr<Platter> platter, uint64_t sync_every_writes)
      : platter_(std::move(platter)), sync_every_writes_(sync_every_writes) {
    platter_->SyncFirst(platter_->unsynced.size());  // what a start finds is durable
    kv::WriteBatch all;
    for (const auto& [key, value] : platter_->durable) all.Put(key, value);
    (void)memory_.Write(all, platter_->durable_applied);
  }

  Result<bool> Get(std::string_view key, std::string* value,
                   const kv::EngineSnapshot* snapshot) override {
    return memory_.Get(key, value, snapshot);
  }
  Status Write(const kv::WriteBatch& batch, Index applied) override {
    platter_->unsynced.emplace_back(batch, applied);
    if (platter_->unsynced.size() >= sync_every_writes_) (void)Sync();
    return memory_.Write(batch, applied);
  }
  kv::EngineSnapshotPtr Snapshot() override { return memory_.Snapshot(); }
  std::unique_ptr<kv::EngineIterator> Iterate(const IterateOptions& options) override {
    return memory_.Iterate(options);
  }
  Status Sync() override {
    platter_->SyncFirst(platter_->unsynced.size());
    return {};
  }
  [[nodiscard]] Index durable() const override { return platter_->durable_applied; }
  uint64_t SizeBytes() override { return memory_.SizeBytes(); }

 private:
  const std::shared_ptr<Platter> platter_;
  const uint64_t sync_every_writes_;
  kv::MemoryEngine memory_;
};

}  // namespace

void SimStates::Platter::SyncFirst(size_t count) {
  for (; count > 0; --count) {
    const auto& [batch, applied] = unsynced.front();
    batch.ForEach(
        [this](std::string_view key, std::string_view value) { durable[std::string(key)] = value; },
        [this](std::string_view key) { durable.erase(std::string(key)); });
    if (!applied.IsNone()) durable_applied = applied;
    unsynced.pop_front();
  }
}

std::unique_ptr<kv::Engine> SimStates::Open(const std::shared_ptr<Platter>& platter) const {
  return std::make_unique<SurvivingEngine>(platter, options_.sync_every_writes);
}

Result<std::unique_ptr<kv::Engine>> SimStates::OpenActive() { return Open(active_); }

Result<std::unique_ptr<kv::Engine>> SimStates::OpenIncoming() {
  incoming_ = std::make_shared<Platter>();
  return Open(incoming_);
}

Status SimStates::ActivateIncoming() {
  active_ = incoming_;
  return {};
}

void SimStates::Crash(Prng* prng) {
  active_->SyncFirst(prng->Below(active_->unsynced.size() + 1));
  active_->unsynced.clear();
  incoming_.reset();
}

}  // namespace keel::node_test
