// The command line of keel-jepsen.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "jepsen/cluster/cluster.h"

namespace keel::jepsen {

struct ChaosArguments {
  uint64_t seconds = 60;
  size_t nodes = 3;
  uint64_t seed = 0;  // 0: one is made up
  uint64_t rate = 2000;
  Target target = Target::kKeel;
  NetworkKind network = NetworkKind::kLoopback;
  std::vector<net::Address> attached;  // servers that run already; none: they are started
  std::string server;                  // the program; empty: beside this one, or on the PATH
  std::vector<std::string> faults;
  std::vector<std::string> workloads;
  std::string out;     // a directory for histories and the page; empty: none
  std::string mutant;  // of keeld-mutants: the bug that is planted; no flag
  bool hunts_mutants = false;
  bool wants_help = false;
};

// What is not given is chosen: all faults that the target can have, all workloads, a seed.
Result<ChaosArguments> ParseChaosArguments(int argc, const char* const* argv);
[[nodiscard]] std::string ChaosHelpText();
// Faults that there are and that this target or network cannot have: their names, and why.
struct LeftOut {
  std::string why;
  std::vector<std::string> faults;
};
[[nodiscard]] std::vector<LeftOut> FaultsLeftOut(const ChaosArguments& arguments);
// The command that makes the same run again.
[[nodiscard]] std::string ReplayCommand(const ChaosArguments& arguments);

}  // namespace keel::jepsen
