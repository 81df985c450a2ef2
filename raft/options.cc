#include "raft/options.h"

namespace keel::raft {

std::string Options::Validate() const {
  if (id.IsNone()) return "id must not be 0: draw one at the member's first start";
  if (boot.IsNone()) return "boot must not be 0: count the member's starts from 1";
  if (heartbeat_ms == 0) return "heartbeat_ms must be at least 1";
  if (election_timeout_ms < 3 * heartbeat_ms) {
    return "election_timeout_ms must be at least three times heartbeat_ms, or a lost heartbeat or "
           "two would start elections; ten times is usual";
  }
  if (clock_drift_percent_max >= 50) return "clock_drift_percent_max must be below 50";
  if (entry_bytes_max == 0) return "entry_bytes_max must be at least 1";
  if (uncommitted_bytes_max < entry_bytes_max + kEntryOverheadBytes) {
    return "uncommitted_bytes_max must hold at least one entry of entry_bytes_max";
  }
  if (inflight_messages_max == 0) return "inflight_messages_max must be at least 1";
  if (inflight_bytes_max == 0 || message_bytes_max == 0 || unapplied_bytes_max == 0 ||
      committed_batch_bytes_max == 0) {
    return "a bound in bytes must not be 0";
  }
  if (reads_pending_max == 0) return "reads_pending_max must be at least 1";
  return "";
}

}  // namespace keel::raft
