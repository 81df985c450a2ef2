#include "client/core/session.h"

#include "base/check.h"

namespace keel::client {

void Session::OnOpened(uint64_t id) {
  state_ = State::kOpen;
  id_ = id;
  last_ = 0;
  over_.clear();
}

void Session::OnGone(uint64_t id) {
  if (state_ == State::kOpen && id == id_) state_ = State::kNone;
}

bool Session::HasRoom() const { return over_.size() < window_; }

Session::Number Session::Take() {
  KEEL_CHECK(state_ == State::kOpen && HasRoom());
  ++last_;
  over_.push_back(false);
  return {.session = id_, .sequence = last_};
}

void Session::GiveBack(Number number) {
  if (number.session != id_ || number.sequence <= acknowledged()) return;
  over_[number.sequence - acknowledged() - 1] = true;
  while (!over_.empty() && over_.front()) over_.pop_front();
}

}  // namespace keel::client
