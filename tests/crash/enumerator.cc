#include "tests/crash/enumerator.h"

#include <utility>

namespace keel::crash {

namespace {

using simfs::Fault;
using simfs::Image;
using simfs::Loss;
using simfs::Operation;
using simfs::SimulatedFileSystem;

class Enumerator {
 public:
  Enumerator(const WorkloadKind& kind, uint64_t seed, const EnumerationOptions& options,
             Tally* tally)
      : kind_(kind), seed_(seed), options_(options), tally_(tally), workload_(kind.make(seed)) {}

  void Run() {
    ++tally_->runs;
    files_.SetHook([this](const Operation& operation) {
      if (ChangesDisk(operation.kind) && !tally_->IsFull(options_)) CrashBefore(operation);
      return workload_->OnOperation(operation);
    });
    const std::string wrong = workload_->Run(&files_);
    files_.SetHook(nullptr);
    if (!wrong.empty()) Report("while running: " + wrong);
    if (!tally_->IsFull(options_)) CrashBefore({});
  }

 private:
  void CrashBefore(const Operation& operation) {
    ++operations_;
    ++tally_->crash_points;
    const uint64_t expectation = workload_->Expectation();
    for (const Loss& loss : files_.Losses(options_.losses)) {
      const Image image = files_.ImageAfter(loss);
      const uint64_t hash = image.Hash();
      if (!checked_.insert(hash ^ (expectation * 0x9e3779b97f4a7c15u)).second) continue;
      tally_->states.insert(hash);
      ++tally_->checks;
      const std::string wrong = workload_->Check(image, hash);
      if (wrong.empty()) continue;
      Report("crash before operation " + std::to_string(operations_) + " (" +
             OperationName(operation.kind) + " " + operation.path + "), loss " + loss.ToString() +
             ": " + wrong);
      if (tally_->IsFull(options_)) return;
    }
  }

  void Report(const std::string& what) {
    ++tally_->violations;
    if (tally_->reports.size() >= options_.violations_max) return;
    tally_->reports.push_back("keel-crash --workload " + kind_.name + " --seed " +
                              std::to_string(seed_) + ": " + what);
  }

  const WorkloadKind& kind_;
  uint64_t seed_;
  const EnumerationOptions& options_;
  Tally* tally_;
  std::unique_ptr<Workload> workload_;
  SimulatedFileSystem files_;
  uint64_t operations_ = 0;
  std::unordered_set<uint64_t> checked_;
};

}  // namespace

void Enumerate(const WorkloadKind& kind, uint64_t seed, const EnumerationOptions& options,
               Tally* tally) {
  Enumerator(kind, seed, options, tally).Run();
}

}  // namespace keel::crash
