#include "tools/keelctl/command/settings.h"

#include <algorithm>
#include <array>

#include "tools/keelctl/text/go_text.h"

namespace keel::ctl {
namespace {

constexpr std::array<Flag, 20> kFlags = {{
    {"endpoints", 0, FlagKind::kList, "127.0.0.1:2379", "the cluster's client addresses"},
    {"profile", 0, FlagKind::kText, "",
     "take settings from this profile of the configuration file"},
    {"write-out", 'w', FlagKind::kText, "simple",
     "set the output format (fields, json, protobuf, simple, table)"},
    {"hex", 0, FlagKind::kSwitch, "false", "print byte strings as hex encoded strings"},
    {"dial-timeout", 0, FlagKind::kDuration, "2s", "how long a connection may take to be made"},
    {"command-timeout", 0, FlagKind::kDuration, "5s", "how long a short command may take"},
    {"keepalive-time", 0, FlagKind::kDuration, "10s", "ping a quiet connection after this time"},
    {"keepalive-timeout", 0, FlagKind::kDuration, "6s",
     "give a pinged connection up after this time"},
    {"user", 0, FlagKind::kText, "", "username[:password] (asks for a password that is not given)"},
    {"password", 0, FlagKind::kText, "", "the password of --user"},
    {"insecure-transport", 0, FlagKind::kSwitch, "true", "connections without TLS"},
    {"insecure-skip-tls-verify", 0, FlagKind::kSwitch, "false", "accept any certificate"},
    {"insecure-discovery", 0, FlagKind::kSwitch, "true", "accept insecure SRV records"},
    {"cacert", 0, FlagKind::kText, "", "the certificates that a server's is verified with"},
    {"cert", 0, FlagKind::kText, "", "this client's certificate"},
    {"key", 0, FlagKind::kText, "", "the key of --cert"},
    {"discovery-srv", 'd', FlagKind::kText, "", "a domain whose SRV records name the endpoints"},
    {"discovery-srv-name", 0, FlagKind::kText, "", "the service name to ask for"},
    {"debug", 0, FlagKind::kSwitch, "false", "say on standard error what holds for each flag"},
    {"help", 'h', FlagKind::kSwitch, "false", "say how the command is used"},
}};

// --write-out as an environment variable: PREFIX_WRITE_OUT.
std::string VariableOf(std::string_view prefix, std::string_view flag) {
  std::string name(prefix);
  name += '_';
  for (const char c : flag) {
    name += c == '-' ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return name;
}

Status CheckTransport(const FlagValues& values) {
  for (const std::string_view name : {"cacert", "cert", "key"}) {
    if (values.Text(name).empty()) {
      if (!values.IsSet(name)) continue;
      return InvalidArgument("empty string is passed to --" + std::string(name) + " option");
    }
    return Unimplemented("--" + std::string(name) + ": TLS is not supported yet");
  }
  if (!values.Switch("insecure-transport")) {
    return Unimplemented("--insecure-transport=false: TLS is not supported yet");
  }
  if (!values.Text("discovery-srv").empty()) {
    return Unimplemented("--discovery-srv: SRV records are not supported; use --endpoints");
  }
  return {};
}

}  // namespace

std::span<const Flag> GlobalFlags() { return kFlags; }

Result<Profiles> ParseProfiles(std::string_view text) {
  Profiles profiles;
  std::string section;
  size_t number = 0;
  for (const std::string& line : Split(text, '\n')) {
    ++number;
    const std::string_view bare = Trim(line);
    if (bare.empty() || bare.front() == '#' || bare.front() == ';') continue;
    if (bare.front() == '[' && bare.back() == ']') {
      section = Trim(bare.substr(1, bare.size() - 2));
      profiles[section];
      continue;
    }
    const size_t equals = bare.find('=');
    if (equals == std::string_view::npos || section.empty()) {
      return InvalidArgument("line " + std::to_string(number) +
                             ": neither a [profile] nor a NAME = VALUE inside of one");
    }
    profiles[section][std::string(Trim(bare.substr(0, equals)))] = Trim(bare.substr(equals + 1));
  }
  return profiles;
}

std::string ProfilePath(const Environment& environment) {
  const auto value = [&environment](std::string_view name) {
    const auto found = environment.find(name);
    return found == environment.end() ? std::string() : found->second;
  };
  if (std::string path = value("KEELCTL_CONFIG"); !path.empty()) return path;
  if (const std::string base = value("XDG_CONFIG_HOME"); !base.empty()) {
    return base + "/keel/keelctl.conf";
  }
  const std::string home = value("HOME");
  return home.empty() ? "" : home + "/.config/keel/keelctl.conf";
}

Status FillFromEnvironment(const Environment& environment, FlagValues* values) {
  for (const std::string_view prefix : {"KEELCTL", "ETCDCTL"}) {
    for (const Flag& flag : kFlags) {
      const auto found = environment.find(VariableOf(prefix, flag.name));
      if (found == environment.end() || found->second.empty() || values->IsSet(flag.name)) continue;
      if (const Status status = values->Set(flag.name, found->second); !status.ok()) {
        return InvalidArgument(found->first + ": " + std::string(status.message()));
      }
    }
  }
  return {};
}

Status FillFromProfile(const Profiles& profiles, FlagValues* values) {
  const std::string& wanted = values->Text("profile");
  const auto found = profiles.find(wanted.empty() ? "default" : wanted);
  if (found == profiles.end()) {
    if (wanted.empty()) return {};
    std::vector<std::string> names;
    for (const auto& [name, settings] : profiles) names.push_back(name);
    return InvalidArgument("no profile " + Quote(wanted) + " in the configuration file; it has: " +
                           (names.empty() ? "none" : Join(names, ", ")));
  }
  for (const auto& [name, value] : found->second) {
    const auto known = std::any_of(kFlags.begin(), kFlags.end(),
                                   [&](const Flag& flag) { return flag.name == name; });
    if (!known) {
      return InvalidArgument("profile " + found->first + ": no flag is called " + Quote(name));
    }
    if (!values->IsSet(name)) KEEL_RETURN_IF_ERROR(values->Set(name, value));
  }
  return {};
}

Result<Settings> SettingsOf(const FlagValues& values) {
  KEEL_RETURN_IF_ERROR(CheckTransport(values));
  Settings settings;
  const auto format = FormatNamed(values.Text("write-out"));
  if (!format) return Unimplemented("unsupported output format");
  settings.style = {.format = *format, .hex = values.Switch("hex")};
  settings.debug = values.Switch("debug");
  CallsOptions& calls = settings.calls;
  calls.endpoints = values.List("endpoints");
  calls.command_timeout_us = std::max<uint64_t>(values.DurationUs("command-timeout"), 1);
  calls.wire.dial_timeout_us = std::max<uint64_t>(values.DurationUs("dial-timeout"), 1);
  // Servers take it ill to be pinged more often.
  calls.wire.keepalive_us = std::max<uint64_t>(values.DurationUs("keepalive-time"), 10'000'000);
  calls.wire.keepalive_timeout_us =
      std::max<uint64_t>(values.DurationUs("keepalive-timeout"), 1'000'000);
  calls.user = values.Text("user");
  calls.password = values.Text("password");
  if (const size_t colon = calls.user.find(':');
      calls.password.empty() && colon != std::string::npos) {
    calls.password = calls.user.substr(colon + 1);
    calls.user.resize(colon);
  }
  return settings;
}

}  // namespace keel::ctl
