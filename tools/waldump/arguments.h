// The command line of waldump.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace keel::waldump {

struct Arguments {
  bool wants_help = false;
  std::string path;  // a log's directory, or a vote file
  bool shows_records = false;
  uint64_t first_index = 0;
  uint64_t last_index = UINT64_MAX;
  size_t payload_bytes_max = 32;
  bool shows_hex = false;
};

// None, with the reason on stderr, if the line was not understood.
[[nodiscard]] std::optional<Arguments> ParseArguments(int argc, char** argv);

void PrintHelp();

}  // namespace keel::waldump
