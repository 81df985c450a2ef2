#include "raft/chain_log.h"

#include "base/check.h"
#include "base/checksum.h"

namespace keel::raft {

ChainLog::Link ChainLog::Extend(const Link& before, const Entry& entry) {
  // The odd factors keep the numbers of one entry from cancelling each other out.
  const uint64_t seed = (before.chain ^ (entry.term.value() * 0x9e3779b97f4a7c15u)) +
                        entry.index.value() * 0xc2b2ae3d27d4eb4fu +
                        static_cast<uint64_t>(entry.kind);
  return {entry.term, Checksum(entry.payload.view(), seed)};
}

void ChainLog::Reset(Index base, const Link& at_base) {
  base_ = base;
  links_.assign(1, at_base);
}

void ChainLog::TruncateFrom(Index from) {
  KEEL_CHECK(from > base_) << "the base is never cut off";
  if (from <= last()) links_.resize(from - base_);
}

const ChainLog::Link& ChainLog::Append(const Entry& entry) {
  KEEL_CHECK(entry.index == last().Next()) << "the chain has no gaps";
  links_.push_back(Extend(links_.back(), entry));
  return links_.back();
}

void ChainLog::RaiseBase(Index index) {
  KEEL_CHECK(Holds(index)) << "the base stays inside the log";
  links_.erase(links_.begin(), links_.begin() + static_cast<std::ptrdiff_t>(index - base_));
  base_ = index;
}

}  // namespace keel::raft
