// The page about a history: verdict, what clients felt over time with the faults as bands, what
// each kind of fault cost, and the history around the anomaly. One HTML file without scripts, fonts
// or pictures from elsewhere. Pure function.
#pragma once

#include <span>
#include <string>

#include "jepsen/checker/check.h"

namespace keel::jepsen {

struct PageOptions {
  std::string title;
  std::string seed;    // empty: not shown
  std::string replay;  // the command that makes the same run again; empty: not shown
};

// What clients felt: answers and latency over the time of the history, its faults as bands, and a
// table of what each kind cost. As HTML; the operations may be those of several histories.
[[nodiscard]] std::string DrawCost(const History& history, std::span<const Operation> operations);

[[nodiscard]] std::string MakePage(const History& history, const PairedHistory& paired,
                                   const Report& report, const PageOptions& options);

}  // namespace keel::jepsen
