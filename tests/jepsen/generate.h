// Random histories: what a few processes may see of one object, and small lies about it.
#pragma once

#include <string>
#include <vector>

#include "base/prng.h"
#include "jepsen/history/op.h"

namespace keel::jepsen {

struct Shape {
  std::string model;
  size_t operation_count = 7;
  size_t process_count = 3;
  size_t key_count = 1;
  bool has_removes = false;  // of sets: the same element again, and removes
};

// What processes see of a real object: linearizable by construction. Some calls fail, some are
// never answered; these took effect, or not, or do much later.
[[nodiscard]] std::vector<Event> Generate(const Shape& shape, Prng* prng);

// Changes an answer, swaps two events of different processes, or drops one: perhaps impossible now.
void Mutate(const Shape& shape, std::vector<Event>* events, Prng* prng);

}  // namespace keel::jepsen
