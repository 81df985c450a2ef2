// A short command of the system's (ip, tc, nft, keelctl), run to its end.
//
// Blocks; any thread. The command dies with the tool.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace keel::jepsen {

struct Command {
  std::vector<std::string> words;  // the first is a program: a path, or a name on the PATH
  std::string input;
  int network = -1;  // a network namespace, by its descriptor; -1: this thread's
};

// What it has printed. An error says what it has complained of, or that there is no such program.
Result<std::string> RunCommand(const Command& command);

}  // namespace keel::jepsen
