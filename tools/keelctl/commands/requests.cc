#include "tools/keelctl/commands/requests.h"

#include <algorithm>
#include <array>
#include <optional>

#include "tools/keelctl/text/go_text.h"

namespace keel::ctl {
namespace {

constexpr std::array<Flag, 10> kGetFlags = {{
    {"consistency", 0, FlagKind::kText, "l",
     "l: of the cluster as it is now; s: of this member as it knows it"},
    {"order", 0, FlagKind::kText, "", "ASCEND or DESCEND"},
    {"sort-by", 0, FlagKind::kText, "", "by CREATE, KEY, MODIFY, VALUE or VERSION"},
    {"limit", 0, FlagKind::kInteger, "0", "no more than so many (0: all)"},
    {"prefix", 0, FlagKind::kSwitch, "false", "all keys that begin with the key"},
    {"from-key", 0, FlagKind::kSwitch, "false", "all keys from this one on"},
    {"rev", 0, FlagKind::kInteger, "0", "as of this revision (0: the newest)"},
    {"keys-only", 0, FlagKind::kSwitch, "false", "keys without values"},
    {"count-only", 0, FlagKind::kSwitch, "false", "how many there are, and nothing else"},
    {"print-value-only", 0, FlagKind::kSwitch, "false",
     "values without keys, in the format simple"},
}};

constexpr std::array<Flag, 4> kPutFlags = {{
    {"lease", 0, FlagKind::kText, "0", "the key goes with this lease (hexadecimal)"},
    {"prev-kv", 0, FlagKind::kSwitch, "false", "show what was there before, too"},
    {"ignore-value", 0, FlagKind::kSwitch, "false", "keep the value that is there"},
    {"ignore-lease", 0, FlagKind::kSwitch, "false", "keep the lease that is there"},
}};

constexpr std::array<Flag, 4> kDeleteFlags = {{
    {"prefix", 0, FlagKind::kSwitch, "false", "all keys that begin with the key"},
    {"prev-kv", 0, FlagKind::kSwitch, "false", "show what was deleted, too"},
    {"from-key", 0, FlagKind::kSwitch, "false", "all keys from this one on"},
    {"range", 0, FlagKind::kSwitch, "false", "take the second key as the end of a range"},
}};

std::string Capitals(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return text;
}

std::optional<pb::RangeRequest::SortOrder> OrderNamed(const std::string& name) {
  if (name.empty()) return pb::RangeRequest::NONE;
  if (name == "ASCEND") return pb::RangeRequest::ASCEND;
  if (name == "DESCEND") return pb::RangeRequest::DESCEND;
  return std::nullopt;
}

std::optional<pb::RangeRequest::SortTarget> TargetNamed(const std::string& name) {
  struct Row {
    std::string_view name;
    pb::RangeRequest::SortTarget target;
  };
  constexpr std::array<Row, 6> kRows = {{{"", pb::RangeRequest::KEY},
                                         {"KEY", pb::RangeRequest::KEY},
                                         {"CREATE", pb::RangeRequest::CREATE},
                                         {"MODIFY", pb::RangeRequest::MOD},
                                         {"VALUE", pb::RangeRequest::VALUE},
                                         {"VERSION", pb::RangeRequest::VERSION}}};
  for (const Row& row : kRows) {
    if (row.name == name) return row.target;
  }
  return std::nullopt;
}

struct KeyRange {
  std::string key;
  std::string end;
};

// The keys that one or two arguments and --prefix or --from-key name.
Result<KeyRange> RangeOf(const FlagValues& flags, const WordList& words) {
  const bool prefix = flags.Switch("prefix");
  const bool from_key = flags.Switch("from-key");
  if (prefix && from_key) {
    return InvalidArgument(
        "`--prefix` and `--from-key` cannot be set at the same time, choose one");
  }
  KeyRange range{.key = words[0]};
  if (words.size() > 1) {
    if (prefix || from_key) {
      return InvalidArgument(
          "too many arguments, only accept one argument when `--prefix` or `--from-key` is set");
    }
    range.end = words[1];
    return range;
  }
  const std::string zero(1, '\0');
  if ((prefix || from_key) && range.key.empty()) return KeyRange{.key = zero, .end = zero};
  if (prefix) range.end = PrefixEnd(range.key);
  if (from_key) range.end = zero;
  return range;
}

}  // namespace

std::span<const Flag> GetFlags() { return kGetFlags; }
std::span<const Flag> PutFlags() { return kPutFlags; }
std::span<const Flag> DeleteFlags() { return kDeleteFlags; }

Result<pb::RangeRequest> RangeRequestOf(const FlagValues& flags, const WordList& words) {
  if (words.empty()) {
    return InvalidArgument(
        "get command needs one argument as key and an optional argument as range_end");
  }
  if (words.size() > 2) return InvalidArgument("too many arguments: get takes a key and range_end");
  if (flags.Switch("keys-only") && flags.Switch("count-only")) {
    return InvalidArgument(
        "`--keys-only` and `--count-only` cannot be set at the same time, choose one");
  }
  const std::string& consistency = flags.Text("consistency");
  if (consistency != "l" && consistency != "s") {
    return Unimplemented("unknown consistency flag " + Quote(consistency));
  }
  const auto range = RangeOf(flags, words);
  if (!range.ok()) return range.status();
  const auto order = OrderNamed(Capitals(flags.Text("order")));
  if (!order) return Unimplemented("bad sort order " + flags.Text("order"));
  const auto target = TargetNamed(Capitals(flags.Text("sort-by")));
  if (!target) return Unimplemented("bad sort target " + flags.Text("sort-by"));
  pb::RangeRequest request;
  request.set_key(range->key);
  request.set_range_end(range->end);
  request.set_serializable(consistency == "s");
  request.set_limit(flags.Integer("limit"));
  request.set_revision(std::max<int64_t>(0, flags.Integer("rev")));
  // Keys ascend by themselves: clients of etcd ask for nothing then.
  const bool natural = *target == pb::RangeRequest::KEY && *order == pb::RangeRequest::ASCEND;
  request.set_sort_order(natural ? pb::RangeRequest::NONE : *order);
  request.set_sort_target(*target);
  request.set_keys_only(flags.Switch("keys-only"));
  request.set_count_only(flags.Switch("count-only"));
  return request;
}

Result<pb::PutRequest> PutRequestOf(const FlagValues& flags, const WordList& words,
                                    const std::function<std::string()>& read_value) {
  const Status wrong =
      InvalidArgument("put command needs 1 argument and input from stdin or 2 arguments");
  if (words.empty()) return wrong;
  pb::PutRequest request;
  request.set_key(words[0]);
  request.set_ignore_value(flags.Switch("ignore-value"));
  request.set_ignore_lease(flags.Switch("ignore-lease"));
  request.set_prev_kv(flags.Switch("prev-kv"));
  if (request.ignore_value()) {
    if (words.size() > 1) {
      return InvalidArgument("put command needs only 1 argument when 'ignore-value' is set");
    }
  } else {
    request.set_value(words.size() > 1 ? words[1] : read_value());
    if (words.size() == 1 && request.value().empty()) return wrong;
  }
  const auto lease = LeaseOf(flags.Text("lease"));
  if (!lease.ok()) {
    std::string text(lease.status().message());
    if (const size_t at = text.find("lease ID arg"); at != std::string::npos) {
      text.replace(at, 12, "lease ID");
    }
    return InvalidArgument(text);
  }
  request.set_lease(*lease);
  return request;
}

Result<pb::DeleteRangeRequest> DeleteRequestOf(const FlagValues& flags, const WordList& words) {
  if (words.empty() || words.size() > 2) {
    return InvalidArgument(
        "del command needs one argument as key and an optional argument as range_end");
  }
  const auto range = RangeOf(flags, words);
  if (!range.ok()) return range.status();
  pb::DeleteRangeRequest request;
  request.set_key(range->key);
  request.set_range_end(range->end);
  request.set_prev_kv(flags.Switch("prev-kv"));
  return request;
}

Result<int64_t> LeaseOf(const std::string& text) {
  const auto id = ParseInt(text, 16);
  if (id.ok()) return *id;
  return InvalidArgument("bad lease ID arg (" + std::string(id.status().message()) +
                         "), expecting ID in Hex");
}

Result<uint64_t> MemberOf(const std::string& text) {
  const auto id = ParseUint(text, 16);
  if (id.ok()) return *id;
  return InvalidArgument("bad member ID arg (" + std::string(id.status().message()) +
                         "), expecting ID in Hex");
}

ExitCode CodeFor(const Status& status) {
  return status.code() == Code::kUnimplemented ? ExitCode::kBadFeature : ExitCode::kBadArguments;
}

}  // namespace keel::ctl
