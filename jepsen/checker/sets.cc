// The checker of sets. Where every element is added at most once and nothing is removed, what the
// reads saw gives the order: they must grow, and an element is added between the last read without
// it and the first one with it. Other sets are left to the search.
#include <algorithm>
#include <limits>
#include <unordered_map>
#include <unordered_set>

#include "jepsen/checker/check.h"
#include "jepsen/checker/parts.h"
#include "jepsen/checker/real_time.h"
#include "jepsen/checker/wrong.h"

namespace keel::jepsen {
namespace {

constexpr int64_t kAfterAll = std::numeric_limits<int64_t>::max();

bool IsSimple(std::span<const Operation> operations) {
  std::unordered_set<std::string> added;
  for (const Operation& operation : operations) {
    if (operation.f == "remove") return false;
    if (operation.f != "add" || operation.outcome == Outcome::kFailed) continue;
    if (!added.insert(operation.input.Canonical()).second) return false;
  }
  return true;
}

struct Read {
  const Operation* operation;
  std::unordered_set<std::string> elements;
};

class GrowingSet {
 public:
  GrowingSet(std::span<const Operation> operations, const Value& initial) {
    for (const Value& element : initial.items) initial_.insert(element.Canonical());
    for (const Operation& operation : operations) {
      if (operation.f == "add") adds_[operation.input.Canonical()] = &operation;
      if (operation.f != "read") continue;
      Read& read = reads_.emplace_back(Read{.operation = &operation, .elements = {}});
      for (const Value& element : operation.output.items) {
        read.elements.insert(element.Canonical());
      }
    }
    std::stable_sort(reads_.begin(), reads_.end(), [](const Read& a, const Read& b) {
      return a.elements.size() < b.elements.size();
    });
  }

  Judgement Check() {
    if (auto wrong = FindUnadded()) return *std::move(wrong);
    if (auto wrong = FindUnordered()) return *std::move(wrong);
    std::vector<Layered> layered;
    for (const auto& [element, add] : adds_) {
      const auto first = first_seen_.find(element);
      const bool is_seen = first != first_seen_.end();
      if (!is_seen && add->outcome == Outcome::kUnknown) continue;  // as if it never happened
      layered.push_back({.operation = add, .layer = is_seen ? first->second : kAfterAll});
    }
    for (size_t i = 0; i < reads_.size(); i++) {
      layered.push_back({.operation = reads_[i].operation, .layer = layers_[i]});
    }
    const auto conflict = FindConflict(layered);
    if (!conflict) return {};
    return Explain(*conflict);
  }

 private:
  [[nodiscard]] std::optional<Judgement> FindUnadded() const {
    for (const Read& read : reads_) {
      for (const std::string& element : read.elements) {
        if (initial_.contains(element) || adds_.contains(element)) continue;
        return Wrong("", "an element that nobody added, or whose :add failed, was read: " + element,
                     {read.operation});
      }
      for (const std::string& element : initial_) {
        if (read.elements.contains(element)) continue;
        return Wrong("", "an element that was there from the start is missing: " + element,
                     {read.operation});
      }
    }
    return std::nullopt;
  }

  // Each read must hold all that smaller ones held. Numbers the reads and what each was first to
  // see: reads that are equal share an even layer, and what they add is in the odd one before.
  std::optional<Judgement> FindUnordered() {
    int64_t layer = 0;
    for (size_t i = 0; i < reads_.size(); i++) {
      const Read& read = reads_[i];
      if (i > 0) {
        for (const std::string& element : reads_[i - 1].elements) {
          if (read.elements.contains(element)) continue;
          return Wrong("",
                       "of these two reads each must hold all that the other holds, or less: " +
                           element + " is only in the smaller one",
                       {reads_[i - 1].operation, read.operation, AddOf(element)});
        }
        if (read.elements.size() > reads_[i - 1].elements.size()) layer += 2;
      }
      layers_.push_back(layer);
      for (const std::string& element : read.elements) {
        first_seen_.try_emplace(element, layer - 1);
      }
    }
    return std::nullopt;
  }

  [[nodiscard]] const Operation* AddOf(const std::string& element) const {
    const auto found = adds_.find(element);
    return found == adds_.end() ? nullptr : found->second;
  }

  [[nodiscard]] Judgement Explain(const Conflict& conflict) const {
    const auto [earlier, later] = conflict;
    std::vector<const Operation*> shown = {earlier, later};
    std::string reason;
    if (earlier->f == "add" && later->f == "read") {
      reason = "an element is missing from a read that was called after its :add was answered: " +
               earlier->input.ToString();
    } else if (earlier->f == "read" && later->f == "read") {
      reason = "a later read has lost elements that an earlier one saw";
    } else if (earlier->f == "read") {
      reason = "an element was read before its :add was called: " + later->input.ToString();
    } else {
      reason = "the later of these two was seen by a read that the earlier one is missing from";
      for (const Read& read : reads_) {
        if (read.elements.contains(later->input.Canonical()) &&
            !read.elements.contains(earlier->input.Canonical())) {
          shown.push_back(read.operation);
          break;
        }
      }
    }
    return Wrong("", reason, shown);
  }

  std::unordered_set<std::string> initial_;
  std::unordered_map<std::string, const Operation*> adds_;
  std::vector<Read> reads_;
  std::vector<int64_t> layers_;
  std::unordered_map<std::string, int64_t> first_seen_;
};

Result<Judgement> JudgePart(const Part& part, const Question& question) {
  const std::vector<Operation> constraining = Constraining(part.operations, question.model);
  // The model's making is the test of the values.
  if (auto model = MakeSetModel(constraining, question.model); !model.ok()) return model.status();
  if (!IsSimple(constraining)) return SearchPart(constraining, question.model, question.limits);
  return GrowingSet(constraining, question.model.initial).Check();
}

}  // namespace

Answer CheckSet(const Question& question) {
  auto parts = SplitByKey(question.operations);
  if (!parts.ok()) return parts.status();
  std::vector<Judgement> judgements;
  for (const Part& part : *parts) {
    auto judgement = JudgePart(part, question);
    if (!judgement.ok()) return judgement.status();
    judgement->key = part.key;
    judgements.push_back(*std::move(judgement));
  }
  return judgements;
}

}  // namespace keel::jepsen
