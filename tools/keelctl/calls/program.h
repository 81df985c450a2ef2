// Runs another program for the user: what watch and lock execute, and editors.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace keel::ctl {

// Waits for its end and gives its exit code (128 and the signal's number for one that was killed).
// `variables` (NAME=VALUE) come on top of the environment. Standard streams are ours.
[[nodiscard]] Result<int> RunProgram(const std::vector<std::string>& words,
                                     const std::vector<std::string>& variables);

}  // namespace keel::ctl
