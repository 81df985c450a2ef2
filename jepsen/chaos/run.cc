#include "jepsen/chaos/run.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "jepsen/chaos/attach.h"
#include "jepsen/cluster/janitor.h"
#include "jepsen/cluster/shims.h"

namespace keel::jepsen {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr auto kPreparePatience = milliseconds(60'000);
constexpr auto kRecoverPatience = milliseconds(60'000);
constexpr auto kQuiet = milliseconds(2'000);
// A put in a session is sent again for a minute.
constexpr auto kIdlePatience = milliseconds(90'000);
constexpr auto kReadPatience = milliseconds(120'000);
// So many steps a second keep one crowd of clients busy.
constexpr uint64_t kRateOfOneCrowd = 600;
constexpr uint64_t kCrowdMax = 4;
constexpr uint64_t kProbeTimeoutUs = 1'000'000;

Result<std::string> ServerOf(const ChaosArguments& arguments) {
  if (!arguments.server.empty()) return std::filesystem::absolute(arguments.server).string();
  if (arguments.target == Target::kKeel) {
    std::error_code error;
    const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
    return (self.parent_path() / "keeld").string();
  }
  const char* path = std::getenv("PATH");
  std::string rest = path == nullptr ? "" : path;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find(':'), rest.size());
    std::string candidate = rest.substr(0, end) + "/etcd";
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
    rest.erase(0, end + 1);
  }
  return NotFound("no etcd on the PATH: apt-get install etcd-server, or name it with --server");
}

// The library that breaks disks and clocks, beside this program; a server is started with it only
// when a fault needs it.
std::string LibraryOf(const ChaosArguments& arguments) {
  const bool is_needed = std::any_of(
      arguments.faults.begin(), arguments.faults.end(),
      [](const std::string& name) { return FindFault(name)->group == FaultGroup::kDisk; });
  if (!is_needed) return "";
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  return (self.parent_path() / "libkeel-chaos.so").string();
}

bool NeedsNetem(const ChaosArguments& arguments) {
  return std::any_of(arguments.faults.begin(), arguments.faults.end(), [](const std::string& name) {
    return FindFault(name)->needs != FaultNeeds::kNothing;
  });
}

ScheduleOptions ScheduleOf(const ChaosArguments& arguments) {
  ScheduleOptions options{
      .seed = arguments.seed, .time_ms = arguments.seconds * 1000, .groups = {}};
  options.groups.resize(4);  // of FaultGroup
  for (const std::string& name : arguments.faults) {
    options.groups[static_cast<size_t>(FindFault(name)->group)].push_back(name);
  }
  return options;
}

std::vector<Driver::Load> MakeLoads(const ChaosArguments& arguments, Client* client) {
  std::vector<Driver::Load> loads;
  Prng seeds(arguments.seed);
  for (const WorkloadEntry& entry : Workloads()) {
    const uint64_t seed = seeds.Next();
    const auto& wanted = arguments.workloads;
    if (std::find(wanted.begin(), wanted.end(), entry.name) == wanted.end()) continue;
    Workload::Context context;
    context.client = client;
    context.seed = seed;
    context.has_sessions = arguments.target == Target::kKeel;
    context.crowd = std::clamp<uint64_t>(arguments.rate / kRateOfOneCrowd, 1, kCrowdMax);
    loads.push_back(
        {.name = std::string(entry.name), .workload = entry.make(context), .weight = entry.weight});
  }
  return loads;
}

// Every node answers a read that a majority has confirmed.
Status AwaitAllServing(Arena* arena, const Nemesis::Sleep& sleep) {
  Patience patience = arena->cluster()->For(kRecoverPatience);
  for (size_t node = 0; node < arena->cluster()->size(); node++) {
    while (true) {
      KEEL_RETURN_IF_ERROR(arena->cluster()->CheckAlive());
      const auto answer = arena->Ask<etcdserverpb::RangeResponse>({.node = node,
                                                                   .path = "/etcdserverpb.KV/Range",
                                                                   .timeout_us = kProbeTimeoutUs,
                                                                   .metadata = {}},
                                                                  RangeOf("/chaos/probe"));
      if (answer.ok()) break;
      if (patience.IsOver()) {
        return DeadlineExceeded(
            arena->cluster()->NameOf(node) +
            " does not serve though all faults are over: " + answer.status().ToString() +
            "; its log ends with\n" + arena->cluster()->LogTail(node, 10));
      }
      if (!sleep(milliseconds(50))) return Cancelled("interrupted");
    }
  }
  return {};
}

// Faults, recovery, quiet, last reads.
Status Live(const ChaosArguments& arguments, Arena* arena, Driver* driver, Nemesis* nemesis,
            const Nemesis::Sleep& sleep, RunResult* result) {
  KEEL_RETURN_IF_ERROR(driver->Start(arena->cluster()->For(kPreparePatience)));
  if (!sleep(milliseconds(1'000))) return Cancelled("interrupted");
  const Status faults = nemesis->Run(MakeSchedule(ScheduleOf(arguments)));
  const auto healing = steady_clock::now();
  const Status healed = nemesis->Heal();
  KEEL_RETURN_IF_ERROR(faults);
  KEEL_RETURN_IF_ERROR(healed);
  KEEL_RETURN_IF_ERROR(AwaitAllServing(arena, sleep));
  result->healed_after = std::chrono::duration_cast<milliseconds>(steady_clock::now() - healing);
  if (!sleep(kQuiet)) return Cancelled("interrupted");
  KEEL_RETURN_IF_ERROR(driver->Stop(arena->cluster()->For(kIdlePatience)));
  KEEL_RETURN_IF_ERROR(driver->ReadAll(arena->cluster()->For(kReadPatience)));
  return arena->cluster()->CheckAlive();
}

// What was there before is there after.
Status LiveAsGuest(const ChaosArguments& arguments, Arena* arena,
                   const std::function<Status()>& live) {
  KEEL_RETURN_IF_ERROR(CheckNoKeys(arguments, arena));
  const Status lived = live();
  const Status removed = RemoveKeys(arguments, arena);
  return lived.ok() ? removed : lived;
}

History Merged(const std::vector<Event>& clients, const std::vector<Event>& nemesis) {
  History history;
  history.events.resize(clients.size() + nemesis.size());
  std::merge(clients.begin(), clients.end(), nemesis.begin(), nemesis.end(), history.events.begin(),
             [](const Event& a, const Event& b) { return *a.time_ns < *b.time_ns; });
  for (size_t i = 0; i < history.events.size(); i++) history.events[i].line = i + 1;
  return history;
}

Status Judge(const Driver& driver, const std::vector<Event>& nemesis, RunResult* result) {
  for (const Driver::Load& load : driver.loads()) {
    const Recorder& recorder = load.workload->recorder();
    WorkloadResult judged{.name = load.name,
                          .history = Merged(recorder.events(), nemesis),
                          .ok_count = recorder.ok_count(),
                          .fail_count = recorder.fail_count(),
                          .unknown_count = recorder.unknown_count(),
                          .report = {},
                          .paired = {}};
    auto paired = PairOperations(judged.history);
    if (!paired.ok()) return paired.status().WithContext(load.name);
    judged.paired = *std::move(paired);
    auto report = load.workload->Judge(judged.paired);
    if (!report.ok()) return report.status().WithContext(load.name);
    judged.report = *std::move(report);
    result->workloads.push_back(std::move(judged));
  }
  return {};
}

}  // namespace

RunResult RunChaos(const ChaosArguments& arguments, Interrupt* interrupt) {
  RunResult result;
  const auto fail = [&](const Status& status) {
    if (result.status.ok()) result.status = status;
  };
  const bool is_attached = !arguments.attached.empty();
  const auto server = is_attached ? Result<std::string>("") : ServerOf(arguments);
  if (!server.ok()) {
    fail(server.status());
    return result;
  }
  auto janitor = Janitor::Start();
  if (!janitor.ok()) {
    fail(janitor.status());
    return result;
  }
  const bool has_shims = arguments.target == Target::kKeel && !is_attached;
  auto shims = Shims::Make({.directory = (*janitor)->directory(),
                            .library = LibraryOf(arguments),
                            .nodes = has_shims ? arguments.nodes : 0});
  if (!shims.ok()) {
    fail(shims.status());
    return result;
  }
  auto cluster = Cluster::Start({.target = arguments.target,
                                 .program = *server,
                                 .directory = (*janitor)->directory(),
                                 .nodes = arguments.nodes,
                                 .network = arguments.network,
                                 .needs_netem = NeedsNetem(arguments),
                                 .attached = arguments.attached,
                                 .seed = arguments.seed,
                                 .flags = {"--auto-compaction-retention=0",
                                           // Members change while others are down, too.
                                           "--strict-reconfig-check=false"},
                                 .environment = [&](size_t node) {
                                   auto environment = (*shims)->EnvironmentOf(node);
                                   if (!arguments.mutant.empty()) {
                                     environment.push_back("CHAOS_MUTANT=" + arguments.mutant);
                                   }
                                   return environment;
                                 }});
  if (!cluster.ok()) {
    fail(cluster.status());
    return result;
  }
  Client client((*cluster)->network(), arguments.nodes, arguments.seed);
  Arena arena(cluster->get(), &client, has_shims ? shims->get() : nullptr);
  const Nemesis::Sleep sleep = [interrupt](milliseconds time) { return interrupt->Sleep(time); };
  Nemesis nemesis(&arena, sleep);
  Driver driver((*cluster)->network(), MakeLoads(arguments, &client), arguments.rate, sleep);
  const auto live = [&] { return Live(arguments, &arena, &driver, &nemesis, sleep, &result); };
  const Status serving = AwaitAllServing(&arena, sleep);
  fail(!serving.ok() ? serving : is_attached ? LiveAsGuest(arguments, &arena, live) : live());
  (*cluster)->network()->Stop();
  client.Close();
  result.tallies = nemesis.tallies();
  result.overlap = nemesis.overlap();
  result.remarks = nemesis.remarks();
  result.skipped = driver.skipped();
  for (size_t i = 0; i < (*cluster)->size(); i++) {
    result.logs.emplace_back((*cluster)->NameOf(i), (*cluster)->LogTail(i, SIZE_MAX));
  }
  if (!interrupt->has_come()) fail(Judge(driver, nemesis.events(), &result));
  return result;
}

}  // namespace keel::jepsen
