#include "tools/keelctl/commands/forecast.h"

#include <algorithm>
#include <cmath>

namespace keel::ctl {
namespace {

constexpr double kMonthSeconds = 30 * 86400.0;
// Segments are made ahead of need and kept for those that are a little behind.
constexpr double kSegmentBytes = 64.0 * 1024 * 1024;
// A put is written to the log, to the store's log, to a table, and again by merging.
constexpr double kWriteAmplification = 8;
constexpr double kMemoryFixedBytes = 40.0 * 1024 * 1024;
// Caches grow with the data up to their bounds.
constexpr double kMemoryCacheBytesMax = 96.0 * 1024 * 1024;
constexpr double kMessageOverheadBytes = 64;

// The puts of the time up to `seconds`, at a rate that grows month by month.
double PutsUntil(const Workload& workload, double seconds) {
  const double growth = std::log1p(workload.growth_per_month) / kMonthSeconds;
  if (std::abs(growth) < 1e-15) return workload.puts_per_second * seconds;
  return workload.puts_per_second * std::expm1(growth * seconds) / growth;
}

double RateAt(const Workload& workload, double seconds) {
  return workload.puts_per_second *
         std::pow(1 + workload.growth_per_month, seconds / kMonthSeconds);
}

}  // namespace

Needs NeedsAfter(const Workload& workload, double seconds) {
  const double puts = PutsUntil(workload, seconds);
  const double kept_from = std::max(0.0, seconds - workload.history_seconds);
  const double history = puts - PutsUntil(workload, kept_from);
  // A put of a new key leaves no older version behind.
  const double superseded = history * (1 - workload.new_keys_part);
  Needs needs;
  needs.keys = workload.keys + puts * workload.new_keys_part;
  const double version_bytes = workload.key_bytes + workload.value_bytes + kVersionOverheadBytes;
  const double data = (needs.keys + superseded) * version_bytes;
  needs.state_bytes = data * workload.compression;
  const double rate = RateAt(workload, seconds);
  const double entry_bytes = workload.key_bytes + workload.value_bytes + kMessageOverheadBytes;
  needs.log_bytes = (workload.puts_per_second > 0 ? 3 : 2) * kSegmentBytes;
  needs.memory_bytes = kMemoryFixedBytes + std::min(kMemoryCacheBytesMax, data);
  needs.network_bytes_per_second = rate * entry_bytes * std::max(0.0, workload.members - 1);
  needs.disk_bytes_per_second = rate * entry_bytes * kWriteAmplification;
  return needs;
}

std::optional<double> FullAfter(const Workload& workload, double disk_bytes,
                                double horizon_seconds) {
  if (NeedsAfter(workload, 0).disk_bytes() >= disk_bytes) return 0;
  if (NeedsAfter(workload, horizon_seconds).disk_bytes() < disk_bytes) return std::nullopt;
  double early = 0;
  double late = horizon_seconds;
  for (int step = 0; step < 100; ++step) {
    const double middle = (early + late) / 2;
    (NeedsAfter(workload, middle).disk_bytes() >= disk_bytes ? late : early) = middle;
  }
  return late;
}

}  // namespace keel::ctl
