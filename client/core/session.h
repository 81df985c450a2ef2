// The client's session: which number each write carries, so that it is carried out once.
//
// Sequence numbers are given out in order and taken back when a write is over, whatever came of it;
// up to the lowest one still out, everything is acknowledged to the server, which may then forget
// its answers, and refuses late copies. The window bounds how far ahead the newest may be, since
// the server keeps so many answers only. When the server has lost the session (an hour without use,
// a restore), a new one is opened. Belongs to the client's executor; makes no calls itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>

namespace keel::client {

class Session {
 public:
  enum class State : uint8_t {
    kNone,
    kOpening,
    kOpen,
    kUnsupported,  // the server knows no sessions
  };
  struct Number {
    uint64_t session = 0;
    uint64_t sequence = 0;
  };

  explicit Session(size_t window) : window_(window) {}

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] uint64_t id() const { return id_; }

  void OnOpening() { state_ = State::kOpening; }
  void OnOpened(uint64_t id);
  void OnOpenFailed() { state_ = State::kNone; }
  void OnUnsupported() { state_ = State::kUnsupported; }
  // The server does not know session `id`.
  void OnGone(uint64_t id);

  [[nodiscard]] bool HasRoom() const;
  // Requires an open session with room.
  [[nodiscard]] Number Take();
  // The write is over: its answer is there, or nobody waits for it any more.
  void GiveBack(Number number);
  // All up to here are over.
  [[nodiscard]] uint64_t acknowledged() const { return last_ - over_.size(); }

 private:
  const size_t window_;
  State state_ = State::kNone;
  uint64_t id_ = 0;
  uint64_t last_ = 0;
  // Of those after acknowledged(), which are over; the first one never is.
  std::deque<bool> over_;
};

}  // namespace keel::client
