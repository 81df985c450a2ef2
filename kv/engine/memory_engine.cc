#include "kv/engine/memory_engine.h"

#include <algorithm>

namespace keel::kv {

class MemoryEngine::Held final : public EngineSnapshot {
 public:
  Held(MemoryEngine* engine, uint64_t sequence) : engine_(engine), sequence_(sequence) {}
  ~Held() override { engine_->Release(sequence_); }

  [[nodiscard]] uint64_t sequence() const { return sequence_; }

 private:
  MemoryEngine* const engine_;
  const uint64_t sequence_;
};

// Looks its place up anew at every step, so that writers may change the map in between.
class MemoryEngine::Cursor final : public EngineIterator {
 public:
  Cursor(MemoryEngine* engine, std::shared_ptr<const Held> held)
      : engine_(engine), held_(std::move(held)) {}

  void Seek(std::string_view key) override {
    const std::lock_guard lock(engine_->mutex_);
    Settle(engine_->map_.lower_bound(key));
  }

  void Next() override {
    const std::lock_guard lock(engine_->mutex_);
    Settle(engine_->map_.upper_bound(key_));
  }

  [[nodiscard]] bool Valid() const override { return value_ != nullptr; }
  [[nodiscard]] std::string_view key() const override { return key_; }
  [[nodiscard]] std::string_view value() const override { return *value_; }
  Status status() const override { return Status::Ok(); }

 private:
  void Settle(Map::const_iterator at) {
    value_ = nullptr;
    for (; at != engine_->map_.end(); ++at) {
      const Version* version = Visible(at->second, held_->sequence());
      if (version == nullptr || version->value == nullptr) continue;
      key_ = at->first;
      value_ = version->value;
      return;
    }
  }

  MemoryEngine* const engine_;
  const std::shared_ptr<const Held> held_;
  std::string key_;
  std::shared_ptr<const std::string> value_;
};

MemoryEngine::MemoryEngine() = default;

MemoryEngine::~MemoryEngine() {
  KEEL_CHECK(snapshots_.empty()) << "an engine goes away under its snapshots";
}

const MemoryEngine::Version* MemoryEngine::Visible(const Versions& versions, uint64_t sequence) {
  for (auto version = versions.rbegin(); version != versions.rend(); ++version) {
    if (version->sequence <= sequence) return &*version;
  }
  return nullptr;
}

Result<bool> MemoryEngine::Get(std::string_view key, std::string* value,
                               const EngineSnapshot* snapshot) {
  const std::lock_guard lock(mutex_);
  const auto found = map_.find(key);
  if (found == map_.end()) return false;
  const uint64_t sequence =
      snapshot == nullptr ? sequence_ : static_cast<const Held*>(snapshot)->sequence();
  const Version* version = Visible(found->second, sequence);
  if (version == nullptr || version->value == nullptr) return false;
  *value = *version->value;
  return true;
}

Status MemoryEngine::Write(const WriteBatch& batch, Index applied) {
  const std::lock_guard lock(mutex_);
  ++sequence_;
  batch.ForEach(
      [this](std::string_view key, std::string_view value) {
        Add(key, std::make_shared<const std::string>(value));
      },
      [this](std::string_view key) { Add(key, nullptr); });
  applied_ = std::max(applied_, applied);
  return Status::Ok();
}

void MemoryEngine::Add(std::string_view key, std::shared_ptr<const std::string> value) {
  auto found = map_.find(key);
  if (found == map_.end()) {
    if (value == nullptr) return;
    found = map_.emplace(std::string(key), Versions()).first;
    size_bytes_ += key.size();
  }
  Versions& versions = found->second;
  // A later operation of one batch replaces an earlier one: between them there is no state.
  if (!versions.empty() && versions.back().sequence == sequence_) versions.pop_back();
  versions.push_back({sequence_, std::move(value)});
  if (Prune(&versions)) {
    size_bytes_ -= key.size();
    map_.erase(found);
  } else if (versions.size() > 1 || versions.back().value == nullptr) {
    kept_.emplace_back(sequence_, key);
  }
}

bool MemoryEngine::Prune(Versions* versions) {
  Versions kept;
  for (size_t i = 0; i < versions->size(); ++i) {
    const bool newest = i + 1 == versions->size();
    // Seen by a snapshot that is not older than it and older than its successor.
    const auto viewer = snapshots_.lower_bound((*versions)[i].sequence);
    const bool seen =
        viewer != snapshots_.end() && (newest || *viewer < (*versions)[i + 1].sequence);
    const bool says_nothing = (*versions)[i].value == nullptr && kept.empty();
    if ((newest || seen) && !says_nothing) kept.push_back(std::move((*versions)[i]));
  }
  *versions = std::move(kept);
  return versions->empty();
}

EngineSnapshotPtr MemoryEngine::Snapshot() {
  const std::lock_guard lock(mutex_);
  snapshots_.insert(sequence_);
  return std::make_shared<const Held>(this, sequence_);
}

void MemoryEngine::Release(uint64_t sequence) {
  const std::lock_guard lock(mutex_);
  snapshots_.erase(snapshots_.find(sequence));
  const uint64_t oldest = snapshots_.empty() ? sequence_ : *snapshots_.begin();
  while (!kept_.empty() && kept_.front().first <= oldest) {
    const auto found = map_.find(kept_.front().second);
    if (found != map_.end() && Prune(&found->second)) {
      size_bytes_ -= found->first.size();
      map_.erase(found);
    }
    kept_.pop_front();
  }
}

std::unique_ptr<EngineIterator> MemoryEngine::Iterate(const IterateOptions& options) {
  EngineSnapshotPtr snapshot = options.snapshot != nullptr ? options.snapshot : Snapshot();
  return std::make_unique<Cursor>(this, std::static_pointer_cast<const Held>(snapshot));
}

Index MemoryEngine::durable() const {
  const std::lock_guard lock(mutex_);
  return applied_;
}

uint64_t MemoryEngine::SizeBytes() {
  const std::lock_guard lock(mutex_);
  return size_bytes_;
}

size_t MemoryEngine::version_count() const {
  const std::lock_guard lock(mutex_);
  size_t count = 0;
  for (const auto& [key, versions] : map_) count += versions.size();
  return count;
}

}  // namespace keel::kv
