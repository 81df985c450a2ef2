// The command line of keel-crash and keel-crash-mutants.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace keel::crash {

struct Arguments {
  bool wants_help = false;
  std::string workload;          // empty: all
  std::optional<uint64_t> seed;  // only this one
  uint64_t states_max = 60'000;
  uint64_t seconds_max = 3600;
  std::string mutant;  // empty: all
};

// None, with the reason on stderr, if the line was not understood.
[[nodiscard]] std::optional<Arguments> ParseArguments(int argc, char** argv);

}  // namespace keel::crash
