// What is wrong with a cluster, from two surveys of it a moment apart: doctor's judgement, apart
// from how it is asked and shown. Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "tools/keelctl/commands/survey.h"

namespace keel::ctl {

struct Finding {
  enum class Gravity : uint8_t { kWarning, kFault };
  Gravity gravity = Gravity::kFault;
  std::string name;     // one word, for scripts: "member-down"
  std::string what;     // what was seen
  std::string meaning;  // what follows from it
  std::string advice;   // what to do
};

struct Thresholds {
  double slow_sync_seconds = 0.064;      // the 90th of a hundred syncs of the log
  double slow_round_trip_seconds = 0.1;  // between members
  double clock_apart_seconds = 2;        // between any two members
  double quota_part = 0.8;               // of the quota in use
  double descriptors_part = 0.8;         // of the file descriptors in use
  double lag_entries = 5000;             // behind the leader's commits
  double leader_changes = 3;             // between the surveys, or in a young process' life
  double history_revisions = 5'000'000;  // kept behind the current revision
  double pending_part = 0.5;             // of the bound on bytes under way
};

// What `before` and `after` show; worst first. Nothing if all is well.
[[nodiscard]] std::vector<Finding> Diagnose(const Survey& before, const Survey& after,
                                            const Thresholds& thresholds = {});

// How many checks there are.
[[nodiscard]] size_t CheckCount();

}  // namespace keel::ctl
