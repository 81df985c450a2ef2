// How the system shares its processors between this process's threads.
//
// A member is several threads that hand each other work in small pieces. As the system schedules by
// default, a thread that is woken stops the one that woke it in the middle of its batch: more
// switches, colder caches, smaller batches. Asked for batches, it lets each finish first. Where
// processors are free this changes nothing; where they are not, a wake-up waits for a slice of a
// few milliseconds.
#pragma once

#include "base/status.h"

namespace keel::server {

// For this thread and all that it starts. A policy that somebody chose for the process stays.
[[nodiscard]] Status AskForBatches();

}  // namespace keel::server
