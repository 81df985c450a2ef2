// The bugs that whole nodes can show.
#include "tests/sim/mutant_hunt.h"

namespace keel::sim {

const std::vector<KnownMutant>& KnownMutants() {
  static const std::vector<KnownMutant> known{
#define KEEL_MUTANT_ROW(name, text) {mutants::Mutant::name, #name, text},
      {mutants::Mutant::kRenewsWhileRevoking57, "kRenewsWhileRevoking57",
       "a keepalive is answered while its revoke is in flight"},
      KEEL_NODE_MUTANT_LIST(KEEL_MUTANT_ROW) KEEL_ARCHIVE_MUTANT_LIST(KEEL_MUTANT_ROW)
#undef KEEL_MUTANT_ROW
  };
  return known;
}

}  // namespace keel::sim
