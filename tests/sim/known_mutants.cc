// The bugs of the core.
#include "tests/sim/mutant_hunt.h"

namespace keel::sim {

const std::vector<KnownMutant>& KnownMutants() {
  static const std::vector<KnownMutant> known{
#define KEEL_MUTANT_ROW(name, text) {mutants::Mutant::name, #name, text},
      KEEL_MUTANT_LIST(KEEL_MUTANT_ROW)
#undef KEEL_MUTANT_ROW
  };
  return known;
}

}  // namespace keel::sim
