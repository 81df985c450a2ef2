// Writes down what the clients of one workload called and were told, in the order of real time.
//
// A call is noted before it is sent and its answer after it has come, so that it took effect
// between the two. Belongs to the network's executor while the run lasts, to anybody after it.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "jepsen/history/history.h"

namespace keel::jepsen {

// One client: it calls, waits, and calls again. When an outcome stays unknown the client is given
// a new number, as if it had crashed and another had come.
struct Slot {
  size_t place = 0;     // among the clients of its workload
  int64_t process = 0;  // its number in the history
  size_t node = 0;      // that it calls
};

struct Call {
  std::string f;
  Value value;
  std::optional<Value> key = std::nullopt;
};

class Recorder {
 public:
  // `clients`: how many there are at once.
  Recorder(const Clock* clock, size_t clients) : clock_(clock), clients_(clients) {}

  void Invoke(const Slot& slot, const Call& call) { Note(slot, EventType::kInvoke, call, {}); }
  void Ok(const Slot& slot, const Call& call, const Revisions& revisions = {});
  void Fail(Slot* slot, const Call& call);
  void Unknown(Slot* slot, const Call& call);
  // By the status of a call that was not answered: fail when nothing can have happened.
  void Failed(Slot* slot, const Call& call, const Status& status);
  // By the status of its answer: ok, or as Failed has it.
  void Answered(Slot* slot, const Call& call, const Status& status);

  [[nodiscard]] const std::vector<Event>& events() const { return events_; }
  [[nodiscard]] size_t ok_count() const { return ok_count_; }
  [[nodiscard]] size_t fail_count() const { return fail_count_; }
  [[nodiscard]] size_t unknown_count() const { return unknown_count_; }
  [[nodiscard]] int64_t NowNs() const;

 private:
  void Note(const Slot& slot, EventType type, const Call& call, const Revisions& revisions);

  const Clock* const clock_;
  const size_t clients_;
  std::vector<Event> events_;
  size_t ok_count_ = 0;
  size_t fail_count_ = 0;
  size_t unknown_count_ = 0;
};

}  // namespace keel::jepsen
