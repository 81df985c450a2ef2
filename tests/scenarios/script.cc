#include "tests/scenarios/script.h"

#include <sstream>

namespace keel::raft {

Script Script::Parse(std::string_view text) {
  Script script;
  std::istringstream stream{std::string(text)};
  size_t number = 0;
  for (std::string line; std::getline(stream, line);) {
    ++number;
    const bool is_narration = line.rfind("  ", 0) == 0;
    if (is_narration && !script.lines.empty() && script.lines.back().is_command) {
      script.lines.back().narration.push_back(line.substr(2));
      continue;
    }
    const bool is_command = !line.empty() && line[0] != '#';
    script.lines.push_back({.number = number, .text = line, .is_command = is_command});
  }
  return script;
}

std::string Script::Render() const {
  std::string text;
  for (const ScriptLine& line : lines) {
    text += line.text + '\n';
    for (const std::string& told : line.narration) text += "  " + told + '\n';
  }
  return text;
}

std::string Script::Title() const {
  for (const ScriptLine& line : lines) {
    if (line.text.rfind("# ", 0) == 0) return line.text.substr(2);
  }
  return "";
}

}  // namespace keel::raft
