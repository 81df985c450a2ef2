// The state machine that the simulated cluster replicates: a few keys, each with a value and the
// index that wrote it last.
//
// Values are unique, so that a history tells who wrote what. A state is a small plain value: a
// snapshot is a copy. Its hash covers everything that was ever applied, in order.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "raft/types.h"

namespace keel::sim {

using OpId = uint32_t;

struct Command {
  enum class Kind : uint8_t { kPut, kCompareAndPut };

  Kind kind = Kind::kPut;
  uint32_t key = 0;
  OpId op = 0;           // the value, too
  Index expected;        // compare-and-put: the revision that the key must have
  uint32_t padding = 0;  // bytes without meaning, so that entries differ in size
};

[[nodiscard]] Payload Encode(const Command& command);
[[nodiscard]] Command DecodeCommand(const Payload& payload);

class KvState {
 public:
  static constexpr uint32_t kKeys = 12;

  struct Cell {
    OpId value = 0;
    Index revision;
  };

  struct Result {
    bool done = false;
    Index revision;  // of the key, afterwards
  };

  // Requires that `entry` follows applied().
  Result Apply(const raft::Entry& entry);

  [[nodiscard]] raft::Position applied() const { return applied_; }
  [[nodiscard]] const Cell& At(uint32_t key) const { return cells_[key]; }
  [[nodiscard]] uint64_t hash() const { return hash_; }

 private:
  raft::Position applied_;
  uint64_t hash_ = 0;
  std::array<Cell, kKeys> cells_;
};

// A state together with what the core must know of it: a snapshot.
struct KvImage {
  raft::SnapshotMeta meta;
  KvState state;
};

using KvImagePtr = std::shared_ptr<const KvImage>;

}  // namespace keel::sim
