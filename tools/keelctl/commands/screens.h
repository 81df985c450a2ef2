// What status and top draw from a survey. Pure; any thread.
#pragma once

#include <string>

#include "tools/keelctl/command/terminal.h"
#include "tools/keelctl/commands/survey.h"

namespace keel::ctl {

[[nodiscard]] std::string StatusScreen(const Terminal& terminal, const Survey& survey);

}  // namespace keel::ctl
