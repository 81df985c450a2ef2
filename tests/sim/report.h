// What people and machines read of a run: lines on stdout.
#pragma once

#include <cstdint>
#include <string>

#include "tests/sim/campaign.h"

namespace keel::sim {

void PrintMatrix(const Matrix& matrix);
void PrintTotals(const Totals& totals, double real_s);
// The seed's hash, and what it did.
void PrintSeed(const SeedResult& result);
// What is broken, the end of the story, and how to see it again.
void PrintFailure(const SeedResult& result, const Story& story, uint32_t nodes);
// "./run sim --seed 17"
[[nodiscard]] std::string ReplayCommand(uint64_t seed, uint32_t nodes);

}  // namespace keel::sim
