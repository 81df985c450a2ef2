#include "tests/crash/arguments.h"

#include <cstdio>
#include <string_view>

#include "base/numbers.h"

namespace keel::crash {

namespace {

bool TakeNumber(std::string_view text, uint64_t* number) {
  const auto parsed = ParseNumber<uint64_t>(text);
  if (parsed.has_value()) *number = *parsed;
  return parsed.has_value();
}

// Takes one option and its value; false if they make no sense.
bool Take(std::string_view option, std::string_view value, Arguments* arguments) {
  if (option == "--workload") {
    arguments->workload = value;
    return true;
  }
  if (option == "--mutant") {
    arguments->mutant = value;
    return true;
  }
  if (option == "--states-max") return TakeNumber(value, &arguments->states_max);
  if (option == "--seconds-max") return TakeNumber(value, &arguments->seconds_max);
  uint64_t seed = 0;
  if (option == "--seed" && TakeNumber(value, &seed)) {
    arguments->seed = seed;
    return true;
  }
  return false;
}

}  // namespace

std::optional<Arguments> ParseArguments(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; i += 2) {
    const std::string_view option = argv[i];
    if (option == "--help" || option == "-h") {
      arguments.wants_help = true;
      return arguments;
    }
    const std::string_view value = i + 1 < argc ? argv[i + 1] : "";
    if (i + 1 == argc || !Take(option, value, &arguments)) {
      std::fprintf(stderr, "not understood: %s %s; --help shows the options\n", argv[i],
                   std::string(value).c_str());
      return std::nullopt;
    }
  }
  return arguments;
}

}  // namespace keel::crash
