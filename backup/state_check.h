// What always holds of the records of a whole state, checked in one pass over them.
//
// The state's own numbers (live keys, their bytes, revision, compaction), the versions of each key
// among themselves, that data and revision index name the same changes above the compacted
// revision, and that leases and the keys attached to them agree. Sets that come in different orders
// are compared by the sum of their elements' checksums, so memory grows with the leases alone. One
// thread at a time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_set>

#include "base/status.h"
#include "kv/mvcc/layout.h"
#include "kv/mvcc/state.h"
#include "kv/snapshot/snapshot_format.h"

namespace keel::backup {

class StateCheck {
 public:
  // `compacted` is what the state will say when its record comes.
  explicit StateCheck(Revision compacted) : layout_(0), compacted_(compacted) {}

  // In key order. DATA_LOSS, with the record's key, for what cannot be.
  Status Add(const kv::SnapshotRecord& record);
  // When all have come.
  Status Finish(const kv::SnapshotHeader& header) const;

  [[nodiscard]] const kv::StoreState& state() const { return state_; }
  [[nodiscard]] uint64_t versions() const { return versions_; }
  [[nodiscard]] uint64_t leases() const { return leases_; }

 private:
  // A set of which only a checksum is kept.
  struct Sum {
    uint64_t count = 0;
    uint64_t sum = 0;
    void Add(std::string_view element);
    friend bool operator==(const Sum&, const Sum&) = default;
  };
  // What the next older version of a key is held against.
  struct Newer {
    bool deleted = false;
    Revision create;
    uint64_t version = 0;
  };

  bool AddData(const std::string& key, std::string_view value);
  bool AddRevision(const std::string& key, std::string_view value);
  bool AddAttached(std::string_view key);
  bool AddLease(std::string_view key);
  bool AddState(std::string_view key, std::string_view value);
  void AddLive(const std::string& key, const kv::DataRecord& record);
  // Valid until the next one.
  [[nodiscard]] std::string_view ChangeOf(std::string_view key, Revision revision, uint32_t sub,
                                          bool deleted);

  const kv::Layout layout_;
  const Revision compacted_;
  kv::StoreState state_;
  bool has_state_ = false;
  std::string key_;
  Newer newer_;
  bool has_newer_ = false;
  Revision newest_;
  uint64_t versions_ = 0;
  uint64_t live_keys_ = 0;
  uint64_t live_bytes_ = 0;
  uint64_t leases_ = 0;
  std::unordered_set<uint64_t> leases_missing_;
  uint64_t last_lease_ = 0;
  Sum changes_of_data_;
  Sum changes_of_index_;
  Sum attached_;
  Sum bound_;
  // Of the record that is looked at; kept for their memory, which would be half of the work.
  std::string record_key_;
  std::string user_key_;
  std::string change_;
};

}  // namespace keel::backup
