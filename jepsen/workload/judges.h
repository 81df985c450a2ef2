// Judges of what no model of keel-check describes. Pure functions.
#pragma once

#include "jepsen/checker/check.h"

namespace keel::jepsen {

//   :put       of a key, each of which adds one to its version
//   :version   of a key, answered with the version
// A version lies between the puts answered before its reading and those called before its end.
Result<Report> JudgeVersions(const PairedHistory& history);

//   :put       of a key, answered with its :revision; values are written once
//   :read-at   value a revision, of a key; answered with the value then, its :mod-revision, and
//              nil for none; or with :compacted
//   :compact   value a revision
// What was at a revision stays as it was; below an answered compaction nothing is answered, above
// every called one everything is.
Result<Report> JudgePast(const PairedHistory& history);

}  // namespace keel::jepsen
