#include "server/flags.h"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <set>

namespace keel::server {

namespace {

constexpr int kFlagFileDepthMax = 8;

std::string FlagName(std::string_view variable) {
  std::string result;
  for (const char c : variable) {
    result.push_back(c == '_' ? '-'
                              : static_cast<char>(std::tolower(static_cast<unsigned char>(c))));
  }
  return result;
}

class Parser {
 public:
  explicit Parser(const CommandLine& line) : line_(line) {}

  Result<Parsed> Parse() {
    KEEL_RETURN_IF_ERROR(Take(line_.arguments, 0));
    if (parsed_.wish != Wish::kRun) return parsed_;
    for (const std::string_view prefix : {"KEEL_", "ETCD_"}) {
      KEEL_RETURN_IF_ERROR(TakeEnvironment(prefix));
    }
    KEEL_RETURN_IF_ERROR(CheckConfig(&parsed_.config));
    return parsed_;
  }

 private:
  Status Take(const std::vector<std::string>& arguments, int depth) {
    for (size_t i = 0; i < arguments.size(); ++i) {
      std::string word = arguments[i];
      if (!word.starts_with('-') || word == "-" || word == "--") {
        return InvalidArgument("\"" + word + "\" is no flag: flags are written --name=value");
      }
      word.erase(0, word.starts_with("--") ? 2 : 1);
      const size_t equals = word.find('=');
      std::string name = word.substr(0, equals);
      std::replace(name.begin(), name.end(), '_', '-');
      if (name == "help" || name == "h" || name == "version") {
        parsed_.wish = name == "version" ? Wish::kVersion : Wish::kHelp;
        return {};
      }
      const Flag* flag = FindFlag(name);
      const bool is_file = name == "flagfile";
      if (flag == nullptr && !is_file) {
        if (IsSwitchedOff(name, word.substr(std::min(equals, word.size())))) continue;
        return Unknown(name, "--" + name);
      }
      std::string value = "true";
      if (equals != std::string::npos) {
        value = word.substr(equals + 1);
      } else if (is_file || !flag->value.empty()) {
        if (++i == arguments.size()) return InvalidArgument("--" + name + " needs a value");
        value = arguments[i];
      }
      KEEL_RETURN_IF_ERROR(is_file ? TakeFile(value, depth) : Set(*flag, value, "--" + name));
      if (parsed_.wish != Wish::kRun) return {};
    }
    return {};
  }

  // What is said there and unknown is noted and not refused: such variables may be meant for
  // others.
  Status TakeEnvironment(std::string_view prefix) {
    for (const auto& [variable, value] : line_.environment) {
      if (!variable.starts_with(prefix) || value.empty()) continue;
      const std::string name = FlagName(variable.substr(prefix.size()));
      const Flag* flag = FindFlag(name);
      if (flag != nullptr) {
        if (!given_.contains(flag->name)) KEEL_RETURN_IF_ERROR(Set(*flag, value, variable));
      } else if (!WhyRefused(name).empty()) {
        if (!IsSwitchedOff(name, "=" + value)) return Unknown(name, variable);
      } else {
        const std::string_view near = NearestFlag(name);
        parsed_.config.notes.push_back(
            variable + " in the environment is no flag's, and changes nothing" +
            (near.empty() ? ""
                          : "; " + std::string(prefix) + "* for --" + std::string(near) + "?"));
      }
    }
    return {};
  }

  // `rest`: "=false", or whatever follows the name. What is refused may be said to be off.
  static bool IsSwitchedOff(const std::string& name, const std::string& rest) {
    if (!IsRefusedSwitch(name) || !rest.starts_with('=')) return false;
    const Result<bool> value = ParseSwitch(rest.substr(1));
    return value.ok() && !*value;
  }

  Status TakeFile(const std::string& path, int depth) {
    if (depth == kFlagFileDepthMax) return InvalidArgument("--flagfile: " + path + " names itself");
    std::ifstream file(path);
    if (!file) return InvalidArgument("--flagfile: " + path + " cannot be read");
    std::vector<std::string> arguments;
    for (std::string line; std::getline(file, line);) {
      line.erase(0, line.find_first_not_of(" \t\r"));
      line.erase(line.find_last_not_of(" \t\r") + 1);
      if (!line.empty() && !line.starts_with('#')) arguments.push_back(line);
    }
    return Take(arguments, depth + 1);
  }

  Status Set(const Flag& flag, const std::string& value, const std::string& said_as) {
    given_.insert(flag.name);
    if (flag.set == nullptr) {
      parsed_.config.notes.push_back(said_as + " has no meaning here, and changes nothing");
      return {};
    }
    const Status set = flag.set(value, &parsed_.config);
    return set.ok() ? set : InvalidArgument(said_as + ' ' + std::string(set.message()));
  }

  static Status Unknown(const std::string& name, const std::string& said_as) {
    if (const std::string_view why = WhyRefused(name); !why.empty()) {
      return InvalidArgument(said_as + ' ' + std::string(why) + "; see keeld --help");
    }
    std::string message = "there is no flag " + said_as;
    if (const std::string_view near = NearestFlag(name); !near.empty()) {
      message += ": did you mean --" + std::string(near) + "?";
    }
    return InvalidArgument(message + "; see keeld --help");
  }

  const CommandLine& line_;
  Parsed parsed_;
  std::set<std::string_view> given_;
};

}  // namespace

Result<Parsed> ParseConfig(const CommandLine& line) { return Parser(line).Parse(); }

std::string HelpText() {
  std::string text =
      "keeld: one member of a Keel cluster, which serves clients of etcd v3.\n\n"
      "Usage: keeld [FLAGS]\n\n"
      "  keeld                                          one member alone, on loopback\n"
      "  keeld --name a --data-dir /var/lib/keel/a \\\n"
      "        --listen-peer-urls http://127.0.0.1:2380 --listen-client-urls http://127.0.0.1:2379 "
      "\\\n"
      "        --initial-cluster a=http://127.0.0.1:2380,b=http://127.0.0.1:22380,c=...\n"
      "                                                 one of three; start the others alike\n"
      "  keeld --flagfile /etc/keel/keeld.flags         flags from a file, one a line\n\n"
      "Every flag may come from the environment: KEEL_DATA_DIR, or ETCD_DATA_DIR.\n";
  std::string_view group;
  for (const Flag& flag : Flags()) {
    if (flag.help.empty()) continue;
    if (flag.group != group) {
      group = flag.group;
      text += '\n' + std::string(group) + ":\n";
    }
    std::string head = "  --" + std::string(flag.name);
    if (!flag.value.empty()) head += ' ' + std::string(flag.value);
    text += head + "  (" + std::string(flag.fallback) + ")\n      " + std::string(flag.help) + '\n';
  }
  text += "\nAccepted for etcd's sake, without a meaning here:\n ";
  size_t column = 1;
  for (const Flag& flag : Flags()) {
    if (!flag.help.empty()) continue;
    if (column + flag.name.size() + 3 > 98) {
      text += "\n ";
      column = 1;
    }
    text += " --" + std::string(flag.name);
    column += flag.name.size() + 3;
  }
  return text + "\n\n  --flagfile FILE, --version, --help\n";
}

}  // namespace keel::server
