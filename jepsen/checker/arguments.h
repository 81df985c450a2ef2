// The command line of keel-check.
#pragma once

#include <string>

#include "base/result.h"
#include "jepsen/checker/check.h"

namespace keel::jepsen {

struct Arguments {
  CheckOptions check;
  std::string file;
  std::string html;  // where the page goes; empty: none
  bool wants_help = false;
};

Result<Arguments> ParseArguments(int argc, const char* const* argv);
[[nodiscard]] std::string HelpText();

}  // namespace keel::jepsen
