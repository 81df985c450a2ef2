#include "tools/keelctl/text/txn_language.h"

#include <optional>

#include "tools/keelctl/text/go_text.h"

namespace keel::ctl {
namespace {

using etcdserverpb::Compare;

std::optional<Compare::CompareResult> ResultNamed(std::string_view op) {
  if (op == "=") return Compare::EQUAL;
  if (op == "!=") return Compare::NOT_EQUAL;
  if (op == ">") return Compare::GREATER;
  if (op == "<") return Compare::LESS;
  return std::nullopt;
}

std::string_view WithoutSpaces(std::string_view text) {
  return text.substr(std::min(text.size(), text.find_first_not_of(" \t")));
}

struct Parts {
  std::string target;
  std::string key;
  std::string op;
  std::string value;
};

// Cuts the line up; says what was understood when something is missing.
Result<Parts> CutUp(std::string_view line) {
  const std::string whole(line);
  const size_t open = line.find('(');
  if (open == std::string_view::npos) return InvalidArgument("malformed comparison: " + whole);
  Parts parts{.target = std::string(line.substr(0, open))};
  std::string_view rest = WithoutSpaces(line.substr(open + 1));
  auto key = TakeQuoted(&rest);
  bool complete = key.has_value() && rest.starts_with(")");
  if (key) parts.key = *std::move(key);
  if (complete) {
    rest = WithoutSpaces(rest.substr(1));
    parts.op = rest.substr(0, rest.find_first_of(" \t"));
    rest = WithoutSpaces(rest.substr(parts.op.size()));
    auto value = TakeQuoted(&rest);
    complete = value.has_value();
    if (value) parts.value = *std::move(value);
  }
  if (complete) return parts;
  return InvalidArgument("malformed comparison: " + whole + "; got " + parts.target + "(" +
                         Quote(parts.key) + ") " + parts.op + " " + Quote(parts.value));
}

// False if the value is no number.
bool SetTarget(const Parts& parts, Compare* compare, bool* known) {
  const std::string& target = parts.target;
  *known = true;
  if (target == "val" || target == "value") {
    compare->set_target(Compare::VALUE);
    compare->set_value(parts.value);
    return true;
  }
  const auto number = ParseInt(parts.value, target == "lease" ? 16 : 10);
  if (target == "ver" || target == "version") {
    compare->set_target(Compare::VERSION);
    compare->set_version(number.value_or(0));
  } else if (target == "c" || target == "create") {
    compare->set_target(Compare::CREATE);
    compare->set_create_revision(number.value_or(0));
  } else if (target == "m" || target == "mod") {
    compare->set_target(Compare::MOD);
    compare->set_mod_revision(number.value_or(0));
  } else if (target == "lease") {
    compare->set_target(Compare::LEASE);
    compare->set_lease(number.value_or(0));
  } else {
    *known = false;
  }
  return number.ok();
}

}  // namespace

Result<Compare> ParseCompare(std::string_view line) {
  const auto parts = CutUp(line);
  if (!parts.ok()) return parts.status();
  const std::string whole(line);
  Compare compare;
  compare.set_key(parts->key);
  bool known = false;
  const bool fits = SetTarget(*parts, &compare, &known);
  if (!known) {
    return InvalidArgument("malformed comparison: " + whole + " (unknown target " + parts->target +
                           ")");
  }
  if (!fits) return InvalidArgument("invalid txn compare request: " + whole);
  const auto result = ResultNamed(parts->op);
  if (!result) {
    return InvalidArgument("malformed comparison: " + whole + " (unknown operator " + parts->op +
                           ": use =, !=, < or >)");
  }
  compare.set_result(*result);
  return compare;
}

}  // namespace keel::ctl
