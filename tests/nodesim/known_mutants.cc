// The bugs that whole nodes can show.
#include <algorithm>

#include "tests/sim/mutant_hunt.h"

namespace keel::sim {

namespace {

using mutants::Mutant;

// Their moment comes too seldom in a seed, or no restore shows them: tests/archive hunts these.
bool IsHuntedElsewhere(const KnownMutant& known) {
  switch (known.mutant) {
    case Mutant::kArchiveUnsettled:
    case Mutant::kArchiveParentUnsynced:
    case Mutant::kArchiveGapUntold:
    case Mutant::kArchiveJoinsEarly:
    case Mutant::kArchiveTipAhead:
    case Mutant::kArchiveHidesExposure:
      return true;
    default:
      return false;
  }
}

}  // namespace

const std::vector<KnownMutant>& KnownMutants() {
  static const std::vector<KnownMutant> known = [] {
    std::vector<KnownMutant> all{
#define KEEL_MUTANT_ROW(name, text) {Mutant::name, #name, text},
        {Mutant::kRenewsWhileRevoking57, "kRenewsWhileRevoking57",
         "a keepalive is answered while its revoke is in flight"},
        KEEL_NODE_MUTANT_LIST(KEEL_MUTANT_ROW) KEEL_ARCHIVE_MUTANT_LIST(KEEL_MUTANT_ROW)
#undef KEEL_MUTANT_ROW
    };
    std::erase_if(all, &IsHuntedElsewhere);
    return all;
  }();
  return known;
}

}  // namespace keel::sim
