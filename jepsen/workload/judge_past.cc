#include <algorithm>
#include <map>
#include <set>

#include "jepsen/checker/wrong.h"
#include "jepsen/workload/judges.h"

namespace keel::jepsen {
namespace {

using Versions = std::map<int64_t, const Operation*>;  // by revision, who wrote or showed it

// The value that an operation wrote, or found.
const Value& ValueOf(const Operation& operation) {
  return operation.f == "put" ? operation.input : operation.output;
}

class PastJudge {
 public:
  Status Add(const Operation& operation) {
    const bool is_ok = operation.outcome == Outcome::kOk;
    const std::string key = operation.key.value_or(Value()).Canonical();
    if (operation.f == "put") {
      if (operation.outcome == Outcome::kUnknown) {
        unknown_.emplace(key, operation.input.Canonical());
      }
      if (!is_ok) return {};
      if (!operation.revisions.store) {
        return BadOperation(operation, "an answered :put needs its :revision");
      }
      written_[key][*operation.revisions.store] = &operation;
    } else if (operation.f == "read-at") {
      if (is_ok) reads_.push_back(&operation);
    } else if (operation.f == "compact") {
      if (operation.outcome != Outcome::kFailed) compactions_.push_back(&operation);
    } else {
      return BadOperation(operation, "the past has :put, :read-at and :compact");
    }
    return {};
  }

  Judgement Judge() {
    for (const Operation* read : reads_) {
      if (auto wrong = CheckCompaction(*read)) return *std::move(wrong);
      if (read->output.IsKeyword("compacted")) continue;
      if (auto wrong = CheckValue(*read)) return *std::move(wrong);
    }
    return {};
  }

 private:
  // The highest compaction that was certainly over before, or may have been under way.
  [[nodiscard]] const Operation* Highest(const Operation& read, bool is_certain) const {
    const Operation* highest = nullptr;
    for (const Operation* compaction : compactions_) {
      const bool counts =
          is_certain ? compaction->outcome == Outcome::kOk && compaction->answered < read.called
                     : compaction->called < read.answered;
      if (!counts) continue;
      if (highest == nullptr || compaction->input.integer > highest->input.integer) {
        highest = compaction;
      }
    }
    return highest;
  }

  [[nodiscard]] std::optional<Judgement> CheckCompaction(const Operation& read) const {
    const int64_t at = read.input.integer;
    if (read.output.IsKeyword("compacted")) {
      const Operation* possible = Highest(read, /*is_certain=*/false);
      if (possible != nullptr && at < possible->input.integer) return std::nullopt;
      return Wrong("compacted-too-much", "a revision is gone that nobody asked to compact",
                   {possible, &read});
    }
    const Operation* certain = Highest(read, /*is_certain=*/true);
    if (certain == nullptr || at >= certain->input.integer) return std::nullopt;
    return Wrong("compacted-read", "a revision was read after it had been compacted",
                 {certain, &read});
  }

  std::optional<Judgement> CheckValue(const Operation& read) {
    const std::string key = read.key.value_or(Value()).Canonical();
    const int64_t mod = read.revisions.mod.value_or(0);
    Versions& versions = written_[key];
    const auto after = versions.upper_bound(read.input.integer);
    const auto latest = after == versions.begin() ? versions.end() : std::prev(after);
    if (latest != versions.end() && latest->first > mod) {
      return Wrong("past-lost", "a version that was there then is missing",
                   {latest->second, &read});
    }
    if (mod == 0) return std::nullopt;
    if (mod > read.input.integer) {
      return Wrong("past-future", "a version was read that is newer than the revision", {&read});
    }
    const auto known = versions.find(mod);
    const std::string found = read.output.Canonical();
    if (known == versions.end()) {
      if (!unknown_.contains({key, found})) {
        return Wrong("past-phantom", "a value was read that nobody wrote then", {&read});
      }
      versions[mod] = &read;  // all others must find the same there
      return std::nullopt;
    }
    if (ValueOf(*known->second).Canonical() == found) return std::nullopt;
    return Wrong("past-changed", "one revision has two values", {known->second, &read});
  }

  std::map<std::string, Versions> written_;
  std::set<std::pair<std::string, std::string>> unknown_;  // key, value
  std::vector<const Operation*> reads_;
  std::vector<const Operation*> compactions_;
};

}  // namespace

Result<Report> JudgePast(const PairedHistory& history) {
  PastJudge judge;
  for (const Operation& operation : history.operations) KEEL_RETURN_IF_ERROR(judge.Add(operation));
  Report report;
  report.model = "compaction";
  report.operation_count = history.operations.size();
  report.part_count = 1;
  Judgement judgement = judge.Judge();
  report.verdict = judgement.verdict;
  if (judgement.verdict != Verdict::kLinearizable)
    report.judgements.push_back(std::move(judgement));
  return report;
}

}  // namespace keel::jepsen
