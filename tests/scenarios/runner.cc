#include "tests/scenarios/runner.h"

#include <fstream>
#include <sstream>

#include "tests/scenarios/stage.h"

namespace keel::raft {

namespace {

std::string At(const ScriptLine& line, const std::string& what) {
  return std::to_string(line.number) + ": " + line.text + ": " + what;
}

void Compare(const ScriptLine& line, const std::vector<std::string>& told,
             std::vector<std::string>* differences) {
  if (line.narration == told) return;
  differences->push_back(" " + std::to_string(line.number) + ": " + line.text);
  size_t same = 0;
  while (same < told.size() && same < line.narration.size() && told[same] == line.narration[same]) {
    differences->push_back("    " + told[same++]);
  }
  for (size_t i = same; i < line.narration.size(); ++i) {
    differences->push_back("-   " + line.narration[i]);
  }
  for (size_t i = same; i < told.size(); ++i) differences->push_back("+   " + told[i]);
}

}  // namespace

ScenarioResult RunScenario(std::string_view text) {
  Script script = Script::Parse(text);
  ScenarioResult result{.title = script.Title()};
  if (result.title.empty()) result.findings.push_back("1: it has no title: begin with `# …`");
  Stage stage;
  size_t violations_told = 0;
  for (ScriptLine& line : script.lines) {
    if (!line.is_command) continue;
    const std::string failure = Perform(stage, line.text);
    if (!failure.empty()) result.findings.push_back(At(line, failure));
    std::vector<std::string> told;
    if (stage.HasCluster()) {
      told = stage.cluster().TakeNarration();
      const std::vector<std::string>& violations = stage.cluster().violations();
      for (; violations_told < violations.size(); ++violations_told) {
        result.findings.push_back(At(line, "violation: " + violations[violations_told]));
      }
    }
    Compare(line, told, &result.differences);
    line.narration = std::move(told);
    // What follows a failure is noise.
    if (!result.findings.empty()) break;
  }
  result.rewritten = script.Render();
  return result;
}

std::string ReadText(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace keel::raft
