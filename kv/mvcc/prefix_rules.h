// Live keys and bytes by prefix, and their quotas.
//
// A rule watches a prefix; the empty prefix watches everything. Counts are part of the replicated
// state: every member refuses the same put. A refusal close to the quota raises the rule's alarm,
// which stops all growth under the prefix; it clears itself when deletes have made room. Deletes
// are never refused. The number of rules is bounded, since every put is held against each. Belongs
// to the apply role.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "kv/engine/engine.h"
#include "kv/mvcc/layout.h"

namespace keel::kv {

struct PrefixRule {
  uint64_t quota_bytes = 0;  // 0: no bound
  uint64_t live_keys = 0;
  uint64_t live_bytes = 0;
  bool full = false;

  friend bool operator==(const PrefixRule&, const PrefixRule&) = default;
};

class PrefixRules {
 public:
  static constexpr size_t kRulesMax = 64;

  struct Change {
    bool keys_come = false;
    bool keys_go = false;
    uint64_t come_bytes = 0;
    uint64_t gone_bytes = 0;
  };
  void Account(std::string_view key, const Change& change);

  // Whether `growth_bytes` more fit under every rule that `key` falls under. A refusal may raise
  // an alarm.
  [[nodiscard]] bool Admits(std::string_view key, uint64_t growth_bytes);
  // An alarm of a rule that `key` falls under stops growth.
  [[nodiscard]] const std::map<std::string, PrefixRule, std::less<>>& rules() const {
    return rules_;
  }

  // The quota of the whole has refused a put, and deletes have not made room since.
  [[nodiscard]] bool IsWholeFull() const {
    const auto whole = rules_.find(std::string_view());
    return whole != rules_.end() && whole->second.full;
  }

  void Set(const std::string& prefix, const PrefixRule& rule);
  void Remove(const std::string& prefix);

  Status Load(Engine* engine, const Layout& layout);
  // Writes the rules that have changed.
  void Save(const Layout& layout, WriteBatch* batch);

 private:
  std::map<std::string, PrefixRule, std::less<>> rules_;
  std::map<std::string, bool, std::less<>> changed_;  // true: it is there; false: removed
};

}  // namespace keel::kv
