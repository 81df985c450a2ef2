// What a run was, in one number and in its last lines: equal hashes mean equal runs.
//
// The hash takes in every event and every update of every core; it must be the same for every run
// of a seed, on every machine and compiler. The lines are kept only when somebody wants them.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "raft/narration.h"
#include "tests/sim/event_queue.h"

namespace keel::sim {

class TraceHash {
 public:
  void Mix(uint64_t number) {
    state_ = std::rotl((state_ ^ number) * 0x9e3779b97f4a7c15u, 29) + 0x165667b19e3779f9u;
  }
  [[nodiscard]] uint64_t value() const { return state_; }

 private:
  uint64_t state_ = 0;
};

// The last lines of the story, each with its time.
class Story final : public raft::NarrationSink {
 public:
  explicit Story(bool prints_at_once) : prints_at_once_(prints_at_once) {}

  void SetTime(Micros now) { now_ = now; }
  void Say(NodeId who, std::string_view line) override;
  // For what no member says of itself.
  void Tell(std::string_view line);
  [[nodiscard]] const std::deque<std::string>& lines() const { return lines_; }

 private:
  static constexpr size_t kLinesKept = 60;

  void Keep(std::string line);

  Micros now_ = 0;
  bool prints_at_once_ = false;
  std::deque<std::string> lines_;
};

}  // namespace keel::sim
