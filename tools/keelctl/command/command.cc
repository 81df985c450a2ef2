#include "tools/keelctl/command/command.h"

#include <algorithm>

#include "tools/keelctl/calls/interrupt.h"
#include "tools/keelctl/command/find.h"
#include "tools/keelctl/command/help.h"
#include "tools/keelctl/text/file.h"
#include "tools/keelctl/text/go_text.h"

namespace keel::ctl {

Context::Context(Parts parts) : parts_(std::move(parts)) {}
Context::~Context() = default;

std::string Context::Variable(std::string_view name) const {
  const auto found = parts_.environment.find(name);
  return found == parts_.environment.end() ? "" : found->second;
}

Calls& Context::calls() {
  if (calls_ == nullptr) {
    CallsOptions options = parts_.settings.calls;
    if (!options.user.empty() && options.password.empty()) {
      options.password = terminal().AskPassword("Password: ").value_or("");
    }
    calls_ = std::make_unique<Calls>(std::move(options));
  }
  return *calls_;
}

ExitCode Context::Fail(ExitCode code, std::string_view words) const {
  terminal().Note("Error: " + std::string(words));
  return code;
}

ExitCode Context::Fail(const Status& status) const {
  if (status.code() == Code::kCancelled && interrupt::Asked()) {
    return Fail(ExitCode::kInterrupted, "interrupted");
  }
  const bool endpoint_is_wrong = status.message().starts_with("endpoint ");
  if (endpoint_is_wrong && status.code() == Code::kInvalidArgument) {
    return Fail(ExitCode::kBadArguments, status.message());
  }
  if (endpoint_is_wrong && status.code() == Code::kUnimplemented) {
    return Fail(ExitCode::kBadFeature, status.message());
  }
  std::string words = Words(status);
  if (status.code() == Code::kDeadlineExceeded) {
    words += ": no answer in time (keelctl doctor tells more)";
  }
  return Fail(NeverSent(status) ? ExitCode::kBadConnection : ExitCode::kError, words);
}

ExitCode Context::Print(const Printed& printed) const {
  if (!printed.ok()) return Fail(ExitCode::kBadFeature, printed.status().message());
  Out(*printed);
  return ExitCode::kSuccess;
}

namespace {

ExitCode Refuse(Terminal* terminal, ExitCode code, const std::string& words) {
  terminal->Note("Error: " + words);
  return code;
}

// Fills in what the command line left open; empty words if all is well.
Status Complete(const Environment& environment, FlagValues* values) {
  KEEL_RETURN_IF_ERROR(FillFromEnvironment(environment, values));
  const std::string path = ProfilePath(environment);
  const auto text = path.empty() ? Result<std::string>(std::string()) : ReadFile(path);
  if (!text.ok()) {
    const bool absent = text.status().code() == Code::kNotFound;
    if (absent && values->Text("profile").empty()) return {};
    return InvalidArgument("the configuration file " + path + ": " +
                           std::string(text.status().message()));
  }
  const auto profiles = ParseProfiles(*text);
  if (!profiles.ok())
    return InvalidArgument(path + ": " + std::string(profiles.status().message()));
  return FillFromProfile(*profiles, values);
}

void SayWhatHolds(const FlagValues& values, Terminal* terminal) {
  for (const Flag& flag : GlobalFlags()) {
    if (flag.name == "password") continue;
    terminal->Note("--" + std::string(flag.name) + "=" + values.Text(flag.name));
  }
}

}  // namespace

ExitCode RunLine(std::span<const std::string> line, const Environment& environment,
                 Terminal* terminal) {
  const Found found = FindCommand(line);
  if (found.wants_help) {
    terminal->Out(found.command != nullptr ? HelpOf(*found.command) : HelpOfGroup(found.group));
    return ExitCode::kSuccess;
  }
  if (found.command == nullptr) return Refuse(terminal, ExitCode::kError, found.refusal);
  FlagValues values;
  values.Declare(GlobalFlags());
  values.Declare(found.command->flags);
  auto arguments = TakeFlags(found.rest, &values);
  const std::string how = "; try: keelctl " + std::string(found.command->name) + " --help";
  if (!arguments.ok()) {
    return Refuse(terminal, ExitCode::kError, std::string(arguments.status().message()) + how);
  }
  if (values.Switch("help")) {
    terminal->Out(HelpOf(*found.command));
    return ExitCode::kSuccess;
  }
  if (const Status status = Complete(environment, &values); !status.ok()) {
    return Refuse(terminal, ExitCode::kBadArguments, std::string(status.message()));
  }
  auto settings = SettingsOf(values);
  if (!settings.ok()) {
    const bool feature = settings.status().code() == Code::kUnimplemented;
    return Refuse(terminal, feature ? ExitCode::kBadFeature : ExitCode::kBadArguments,
                  std::string(settings.status().message()));
  }
  if (settings->debug) SayWhatHolds(values, terminal);
  Context context({.command = found.command,
                   .arguments = *std::move(arguments),
                   .flags = std::move(values),
                   .settings = *std::move(settings),
                   .environment = environment,
                   .terminal = terminal});
  return found.command->run(context);
}

}  // namespace keel::ctl
