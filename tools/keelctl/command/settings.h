// The flags that every command takes, and where their values come from.
//
// In this order: the command line; KEELCTL_NAME in the environment; ETCDCTL_NAME; the profile that
// --profile (or KEELCTL_PROFILE) names in the configuration file; the fallback. The file is
// $KEELCTL_CONFIG, or keel/keelctl.conf under $XDG_CONFIG_HOME or ~/.config:
//
//   [production]
//   endpoints = 10.0.0.1:2379,10.0.0.2:2379
//   user = root
//
// A profile called `default` holds when none is named. Pure but for reading that file.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "tools/keelctl/calls/calls.h"
#include "tools/keelctl/command/flags.h"
#include "tools/keelctl/output/printer.h"

namespace keel::ctl {

[[nodiscard]] std::span<const Flag> GlobalFlags();

using Environment = std::map<std::string, std::string, std::less<>>;
// The names and values of each profile.
using Profiles = std::map<std::string, std::map<std::string, std::string>, std::less<>>;

// INVALID_ARGUMENT with the line's number for what is neither [name], name = value, nor a comment.
[[nodiscard]] Result<Profiles> ParseProfiles(std::string_view text);
// Where the file is looked for; empty without a home.
[[nodiscard]] std::string ProfilePath(const Environment& environment);

// Sets the global flags that the command line left alone.
Status FillFromEnvironment(const Environment& environment, FlagValues* values);
Status FillFromProfile(const Profiles& profiles, FlagValues* values);

// What the values say, checked: UNIMPLEMENTED for TLS, INVALID_ARGUMENT for an unknown format.
struct Settings {
  CallsOptions calls;
  Style style;
  bool debug = false;
};
[[nodiscard]] Result<Settings> SettingsOf(const FlagValues& values);

}  // namespace keel::ctl
