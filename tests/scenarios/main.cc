// keel-scenarios: runs the scenario files of raft/ and says which of them still tell their story.
//
//   keel-scenarios [--rewrite] [FILE...]    default: all of tests/scenarios/*.txt
//
// Checks by default: prints what is wrong, the difference, and the command that blesses it. With
// --rewrite the narration is replaced; an expectation that is not met fails all the same. Exit code
// 0 only if everything passed.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/scenarios/runner.h"
#include "tests/scenarios/stage.h"

namespace keel::raft {
namespace {

constexpr char kDefaultFolder[] = "tests/scenarios";

std::vector<std::string> AllScenarios() {
  std::vector<std::string> paths;
  std::error_code error;
  for (const auto& file : std::filesystem::directory_iterator(kDefaultFolder, error)) {
    const std::string name = file.path().filename().string();
    const bool is_scenario =
        file.path().extension() == ".txt" && name != "mutants.txt" && name != "CMakeLists.txt";
    if (is_scenario) paths.push_back(file.path().string());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

void Print(const std::vector<std::string>& lines) {
  for (const std::string& line : lines) std::printf("  %s\n", line.c_str());
}

bool Judge(const std::string& path, bool rewrite) {
  const std::string text = ReadText(path);
  const ScenarioResult result = RunScenario(text);
  if (!result.IsSound()) {
    std::printf("%s: FAILED\n", path.c_str());
    Print(result.findings);
    Print(result.differences);
    return false;
  }
  if (result.HasPassed()) return true;
  if (rewrite) {
    std::ofstream(path) << result.rewritten;
    std::printf("%s: rewritten\n", path.c_str());
    return true;
  }
  std::printf("%s: the story has changed\n", path.c_str());
  Print(result.differences);
  std::printf("  if this is as it should be: keel-scenarios --rewrite %s\n", path.c_str());
  return false;
}

int Main(const std::vector<std::string>& arguments) {
  bool rewrite = false;
  std::vector<std::string> paths;
  for (const std::string& argument : arguments) {
    if (argument == "--help") {
      std::printf("usage: keel-scenarios [--rewrite] [FILE...]\n\ncommands of a scenario:\n%s",
                  DescribeCommands().c_str());
      return 0;
    }
    if (argument == "--rewrite") {
      rewrite = true;
    } else {
      paths.push_back(argument);
    }
  }
  if (paths.empty()) paths = AllScenarios();
  size_t passed = 0;
  for (const std::string& path : paths) passed += Judge(path, rewrite) ? 1 : 0;
  std::printf("scenarios: passed=%zu failed=%zu\n", passed, paths.size() - passed);
  return passed == paths.size() && !paths.empty() ? 0 : 1;
}

}  // namespace
}  // namespace keel::raft

int main(int argc, char** argv) {
  return keel::raft::Main(std::vector<std::string>(argv + 1, argv + argc));
}
