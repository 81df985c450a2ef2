// Capacity: what a workload takes of one member, now and over time. Pure arithmetic; any thread.
//
// The model of the disk: each live key takes its newest version, each put leaves an older version
// that stays for as long as history is kept, and both take a record's overhead; the log takes its
// segments. Measured fills of incompressible values of 100 to 4,000 bytes lie within 6% of it.
#pragma once

#include <cstdint>
#include <optional>

namespace keel::ctl {

struct Workload {
  double keys = 0;  // live, at the start
  double key_bytes = 32;
  double value_bytes = 256;
  double puts_per_second = 0;  // at the start
  double new_keys_part = 0;    // of the puts
  double history_seconds = 3600;
  double compression = 1;       // of the data on the disk
  double growth_per_month = 0;  // 0.1: a tenth more puts each month
  double members = 3;
};

struct Needs {
  double keys = 0;
  double state_bytes = 0;               // the store's files
  double log_bytes = 0;                 // the log's segments
  double memory_bytes = 0;              // resident, roughly
  double network_bytes_per_second = 0;  // out of the leader
  double disk_bytes_per_second = 0;     // written by one member
  [[nodiscard]] double disk_bytes() const { return state_bytes + log_bytes; }
};

// What a version takes besides the user's key and value: two records, whose copies of the key
// compress away.
inline constexpr double kVersionOverheadBytes = 40;

// After `seconds`.
[[nodiscard]] Needs NeedsAfter(const Workload& workload, double seconds);

// When the disk is full, in seconds from now; nothing if not within the horizon.
[[nodiscard]] std::optional<double> FullAfter(const Workload& workload, double disk_bytes,
                                              double horizon_seconds);

}  // namespace keel::ctl
