// Help, shell completion and man pages, all from the table of commands. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "tools/keelctl/command/command.h"

namespace keel::ctl {

[[nodiscard]] std::string HelpOf(const Command& command);
// Of all commands if `group` is empty.
[[nodiscard]] std::string HelpOfGroup(std::string_view group);

// A script for "bash", "zsh" or "fish"; nothing for another shell.
[[nodiscard]] std::optional<std::string> CompletionFor(std::string_view shell);

// The page keelctl(1), as roff.
[[nodiscard]] std::string ManPage();

}  // namespace keel::ctl
