// shell: a prompt for all commands. On a terminal lines are edited, remembered and completed by
// libedit; from a pipe they are read as they come.
#ifdef KEEL_HAVE_LIBEDIT
#include <editline/readline.h>
#endif
#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include "tools/keelctl/calls/interrupt.h"
#include "tools/keelctl/calls/methods.h"
#include "tools/keelctl/commands/all.h"
#include "tools/keelctl/text/go_text.h"

namespace keel::ctl {
namespace {

// What a line behind the prompt inherits: the global flags of the shell's own command line.
Environment Inherited(const Context& context) {
  Environment environment;
  for (const std::string_view name :
       {"HOME", "XDG_CONFIG_HOME", "KEELCTL_CONFIG", "EDITOR", "VISUAL", "TMPDIR"}) {
    if (const std::string value = context.Variable(name); !value.empty()) {
      environment[std::string(name)] = value;
    }
  }
  for (const Flag& flag : GlobalFlags()) {
    if (flag.name == "help" || flag.name == "debug") continue;
    std::string name = "KEELCTL_";
    for (const char c : flag.name) {
      name += c == '-' ? '_' : static_cast<char>(c - 'a' + 'A');
    }
    environment[name] = context.flags().Text(flag.name);
  }
  return environment;
}

#ifdef KEEL_HAVE_LIBEDIT

// libedit's callbacks take no argument of ours, so what they need is here while a shell runs.
struct Completion {
  Context* context = nullptr;
  std::vector<std::string> matches;
  size_t next = 0;
};
Completion completion;

std::vector<std::string> KeysFrom(Context& context, const std::string& prefix) {
  constexpr int64_t kKeysMax = 50;
  constexpr uint64_t kPatienceUs = 500'000;
  pb::RangeRequest request;
  request.set_key(prefix.empty() ? std::string(1, '\0') : prefix);
  request.set_range_end(PrefixEnd(prefix));
  request.set_keys_only(true);
  request.set_serializable(true);
  request.set_limit(kKeysMax);
  const auto answer =
      context.calls().Any<pb::RangeResponse>(method::kRange, request, {.timeout_us = kPatienceUs});
  std::vector<std::string> keys;
  for (int i = 0; answer.ok() && i < answer->kvs_size(); ++i) keys.push_back(answer->kvs(i).key());
  return keys;
}

// What may stand where the cursor is: a command, a flag of it, or a key.
std::vector<std::string> MatchesOf(const std::string& line, const std::string& word) {
  std::vector<std::string> matches;
  const std::string before = line.substr(0, line.size() - word.size());
  for (const Command& command : Commands()) {
    const std::string name(command.name);
    if (name.starts_with(before + word)) {
      const std::string rest = name.substr(before.size());
      matches.push_back(rest.substr(0, rest.find(' ')));
    }
    if (!before.starts_with(name + " ") || !word.starts_with("-")) continue;
    for (const Flag& flag : command.flags) {
      const std::string spelling = "--" + std::string(flag.name);
      if (spelling.starts_with(word)) matches.push_back(spelling);
    }
  }
  if (matches.empty() && !before.empty()) matches = KeysFrom(*completion.context, word);
  return matches;
}

char* NextMatch(const char* /*word*/, int again) {
  if (again == 0) completion.next = 0;
  if (completion.next == completion.matches.size()) return nullptr;
  return strdup(completion.matches[completion.next++].c_str());
}

char** Complete(const char* word, int /*start*/, int end) {
  rl_attempted_completion_over = 1;
  completion.matches = MatchesOf(std::string(rl_line_buffer, static_cast<size_t>(end)), word);
  return rl_completion_matches(word, NextMatch);
}

std::string HistoryPath(const Context& context) {
  const std::string home = context.Variable("HOME");
  return home.empty() ? "" : home + "/.keelctl_history";
}

class Prompt {
 public:
  explicit Prompt(Context* context) : history_(HistoryPath(*context)) {
    completion.context = context;
    rl_readline_name = "keelctl";
    using_history();
    stifle_history(1000);
    if (!history_.empty()) read_history(history_.c_str());
    rl_attempted_completion_function = Complete;
  }
  ~Prompt() {
    if (!history_.empty()) write_history(history_.c_str());
    completion = {};
  }
  Prompt(const Prompt&) = delete;
  Prompt& operator=(const Prompt&) = delete;

  std::optional<std::string> Read() {
    char* line = readline("keel> ");
    if (line == nullptr) return std::nullopt;
    std::string text = line;
    std::free(line);
    if (!Trim(text).empty()) add_history(text.c_str());
    return text;
  }

 private:
  const std::string history_;
};

#endif  // KEEL_HAVE_LIBEDIT

// True if the shell ends with this line.
bool RunShellLine(const std::string& line, const Environment& environment, Terminal* terminal) {
  const auto words = SplitWords(line);
  if (!words.ok()) {
    terminal->Note("Error: " + std::string(words.status().message()));
    return false;
  }
  if (words->empty() || words->front().starts_with("#")) return false;
  if (words->front() == "exit" || words->front() == "quit") return true;
  if (words->front() == "shell") {
    terminal->Note("Error: this is the shell");
    return false;
  }
  (void)RunLine(*words, environment, terminal);
  interrupt::Forget();
  return false;
}

}  // namespace

ExitCode RunShell(Context& context) {
  if (!context.words().empty()) {
    return context.Fail(ExitCode::kBadArguments, "shell takes no arguments");
  }
  const Environment environment = Inherited(context);
  Terminal& terminal = context.terminal();
#ifdef KEEL_HAVE_LIBEDIT
  if (isatty(STDIN_FILENO) == 1) {
    Prompt prompt(&context);
    while (const auto line = prompt.Read()) {
      interrupt::Forget();
      if (RunShellLine(*line, environment, &terminal)) break;
    }
    return ExitCode::kSuccess;
  }
#endif
  while (const auto line = terminal.ReadLine(/*take_unended=*/true)) {
    if (RunShellLine(*line, environment, &terminal)) break;
  }
  return ExitCode::kSuccess;
}

}  // namespace keel::ctl
