#include "raft/read_rounds.h"

#include <iterator>
#include <utility>

namespace keel::raft {

void ReadRounds::Add(PendingReads reads) {
  read_count_ += reads.ids.size();
  waiting_.push_back(std::move(reads));
}

void ReadRounds::BeginRound(uint64_t round) {
  if (waiting_.empty()) return;
  in_flight_.push_back({round, std::move(waiting_)});
  waiting_.clear();
}

void ReadRounds::Confirm(uint64_t round, std::vector<PendingReads>* out) {
  while (!in_flight_.empty() && in_flight_.front().number <= round) {
    for (PendingReads& reads : in_flight_.front().reads) {
      read_count_ -= reads.ids.size();
      out->push_back(std::move(reads));
    }
    in_flight_.pop_front();
  }
}

void ReadRounds::TakeAll(std::vector<PendingReads>* out) {
  Confirm(UINT64_MAX, out);
  std::move(waiting_.begin(), waiting_.end(), std::back_inserter(*out));
  waiting_.clear();
  read_count_ = 0;
}

}  // namespace keel::raft
