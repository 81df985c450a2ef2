// A store on an in-memory engine with one line to apply a command: for tests of single rules.
//
// Log time stands still unless a test moves it. One thread.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "kv/engine/memory_engine.h"
#include "kv/mvcc/store.h"

namespace keel::kv {

class StoreWorld {
 public:
  explicit StoreWorld(const SessionLimits& sessions = {}) : limits_(sessions) { Restart(); }

  Outcome Apply(Operation operation, Origin origin = {}) {
    return ApplyBytes(
        EncodeCommand({.origin = std::move(origin), .operation = std::move(operation)}));
  }
  Outcome ApplyBytes(const std::string& payload) {
    const LogEntry entry{.index = store_->state().applied.Next(),
                         .term = term,
                         .stamped_ms = now_ms,
                         .payload = payload};
    std::vector<Outcome> outcomes;
    const Status applied = store_->Apply(std::span(&entry, 1), &outcomes);
    KEEL_CHECK(applied.ok()) << applied;
    return outcomes.front();
  }
  Outcome Put(const std::string& key, const std::string& value, LeaseId lease = {}) {
    return Apply(PutOp{.key = key, .value = value, .lease = lease});
  }
  std::string Get(const std::string& key) {
    const auto range = store_->view()->Range({.keys = {.begin = key, .end = {}}});
    KEEL_CHECK(range.ok()) << range.status();
    return range->kvs.empty() ? "(none)" : range->kvs.front().value;
  }
  // Opens the store anew on the same engine.
  void Restart() {
    store_.reset();
    StoreOptions options{.engine = &engine_, .sessions = limits_, .counts = &counts};
    options.on_revisions = [this](auto revisions) {
      events.insert(events.end(), revisions.begin(), revisions.end());
    };
    auto store = Store::Open(std::move(options));
    KEEL_CHECK(store.ok()) << store.status();
    store_ = std::move(store).value();
  }
  [[nodiscard]] Store& store() { return *store_; }
  [[nodiscard]] MemoryEngine& engine() { return engine_; }

  Term term{1};
  uint64_t now_ms = 1'000;
  std::vector<std::shared_ptr<const RevisionEvents>> events;
  OperationCounts counts;

 private:
  const SessionLimits limits_;
  MemoryEngine engine_;
  std::unique_ptr<Store> store_;
};

}  // namespace keel::kv
