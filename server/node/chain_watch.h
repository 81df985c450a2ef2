// Whether the members' states are the same: their chain hashes, compared where all have one.
//
// Every member tells all others the hash of what it has applied at each multiple of
// kv::kChainEvery, and each judges for itself. One that differs from what a majority of the voters
// holds has applied something else, and must not answer anybody. Where all voters have told and no
// hash has a majority, nobody can say which state is right. Hashes of the newest kRoundsMax
// multiples are kept; what a member told first about an index stands. Belongs to the node role.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>

#include "base/ids.h"
#include "kv/mvcc/state.h"
#include "raft/config.h"

namespace keel::node {

class ChainWatch {
 public:
  static constexpr size_t kRoundsMax = 64;

  explicit ChainWatch(NodeId self) : self_(self) {}

  enum class Verdict : uint8_t {
    kNone,       // equal as far as is known, or not enough have told
    kDiverged,   // this member's state is not the majority's
    kNoMajority  // all voters have told, and too few agree
  };
  // What a member has at an index, this one among them; tells what follows for that index.
  [[nodiscard]] Verdict Note(NodeId member, const kv::ChainHash& chain, const raft::Config& config);
  // Another state was installed, from a member that is thought right: what this one told before it
  // says nothing any more.
  void ForgetOwn();

 private:
  using Round = std::map<NodeId, uint64_t>;

  [[nodiscard]] Verdict Judge(const Round& round, const raft::Config& config) const;

  const NodeId self_;
  std::map<Index, Round> rounds_;
};

}  // namespace keel::node
