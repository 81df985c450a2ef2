// What shells are told: every command, every flag, and what each is for.
#include <set>

#include "tools/keelctl/command/help.h"

namespace keel::ctl {
namespace {

// For a word in single quotes.
std::string InQuotes(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out += c;
    }
  }
  return out + "'";
}

std::vector<std::string_view> FirstWords() {
  std::vector<std::string_view> words;
  for (const Command& command : Commands()) {
    const auto word = command.name.substr(0, command.name.find(' '));
    if (words.empty() || words.back() != word) words.push_back(word);
  }
  return words;
}

std::string_view SummaryOf(std::string_view word) {
  for (const Group& group : Groups()) {
    if (group.name == word) return group.summary;
  }
  for (const Command& command : Commands()) {
    if (command.name == word) return command.summary;
  }
  return "";
}

bool IsGroup(std::string_view word) {
  for (const Command& command : Commands()) {
    if (command.name.starts_with(std::string(word) + " ")) return true;
  }
  return false;
}

std::string FlagWords(std::span<const Flag> flags) {
  std::string out;
  for (const Flag& flag : flags) out += " --" + std::string(flag.name);
  return out;
}

std::string Bash() {
  std::string out =
      "# bash completion for keelctl; made by `keelctl completion bash`\n"
      "_keelctl() {\n"
      "  local current=\"${COMP_WORDS[COMP_CWORD]}\" word command='' words=''\n"
      "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
      "    [[ \"${word}\" == -* || \"${word}\" == = ]] && continue\n"
      "    command=\"${command:+${command} }${word}\"\n"
      "  done\n"
      "  case \"${command}\" in\n";
  std::string first;
  for (const auto word : FirstWords()) first += std::string(word) + " ";
  out += "    '') words=" + InQuotes(first) + " ;;\n";
  for (const auto word : FirstWords()) {
    if (!IsGroup(word)) continue;
    std::string inside;
    for (const Command& command : Commands()) {
      if (command.name.starts_with(std::string(word) + " ")) {
        inside += std::string(command.name.substr(word.size() + 1)) + " ";
      }
    }
    out += "    " + std::string(word) + ") words=" + InQuotes(inside) + " ;;\n";
  }
  for (const Command& command : Commands()) {
    if (command.flags.empty()) continue;
    out += "    " + InQuotes(command.name) + "*) words=" + InQuotes(FlagWords(command.flags)) +
           " ;;\n";
  }
  out +=
      "  esac\n"
      "  [[ \"${current}\" == -* ]] && words+=" +
      InQuotes(FlagWords(GlobalFlags())) +
      "\n"
      "  mapfile -t COMPREPLY < <(compgen -W \"${words}\" -- \"${current}\")\n"
      "}\n"
      "complete -F _keelctl keelctl\n";
  return out;
}

// name[what it is for], as _arguments and _describe take it.
std::string ZshText(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':') out += '\\';
    out += c;
  }
  return out;
}

std::string ZshFlags(std::span<const Flag> flags) {
  std::string out;
  for (const Flag& flag : flags) {
    const std::string text = "[" + ZshText(flag.help) + "]";
    const bool takes_value = flag.kind != FlagKind::kSwitch;
    out += " " + InQuotes("--" + std::string(flag.name) + (takes_value ? "=" : "") + text +
                          (takes_value ? ":value:" : ""));
  }
  return out;
}

std::string Zsh() {
  std::string out =
      "#compdef keelctl\n"
      "# zsh completion for keelctl; made by `keelctl completion zsh`\n"
      "_keelctl() {\n"
      "  local -a words_here plain\n"
      "  plain=(${${words[2,CURRENT-1]}:#-*})\n"
      "  case \"${plain[*]}\" in\n"
      "    '') words_here=(";
  for (const auto word : FirstWords()) {
    out += "\n      " + InQuotes(ZshText(word) + ":" + ZshText(SummaryOf(word)));
  }
  out += "\n    ) ;;\n";
  for (const auto word : FirstWords()) {
    if (!IsGroup(word)) continue;
    out += "    " + std::string(word) + ") words_here=(";
    for (const Command& command : Commands()) {
      if (!command.name.starts_with(std::string(word) + " ")) continue;
      out += "\n      " + InQuotes(ZshText(command.name.substr(word.size() + 1)) + ":" +
                                   ZshText(command.summary));
    }
    out += "\n    ) ;;\n";
  }
  for (const Command& command : Commands()) {
    if (command.flags.empty()) continue;
    out += "    " + InQuotes(command.name) + "*) _arguments" + ZshFlags(command.flags) +
           ZshFlags(GlobalFlags()) + "; return ;;\n";
  }
  return out + "  esac\n  (( ${#words_here} )) && _describe command words_here || _arguments" +
         ZshFlags(GlobalFlags()) + "\n}\n_keelctl \"$@\"\n";
}

std::string Fish() {
  std::string out =
      "# fish completion for keelctl; made by `keelctl completion fish`\n"
      "complete -c keelctl -f\n";
  for (const auto word : FirstWords()) {
    out += "complete -c keelctl -n __fish_use_subcommand -a " + InQuotes(word) + " -d " +
           InQuotes(SummaryOf(word)) + "\n";
  }
  for (const Command& command : Commands()) {
    const size_t space = command.name.find(' ');
    const std::string first(command.name.substr(0, space));
    std::string condition = "__fish_seen_subcommand_from " + first;
    if (space != std::string_view::npos) {
      const std::string second(command.name.substr(space + 1));
      out += "complete -c keelctl -n " + InQuotes(condition) + " -a " + InQuotes(second) + " -d " +
             InQuotes(command.summary) + "\n";
      condition += "; and __fish_seen_subcommand_from " + second;
    }
    for (const Flag& flag : command.flags) {
      out += "complete -c keelctl -n " + InQuotes(condition) + " -l " + std::string(flag.name) +
             (flag.kind == FlagKind::kSwitch ? "" : " -r") + " -d " + InQuotes(flag.help) + "\n";
    }
  }
  for (const Flag& flag : GlobalFlags()) {
    out += "complete -c keelctl -l " + std::string(flag.name) +
           (flag.letter != 0 ? " -s " + std::string(1, flag.letter) : "") +
           (flag.kind == FlagKind::kSwitch ? "" : " -r") + " -d " + InQuotes(flag.help) + "\n";
  }
  return out;
}

}  // namespace

std::optional<std::string> CompletionFor(std::string_view shell) {
  if (shell == "bash") return Bash();
  if (shell == "zsh") return Zsh();
  if (shell == "fish") return Fish();
  return std::nullopt;
}

}  // namespace keel::ctl
