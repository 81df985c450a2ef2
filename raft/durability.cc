#include "raft/durability.h"

#include <algorithm>

#include "base/mutant.h"

namespace keel::raft {

PersistId Durability::Issue(Instant now, const Vote& vote, Index last) {
  last_issued_ = last_issued_.Next();
  in_flight_.push_back({last_issued_, now, vote, last});
  return last_issued_;
}

void Durability::TruncateFrom(Index from) {
  if (KEEL_MUTANT(kStaleLastWritten5)) return;
  index_ = std::min(index_, from.Prev());
  for (InFlight& persist : in_flight_) persist.last = std::min(persist.last, from.Prev());
}

void Durability::Reset() {
  index_ = Index();
  for (InFlight& persist : in_flight_) persist.last = Index();
}

void Durability::Complete(PersistId id) {
  if (id > last_issued_) return;
  while (!in_flight_.empty() && in_flight_.front().id <= id) {
    vote_ = in_flight_.front().vote;
    index_ = std::max(index_, in_flight_.front().last);
    in_flight_.pop_front();
  }
}

}  // namespace keel::raft
