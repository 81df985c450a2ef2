#include "tests/nodesim/chronicle.h"

#include <algorithm>
#include <cstdlib>

namespace keel::nodesim {

std::string ValueOf(OpNumber op, std::string_view text) {
  return std::to_string(op) + " " + std::string(text);
}

OpNumber OpOfValue(std::string_view value) {
  return std::strtoull(std::string(value.substr(0, value.find(' '))).c_str(), nullptr, 10);
}

std::string_view TextOfValue(std::string_view value) {
  const size_t space = value.find(' ');
  return space == std::string_view::npos ? std::string_view() : value.substr(space + 1);
}

std::string Chronicle::Add(std::shared_ptr<const kv::RevisionEvents> published, uint64_t now_us) {
  const std::string name = "revision " + std::to_string(published->revision.value());
  if (published->revision < kFirst) return name + " is published";
  if (published->revision <= last()) {
    return At(published->revision).events == published->events
               ? ""
               : name + " is published with other events than before";
  }
  if (published->revision != last().Next()) {
    return name + " is published after " + std::to_string(last().value());
  }
  std::string wrong;
  for (const kv::Event& event : published->events) {
    touched_[event.kv.key].push_back(published->revision);
    if (event.kind != kv::EventKind::kPut) continue;
    const OpNumber op = OpOfValue(event.kv.value);
    const auto [place, is_new] = places_.emplace(op, published->revision);
    if (!is_new && place->second != published->revision) {
      wrong = "operation " + std::to_string(op) + " took effect at revision " +
              std::to_string(place->second.value()) + " and again at " +
              std::to_string(published->revision.value());
    }
  }
  entries_.push_back({std::move(published), now_us});
  return wrong;
}

Revision Chronicle::PlaceOf(OpNumber op) const {
  const auto found = places_.find(op);
  return found == places_.end() ? Revision() : found->second;
}

const kv::Event* Chronicle::LastOf(std::string_view key, Revision at) const {
  const auto touched = touched_.find(key);
  if (touched == touched_.end()) return nullptr;
  const auto after = std::upper_bound(touched->second.begin(), touched->second.end(), at);
  if (after == touched->second.begin()) return nullptr;
  for (const kv::Event& event : At(*std::prev(after)).events) {
    if (event.kv.key == key) return &event;
  }
  return nullptr;
}

std::vector<std::string> Chronicle::Keys() const {
  std::vector<std::string> keys;
  for (const auto& [key, revisions] : touched_) keys.push_back(key);
  return keys;
}

}  // namespace keel::nodesim
