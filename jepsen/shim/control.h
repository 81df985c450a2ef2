// What the chaos tool and the library that it puts into a server (shim.cc) share: one page of
// memory in a file, which the tool writes and every call of the server reads.
//
// All fields are of one machine word or less and are read and written whole; no order between two
// of them is promised. The counters say that a fault has had an effect.
#pragma once

#include <atomic>
#include <cstdint>

namespace keel::jepsen {

struct ShimControl {
  // Of files below the data directory.
  std::atomic<uint32_t> fails_syncs;   // fsync and fdatasync: EIO
  std::atomic<uint32_t> fails_writes;  // writes that need room: ENOSPC
  std::atomic<uint64_t> slow_sync_us;
  // Added to the time of day; the monotonic clock stays.
  std::atomic<int64_t> wall_offset_us;
  // And so much more for each second since that moment of the monotonic clock.
  std::atomic<int64_t> wall_drift_us;
  std::atomic<uint64_t> drifts_since_us;

  std::atomic<uint64_t> failed_syncs;
  std::atomic<uint64_t> failed_writes;
  std::atomic<uint64_t> slowed_syncs;
  std::atomic<uint64_t> shifted_times;
  std::atomic<uint64_t> journaled_writes;
};

// In the server's environment.
constexpr const char* kShimControlVariable = "CHAOS_CONTROL";  // the file of the page
constexpr const char* kShimDataVariable = "CHAOS_DATA";        // the data directory
constexpr const char* kShimUndoVariable = "CHAOS_UNDO";  // a directory, or nothing: no journal

// A journal, one a file, is named by the file's inode. Each record is how to undo one write.
struct UndoRecord {
  uint64_t at_us = 0;  // when it was written, by the monotonic clock
  uint64_t offset = 0;
  uint64_t old_bytes = 0;  // that follow the record
  uint64_t old_zeros = 0;  // or there were only so many zeros, as in a preallocated file
  uint64_t old_size = 0;   // of the file
};

}  // namespace keel::jepsen
