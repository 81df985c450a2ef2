#include "server/node/chain_watch.h"

#include <algorithm>

namespace keel::node {

ChainWatch::Verdict ChainWatch::Note(NodeId member, const kv::ChainHash& chain,
                                     const raft::Config& config) {
  // Nobody fills the table with what is not a member's.
  if (config.Find(member) == nullptr) return Verdict::kNone;
  if (rounds_.size() >= kRoundsMax && !rounds_.contains(chain.index)) {
    if (chain.index < rounds_.begin()->first) return Verdict::kNone;
    rounds_.erase(rounds_.begin());
  }
  Round& round = rounds_[chain.index];
  round.emplace(member, chain.hash);
  return Judge(round, config);
}

void ChainWatch::ForgetOwn() {
  for (auto& [index, round] : rounds_) round.erase(self_);
}

ChainWatch::Verdict ChainWatch::Judge(const Round& round, const raft::Config& config) const {
  std::map<uint64_t, size_t> votes;
  size_t told = 0;
  for (const auto& [member, hash] : round) {
    if (!config.IsVoter(member)) continue;
    ++votes[hash];
    ++told;
  }
  if (votes.empty()) return Verdict::kNone;
  const auto first = std::max_element(
      votes.begin(), votes.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  const size_t voters = config.VoterCount();
  if (first->second * 2 > voters) {
    const auto own = round.find(self_);
    const bool differs = own != round.end() && own->second != first->first;
    return differs ? Verdict::kDiverged : Verdict::kNone;
  }
  return told == voters ? Verdict::kNoMajority : Verdict::kNone;
}

}  // namespace keel::node
