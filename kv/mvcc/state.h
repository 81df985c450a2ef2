// The store's own numbers: one record, rewritten by every batch together with what the batch did,
// so that the data and the position that they stand for never part (etcd 13766, 14685).
//
// A plain value; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/ids.h"

namespace keel::kv {

struct StoreState {
  Index applied;
  Term applied_term;
  // A fresh store is at revision 1, as etcd's is.
  Revision revision{1};
  Revision compacted;  // reads below it are refused; none: everything is there
  // A compaction was carried out, if only at revision 0: etcd counts from -1, so that the first one
  // at 0 succeeds and the second does not.
  bool has_compacted = false;
  uint64_t log_time_ms = 0;
  uint64_t chain_hash = 0;
  uint64_t live_keys = 0;
  uint64_t live_bytes = 0;  // of live keys and their newest values
  Revision auth_revision{1};
  bool auth_enabled = false;

  friend bool operator==(const StoreState&, const StoreState&) = default;
};

[[nodiscard]] std::string EncodeState(const StoreState& state);
[[nodiscard]] bool DecodeState(std::string_view bytes, StoreState* state);

// The names of the records of the state family.
inline constexpr std::string_view kStateName = "state";
inline constexpr std::string_view kMembershipName = "membership";
inline constexpr std::string_view kAlarmsName = "alarms";
inline constexpr std::string_view kArchivedName = "archived";
inline constexpr std::string_view kCompactedToName = "compacted-to";

// Entries at multiples of it leave their chain hash behind, to be compared among members.
inline constexpr uint64_t kChainEvery = 1024;
inline constexpr uint64_t kChainKept = 64;

struct ChainHash {
  Index index;
  uint64_t hash = 0;

  friend bool operator==(const ChainHash&, const ChainHash&) = default;
};

}  // namespace keel::kv
