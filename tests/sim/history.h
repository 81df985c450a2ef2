// What the clients saw, and whether one register per key could have shown it to them.
//
// The log fixes the order of all writes, so no search is needed: every write stands at its index,
// and a read that returned a key's revision stands anywhere between that write and the key's next
// one. The history is linearizable exactly if places can be chosen that respect real time: who
// returned before another began stands before it. That is decided greedily, in O(n log n). Writes
// of unknown outcome count if they are in the log. One thread.
#pragma once

#include <string>
#include <vector>

#include "tests/sim/event_queue.h"
#include "tests/sim/kv_state.h"

namespace keel::sim {

enum class OpKind : uint8_t { kPut, kCompareAndPut, kRead };
enum class Outcome : uint8_t { kOpen, kOk, kRefused, kUnknown };

struct Op {
  OpKind kind = OpKind::kPut;
  Outcome outcome = Outcome::kOpen;
  bool done = false;  // a compare-and-put's condition held
  uint32_t key = 0;
  Index expected;
  Micros invoked_at = 0;
  Micros returned_at = kNever;
  Index index;     // a write's place in the log; the state that a read was answered from
  Index revision;  // of the key, as reported
  OpId value = 0;  // as read
};

class History {
 public:
  // Ops are named by their place, from 1; 0 is the value of a key that was never written.
  OpId Add(Op op);
  [[nodiscard]] Op& At(OpId op) { return ops_[op - 1]; }
  [[nodiscard]] const Op& At(OpId op) const { return ops_[op - 1]; }
  [[nodiscard]] size_t size() const { return ops_.size(); }

  // The command at `index` of the log, as some replica applied it.
  void OnApplied(Index index, OpId op);

  // What is wrong, or nothing. At most a few findings.
  [[nodiscard]] std::vector<std::string> Check() const;

 private:
  struct Judged;

  void CheckOutcomes(const std::vector<Index>& place_of, std::vector<std::string>* findings) const;
  void CheckOrder(const std::vector<Judged>& judged, std::vector<std::string>* findings) const;

  std::vector<Op> ops_;
  std::vector<OpId> log_;  // by index; 0: no command there
};

}  // namespace keel::sim
