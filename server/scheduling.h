// How the system shares its processors between this process's threads.
//
// A member is several threads that hand each other work in small pieces. As the system schedules by
// default, a thread that is woken stops the one that woke it in the middle of its batch: under much
// load that is more switches, colder caches and smaller batches. Asked for batches, the system lets
// each thread finish first. But then a thread that is woken waits for whatever runs, other programs
// too, for a slice of a few milliseconds: with little load beside busy neighbours that would be
// most of what a call takes.
//
// So batches are asked for while there is much to do, and not otherwise. A policy that somebody
// chose for the process stays. Nothing depends on this but speed.
#pragma once

#include <cstdint>
#include <functional>

#include "base/executor.h"
#include "base/status.h"

namespace keel::server {

// For all threads that this process has; those that they start have the policy of their starter.
[[nodiscard]] Status ScheduleInBatches(bool batches);
// Whether the process still has the policy that processes have by default.
[[nodiscard]] bool HasDefaultScheduling();

// Belongs to one executor; it, and what `work_done` reads, outlive this, or end before it does.
class Scheduling {
 public:
  struct Options {
    Executor* executor = nullptr;
    // How much this member has done so far; only ever more.
    std::function<uint64_t()> work_done;
    std::function<void(bool batches)> set;
    uint64_t look_every_us = 100'000;
    // Done between two looks: more than `much` asks for batches, less than half of it, `calm_looks`
    // times in a row, ends that.
    uint64_t much = 500;
    int calm_looks = 5;
  };
  explicit Scheduling(Options options) : options_(std::move(options)) {}

  void Start();

 private:
  void LookLater();
  void Look();

  const Options options_;
  uint64_t seen_ = 0;
  int calm_ = 0;
  bool batches_ = false;
};

}  // namespace keel::server
