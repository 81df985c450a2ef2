// From the command line, the environment and flag files to a Config.
//
// Flags are a table (flag_table.cc): a name, a group, what it means, and how its value is taken.
// --name=x, --name x and -name x are the same; KEEL_NAME and ETCD_NAME in the environment say what
// the command line does not, and --flagfile names a file of flags, one a line, in whose place it
// stands. Written here and not with gflags, since etcd's users expect these spellings, errors that
// say what to do, and a help by subject. Pure but for reading flag files; the start's thread.
#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "server/config.h"

namespace keel::server {

struct Flag {
  std::string_view name;
  std::string_view group;
  std::string_view value;     // what stands for its value in the help; empty: a switch
  std::string_view fallback;  // what holds without it, for the help
  std::string_view help;      // empty: accepted for etcd's sake, without a meaning
  Status (*set)(const std::string& value, Config* config) = nullptr;
};
[[nodiscard]] std::span<const Flag> Flags();

struct CommandLine {
  std::vector<std::string> arguments;              // without the program's name
  std::map<std::string, std::string> environment;  // all of it
};

enum class Wish : uint8_t { kRun, kHelp, kVersion };
struct Parsed {
  Wish wish = Wish::kRun;
  Config config;
};
// INVALID_ARGUMENT, with the flag's name and what to do.
[[nodiscard]] Result<Parsed> ParseConfig(const CommandLine& line);
// Fills in what follows from other flags, and refuses what does not go together.
[[nodiscard]] Status CheckConfig(Config* config);
[[nodiscard]] std::string HelpText();

// ---- values ----
[[nodiscard]] std::vector<std::string> SplitList(const std::string& value);
[[nodiscard]] Result<uint64_t> ParseCount(const std::string& value);
[[nodiscard]] Result<bool> ParseSwitch(const std::string& value);
// "90s", "1h30m", "500ms", as Go writes them; the result in milliseconds.
[[nodiscard]] Result<uint64_t> ParseDurationMs(const std::string& value);
// "a=http://h:1,b=http://h:2": members by name; a name may come more than once.
[[nodiscard]] Result<std::vector<node::MemberInfo>> ParseInitialCluster(const std::string& value);

}  // namespace keel::server
