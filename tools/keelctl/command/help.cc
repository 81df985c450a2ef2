#include "tools/keelctl/command/help.h"

#include "tools/keelctl/output/table.h"

namespace keel::ctl {
namespace {

std::string FlagSpelling(const Flag& flag) {
  std::string out = flag.letter != 0 ? "-" + std::string(1, flag.letter) + ", --" : "    --";
  out += flag.name;
  switch (flag.kind) {
    case FlagKind::kSwitch:
      break;
    case FlagKind::kInteger:
      return out + " N";
    case FlagKind::kDuration:
      return out + " TIME";
    case FlagKind::kList:
      return out + " LIST";
    case FlagKind::kText:
      return out + " TEXT";
  }
  return out;
}

std::string FlagList(std::span<const Flag> flags) {
  Table table{.heading = {"", ""}};
  for (const Flag& flag : flags) {
    std::string help(flag.help);
    const bool tells = !flag.fallback.empty() && flag.fallback != "false" && flag.fallback != "0";
    if (tells) help += " (default " + std::string(flag.fallback) + ")";
    table.rows.push_back({FlagSpelling(flag), help});
  }
  return table.DrawPlain("  ");
}

std::string GroupSummary(std::string_view name) {
  for (const Group& group : Groups()) {
    if (group.name == name) return std::string(group.summary);
  }
  return "";
}

}  // namespace

std::string HelpOf(const Command& command) {
  std::string out =
      std::string(command.summary) + "\n\nUsage:\n  keelctl " + std::string(command.name);
  if (!command.usage.empty()) out += " " + std::string(command.usage);
  out += '\n';
  if (!command.details.empty()) out += "\n" + std::string(command.details);
  if (!command.flags.empty()) out += "\nOptions:\n" + FlagList(command.flags);
  return out + "\nGlobal options:\n" + FlagList(GlobalFlags());
}

std::string HelpOfGroup(std::string_view group) {
  Table table{.heading = {"", ""}};
  for (const Command& command : Commands()) {
    const bool inside = group.empty() || command.name.starts_with(std::string(group) + " ");
    if (inside) table.rows.push_back({std::string(command.name), std::string(command.summary)});
  }
  std::string out = group.empty() ? "keelctl: the command line of Keel, and of any etcd v3 cluster"
                                  : GroupSummary(group);
  out += "\n\nUsage:\n  keelctl " + (group.empty() ? "" : std::string(group) + " ") +
         "<command> [options]\n\nCommands:\n" + table.DrawPlain("  ");
  out += "\nGlobal options:\n" + FlagList(GlobalFlags());
  return out +
         "\n`keelctl <command> --help` tells more. KEELCTL_ENDPOINTS (or ETCDCTL_ENDPOINTS) in "
         "the\nenvironment stands for --endpoints, and so on for every global option.\n";
}

}  // namespace keel::ctl
