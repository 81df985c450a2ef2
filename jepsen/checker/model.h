// A sequential object, as the search for an order sees it: states and what each call makes of them.
//
// A model is made for one history (or one key of it): it has read the calls, numbers them as the
// search does, and interns its states, so that a state is a small number and equal states are equal
// numbers. It owns its tables; one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "jepsen/history/history.h"

namespace keel::jepsen {

using StateId = uint32_t;

class Model {
 public:
  virtual ~Model() = default;

  [[nodiscard]] virtual StateId Initial() = 0;

  // Appends every state that `call` may lead to from `state` with the answer that it had; nothing
  // when that answer is impossible there.
  virtual void Step(StateId state, size_t call, std::vector<StateId>* next) = 0;

  // Calls of one number do the same in every state and have the same answer.
  [[nodiscard]] virtual uint32_t Kind(size_t call) const = 0;

  // Whether the call changes nothing, or is a read that fixes what it found: where it fits and
  // changes nothing, it may as well be taken at once.
  [[nodiscard]] virtual bool IsRead(size_t call) const = 0;

  // Whether `a`'s answer may depend on what `b` did: a counterexample that keeps a keeps b.
  [[nodiscard]] virtual bool DependsOn(size_t a, size_t b) const = 0;

  // Looking ahead, so that the search turns back early: whether a read may still find its answer
  // when the object is in this state now and nothing overwrites it before; and whether an
  // overwriting call may make that answer possible in whatever state. True is always right.
  [[nodiscard]] virtual bool LooksAhead() const { return false; }
  [[nodiscard]] virtual bool MayLeadTo(StateId /*state*/, size_t /*read*/) { return true; }
  [[nodiscard]] virtual bool MayEnable(size_t /*call*/, size_t /*read*/) const { return true; }

  // The state in words: "the value is 3".
  [[nodiscard]] virtual std::string Show(StateId state) const = 0;

  [[nodiscard]] virtual size_t memory_bytes() const = 0;
};

// A whole kv with its revisions: no model of the command line, but what kv is where answers tell
// revisions.
constexpr std::string_view kStoreModel = "kv-store";

struct ModelOptions {
  std::string_view name;  // as on the command line
  Value initial;
  // Whether a read that found nil says that there is nothing, or says nothing.
  bool nil_is_absent = false;
};

// The operations that constrain an order at all: not those that failed, nor those whose outcome is
// unknown and that would only have read, nor reads that say nothing.
[[nodiscard]] std::vector<Operation> Constraining(std::span<const Operation> operations,
                                                  const ModelOptions& options);

// The model of that name, for these operations. An operation that the model has not, or whose value
// it cannot be, is an error that names its line. The operations must outlive the model.
Result<std::unique_ptr<Model>> MakeModel(std::span<const Operation> operations,
                                         const ModelOptions& options);

// The makers, by model; MakeModel chooses.
Result<std::unique_ptr<Model>> MakeCellModel(std::span<const Operation> operations,
                                             const ModelOptions& options);
Result<std::unique_ptr<Model>> MakeMutexModel(std::span<const Operation> operations,
                                              const ModelOptions& options);
Result<std::unique_ptr<Model>> MakeSetModel(std::span<const Operation> operations,
                                            const ModelOptions& options);
Result<std::unique_ptr<Model>> MakeTxnModel(std::span<const Operation> operations,
                                            const ModelOptions& options);
Result<std::unique_ptr<Model>> MakeStoreModel(std::span<const Operation> operations,
                                              const ModelOptions& options);

// "line 7: `what`", for an operation that makes no sense.
[[nodiscard]] Status BadOperation(const Operation& operation, std::string_view what);

}  // namespace keel::jepsen
