// A log boiled down to one hash for each index, which covers everything up to there.
//
// Two logs that agree in the hash at an index agree in every entry up to it, so the invariants
// compare whole prefixes at the price of one number. Appending, cutting and looking up are O(1)
// amortised. A plain value; one thread at a time.
#pragma once

#include <vector>

#include "raft/types.h"

namespace keel::raft {

class ChainLog {
 public:
  struct Link {
    Term term;
    uint64_t chain = 0;

    friend bool operator==(const Link&, const Link&) = default;
  };

  ChainLog() : links_(1) {}

  // The link of `entry` behind `before`.
  [[nodiscard]] static Link Extend(const Link& before, const Entry& entry);

  [[nodiscard]] Index base() const { return base_; }
  [[nodiscard]] Index last() const { return base_ + (links_.size() - 1); }
  [[nodiscard]] bool Holds(Index index) const { return index >= base_ && index <= last(); }
  // Requires Holds(index).
  [[nodiscard]] const Link& At(Index index) const { return links_[index - base_]; }
  // Whether both hold `index` and agree in everything up to it.
  [[nodiscard]] bool AgreesAt(const ChainLog& other, Index index) const {
    return Holds(index) && other.Holds(index) && At(index) == other.At(index);
  }

  // Forgets everything; the log then begins behind `base`, whose link is `at_base`.
  void Reset(Index base, const Link& at_base);
  // Cuts off `from` and all behind it. Requires from > base().
  void TruncateFrom(Index from);
  // Requires that `entry` follows the last one.
  const Link& Append(const Entry& entry);
  void AppendLink(const Link& link) { links_.push_back(link); }
  // Makes `index` the base and keeps what is behind it. Requires Holds(index).
  void RaiseBase(Index index);

 private:
  Index base_;
  std::vector<Link> links_;  // the first is the base's
};

}  // namespace keel::raft
