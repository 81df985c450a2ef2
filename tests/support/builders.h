// Short names for the values that tests of the core are made of.
#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "raft/config.h"
#include "raft/types.h"

namespace keel::raft {

// 1_node, 5_index, 2_term.
inline namespace literals {
constexpr NodeId operator""_node(unsigned long long value) { return NodeId(value); }
constexpr Index operator""_index(unsigned long long value) { return Index(value); }
constexpr Term operator""_term(unsigned long long value) { return Term(value); }
}  // namespace literals

inline Entry MakeEntry(uint64_t index, uint64_t term, std::string bytes = "x") {
  return {.term = Term(term),
          .index = Index(index),
          .kind = EntryKind::kCommand,
          .payload = Payload::Of(std::move(bytes))};
}

inline Entry MakeConfigEntry(uint64_t index, uint64_t term, const Config& config) {
  return {.term = Term(term),
          .index = Index(index),
          .kind = EntryKind::kConfig,
          .payload = Payload::Of(config.Encode())};
}

inline Position At(uint64_t index, uint64_t term) { return {Index(index), Term(term)}; }

inline std::vector<NodeId> Ids(std::initializer_list<uint64_t> values) {
  std::vector<NodeId> ids;
  for (uint64_t value : values) ids.emplace_back(value);
  return ids;
}

inline Config Voters(std::initializer_list<uint64_t> values) {
  return Config::OfVoters(Ids(values));
}

inline std::shared_ptr<const Config> Shared(Config config) {
  return std::make_shared<const Config>(std::move(config));
}

}  // namespace keel::raft
