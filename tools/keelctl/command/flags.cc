#include "tools/keelctl/command/flags.h"

#include "base/check.h"
#include "tools/keelctl/text/go_text.h"
#include "tools/keelctl/text/units.h"

namespace keel::ctl {
namespace {

bool IsTrue(std::string_view text) {
  return text == "true" || text == "1" || text == "t" || text == "T" || text == "TRUE";
}
bool IsFalse(std::string_view text) {
  return text == "false" || text == "0" || text == "f" || text == "F" || text == "FALSE";
}

Status CheckValue(const Flag& flag, std::string_view value) {
  const auto refuse = [&](std::string_view why) {
    return InvalidArgument("invalid argument " + Quote(value) + " for \"--" +
                           std::string(flag.name) + "\" flag: " + std::string(why));
  };
  switch (flag.kind) {
    case FlagKind::kSwitch:
      return IsTrue(value) || IsFalse(value) ? Status() : refuse("expecting true or false");
    case FlagKind::kInteger: {
      const auto number = ParseInt(value, 10);
      return number.ok() ? Status() : refuse(number.status().message());
    }
    case FlagKind::kDuration: {
      const auto duration = ParseDurationUs(value);
      return duration.ok() ? Status() : refuse(duration.status().message());
    }
    case FlagKind::kText:
    case FlagKind::kList:
      return {};
  }
  return {};
}

// Goes through a command line word by word.
class Taker {
 public:
  Taker(std::span<const std::string> words, FlagValues* values) : words_(words), values_(values) {}

  Result<Arguments> Run() {
    while (next_ < words_.size()) {
      const std::string& word = words_[next_++];
      if (word == "--") {
        arguments_.has_dashes = true;
        arguments_.before_dashes = arguments_.words.size();
        arguments_.words.insert(arguments_.words.end(), words_.begin() + next_, words_.end());
        return arguments_;
      }
      if (word.starts_with("--")) {
        KEEL_RETURN_IF_ERROR(Long(std::string_view(word).substr(2)));
      } else if (word.size() > 1 && word.front() == '-') {
        KEEL_RETURN_IF_ERROR(Short(std::string_view(word).substr(1), word));
      } else {
        arguments_.words.push_back(word);
      }
    }
    arguments_.before_dashes = arguments_.words.size();
    return arguments_;
  }

 private:
  Status Long(std::string_view text) {
    const size_t equals = text.find('=');
    const std::string_view name = text.substr(0, equals);
    const Flag* flag = values_->Find(name);
    if (flag == nullptr) return InvalidArgument("unknown flag: --" + std::string(name));
    if (equals != std::string_view::npos) return values_->Set(name, text.substr(equals + 1));
    if (flag->kind == FlagKind::kSwitch) return values_->Set(name, "true");
    if (next_ == words_.size()) {
      return InvalidArgument("flag needs an argument: --" + std::string(name));
    }
    return values_->Set(name, words_[next_++]);
  }

  // -iw json: switches may stand together, the last one may take a value.
  Status Short(std::string_view letters, const std::string& word) {
    while (!letters.empty()) {
      const Flag* flag = values_->FindLetter(letters.front());
      if (flag == nullptr) {
        return InvalidArgument("unknown shorthand flag: '" + std::string(letters.substr(0, 1)) +
                               "' in " + word);
      }
      letters.remove_prefix(1);
      if (flag->kind == FlagKind::kSwitch && !letters.starts_with("=")) {
        KEEL_RETURN_IF_ERROR(values_->Set(flag->name, "true"));
        continue;
      }
      if (letters.starts_with("=")) letters.remove_prefix(1);
      if (!letters.empty()) return values_->Set(flag->name, letters);
      if (next_ == words_.size()) {
        return InvalidArgument("flag needs an argument: '" + word.substr(1, 1) + "' in " + word);
      }
      return values_->Set(flag->name, words_[next_++]);
    }
    return {};
  }

  std::span<const std::string> words_;
  FlagValues* const values_;
  size_t next_ = 0;
  Arguments arguments_;
};

}  // namespace

void FlagValues::Declare(std::span<const Flag> flags) {
  for (const Flag& flag : flags) {
    values_[std::string(flag.name)] = {.flag = &flag, .text = std::string(flag.fallback)};
  }
}

const Flag* FlagValues::Find(std::string_view name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? nullptr : found->second.flag;
}

const Flag* FlagValues::FindLetter(char letter) const {
  for (const auto& [name, value] : values_) {
    if (value.flag->letter == letter) return value.flag;
  }
  return nullptr;
}

Status FlagValues::Set(std::string_view name, std::string_view value) {
  const auto found = values_.find(name);
  KEEL_CHECK(found != values_.end()) << "flag " << std::string(name) << " is not declared";
  KEEL_RETURN_IF_ERROR(CheckValue(*found->second.flag, value));
  found->second.text = value;
  found->second.set = true;
  return {};
}

const FlagValues::Value& FlagValues::At(std::string_view name) const {
  const auto found = values_.find(name);
  KEEL_CHECK(found != values_.end()) << "flag " << std::string(name) << " is not declared";
  return found->second;
}

bool FlagValues::IsSet(std::string_view name) const { return At(name).set; }
const std::string& FlagValues::Text(std::string_view name) const { return At(name).text; }
bool FlagValues::Switch(std::string_view name) const { return IsTrue(At(name).text); }
int64_t FlagValues::Integer(std::string_view name) const {
  return ParseInt(At(name).text, 10).value_or(0);
}
uint64_t FlagValues::DurationUs(std::string_view name) const {
  return ParseDurationUs(At(name).text).value_or(0);
}
std::vector<std::string> FlagValues::List(std::string_view name) const {
  std::vector<std::string> out;
  for (const std::string& part : Split(At(name).text, ',')) {
    if (const auto text = Trim(part); !text.empty()) out.emplace_back(text);
  }
  return out;
}

Result<Arguments> TakeFlags(std::span<const std::string> words, FlagValues* values) {
  return Taker(words, values).Run();
}

}  // namespace keel::ctl
