// The checker of banks: transfers between accounts, and reads of all of them, whose sum stays.
//
//   :transfer   value {:from a, :to b, :amount 5}, answered with the :revision of its writes, and
//               with :revisions {account mod-revision} of what it had read
//   :read       answered with {account balance}, and :revisions {account mod-revision}
// The sums are compared first. The revisions tell the order of the versions of each account, and so
// who depends on whom: a cycle is an anomaly. Without revisions only the sums can be judged.
#include <map>
#include <optional>

#include "jepsen/checker/check.h"
#include "jepsen/checker/cycle_report.h"
#include "jepsen/checker/dependency_graph.h"
#include "jepsen/checker/wrong.h"

namespace keel::jepsen {
namespace {

Result<int64_t> SumOf(const Operation& operation, const Value& balances) {
  int64_t sum = 0;
  for (size_t i = 0; i + 1 < balances.items.size(); i += 2) {
    if (!balances.items[i + 1].IsInteger()) {
      return BadOperation(operation,
                          "a balance is a whole number, not " + balances.items[i + 1].ToString());
    }
    sum += balances.items[i + 1].integer;
  }
  return sum;
}

class BankJudge {
 public:
  Status Add(const Operation& operation) {
    if (operation.f != "read" && operation.f != "transfer") {
      return BadOperation(operation, "a bank has :transfer and :read");
    }
    if (operation.outcome != Outcome::kOk) return {};
    if (operation.f == "read") {
      if (operation.output.IsNil()) return {};
      if (!operation.output.IsMap()) {
        return BadOperation(operation, "a bank is read as {account balance}");
      }
    } else if (operation.input.Find("from") == nullptr || operation.input.Find("to") == nullptr) {
      return BadOperation(operation, "a transfer's value is {:from a, :to b, :amount 5}");
    }
    const bool tells = operation.f == "read" ? operation.revisions.by_key.IsMap()
                                             : operation.revisions.store.has_value();
    if (!tells && silent_ == nullptr) silent_ = &operation;
    operations_.push_back(&operation);
    return {};
  }

  Result<Judgement> Judge(const Value& initial) {
    auto sums = CheckSums(initial);
    if (!sums.ok() || sums->verdict != Verdict::kLinearizable) return sums;
    if (silent_ != nullptr) {
      Judgement judgement;
      judgement.verdict = Verdict::kUnknown;
      judgement.reason = "the sums are right, but the order cannot be judged: \"" +
                         silent_->Describe() + "\" of line " + std::to_string(silent_->call_line) +
                         " tells no revisions";
      return judgement;
    }
    if (auto wrong = NoteVersions()) return *std::move(wrong);
    DependencyGraph graph(operations_.size());
    AddVersions(&graph);
    graph.AddRealTime(operations_);
    const auto cycle = graph.FindCycle();
    return cycle ? ReportCycle(*cycle, operations_) : Judgement{};
  }

 private:
  using Writers = std::map<int64_t, size_t>;  // by revision

  // Against what was there first, or else against each other.
  Result<Judgement> CheckSums(const Value& initial) const {
    std::optional<int64_t> expected;
    const Operation* first = nullptr;
    for (const Operation* operation : operations_) {
      if (operation->f != "read") continue;
      if (!expected && initial.IsMap()) {
        auto sum = SumOf(*operation, initial);
        if (!sum.ok()) return sum.status();
        expected = *sum;
      }
      auto sum = SumOf(*operation, operation->output);
      if (!sum.ok()) return sum.status();
      if (expected && *sum != *expected) {
        return Wrong("total",
                     "the accounts hold " + std::to_string(*sum) + " together, not " +
                         std::to_string(*expected),
                     {first, operation});
      }
      expected = *sum;
      if (first == nullptr) first = operation;
    }
    return Judgement{};
  }

  std::optional<Judgement> NoteVersions() {
    for (size_t i = 0; i < operations_.size(); i++) {
      const Operation& operation = *operations_[i];
      if (operation.f != "transfer") continue;
      for (const std::string_view side : {"from", "to"}) {
        const std::string account = operation.input.Find(side)->Canonical();
        const auto [other, is_new] = writers_[account].try_emplace(*operation.revisions.store, i);
        if (!is_new && other->second != i) {
          return Wrong("lost-update", "two transfers wrote one version of account " + account,
                       {operations_[other->second], &operation});
        }
      }
    }
    return std::nullopt;
  }

  void AddVersions(DependencyGraph* graph) const {
    for (const auto& [account, writers] : writers_) {
      for (auto at = writers.begin(); at != writers.end(); ++at) {
        const auto next = std::next(at);
        if (next != writers.end()) graph->Add(at->second, next->second, kWriteWrite);
      }
    }
    for (size_t i = 0; i < operations_.size(); i++) {
      const Value& seen = operations_[i]->revisions.by_key;
      for (size_t j = 0; j + 1 < seen.items.size(); j += 2) {
        if (!seen.items[j + 1].IsInteger()) continue;
        AddRead(i, seen.items[j].Canonical(), seen.items[j + 1].integer, graph);
      }
    }
  }

  void AddRead(size_t reader, const std::string& account, int64_t version,
               DependencyGraph* graph) const {
    const auto found = writers_.find(account);
    if (found == writers_.end()) return;
    const Writers& writers = found->second;
    if (const auto writer = writers.find(version); writer != writers.end()) {
      graph->Add(writer->second, reader, kWriteRead);
    } else if (const auto after = writers.lower_bound(version); after != writers.begin()) {
      // Of unknown outcome, or what was there first: it came after all that is known before it.
      graph->Add(std::prev(after)->second, reader, kWriteRead);
    }
    const auto next = writers.upper_bound(version);
    if (next != writers.end()) graph->Add(reader, next->second, kReadWrite);
  }

  std::vector<const Operation*> operations_;
  const Operation* silent_ = nullptr;
  std::map<std::string, Writers> writers_;
};

}  // namespace

Answer CheckBank(const Question& question) {
  BankJudge judge;
  for (const Operation& operation : question.operations) KEEL_RETURN_IF_ERROR(judge.Add(operation));
  auto judgement = judge.Judge(question.model.initial);
  if (!judgement.ok()) return judgement.status();
  return std::vector{*std::move(judgement)};
}

}  // namespace keel::jepsen
