#include <algorithm>
#include <map>

#include "jepsen/workload/judges.h"

namespace keel::jepsen {
namespace {

struct Key {
  Value name;
  std::vector<size_t> answered;  // places of the puts' answers
  std::vector<size_t> called;    // of the calls of those that did not fail
  std::vector<const Operation*> puts;
  std::vector<const Operation*> reads;
};

size_t CountBefore(const std::vector<size_t>& sorted, size_t place) {
  return static_cast<size_t>(std::lower_bound(sorted.begin(), sorted.end(), place) -
                             sorted.begin());
}

Judgement JudgeKey(Key* key) {
  std::sort(key->answered.begin(), key->answered.end());
  std::sort(key->called.begin(), key->called.end());
  Judgement judgement;
  judgement.key = key->name;
  for (const Operation* read : key->reads) {
    const auto version = static_cast<size_t>(read->output.integer);
    const size_t least = CountBefore(key->answered, read->called);
    const size_t most = CountBefore(key->called, read->answered);
    if (version >= least && version <= most) continue;
    judgement.verdict = Verdict::kNotLinearizable;
    judgement.anomaly = version < least ? "lost-put" : "put-twice";
    judgement.reason = "the version is " + std::to_string(version) + ", with " +
                       std::to_string(least) + " puts answered before the read and " +
                       std::to_string(most) + " called before its end";
    for (const Operation* put : key->puts) {
      if (put->called < read->answered) judgement.counterexample.push_back(*put);
    }
    judgement.counterexample.push_back(*read);
    return judgement;
  }
  return judgement;
}

}  // namespace

Result<Report> JudgeVersions(const PairedHistory& history) {
  std::map<std::string, Key> keys;
  for (const Operation& operation : history.operations) {
    Key& key = keys[operation.key.value_or(Value()).Canonical()];
    key.name = operation.key.value_or(Value());
    if (operation.f == "version") {
      if (operation.outcome == Outcome::kOk) key.reads.push_back(&operation);
    } else if (operation.f != "put") {
      return BadOperation(operation, "sessions have :put and :version");
    } else if (operation.outcome != Outcome::kFailed) {
      key.puts.push_back(&operation);
      key.called.push_back(operation.called);
      if (operation.outcome == Outcome::kOk) key.answered.push_back(operation.answered);
    }
  }
  Report report;
  report.model = "session";
  report.operation_count = history.operations.size();
  report.part_count = keys.size();
  for (auto& [name, key] : keys) {
    Judgement judgement = JudgeKey(&key);
    if (judgement.verdict == Verdict::kLinearizable) continue;
    report.verdict = Verdict::kNotLinearizable;
    report.judgements.push_back(std::move(judgement));
  }
  return report;
}

}  // namespace keel::jepsen
