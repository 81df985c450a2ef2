// Judges a kv by the revisions that its answers tell: they are the order, so that nothing needs to
// be searched. O(n log n).
//
// Every write is at its revision, and a read at the store's: after the write of that revision and
// before the next. Checked are that no two writes share a revision, that real time does not run
// against it, and that every read and compare finds what was there. A write of unknown outcome is
// placed where a read has shown its value, if it can have been there in time. What only a write
// that no read dates could explain is left undecided (kUnknown), for the search.
//
// Independent of the search: they share the operations, and nothing else. Pure function.
#pragma once

#include <span>

#include "jepsen/checker/verdict.h"

namespace keel::jepsen {

// Whether the judge below can be asked: all answered operations have a :revision, all have keys
// taken out of their values, and there is no function but :get, :put, :delete and :cas.
[[nodiscard]] bool TellsRevisions(std::span<const Operation> operations);

[[nodiscard]] Judgement JudgeByRevision(std::span<const Operation> operations);

}  // namespace keel::jepsen
