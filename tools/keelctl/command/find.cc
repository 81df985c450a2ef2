#include "tools/keelctl/command/find.h"

#include <algorithm>

#include "tools/keelctl/text/go_text.h"

namespace keel::ctl {
namespace {

// Any flag of that name: what tells whether the next word is its value.
const Flag* AnyFlag(std::string_view name, char letter) {
  const auto matches = [&](const Flag& flag) {
    return letter != 0 ? flag.letter == letter : flag.name == name;
  };
  for (const Flag& flag : GlobalFlags()) {
    if (matches(flag)) return &flag;
  }
  for (const Command& command : Commands()) {
    for (const Flag& flag : command.flags) {
      if (matches(flag)) return &flag;
    }
  }
  return nullptr;
}

// Whether `word` is a flag whose value is the word behind it.
bool TakesNextWord(std::string_view word) {
  if (word.find('=') != std::string_view::npos) return false;
  const Flag* flag = nullptr;
  if (word.starts_with("--")) {
    flag = AnyFlag(word.substr(2), 0);
  } else if (word.size() == 2) {
    flag = AnyFlag("", word[1]);
  }
  return flag != nullptr && flag->kind != FlagKind::kSwitch;
}

// The positions of the first words that are not flags, as many as `count`.
std::vector<size_t> PlainWords(std::span<const std::string> line, size_t count) {
  std::vector<size_t> positions;
  for (size_t i = 0; i < line.size() && positions.size() < count; ++i) {
    if (line[i] == "--") break;
    if (line[i].size() > 1 && line[i].front() == '-') {
      if (TakesNextWord(line[i])) ++i;
      continue;
    }
    positions.push_back(i);
  }
  return positions;
}

// The names that `word` may mean: itself alone if it is one, else all that begin with it.
std::vector<std::string_view> Meanings(std::string_view word,
                                       const std::vector<std::string_view>& names) {
  std::vector<std::string_view> out;
  for (const std::string_view name : names) {
    if (name == word) return {name};
    const bool known = std::find(out.begin(), out.end(), name) != out.end();
    if (!word.empty() && name.starts_with(word) && !known) out.push_back(name);
  }
  return out;
}

// The words that may stand behind `group`, or first if it is empty.
std::vector<std::string_view> NamesIn(std::string_view group) {
  std::vector<std::string_view> names;
  for (const Command& command : Commands()) {
    const size_t space = command.name.find(' ');
    if (group.empty()) {
      names.push_back(command.name.substr(0, space));
    } else if (space != std::string_view::npos && command.name.substr(0, space) == group) {
      names.push_back(command.name.substr(space + 1));
    }
  }
  return names;
}

const Command* CommandNamed(std::string_view name) {
  for (const Command& command : Commands()) {
    if (command.name == name) return &command;
  }
  return nullptr;
}

bool AsksForHelp(std::span<const std::string> line) {
  return std::any_of(line.begin(), line.end(),
                     [](const std::string& word) { return word == "--help" || word == "-h"; });
}

}  // namespace

Found FindCommand(std::span<const std::string> line) {
  Found found;
  std::vector<std::string> words(line.begin(), line.end());
  auto plain = PlainWords(words, 3);
  if (!plain.empty() && words[plain[0]] == "help") {
    found.wants_help = true;
    words.erase(words.begin() + static_cast<std::ptrdiff_t>(plain[0]));
    plain = PlainWords(words, 3);
  }
  if (plain.empty()) {
    found.wants_help = found.wants_help || line.empty() || AsksForHelp(line);
    if (!found.wants_help) found.refusal = "no command is given; try: keelctl --help";
    return found;
  }
  std::string name;
  for (size_t depth = 0; depth < 2; ++depth) {
    const std::string word = depth < plain.size() ? words[plain[depth]] : "";
    const auto meanings = Meanings(word, NamesIn(name));
    if (depth == 1 && word.empty()) {  // a group alone
      found.group = name;
      found.wants_help = true;
      return found;
    }
    if (meanings.size() != 1) {
      found.refusal =
          (meanings.empty() ? "unknown command " : "more than one command begins with ") +
          Quote(word) + " for " + Quote(name.empty() ? "keelctl" : "keelctl " + name) +
          "; try: keelctl " + (name.empty() ? "" : name + " ") + "--help";
      found.wants_help = false;
      return found;
    }
    name += (depth == 0 ? "" : " ") + std::string(meanings.front());
    found.command = CommandNamed(name);
    if (found.command == nullptr) continue;
    for (size_t i = depth + 1; i > 0; --i) {
      words.erase(words.begin() + static_cast<std::ptrdiff_t>(plain[i - 1]));
    }
    found.rest = std::move(words);
    return found;
  }
  return found;
}

}  // namespace keel::ctl
