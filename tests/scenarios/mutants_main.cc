// keel-scenarios-mutants: puts known bugs back into the core and shows that scenarios notice.
//
//   keel-scenarios-mutants --mutant NAME FILE...   each scenario with this bug in
//   keel-scenarios-mutants --table FILE            a table of "mutant scenario" pairs
//   keel-scenarios-mutants --matrix FILE...        which scenarios notice which bugs
//
// A bug is noticed when an expectation is not met or something that always holds does not; a mere
// difference in the narration does not count. A scenario runs in a process of its own, because a
// core that finds itself broken stops. Exit code 0 only if every bug was noticed.
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "base/mutant.h"
#include "tests/scenarios/runner.h"

namespace keel::raft {
namespace {

using mutants::Mutant;

struct MutantName {
  std::string_view name;
  Mutant mutant;
};

constexpr MutantName kMutants[] = {
#define KEEL_MUTANT_ROW(name, text) {#name, Mutant::name},
    KEEL_MUTANT_LIST(KEEL_MUTANT_ROW)
#undef KEEL_MUTANT_ROW
};

std::optional<Mutant> FindMutant(std::string_view name) {
  if (name == "none") return Mutant::kNone;
  for (const MutantName& known : kMutants) {
    if (known.name == name) return known.mutant;
  }
  return std::nullopt;
}

// Why the scenario fails with the bug in; empty if it does not.
std::string Noticed(const std::string& path, Mutant mutant) {
  int channel[2];
  if (pipe(channel) != 0) return "";
  const pid_t child = fork();
  if (child == 0) {
    mutants::active = mutant;
    close(STDERR_FILENO);
    const ScenarioResult result = RunScenario(ReadText(path));
    const std::string why = result.IsSound() ? "" : result.findings.front();
    _exit(write(channel[1], why.data(), why.size()) < 0 ? 2 : 0);
  }
  close(channel[1]);
  std::string why;
  char buffer[512];
  for (ssize_t size; (size = read(channel[0], buffer, sizeof buffer)) > 0;) {
    why.append(buffer, static_cast<size_t>(size));
  }
  close(channel[0]);
  int status = 0;
  waitpid(child, &status, 0);
  return WIFSIGNALED(status) ? "the core stopped at a check" : why;
}

// Whether the scenario passes without the bug and fails with it.
bool Kills(const std::string& path, std::string_view name) {
  const std::optional<Mutant> mutant = FindMutant(name);
  if (!mutant.has_value()) {
    std::printf("%s: no such mutant\n", std::string(name).c_str());
    return false;
  }
  const std::string healthy = Noticed(path, Mutant::kNone);
  if (!healthy.empty()) {
    std::printf("%s: fails even without a bug: %s\n", path.c_str(), healthy.c_str());
    return false;
  }
  const std::string why = Noticed(path, *mutant);
  std::printf("%-28s %-9s %s%s%s\n", std::string(name).c_str(), why.empty() ? "SURVIVED" : "killed",
              path.c_str(), why.empty() ? "" : ": ", why.c_str());
  return !why.empty();
}

int JudgeTable(const std::string& path) {
  const std::string folder = path.substr(0, path.rfind('/') + 1);
  std::istringstream lines(ReadText(path));
  size_t killed = 0;
  size_t survived = 0;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string mutant;
    std::string scenario;
    if (line.empty() || line[0] == '#' || !(words >> mutant >> scenario)) continue;
    ++(Kills(folder + scenario, mutant) ? killed : survived);
  }
  std::printf("mutants: killed=%zu survived=%zu\n", killed, survived);
  return killed > 0 && survived == 0 ? 0 : 1;
}

int PrintMatrix(const std::vector<std::string>& paths) {
  size_t survived = 0;
  for (const MutantName& known : kMutants) {
    std::string by;
    for (const std::string& path : paths) {
      if (Noticed(path, known.mutant).empty()) continue;
      const size_t slash = path.rfind('/');
      by += " " + path.substr(slash == std::string::npos ? 0 : slash + 1);
    }
    survived += by.empty() ? 1 : 0;
    std::printf("%s:%s\n", std::string(known.name).c_str(), by.c_str());
  }
  std::printf("mutants: killed=%zu survived=%zu\n", std::size(kMutants) - survived, survived);
  return survived == 0 ? 0 : 1;
}

int Main(const std::vector<std::string>& arguments) {
  if (arguments.size() == 2 && arguments[0] == "--table") return JudgeTable(arguments[1]);
  if (arguments.size() >= 2 && arguments[0] == "--matrix") {
    return PrintMatrix({arguments.begin() + 1, arguments.end()});
  }
  if (arguments.size() >= 3 && arguments[0] == "--mutant") {
    bool all = true;
    for (size_t i = 2; i < arguments.size(); ++i) all &= Kills(arguments[i], arguments[1]);
    return all ? 0 : 1;
  }
  std::printf(
      "usage: keel-scenarios-mutants --mutant NAME FILE... | --table FILE | "
      "--matrix FILE...\n");
  return 2;
}

}  // namespace
}  // namespace keel::raft

int main(int argc, char** argv) {
  return keel::raft::Main(std::vector<std::string>(argv + 1, argv + argc));
}
