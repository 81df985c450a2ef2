// What people and machines read of a run: lines on stdout.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tests/sim/campaign.h"

namespace keel::sim {

void PrintMatrix(const Matrix& matrix, const Chart& chart = CoreChart());
void PrintTotals(const Totals& totals, double real_s);
// The seed's hash, and what it did.
void PrintSeed(const SeedResult& result);
// What is broken, the end of the story, and how to see it again.
// `command` starts the simulator.
void PrintFailure(const SeedResult& result, const Story& story, uint32_t nodes,
                  std::string_view command = "./run sim");
// "./run sim --seed 17"
[[nodiscard]] std::string ReplayCommand(uint64_t seed, uint32_t nodes,
                                        std::string_view command = "./run sim");

}  // namespace keel::sim
