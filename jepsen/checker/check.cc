#include "jepsen/checker/check.h"

#include <algorithm>
#include <array>
#include <set>

namespace keel::jepsen {
namespace {

struct Checker {
  ModelEntry entry;
  Answer (*check)(const Question& question);
};

const std::array kCheckers = {
    Checker{{"register", ":read, :write"}, &CheckBySearch},
    Checker{{"cas-register", ":read, :write, :cas with the value [old new]"}, &CheckBySearch},
    Checker{{"multi-register",
             ":txn of [:r key value] and [:w key value]; or :read, :write of {key value}"},
            &CheckBySearch},
    Checker{{"mutex", ":acquire, :release"}, &CheckBySearch},
    Checker{{"set", ":add an element, :remove it, :read them all"}, &CheckSet},
    Checker{{"append", ":txn of [:append key element] and [:r key [elements]]"}, &CheckAppend},
    Checker{{"kv",
             ":get, :put, :append (to a string), :delete, :cas, each with a :key; and "
             ":revision, :mod-revision of the answers"},
            &CheckKv},
    Checker{{"bank",
             ":transfer {:from a, :to b, :amount 5}, :read {account balance}; with "
             ":revision, :revisions"},
            &CheckBank},
    Checker{{"watch",
             ":put, :delete with :revision, :watch {:from 1, :to 9, :events "
             "[[revision key value]]}"},
            &CheckWatch},
    Checker{
        {"lease", ":grant, :keepalive [lease ttl-ms], :revoke, :check [lease true]; with :time"},
        &CheckLease},
    Checker{{"lock",
             ":acquire with :revision, its token; :guarded token; :release; "
             "or :campaign, :proclaim, :resign, :leader"},
            &CheckLock},
};

using Names = std::set<std::string, std::less<>>;

bool HasAny(const Names& names, std::initializer_list<std::string_view> wanted) {
  return std::any_of(wanted.begin(), wanted.end(),
                     [&](std::string_view name) { return names.contains(name); });
}

// Whether any of a transaction's micro-operations, or any value of :read, says that it is a list.
bool AppendsInTxns(std::span<const Operation> operations) {
  for (const Operation& operation : operations) {
    if (operation.f != "txn") continue;
    for (const Value& part : operation.input.items) {
      if (!part.items.empty() && part.items[0].text == "append") return true;
    }
  }
  return false;
}

bool ReadsLists(std::span<const Operation> operations) {
  for (const Operation& operation : operations) {
    if (operation.f != "read" && operation.f != "get") continue;
    const Value& found = operation.output;
    if (found.IsSequence() && (!found.IsPair() || found.items[1].IsSequence())) return true;
  }
  return false;
}

bool HasMaps(std::span<const Operation> operations) {
  return std::any_of(operations.begin(), operations.end(), [](const Operation& operation) {
    return (operation.f == "read" || operation.f == "write") &&
           (operation.input.IsMap() || operation.output.IsMap());
  });
}

const Checker* FindChecker(std::string_view name) {
  const auto* found = std::find_if(kCheckers.begin(), kCheckers.end(),
                                   [&](const Checker& c) { return c.entry.name == name; });
  return found == kCheckers.end() ? nullptr : found;
}

std::string JoinedNames(const auto& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : ", ") + std::string(name);
  return text;
}

void Summarise(std::vector<Judgement> judgements, Report* report) {
  report->part_count = judgements.size();
  for (Judgement& judgement : judgements) {
    if (IsWorse(judgement.verdict, report->verdict)) report->verdict = judgement.verdict;
    if (judgement.verdict != Verdict::kLinearizable) {
      report->judgements.push_back(std::move(judgement));
    }
  }
  std::stable_sort(report->judgements.begin(), report->judgements.end(),
                   [](const Judgement& a, const Judgement& b) {
                     if (a.verdict != b.verdict) return IsWorse(a.verdict, b.verdict);
                     return a.counterexample.size() < b.counterexample.size();
                   });
}

}  // namespace

std::span<const ModelEntry> Models() {
  static const std::vector<ModelEntry> entries = [] {
    std::vector<ModelEntry> made;
    made.reserve(kCheckers.size());
    for (const Checker& checker : kCheckers) made.push_back(checker.entry);
    return made;
  }();
  return entries;
}

Result<std::string> InferModel(std::span<const Operation> operations) {
  Names names;
  for (const Operation& operation : operations) names.insert(operation.f);
  if (names.empty()) return std::string("register");
  if (names.contains("transfer")) return std::string("bank");
  if (names.contains("watch")) return std::string("watch");
  if (HasAny(names, {"grant", "keepalive"})) return std::string("lease");
  if (names.contains("guarded") || names.contains("campaign")) return std::string("lock");
  if (HasAny(names, {"acquire", "release"})) return std::string("mutex");
  if (names.contains("add")) return std::string("set");
  if (names.contains("txn")) {
    return std::string(AppendsInTxns(operations) ? "append" : "multi-register");
  }
  if (HasAny(names, {"put", "delete"})) return std::string("kv");
  if (names.contains("append")) return std::string(ReadsLists(operations) ? "append" : "kv");
  if (names.contains("get")) return std::string("kv");
  if (names.contains("cas")) return std::string("cas-register");
  if (HasAny(names, {"read", "write"})) {
    return std::string(HasMaps(operations) ? "multi-register" : "register");
  }
  std::vector<std::string_view> models;
  for (const ModelEntry& entry : Models()) models.push_back(entry.name);
  return InvalidArgument("no model has the functions " + JoinedNames(names) +
                         "; if one does, name it with --model: " + JoinedNames(models));
}

Result<Report> Check(const PairedHistory& history, const CheckOptions& options) {
  Report report;
  report.model = options.model;
  if (options.model.empty()) {
    auto inferred = InferModel(history.operations);
    if (!inferred.ok()) return inferred.status();
    report.model = *std::move(inferred);
    report.is_inferred = true;
  }
  const Checker* checker = FindChecker(report.model);
  if (checker == nullptr) {
    std::vector<std::string_view> models;
    for (const ModelEntry& entry : Models()) models.push_back(entry.name);
    return InvalidArgument("no model is called '" + report.model +
                           "'; there are: " + JoinedNames(models));
  }
  Question question;
  question.operations = history.operations;
  question.options = options;
  question.model.name = report.model;
  if (options.initial) question.model.initial = *options.initial;
  question.model.nil_is_absent =
      options.nil_is_absent.value_or(history.notation == Notation::kLogLines);
  question.limits.cache_bytes_max = options.cache_bytes_max;
  if (options.time_max) {
    question.limits.deadline = std::chrono::steady_clock::now() + *options.time_max;
  }
  report.operation_count = history.operations.size();
  auto judgements = checker->check(question);
  if (!judgements.ok()) return judgements.status();
  Summarise(*std::move(judgements), &report);
  return report;
}

}  // namespace keel::jepsen
