// What really happened to the key space: every revision, as the members published it, and when it
// was first seen.
//
// All members must publish the same. A write carries its operation's number in its value, so the
// chronicle knows where each operation took effect, and whether one did so twice. It outlives
// members and their compactions. One thread.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "kv/mvcc/types.h"

namespace keel::nodesim {

using OpNumber = uint64_t;

// The value of a write: "<operation> <text>".
[[nodiscard]] std::string ValueOf(OpNumber op, std::string_view text);
[[nodiscard]] OpNumber OpOfValue(std::string_view value);
[[nodiscard]] std::string_view TextOfValue(std::string_view value);

class Chronicle {
 public:
  // The first revision that a change makes.
  static constexpr Revision kFirst{2};

  // What is wrong with it, or nothing.
  [[nodiscard]] std::string Add(std::shared_ptr<const kv::RevisionEvents> published,
                                uint64_t now_us);

  [[nodiscard]] Revision last() const { return Revision(kFirst.value() + entries_.size() - 1); }
  // Requires kFirst <= revision <= last().
  [[nodiscard]] const kv::RevisionEvents& At(Revision revision) const {
    return *entries_[revision.value() - kFirst.value()].published;
  }
  [[nodiscard]] uint64_t SeenUs(Revision revision) const {
    return entries_[revision.value() - kFirst.value()].seen_us;
  }
  // Where the operation took effect; none: nowhere.
  [[nodiscard]] Revision PlaceOf(OpNumber op) const;
  // The event that a reader of `key` at `at` sees last; null if the key was never touched.
  [[nodiscard]] const kv::Event* LastOf(std::string_view key, Revision at) const;
  // All keys that were ever written.
  [[nodiscard]] std::vector<std::string> Keys() const;

 private:
  struct Entry {
    std::shared_ptr<const kv::RevisionEvents> published;
    uint64_t seen_us = 0;
  };
  std::vector<Entry> entries_;
  std::unordered_map<OpNumber, Revision> places_;
  std::map<std::string, std::vector<Revision>, std::less<>> touched_;  // ascending
};

}  // namespace keel::nodesim
