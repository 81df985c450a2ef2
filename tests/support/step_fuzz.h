// One core against a world that may say anything: bytes decide what it is started with and what it
// is told, and after every step it must still keep what one core alone can keep.
//
// The driver of this world is honest (it confirms only writes that were asked of it, and reads back
// what was written), for a core cannot survive a lying disk; its peers and clients are not. Shared
// by the fuzzer and by a test that feeds it from a fixed generator. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace keel::raft {

// How far a story came: a fuzzer whose core never leads tests little.
struct FuzzStory {
  size_t inputs = 0;
  size_t terms_led = 0;
  size_t entries_applied = 0;
};

// Stops the process at a CHECK if the core breaks.
FuzzStory FuzzSteps(std::span<const uint8_t> bytes);

}  // namespace keel::raft
