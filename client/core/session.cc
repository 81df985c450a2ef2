#include "client/core/session.h"

#include "base/check.h"

namespace keel::client {

void Session::OnOpened(uint64_t id) {
  state_ = State::kOpen;
  id_ = id;
  last_ = 0;
  out_.clear();
}

void Session::OnGone(uint64_t id) {
  if (state_ == State::kOpen && id == id_) state_ = State::kNone;
}

bool Session::HasRoom() const { return last_ - acknowledged() < window_; }

Session::Number Session::Take() {
  KEEL_CHECK(state_ == State::kOpen && HasRoom());
  ++last_;
  out_.insert(out_.end(), last_);
  return {.session = id_, .sequence = last_};
}

void Session::GiveBack(Number number) {
  if (number.session == id_) out_.erase(number.sequence);
}

}  // namespace keel::client
