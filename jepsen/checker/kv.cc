// The checker of kv. Where all answers tell revisions these are the order; only what they leave
// open is searched, with the store as a whole. Where they do not, each key is searched by itself.
#include "jepsen/checker/by_revision.h"
#include "jepsen/checker/check.h"
#include "jepsen/checker/parts.h"

namespace keel::jepsen {

Answer CheckKv(const Question& question) {
  auto keyed = TakeKeys(question.operations);
  if (!keyed.ok()) return keyed.status();
  if (!question.model.initial.IsNil() || !TellsRevisions(*keyed)) return CheckBySearch(question);
  Judgement by_revision = JudgeByRevision(*keyed);
  if (by_revision.verdict != Verdict::kUnknown) return std::vector{std::move(by_revision)};
  ModelOptions store = question.model;
  store.name = kStoreModel;
  auto searched = SearchPart(*keyed, store, question.limits);
  if (!searched.ok()) return searched.status();
  if (searched->verdict == Verdict::kUnknown) {
    searched->reason = by_revision.reason + "; " + searched->reason;
  }
  return std::vector{*std::move(searched)};
}

}  // namespace keel::jepsen
