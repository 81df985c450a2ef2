#include "jepsen/checker/shrink.h"

#include <algorithm>

#include "jepsen/checker/wgl.h"

namespace keel::jepsen {
namespace {

// What one attempt may cost, and all of them together: shrinking is a service, not the verdict.
constexpr size_t kAttemptBytesMax = size_t{16} << 20;
constexpr std::chrono::seconds kTimeMax(5);

// The operations that were called before the answer that nothing got past. Those that are answered
// later keep their answers: the search has counted on them.
std::vector<Operation> PrefixUpTo(std::span<const Operation> operations, size_t blocked) {
  const size_t end = operations[blocked].answered;
  std::vector<Operation> prefix;
  for (const Operation& operation : operations) {
    if (operation.called < end) prefix.push_back(operation);
  }
  return prefix;
}

class Shrinking {
 public:
  Shrinking(const ModelOptions& options, const Limits& limits) : options_(options) {
    deadline_ = std::min(limits.deadline, std::chrono::steady_clock::now() + kTimeMax);
    attempt_limits_.cache_bytes_max = std::min(limits.cache_bytes_max, kAttemptBytesMax);
    attempt_limits_.deadline = deadline_;
  }

  std::vector<Operation> DropAllThatCanGo(std::vector<Operation> operations) {
    // Halves, quarters and so on go quickly; single operations finish the work, until none goes.
    for (size_t chunk = operations.size() / 2; chunk > 0; chunk /= 2) {
      bool has_dropped = true;
      while (has_dropped) {
        has_dropped = false;
        for (size_t end = operations.size(); end > 0; end -= std::min(end, chunk)) {
          if (IsOver()) return operations;
          const size_t first = end - std::min(end, chunk);
          if (Drop(first, end, &operations)) has_dropped = true;
        }
        if (chunk > 1) break;
      }
    }
    return operations;
  }

 private:
  bool IsOver() const { return std::chrono::steady_clock::now() > deadline_; }

  // Drops [first, end), but for what others depend on, if the rest is still impossible.
  bool Drop(size_t first, size_t end, std::vector<Operation>* operations) {
    auto model = MakeModel(*operations, options_);
    if (!model.ok()) return false;
    std::vector<bool> keeps(operations->size(), true);
    std::fill(keeps.begin() + static_cast<ptrdiff_t>(first),
              keeps.begin() + static_cast<ptrdiff_t>(end), false);
    bool has_changed = true;
    while (has_changed) {  // what is kept may depend on more
      has_changed = false;
      for (size_t i = first; i < end; i++) {
        for (size_t j = 0; j < operations->size() && !keeps[i]; j++) {
          if (keeps[j] && j != i && (*model)->DependsOn(j, i)) keeps[i] = has_changed = true;
        }
      }
    }
    std::vector<Operation> left;
    for (size_t i = 0; i < operations->size(); i++) {
      if (keeps[i]) left.push_back((*operations)[i]);
    }
    if (left.size() == operations->size() || !IsImpossible(left)) return false;
    *operations = std::move(left);
    return true;
  }

  bool IsImpossible(const std::vector<Operation>& operations) const {
    auto model = MakeModel(operations, options_);
    return model.ok() && SearchOrder(operations, model->get(), attempt_limits_).verdict ==
                             Verdict::kNotLinearizable;
  }

  ModelOptions options_;
  Limits attempt_limits_;
  std::chrono::steady_clock::time_point deadline_;
};

std::string Explain(std::span<const Operation> operations, const ModelOptions& options,
                    const Limits& limits) {
  std::string reason = "no order of these operations explains every answer";
  auto model = MakeModel(operations, options);
  if (!model.ok()) return reason;
  Limits attempt = limits;
  attempt.cache_bytes_max = std::min(limits.cache_bytes_max, kAttemptBytesMax);
  const SearchResult last = SearchOrderPlainly(operations, model->get(), attempt);
  if (last.verdict != Verdict::kNotLinearizable) return reason;
  const Operation& stuck = operations[last.blocked];
  reason += ": all that may come before the answer \"" + stuck.Describe() + "\" of process " +
            stuck.process + " leaves no place for it, since then ";
  for (size_t i = 0; i < last.states.size(); i++) {
    reason += (i > 0 ? ", or " : "") + last.states[i];
  }
  return reason;
}

}  // namespace

Judgement Shrink(std::span<const Operation> operations, size_t blocked, const ModelOptions& options,
                 const Limits& limits) {
  Judgement judgement;
  judgement.verdict = Verdict::kNotLinearizable;
  std::vector<Operation> prefix = PrefixUpTo(operations, blocked);
  judgement.counterexample = Shrinking(options, limits).DropAllThatCanGo(std::move(prefix));
  judgement.reason = Explain(judgement.counterexample, options, limits);
  return judgement;
}

}  // namespace keel::jepsen
