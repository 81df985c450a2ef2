// What the entries of one apply batch have done so far, on top of the engine: reads see it, the
// engine gets it in one write.
//
// Every change of a key goes through Put and Delete here, which write its records, keep its event
// and account for its bytes. A failed read of the engine is a Status, and the batch is then lost
// with the store: apply does not go on. Belongs to the apply role.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "kv/engine/engine.h"
#include "kv/mvcc/head_cache.h"
#include "kv/mvcc/layout.h"
#include "kv/mvcc/prefix_rules.h"
#include "kv/mvcc/state.h"
#include "kv/mvcc/types.h"

namespace keel::kv {

class Pending {
 public:
  struct Parts {
    Engine* engine = nullptr;
    const Layout* layout = nullptr;
    HeadCache* heads = nullptr;
    PrefixRules* rules = nullptr;
    StoreState* state = nullptr;
  };
  explicit Pending(const Parts& parts) : parts_(parts) {}

  // ---- reads: the newest state, this batch included ----
  [[nodiscard]] Result<std::optional<Head>> FindHead(std::string_view key);
  [[nodiscard]] Result<std::optional<KeyValue>> Read(std::string_view key);
  // Calls visit(kv) for each live key of the range in order, until it answers false.
  using Visitor = std::function<bool(KeyValue kv)>;
  Status ForEachLive(const KeyRange& keys, const Visitor& visit);

  // ---- changes, all of them at the revision that is being written ----
  // Nothing is written until the first change; EndCommand then makes the revision current.
  Status Put(std::string&& key, std::string&& value, LeaseId lease);
  // False when there is no such key.
  [[nodiscard]] Result<bool> Delete(std::string_view key);
  [[nodiscard]] bool changed() const { return sub_ != 0; }
  // The revision that reads of the current command see.
  [[nodiscard]] Revision revision() const {
    return changed() ? parts_.state->revision.Next() : parts_.state->revision;
  }
  void EndCommand();

  // For records beside the keys.
  [[nodiscard]] WriteBatch& batch() { return batch_; }
  // What the current command did, in canonical bytes: for the chain hash.
  [[nodiscard]] std::string& effects() { return effects_; }

  // Hands everything to the engine and starts anew; gives the events to `events`.
  Status Flush(std::vector<std::shared_ptr<const RevisionEvents>>* events);
  [[nodiscard]] bool empty() const { return batch_.empty(); }

 private:
  static constexpr size_t kArenaStartBytes = size_t{32} << 10;

  struct Written {
    std::optional<Head> head;  // nothing: deleted
    size_t revision_at = 0;    // where the event is that holds the value
    size_t event_at = 0;
  };
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view key) const { return std::hash<std::string_view>()(key); }
  };
  // From the arena: a batch makes many small pieces and drops them all at once.
  using WrittenMap = std::pmr::unordered_map<std::pmr::string, Written, Hash, std::equal_to<>>;

  [[nodiscard]] EngineIterator& iterator();
  [[nodiscard]] Result<std::optional<Head>> SeekHead(std::string_view key);
  void Record(const std::optional<Head>& head, Event event);
  // The two records of a change: of the key's data and of the revision index.
  void PutRecords(std::string_view key, const DataRecord& data, const RevisionRecord& revision);
  [[nodiscard]] const Event& EventOf(const Written& written) const {
    return (*revisions_[written.revision_at]).events[written.event_at];
  }

  const Parts parts_;
  WriteBatch batch_;
  // What most batches make do with.
  std::unique_ptr<std::byte[]> arena_start_ =
      std::make_unique_for_overwrite<std::byte[]>(kArenaStartBytes);
  std::pmr::monotonic_buffer_resource arena_{arena_start_.get(), kArenaStartBytes};
  std::optional<WrittenMap> written_{&arena_};
  std::vector<std::shared_ptr<RevisionEvents>> revisions_;
  std::unique_ptr<EngineIterator> iterator_;
  uint32_t sub_ = 0;
  std::string effects_;
  std::string key_bytes_;  // these two are kept for their room
  std::string value_bytes_;
};

}  // namespace keel::kv
