#include "jepsen/checker/arguments.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "base/numbers.h"
#include "jepsen/history/edn_reader.h"

namespace keel::jepsen {
namespace {

constexpr std::string_view kUsage = "usage: keel-check [--model MODEL] [--initial VALUE] FILE";

Result<int64_t> NumberOf(std::string_view flag, std::string_view text) {
  const auto number = ParseNumber<int64_t>(text);
  if (!number.has_value() || *number < 0) {
    return InvalidArgument(std::string(flag) + " takes a whole number, not '" + std::string(text) +
                           "'");
  }
  return *number;
}

Status SetModel(std::string_view text, Arguments* arguments) {
  arguments->check.model = text;
  return {};
}

Status SetInitial(std::string_view text, Arguments* arguments) {
  auto value = ParseEdn(text);
  if (!value.ok()) return value.status().WithContext("--initial takes one EDN value");
  arguments->check.initial = *std::move(value);
  return {};
}

Status SetNil(std::string_view text, Arguments* arguments) {
  if (text != "absent" && text != "silent") {
    return InvalidArgument("--nil is absent or silent, not '" + std::string(text) + "'");
  }
  arguments->check.nil_is_absent = text == "absent";
  return {};
}

Status SetCache(std::string_view text, Arguments* arguments) {
  auto megabytes = NumberOf("--cache-mb", text);
  if (!megabytes.ok()) return megabytes.status();
  arguments->check.cache_bytes_max = static_cast<size_t>(*megabytes) << 20;
  return {};
}

Status SetSeconds(std::string_view text, Arguments* arguments) {
  auto seconds = NumberOf("--seconds", text);
  if (!seconds.ok()) return seconds.status();
  arguments->check.time_max = std::chrono::seconds(*seconds);
  return {};
}

Status SetLeaseBound(std::string_view text, Arguments* arguments) {
  auto milliseconds = NumberOf("--lease-bound-ms", text);
  if (!milliseconds.ok()) return milliseconds.status();
  arguments->check.lease_bound = std::chrono::milliseconds(*milliseconds);
  return {};
}

Status SetHtml(std::string_view text, Arguments* arguments) {
  arguments->html = text;
  return {};
}

struct Flag {
  std::string_view name;
  Status (*set)(std::string_view text, Arguments* arguments);
};
constexpr std::array kFlags = {
    Flag{"model", &SetModel},     Flag{"initial", &SetInitial},
    Flag{"nil", &SetNil},         Flag{"cache-mb", &SetCache},
    Flag{"seconds", &SetSeconds}, Flag{"lease-bound-ms", &SetLeaseBound},
    Flag{"html", &SetHtml},
};

// "--name=value" or "--name value".
Status TakeFlag(std::string_view word, int argc, const char* const* argv, int* at,
                Arguments* arguments) {
  std::string_view name = word.substr(word.starts_with("--") ? 2 : 1);
  const size_t equals = name.find('=');
  const bool is_joined = equals != std::string_view::npos;
  const std::string_view joined = is_joined ? name.substr(equals + 1) : std::string_view();
  name = name.substr(0, equals);
  const auto* flag = std::find_if(kFlags.begin(), kFlags.end(),
                                  [&](const Flag& known) { return known.name == name; });
  if (flag == kFlags.end()) {
    return InvalidArgument("no flag is called " + std::string(word) + "; --help lists them");
  }
  if (is_joined) return flag->set(joined, arguments);
  if (*at + 1 >= argc) return InvalidArgument(std::string(word) + " needs a value after it");
  *at += 1;
  return flag->set(argv[*at], arguments);
}

}  // namespace

Result<Arguments> ParseArguments(int argc, const char* const* argv) {
  Arguments arguments;
  bool only_files = false;
  for (int at = 1; at < argc; at++) {
    const std::string_view word = argv[at];
    if (!only_files && (word == "--help" || word == "-h")) {
      arguments.wants_help = true;
      return arguments;
    }
    if (!only_files && word == "--") {
      only_files = true;
    } else if (!only_files && word.size() > 1 && word.starts_with('-')) {
      KEEL_RETURN_IF_ERROR(TakeFlag(word, argc, argv, &at, &arguments));
    } else if (arguments.file.empty()) {
      arguments.file = word;
    } else {
      return InvalidArgument("one file at a time: '" + arguments.file + "' and '" +
                             std::string(word) + "' were given");
    }
  }
  if (arguments.file.empty()) {
    return InvalidArgument("a FILE with a history is needed, or - for the standard input\n" +
                           std::string(kUsage));
  }
  return arguments;
}

std::string HelpText() {
  std::string text(kUsage);
  text += R"(

Judges whether a recorded history of calls and answers is linearizable: whether every call can have
taken effect at one moment between its call and its answer, so that all answers make sense.

FILE ("-": the standard input) holds what a client recorded, in one of two notations:
  EDN        maps {:process 0, :type :invoke, :f :read, :value nil}, in one vector or one a line
  log lines  INFO  jepsen.util - 4	:invoke	:read	nil        (parted by tabs or spaces)
:type is :invoke, then :ok (it took effect), :fail (it did not) or :info (nobody knows: it may take
effect at any later time, or never). A call without an answer is as one that ended in :info. What a
process with a keyword's name (:nemesis) does is no operation. With independent keys, all values are
pairs [key value], or the maps have a :key.

Prints one word, then the model, then the smallest counterexample that was found:
  linearizable       exit code 0   an order exists
  not-linearizable   exit code 1   none exists; what is printed cannot be reconciled
  unknown            exit code 2   the bounds ended the search before it was decided
An input that cannot be read, or a wrong flag, ends with a message that names line and column on the
standard error, and exit code 3.

Flags, as --flag VALUE or --flag=VALUE:
  --model MODEL    what the history is of; inferred from its functions when not given
  --initial VALUE  what was there before, an EDN value; nil when not given. Of a multi-register, a
                   map gives each key its own
  --nil MEANING    what an :ok :read of nil says: "absent", there was nothing (as in log lines), or
                   "silent", nothing is known (as in EDN)
  --cache-mb N     memory for the search; past it the verdict is unknown (512)
  --html FILE      write a page about the history, too: the verdict, latency and throughput over time
                   with the nemesis's faults as bands, what each kind of fault cost
  --lease-bound-ms N  how long past its time to live a lease may still be seen (2000)
  --seconds N      time for the search; past it the verdict is unknown (no bound)

Models and their functions:
)";
  for (const ModelEntry& entry : Models()) {
    std::string line = "  " + std::string(entry.name);
    line.append(line.size() < 18 ? 18 - line.size() : 1, ' ');
    text += line + std::string(entry.help) + "\n";
  }
  text += R"(
Examples:
  keel-check history.edn
  keel-check --model cas-register --initial 0 history.edn
  grep jepsen.util jepsen.log | keel-check -
)";
  return text;
}

}  // namespace keel::jepsen
