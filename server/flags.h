// From the command line, the environment and flag files to a Config.
//
// Flags are a table (flag_table.cc): a name, a group, what it means, and how its value is taken.
// --name=x, --name x and -name x are the same, with or without etcd's "experimental-" before the
// name; KEEL_NAME and ETCD_NAME in the environment say what the command line does not (empty: they
// say nothing), and --flagfile names a file of flags, one a line, in whose place it stands. What
// etcd has and Keel must not pass over in silence, such as TLS, is refused wherever it is said.
// Written here and not with gflags, since etcd's users expect these spellings, errors that say what
// to do, and a help by subject. Pure but for reading flag files; the start's thread.
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
[[nodiscard]] const Flag* FindFlag(std::string_view name);
// Why a flag of etcd's is refused, and what to do in its stead; empty: it is none of these.
[[nodiscard]] std::string_view WhyRefused(std::string_view name);
// Whether it is a switch: said to be off, it asks for nothing.
[[nodiscard]] bool IsRefusedSwitch(std::string_view name);
// The flag that a mistyped name most likely meant; empty: none is near.
[[nodiscard]] std::string_view NearestFlag(std::string_view name);

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
// As Go takes them (1, t, true, True, ...), and on and off, as the help shows them.
[[nodiscard]] Result<bool> ParseSwitch(const std::string& value);
// "90s", "1h30m", "0.5h", "500ms", as Go writes them; the result in milliseconds, and not 0 for a
// time that is shorter than one.
[[nodiscard]] Result<uint64_t> ParseDurationMs(const std::string& value);
// "a=http://h:1,b=http://h:2": members by name; a name may come more than once.
[[nodiscard]] Result<std::vector<node::MemberInfo>> ParseInitialCluster(const std::string& value);

}  // namespace keel::server
