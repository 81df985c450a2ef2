// Finds the command that a line names, wherever its flags stand. Pure; any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tools/keelctl/command/command.h"

namespace keel::ctl {

struct Found {
  const Command* command = nullptr;
  // The line without the command's own words; flags are still among them.
  std::vector<std::string> rest;
  // Without a command: the group that was named, if one was, and what is wrong.
  std::string group;
  std::string refusal;
  bool wants_help = false;
};

// A word may be cut short as long as it is clear what it means: `mem li`.
[[nodiscard]] Found FindCommand(std::span<const std::string> line);

}  // namespace keel::ctl
