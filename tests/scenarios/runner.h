// Runs one scenario and judges it.
//
// Two things are judged apart. *Findings* are what must never be: a command that makes no sense, an
// expectation that is not met, a violation of what always holds. No mode overlooks them. The
// *narration* is compared with the lines below each command; a difference only means that somebody
// should look, and Rewritten() is the file with the new lines in place. One thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tests/scenarios/script.h"

namespace keel::raft {

struct ScenarioResult {
  std::string title;
  std::vector<std::string> findings;     // "12: expected …"
  std::vector<std::string> differences;  // a readable diff of the narration, line by line
  std::string rewritten;

  [[nodiscard]] bool IsSound() const { return findings.empty(); }
  [[nodiscard]] bool HasPassed() const { return findings.empty() && differences.empty(); }
};

[[nodiscard]] ScenarioResult RunScenario(std::string_view text);

// Empty if the file cannot be read.
[[nodiscard]] std::string ReadText(const std::string& path);

}  // namespace keel::raft
