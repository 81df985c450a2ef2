#include "kv/mvcc/prefix_rules.h"

#include "base/coding.h"
#include "kv/mvcc/version_walk.h"

namespace keel::kv {

namespace {

// An alarm is raised above nine tenths and cleared below it.
bool IsNearlyFull(const PrefixRule& rule) {
  return rule.live_bytes / 9 * 10 + rule.live_bytes % 9 > rule.quota_bytes;
}

std::string Encode(const PrefixRule& rule) {
  std::string out;
  AppendVarint64(&out, rule.quota_bytes);
  AppendVarint64(&out, rule.live_keys);
  AppendVarint64(&out, rule.live_bytes);
  AppendVarint64(&out, rule.full ? 1 : 0);
  return out;
}

bool Decode(std::string_view bytes, PrefixRule* rule) {
  ByteReader reader(bytes);
  uint64_t full = 0;
  reader.ReadVarint64(&rule->quota_bytes);
  reader.ReadVarint64(&rule->live_keys);
  reader.ReadVarint64(&rule->live_bytes);
  reader.ReadVarint64(&full);
  rule->full = full == 1;
  return reader.AtEnd() && full <= 1;
}

}  // namespace

void PrefixRules::Account(std::string_view key, const Change& change) {
  for (auto& [prefix, rule] : rules_) {
    if (!key.starts_with(prefix)) continue;
    rule.live_keys += change.keys_come ? 1 : 0;
    rule.live_keys -= change.keys_go ? 1 : 0;
    rule.live_bytes += change.come_bytes - change.gone_bytes;
    if (rule.full && !IsNearlyFull(rule)) rule.full = false;
    changed_[prefix] = true;
  }
}

bool PrefixRules::Admits(std::string_view key, uint64_t growth_bytes) {
  for (auto& [prefix, rule] : rules_) {
    if (rule.quota_bytes == 0 || !key.starts_with(prefix)) continue;
    if (!rule.full && rule.live_bytes + growth_bytes <= rule.quota_bytes) continue;
    if (!rule.full && IsNearlyFull(rule)) {
      rule.full = true;
      changed_[prefix] = true;
    }
    return false;
  }
  return true;
}

void PrefixRules::Set(const std::string& prefix, const PrefixRule& rule) {
  rules_[prefix] = rule;
  changed_[prefix] = true;
}

void PrefixRules::Remove(const std::string& prefix) {
  if (rules_.erase(prefix) != 0) changed_[prefix] = false;
}

Status PrefixRules::Load(Engine* engine, const Layout& layout) {
  const auto iterator = engine->Iterate({});
  const std::string family = layout.Prefix(Family::kPrefixes);
  for (iterator->Seek(family); iterator->Valid() && iterator->key().starts_with(family);
       iterator->Next()) {
    PrefixRule rule;
    if (!Decode(iterator->value(), &rule)) return UndecodableRecord(iterator->key());
    rules_.emplace(iterator->key().substr(family.size()), rule);
  }
  return iterator->status();
}

void PrefixRules::Save(const Layout& layout, WriteBatch* batch) {
  for (const auto& [prefix, is_there] : changed_) {
    const std::string key = layout.NameKey(Family::kPrefixes, prefix);
    if (is_there) {
      batch->Put(key, Encode(rules_.find(prefix)->second));
    } else {
      batch->Delete(key);
    }
  }
  changed_.clear();
}

}  // namespace keel::kv
