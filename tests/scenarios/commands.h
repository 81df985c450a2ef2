// The tables of the commands that a scenario may use, one for each subject.
#pragma once

#include <span>
#include <string_view>

#include "tests/scenarios/stage.h"

namespace keel::raft {

struct Command {
  std::string_view name;
  std::string_view words;    // what follows it, for people
  std::string_view meaning;  // for people
  bool needs_cluster = true;
  void (*perform)(Stage& stage, Words& words) = nullptr;
};

[[nodiscard]] std::span<const Command> SetupCommands();
[[nodiscard]] std::span<const Command> TimeAndWireCommands();
[[nodiscard]] std::span<const Command> MemberCommands();
[[nodiscard]] std::span<const Command> ClientCommands();

// `expect …`: what must be so now. A failure is a failure in every mode.
void Expect(Stage& stage, Words& words);
// One line about a member, for `show`.
[[nodiscard]] std::string Describe(const Node& node);

}  // namespace keel::raft
