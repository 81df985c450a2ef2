// The checkers that are nothing but the search, part by part.
#include <utility>

#include "jepsen/checker/check.h"
#include "jepsen/checker/parts.h"
#include "jepsen/checker/shrink.h"
#include "jepsen/checker/wgl.h"

namespace keel::jepsen {

Result<Judgement> SearchPart(std::span<const Operation> operations, const ModelOptions& options,
                             const Limits& limits) {
  const std::vector<Operation> constraining = Constraining(operations, options);
  auto model = MakeModel(constraining, options);
  if (!model.ok()) return model.status();
  const SearchResult found = SearchOrder(constraining, model->get(), limits);
  if (found.verdict == Verdict::kNotLinearizable) {
    return Shrink(constraining, found.blocked, options, limits);
  }
  Judgement judgement;
  judgement.verdict = found.verdict;
  if (found.verdict == Verdict::kUnknown) {
    judgement.reason = found.reason + "; " + std::to_string(found.tried_count) +
                       " states tried, nothing proven of " + std::to_string(constraining.size()) +
                       " operations";
  }
  return judgement;
}

Answer CheckBySearch(const Question& question) {
  const bool has_txns = question.model.name == "multi-register" || question.model.name == "append";
  auto parts = has_txns ? SplitTxns(Constraining(question.operations, question.model))
                        : SplitByKey(question.operations);
  if (!parts.ok()) return parts.status();
  std::vector<Judgement> judgements;
  for (const Part& part : *parts) {
    auto judgement = SearchPart(part.operations, question.model, question.limits);
    if (!judgement.ok()) return judgement.status();
    judgement->key = part.key;
    judgements.push_back(*std::move(judgement));
  }
  return judgements;
}

}  // namespace keel::jepsen
