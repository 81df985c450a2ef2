#include "jepsen/chaos/arguments.h"

#include <algorithm>
#include <chrono>
#include <map>

#include "base/numbers.h"
#include "jepsen/nemesis/fault.h"
#include "jepsen/workload/workload.h"

namespace keel::jepsen {
namespace {

constexpr uint64_t kSecondsMax = 7 * 24 * 3600;
constexpr uint64_t kSeedMax = 1'000'000'000;

Result<uint64_t> Number(const std::string& flag, const std::string& text) {
  const auto number = ParseNumber<uint64_t>(text);
  if (!number.has_value()) {
    return InvalidArgument(flag + " is a whole number, not '" + text + "'");
  }
  return *number;
}

std::vector<std::string> Split(const std::string& text) {
  std::vector<std::string> names;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    if (end > begin) names.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return names;
}

// Every name of a list must be in the table; "all" is the table.
template <class Table, class IsMeant>
Result<std::vector<std::string>> NamesIn(const std::string& what, const Table& table,
                                         const std::vector<std::string>& given,
                                         const IsMeant& is_meant) {
  std::vector<std::string> all;
  for (const auto& entry : table) {
    if (is_meant(entry)) all.emplace_back(entry.name);
  }
  if (given.empty() || given == std::vector<std::string>{"all"}) return all;
  std::string known;
  for (const std::string& name : all) known += (known.empty() ? "" : ", ") + name;
  for (const std::string& name : given) {
    if (std::find(all.begin(), all.end(), name) == all.end()) {
      return InvalidArgument("no " + what + " is called '" + name + "'; there are: " + known);
    }
  }
  return given;
}

Status Take(const std::string& flag, const std::string& value, ChaosArguments* arguments) {
  const std::map<std::string, uint64_t*> numbers = {
      {"--time", &arguments->seconds}, {"--seed", &arguments->seed}, {"--rate", &arguments->rate}};
  if (const auto number = numbers.find(flag); number != numbers.end()) {
    KEEL_ASSIGN_OR_RETURN(*number->second, Number(flag, value));
  } else if (flag == "--nodes") {
    KEEL_ASSIGN_OR_RETURN(arguments->nodes, Number(flag, value));
  } else if (flag == "--target") {
    if (value != "keel" && value != "etcd") {
      return InvalidArgument("--target is keel or etcd, not '" + value + "'");
    }
    arguments->target = value == "keel" ? Target::kKeel : Target::kEtcd;
  } else if (flag == "--faults") {
    arguments->faults = Split(value);
  } else if (flag == "--workload") {
    arguments->workloads = Split(value);
  } else if (flag == "--server") {
    arguments->server = value;
  } else if (flag == "--out") {
    arguments->out = value;
  } else {
    return InvalidArgument("unknown flag " + flag + "; see --help");
  }
  return {};
}

Status Complete(ChaosArguments* arguments) {
  if (arguments->nodes != 3 && arguments->nodes != 5) {
    return InvalidArgument("--nodes is 3 or 5: a cluster with a minority to lose");
  }
  if (arguments->seconds < 5 || arguments->seconds > kSecondsMax) {
    return InvalidArgument("--time is from 5 seconds to a week");
  }
  if (arguments->rate == 0) return InvalidArgument("--rate is at least 1");
  if (arguments->seed == 0) {
    const auto now = std::chrono::system_clock::now().time_since_epoch().count();
    arguments->seed = 1 + Prng(static_cast<uint64_t>(now)).Below(kSeedMax);
  }
  const bool is_keel = arguments->target == Target::kKeel;
  KEEL_ASSIGN_OR_RETURN(arguments->faults,
                        NamesIn("fault", Faults(), arguments->faults, [&](const FaultEntry& fault) {
                          return is_keel || !fault.keel_only;
                        }));
  KEEL_ASSIGN_OR_RETURN(arguments->workloads,
                        NamesIn("workload", Workloads(), arguments->workloads,
                                [](const WorkloadEntry& /*workload*/) { return true; }));
  return {};
}

std::string Joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ",") + name;
  return text;
}

std::string Row(std::string_view name, std::string_view help) {
  std::string row = "  " + std::string(name);
  row.resize(std::max<size_t>(row.size() + 1, 22), ' ');
  return row + std::string(help) + "\n";
}

}  // namespace

Result<ChaosArguments> ParseChaosArguments(int argc, const char* const* argv) {
  ChaosArguments arguments;
  for (int i = 1; i < argc; i++) {
    std::string flag = argv[i];
    if (flag == "--help" || flag == "-h") {
      arguments.wants_help = true;
      return arguments;
    }
    if (flag == "--mutants") {
      arguments.hunts_mutants = true;
      continue;
    }
    std::string value;
    if (const size_t equals = flag.find('='); equals != std::string::npos) {
      value = flag.substr(equals + 1);
      flag.resize(equals);
    } else if (i + 1 < argc) {
      value = argv[++i];
    } else {
      return InvalidArgument(flag + " needs a value, or is unknown; see --help");
    }
    KEEL_RETURN_IF_ERROR(Take(flag, value, &arguments));
  }
  KEEL_RETURN_IF_ERROR(Complete(&arguments));
  return arguments;
}

std::string ChaosHelpText() {
  std::string text =
      "Usage: keel-jepsen [--time S] [--nodes 3|5] [--faults LIST|all] [--workload LIST|all]\n"
      "                   [--target keel|etcd] [--server PROGRAM] [--rate N] [--seed N] [--out "
      "DIR]\n"
      "\n"
      "Starts a cluster of real servers on this machine, lets clients use it, breaks it in many "
      "ways\n"
      "at once, and judges what the clients were told. Needs no root. Leaves nothing behind but "
      "DIR.\n"
      "\n"
      "  --time S            for how many seconds there are faults (60)\n"
      "  --rate N            operations a second, all workloads together (2000)\n"
      "  --seed N            of the schedule and of the clients; a run prints its own\n"
      "  --mutants           runs servers with known bugs put back in, and says which were found\n"
      "  --out DIR           keeps the histories as EDN, and a page about the run\n"
      "\n"
      "Faults:\n";
  for (const FaultEntry& fault : Faults()) text += Row(fault.name, fault.help);
  text += "\nWorkloads:\n";
  for (const WorkloadEntry& workload : Workloads()) text += Row(workload.name, workload.help);
  return text +
         "\nExit codes: 0 no anomaly, 1 an anomaly or a verdict that is unknown, 2 the command "
         "line,\n"
         "3 the run itself failed: a fault without effect, a server that died by itself or did "
         "not\n"
         "recover. 130 interrupted.\n";
}

std::string ReplayCommand(const ChaosArguments& arguments) {
  std::string command = "./run chaos --seed " + std::to_string(arguments.seed) + " --time " +
                        std::to_string(arguments.seconds) + " --nodes " +
                        std::to_string(arguments.nodes) + " --rate " +
                        std::to_string(arguments.rate) + " --faults " + Joined(arguments.faults) +
                        " --workload " + Joined(arguments.workloads);
  if (arguments.target != Target::kKeel) {
    command += " --target " + std::string(ToString(arguments.target));
  }
  if (!arguments.server.empty()) command += " --server " + arguments.server;
  return command;
}

}  // namespace keel::jepsen
