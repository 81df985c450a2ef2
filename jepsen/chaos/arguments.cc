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

// Every name of a list must be in the table, and possible; "all" is what is possible.
template <class Table, class WhyNot>
Result<std::vector<std::string>> NamesIn(const std::string& what, const Table& table,
                                         const std::vector<std::string>& given,
                                         const WhyNot& why_not) {
  std::vector<std::string> all;
  std::string known;
  for (const auto& entry : table) {
    if (!why_not(entry).empty()) continue;
    all.emplace_back(entry.name);
    known += (known.empty() ? "" : ", ") + std::string(entry.name);
  }
  if (given.empty() || given == std::vector<std::string>{"all"}) return all;
  for (const std::string& name : given) {
    const auto at = std::find_if(table.begin(), table.end(),
                                 [&](const auto& entry) { return entry.name == name; });
    if (at == table.end()) {
      return InvalidArgument("no " + what + " is called '" + name + "'; there are: " + known);
    }
    if (const std::string why = why_not(*at); !why.empty()) {
      return InvalidArgument("the " + what + " " + name + " " + why + "; there are: " + known);
    }
  }
  return given;
}

std::string WhyNot(const ChaosArguments& arguments, const FaultEntry& fault) {
  if (!arguments.attached.empty() && !fault.works_attached) {
    return "needs servers that this tool has started, not --attach";
  }
  if (arguments.target != Target::kKeel && fault.keel_only) {
    return fault.group == FaultGroup::kDisk
               ? "needs a library in the server, and etcd makes its system calls itself"
               : "is done in Keel's own way only";
  }
  const bool has_packets = arguments.network != NetworkKind::kLoopback;
  if (fault.needs == FaultNeeds::kPackets && !has_packets)
    return "needs --network namespaces or packets";
  return "";
}

// HOST:PORT, as addresses of IPv4.
Result<std::vector<net::Address>> Endpoints(const std::string& text) {
  std::vector<net::Address> addresses;
  for (const std::string& endpoint : Split(text)) {
    const size_t colon = endpoint.rfind(':');
    const auto port = colon == std::string::npos
                          ? std::nullopt
                          : ParseNumber<uint16_t>(endpoint.substr(colon + 1));
    if (!port) return InvalidArgument("--attach is HOST:PORT,HOST:PORT,..., not '" + text + "'");
    addresses.push_back({.host = endpoint.substr(0, colon), .port = *port});
  }
  return addresses;
}

std::optional<NetworkKind> NetworkOf(const std::string& name) {
  for (const auto kind :
       {NetworkKind::kLoopback, NetworkKind::kNamespaces, NetworkKind::kPackets}) {
    if (name == ToString(kind)) return kind;
  }
  return std::nullopt;
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
  } else if (flag == "--network") {
    const auto kind = NetworkOf(value);
    if (!kind) {
      return InvalidArgument("--network is loopback, namespaces or packets, not '" + value + "'");
    }
    arguments->network = *kind;
  } else if (flag == "--attach") {
    KEEL_ASSIGN_OR_RETURN(arguments->attached, Endpoints(value));
    arguments->nodes = arguments->attached.size();
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
  const bool is_attached = !arguments->attached.empty();
  if (is_attached && arguments->network != NetworkKind::kLoopback) {
    return InvalidArgument(
        "--attach takes servers as they are: not --network namespaces or packets");
  }
  if (!is_attached && arguments->nodes != 3 && arguments->nodes != 5) {
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
  KEEL_ASSIGN_OR_RETURN(arguments->faults,
                        NamesIn("fault", Faults(), arguments->faults, [&](const FaultEntry& fault) {
                          return WhyNot(*arguments, fault);
                        }));
  KEEL_ASSIGN_OR_RETURN(arguments->workloads,
                        NamesIn("workload", Workloads(), arguments->workloads,
                                [](const WorkloadEntry& /*workload*/) { return std::string(); }));
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
      "                   [--network loopback|namespaces|packets] [--attach HOST:PORT,...]\n"
      "\n"
      "Starts a cluster of real servers on this machine, lets clients use it, breaks it in many "
      "ways\n"
      "at once, and judges what the clients were told. Needs no root. Leaves nothing behind but "
      "DIR.\n"
      "\n"
      "  --time S            for how many seconds there are faults (60)\n"
      "  --rate N            operations a second, all workloads together (2000)\n"
      "  --seed N            of the schedule and of the clients; a run prints its own\n"
      "  --network namespaces  each node in a network namespace of its own, with links that the "
      "kernel\n"
      "                      cuts and shapes (nft, tc); as root, or where user namespaces are "
      "allowed\n"
      "  --network packets   the same, with links that this tool carries, packet by packet; what\n"
      "                      namespaces become where the kernel lacks netem and a fault needs it\n"
      "  --attach LIST       uses servers that run already, by their client ports; only faults "
      "that\n"
      "                      need no control of processes\n"
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

std::vector<LeftOut> FaultsLeftOut(const ChaosArguments& arguments) {
  std::vector<LeftOut> all;
  for (const FaultEntry& fault : Faults()) {
    const std::string why = WhyNot(arguments, fault);
    if (why.empty()) continue;
    const auto same = std::find_if(all.begin(), all.end(),
                                   [&](const LeftOut& left_out) { return left_out.why == why; });
    if (same == all.end()) {
      all.push_back({.why = why, .faults = {std::string(fault.name)}});
    } else {
      same->faults.emplace_back(fault.name);
    }
  }
  return all;
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
  if (arguments.network != NetworkKind::kLoopback) {
    command += " --network " + std::string(ToString(arguments.network));
  }
  for (size_t i = 0; i < arguments.attached.size(); i++) {
    command += (i == 0 ? " --attach " : ",") + arguments.attached[i].ToString();
  }
  if (!arguments.server.empty()) command += " --server " + arguments.server;
  return command;
}

}  // namespace keel::jepsen
