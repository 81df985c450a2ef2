// A scenario file as text: comments, commands, and what each command told when it was last blessed.
//
//   # A comment, at the beginning of a line.
//   command at the beginning of a line
//     two spaces before each line of narration that followed it
//
// Pure text: knows no command. Comments and empty lines stay where they are when it is rewritten.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace keel::raft {

struct ScriptLine {
  size_t number = 0;
  std::string text;  // as it stands in the file
  bool is_command = false;
  std::vector<std::string> narration;  // below a command, without the two spaces
};

struct Script {
  std::vector<ScriptLine> lines;

  [[nodiscard]] static Script Parse(std::string_view text);
  [[nodiscard]] std::string Render() const;
  // The first comment line, without its mark.
  [[nodiscard]] std::string Title() const;
};

}  // namespace keel::raft
