// Judges a history by a model: what keel-check does between reading a file and printing.
//
// The models are a table: each has a name, a checker and a line for the help. Without a name the
// model is inferred from the functions that the operations have. Pure functions; any thread.
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "jepsen/checker/model.h"
#include "jepsen/checker/verdict.h"
#include "jepsen/history/history.h"

namespace keel::jepsen {

struct CheckOptions {
  std::string model;                  // empty: inferred
  std::optional<Value> initial;       // none: nil, and the empty set
  std::optional<bool> nil_is_absent;  // none: in log lines it is
  size_t cache_bytes_max = Limits{}.cache_bytes_max;
  std::optional<std::chrono::milliseconds> time_max;
  // How much later than its time to live a lease may still be seen; of the model lease.
  std::chrono::milliseconds lease_bound = std::chrono::milliseconds(2000);
};

struct Report {
  std::string model;
  bool is_inferred = false;
  Verdict verdict = Verdict::kLinearizable;
  // Of each part that is not linearizable, the smallest first, then of those unknown.
  std::vector<Judgement> judgements;
  size_t operation_count = 0;
  size_t part_count = 0;
};

Result<Report> Check(const PairedHistory& history, const CheckOptions& options);

// The functions decide: :acquire a mutex, :add a set, and so on. An error says what to give.
Result<std::string> InferModel(std::span<const Operation> operations);

struct ModelEntry {
  std::string_view name;
  std::string_view help;
};
[[nodiscard]] std::span<const ModelEntry> Models();

// What all checkers are given.
struct Question {
  std::span<const Operation> operations;
  ModelOptions model;
  Limits limits;
  CheckOptions options;
};
// What a checker gives back: a judgement for every part of the history that it judged.
using Answer = Result<std::vector<Judgement>>;

// The checkers, each in a file of its own.
Answer CheckBySearch(const Question& question);  // register, cas-register, mutex, multi-register
Answer CheckKv(const Question& question);
Answer CheckSet(const Question& question);
Answer CheckAppend(const Question& question);
Answer CheckBank(const Question& question);
Answer CheckWatch(const Question& question);
Answer CheckLease(const Question& question);
Answer CheckLock(const Question& question);

// One part by the search, shrunk when it is not linearizable.
Result<Judgement> SearchPart(std::span<const Operation> operations, const ModelOptions& options,
                             const Limits& limits);

}  // namespace keel::jepsen
