#include "jepsen/checker/model.h"

#include <array>

#include "jepsen/checker/txn.h"

namespace keel::jepsen {
namespace {

bool OnlyReads(const Operation& operation, const ModelOptions& options) {
  if (operation.f == "read" || operation.f == "get") return true;
  if (operation.f != "txn") return false;
  auto parts = ParseTxn(operation, options.name == "append");
  if (!parts.ok()) return false;  // the model will say what is wrong with it
  for (const MicroOp& part : *parts) {
    if (part.kind != MicroOp::Kind::kRead) return false;
  }
  return true;
}

bool SaysNothing(const Operation& operation, const ModelOptions& options) {
  if (operation.outcome == Outcome::kFailed) return true;
  if (operation.outcome == Outcome::kUnknown) return OnlyReads(operation, options);
  return !options.nil_is_absent && operation.output.IsNil() && !operation.revisions.store &&
         !operation.revisions.mod && (operation.f == "read" || operation.f == "get");
}

}  // namespace

std::vector<Operation> Constraining(std::span<const Operation> operations,
                                    const ModelOptions& options) {
  std::vector<Operation> constraining;
  for (const Operation& operation : operations) {
    if (!SaysNothing(operation, options)) constraining.push_back(operation);
  }
  return constraining;
}

Result<std::unique_ptr<Model>> MakeModel(std::span<const Operation> operations,
                                         const ModelOptions& options) {
  if (options.name == "mutex") return MakeMutexModel(operations, options);
  if (options.name == "set") return MakeSetModel(operations, options);
  if (options.name == "multi-register" || options.name == "append") {
    return MakeTxnModel(operations, options);
  }
  if (options.name == kStoreModel) return MakeStoreModel(operations, options);
  return MakeCellModel(operations, options);
}

Status BadOperation(const Operation& operation, std::string_view what) {
  return InvalidArgument("line " + std::to_string(operation.call_line) +
                         ", column 1: :" + operation.f + " of process " + operation.process + ": " +
                         std::string(what));
}

}  // namespace keel::jepsen
