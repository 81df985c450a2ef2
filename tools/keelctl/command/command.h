// A command: its name, its help, its flags, and the function that carries it out.
//
// The table in command_table.cc lists them all; help, completion and man pages are made from it.
// A function gets a Context, which lives as long as the command runs, and gives the exit code.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tools/keelctl/calls/calls.h"
#include "tools/keelctl/command/flags.h"
#include "tools/keelctl/command/settings.h"
#include "tools/keelctl/command/terminal.h"
#include "tools/keelctl/exit_code.h"
#include "tools/keelctl/output/printer.h"

namespace keel::ctl {

class Context;

struct Command {
  std::string_view name;     // "put", "lease grant"
  std::string_view usage;    // its arguments: "<ttl>"
  std::string_view summary;  // one line
  std::string_view details;  // more, and examples; may be empty
  std::span<const Flag> flags;
  ExitCode (*run)(Context& context) = nullptr;
};

// All commands, in the order of the help.
[[nodiscard]] std::span<const Command> Commands();
// What the words before a subcommand stand for: {"lease", "Lease related commands"}.
struct Group {
  std::string_view name;
  std::string_view summary;
};
[[nodiscard]] std::span<const Group> Groups();

// What one run of a command has at hand.
class Context {
 public:
  struct Parts {
    const Command* command;
    Arguments arguments;
    FlagValues flags;
    Settings settings;
    Environment environment;
    Terminal* terminal;
  };
  explicit Context(Parts parts);
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  [[nodiscard]] const Command& command() const { return *parts_.command; }
  [[nodiscard]] const std::vector<std::string>& words() const { return parts_.arguments.words; }
  [[nodiscard]] const Arguments& arguments() const { return parts_.arguments; }
  [[nodiscard]] const FlagValues& flags() const { return parts_.flags; }
  [[nodiscard]] const Settings& settings() const { return parts_.settings; }
  [[nodiscard]] Style& style() { return parts_.settings.style; }
  [[nodiscard]] Terminal& terminal() const { return *parts_.terminal; }
  // A variable of the environment; empty if there is none.
  [[nodiscard]] std::string Variable(std::string_view name) const;
  // Made when first asked for.
  [[nodiscard]] Calls& calls();
  [[nodiscard]] const std::vector<std::string>& endpoints() const {
    return parts_.settings.calls.endpoints;
  }

  void Out(std::string_view text) const { terminal().Out(text); }
  // One line on standard error: "Error: ...".
  ExitCode Fail(ExitCode code, std::string_view words) const;
  // A call's failure: kBadConnection if nobody could be reached, else kError.
  ExitCode Fail(const Status& status) const;
  // Writes it, or says why the format does not fit (kBadFeature).
  ExitCode Print(const Printed& printed) const;

 private:
  Parts parts_;
  std::unique_ptr<Calls> calls_;
};

// Runs one command line, without the program's name.
[[nodiscard]] ExitCode RunLine(std::span<const std::string> line, const Environment& environment,
                               Terminal* terminal);

}  // namespace keel::ctl
