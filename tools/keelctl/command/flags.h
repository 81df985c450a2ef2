// Flags as etcdctl's users type them, and what they hold.
//
// --name=value, --name value, -w value, -wvalue; a switch takes =true or =false, or nothing. They
// may stand before, between or behind the arguments; after a bare -- nothing is a flag. Plain
// values and pure functions; any thread.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace keel::ctl {

enum class FlagKind : uint8_t { kSwitch, kText, kInteger, kDuration, kList };

struct Flag {
  std::string_view name;
  char letter = 0;  // of the short spelling; 0: none
  FlagKind kind = FlagKind::kText;
  std::string_view fallback;  // what holds without it
  std::string_view help;
};

// The values of the flags of one command, the global ones among them.
class FlagValues {
 public:
  // Every flag has its fallback.
  void Declare(std::span<const Flag> flags);
  [[nodiscard]] const Flag* Find(std::string_view name) const;
  [[nodiscard]] const Flag* FindLetter(char letter) const;

  // INVALID_ARGUMENT, in one line, for a value that the flag does not take.
  Status Set(std::string_view name, std::string_view value);
  // True once Set was called for it.
  [[nodiscard]] bool IsSet(std::string_view name) const;

  // Of flags that were declared, of that kind; anything else is a bug.
  [[nodiscard]] const std::string& Text(std::string_view name) const;
  [[nodiscard]] bool Switch(std::string_view name) const;
  [[nodiscard]] int64_t Integer(std::string_view name) const;
  [[nodiscard]] uint64_t DurationUs(std::string_view name) const;
  [[nodiscard]] std::vector<std::string> List(std::string_view name) const;

 private:
  struct Value {
    const Flag* flag;
    std::string text;
    bool set = false;
  };
  [[nodiscard]] const Value& At(std::string_view name) const;

  std::map<std::string, Value, std::less<>> values_;
};

// What is left of a command line when its flags are taken out.
struct Arguments {
  std::vector<std::string> words;
  // How many of them stand before a bare --; all of them if there is none.
  size_t before_dashes = 0;
  bool has_dashes = false;
};

// Takes the flags out of `words` and sets them. INVALID_ARGUMENT for one that is not declared.
[[nodiscard]] Result<Arguments> TakeFlags(std::span<const std::string> words, FlagValues* values);

}  // namespace keel::ctl
