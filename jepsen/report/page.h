// The page about a run: verdict, what clients felt over time with the faults as bands, what each
// kind of fault cost, and the history around the anomaly. One HTML file without scripts, fonts or
// pictures from elsewhere. Pure function.
#pragma once

#include <string>

#include "jepsen/checker/check.h"

namespace keel::jepsen {

struct PageOptions {
  std::string title;
  std::string seed;    // empty: not shown
  std::string replay;  // the command that makes the same run again; empty: not shown
};

[[nodiscard]] std::string MakePage(const History& history, const PairedHistory& paired,
                                   const Report& report, const PageOptions& options);

}  // namespace keel::jepsen
