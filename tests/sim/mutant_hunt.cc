#include "tests/sim/mutant_hunt.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <functional>
#include <sstream>
#include <utility>

#include "base/check.h"
#include "base/mutant.h"
#include "tests/scenarios/runner.h"
#include "tests/sim/campaign.h"
#include "tests/sim/simulator.h"

namespace keel::sim {

namespace {

// Where a hunting process writes its lines: "S seed", then "V rule what" or "C message".
int report_to = -1;

void Write(const std::string& line) {
  // A line that cannot be written means that nobody reads any more.
  if (write(report_to, line.data(), line.size()) < 0) _exit(3);
}

volatile std::sig_atomic_t is_over = 0;

void OnSignal(int) { is_over = 1; }

std::string OnOneLine(std::string text) {
  for (char& c : text) {
    if (c == '\n') c = ' ';
  }
  return text;
}

void OnCheckFailure(const char* message) { Write("C " + OnOneLine(message) + "\n"); }

// Runs `body` in a process of its own and returns what it wrote; nothing if the hunt was ended.
std::string RunApart(const std::function<void()>& body) {
  if (is_over != 0) return "";
  int channel[2];
  if (pipe(channel) != 0) return "";
  std::fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    for (const int one : {SIGTERM, SIGINT, SIGALRM}) std::signal(one, SIG_DFL);
    close(channel[0]);
    close(STDERR_FILENO);
    report_to = channel[1];
    SetCheckFailureHook(&OnCheckFailure);
    body();
    _exit(0);
  }
  close(channel[1]);
  std::string text;
  char buffer[4096];
  while (is_over == 0) {
    const ssize_t size = read(channel[0], buffer, sizeof buffer);
    if (size > 0) {
      text.append(buffer, static_cast<size_t>(size));
    } else if (size == 0 || errno != EINTR) {
      break;
    }
  }
  close(channel[0]);
  if (is_over != 0) kill(child, SIGKILL);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (is_over != 0) return "";
  if (WIFSIGNALED(status) && text.find("\nC ") == std::string::npos) text += "C it crashed\n";
  return text;
}

void RunSeeds(const HuntLimits& limits) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point deadline = Clock::now() + std::chrono::seconds(limits.seconds);
  Campaign campaign(1, *TheSimulator().chart);
  for (uint64_t i = 0; i < limits.seeds && Clock::now() < deadline; ++i) {
    const uint64_t seed = campaign.PickSeed();
    Write("S " + std::to_string(seed) + "\n");
    const SeedResult result = TheSimulator().run(seed, 0, nullptr);
    campaign.Add(result);
    if (result.IsClean()) continue;
    const raft::Violation& first = result.violations.front();
    return Write("V " + std::string(first.rule) + " " + OnOneLine(first.what) + "\n");
  }
}

}  // namespace

void StopHuntsWhenTold(uint64_t seconds) {
  // Without SA_RESTART: a read that waits for a hunt must come back.
  struct sigaction action = {};
  action.sa_handler = &OnSignal;
  for (const int one : {SIGTERM, SIGINT, SIGALRM}) sigaction(one, &action, nullptr);
  if (seconds != 0) alarm(static_cast<unsigned>(seconds));
}

bool HuntsAreOver() { return is_over != 0; }

Kill HuntBySeeds(mutants::Mutant mutant, const HuntLimits& limits) {
  std::istringstream lines(RunApart([&] {
    mutants::active = mutant;
    RunSeeds(limits);
  }));
  Kill kill;
  for (std::string line; std::getline(lines, line);) {
    if (line.empty()) continue;
    std::istringstream words(line.substr(1));
    if (line[0] == 'S') {
      ++kill.seeds;
      words >> kill.seed;
      continue;
    }
    kill.is_killed = kill.is_generic = true;
    kill.by = "check";
    if (line[0] == 'V') words >> kill.by;
    std::getline(words >> std::ws, kill.what);
  }
  return kill;
}

Kill HuntByScenario(const KnownMutant& mutant, const std::string& folder) {
  std::istringstream table(raft::ReadText(folder + "/mutants.txt"));
  std::string name;
  std::string scenario;
  for (std::string line; std::getline(table, line);) {
    std::istringstream words(line);
    if (!line.empty() && line[0] != '#' && words >> name >> scenario && name == mutant.name) break;
    scenario.clear();
  }
  Kill kill;
  if (scenario.empty()) return kill;
  std::istringstream lines(RunApart([&] {
    mutants::active = mutant.mutant;
    const raft::ScenarioResult result = raft::RunScenario(raft::ReadText(folder + "/" + scenario));
    if (!result.IsSound()) Write("V " + OnOneLine(result.findings.front()) + "\n");
  }));
  std::string line;
  if (!std::getline(lines, line)) return kill;
  return {.is_killed = true, .by = scenario, .what = line.substr(2)};
}

}  // namespace keel::sim
