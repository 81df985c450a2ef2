// Two small objects: a mutex that knows no holder, and a set.
#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

#include "jepsen/checker/model.h"

namespace keel::jepsen {
namespace {

class MutexModel final : public Model {
 public:
  explicit MutexModel(StateId initial) : initial_(initial) {}

  Status Add(const Operation& operation) {
    if (operation.f != "acquire" && operation.f != "release") {
      return BadOperation(operation, "a mutex has :acquire and :release");
    }
    acquires_.push_back(operation.f == "acquire");
    return {};
  }

  StateId Initial() override { return initial_; }
  void Step(StateId state, size_t call, std::vector<StateId>* next) override {
    const StateId needed = acquires_[call] ? kFree : kHeld;
    if (state == needed) next->push_back(acquires_[call] ? kHeld : kFree);
  }
  uint32_t Kind(size_t call) const override { return acquires_[call] ? 1 : 0; }
  bool IsRead(size_t /*call*/) const override { return false; }
  // Each changes what the next one finds.
  bool DependsOn(size_t /*a*/, size_t /*b*/) const override { return true; }
  std::string Show(StateId state) const override {
    return state == kHeld ? "the mutex is held" : "the mutex is free";
  }
  size_t memory_bytes() const override { return 0; }

  static constexpr StateId kFree = 0;
  static constexpr StateId kHeld = 1;

 private:
  StateId initial_;
  std::vector<bool> acquires_;
};

class SetModel final : public Model {
 public:
  explicit SetModel(const Value& initial) {
    std::vector<uint32_t> elements;
    for (const Value& element : initial.items) elements.push_back(ElementId(element));
    initial_ = Intern(std::move(elements));
  }

  Status Add(const Operation& operation) {
    Call call;
    if (operation.f == "add" || operation.f == "remove") {
      call.action = operation.f == "add" ? Action::kAdd : Action::kRemove;
      call.element = ElementId(operation.input);
      call.kind = call.element * 2 + (operation.f == "add" ? 0 : 1);
    } else if (operation.f == "read") {
      if (!operation.output.IsSequence() && !operation.output.IsSet() &&
          !operation.output.IsNil()) {
        return BadOperation(operation, "a set is read as #{...}, [...] or (...), not " +
                                           operation.output.ToString().substr(0, 60));
      }
      std::vector<uint32_t> elements;
      for (const Value& element : operation.output.items) elements.push_back(ElementId(element));
      call.read = Intern(std::move(elements));
      call.kind = 0;  // reads are never unanswered here, so their kind is never asked for
    } else {
      return BadOperation(operation, "a set has :add, :remove and :read");
    }
    calls_.push_back(call);
    return {};
  }

  StateId Initial() override { return initial_; }

  void Step(StateId state, size_t index, std::vector<StateId>* next) override {
    const Call& call = calls_[index];
    if (call.action == Action::kRead) {
      if (state == call.read) next->push_back(state);
      return;
    }
    std::vector<uint32_t> elements = states_[state];
    const auto place = std::lower_bound(elements.begin(), elements.end(), call.element);
    const bool is_there = place != elements.end() && *place == call.element;
    if (call.action == Action::kAdd && !is_there) elements.insert(place, call.element);
    if (call.action == Action::kRemove && is_there) elements.erase(place);
    next->push_back(Intern(std::move(elements)));
  }

  uint32_t Kind(size_t call) const override { return calls_[call].kind; }
  bool IsRead(size_t call) const override { return calls_[call].action == Action::kRead; }
  bool DependsOn(size_t a, size_t b) const override {
    return calls_[a].action == Action::kRead && calls_[b].action != Action::kRead;
  }
  std::string Show(StateId state) const override {
    std::vector<Value> elements;
    for (const uint32_t element : states_[state]) elements.push_back(elements_[element]);
    return "the set is " + Value::Set(std::move(elements)).ToString().substr(0, 200);
  }
  size_t memory_bytes() const override { return state_bytes_; }

 private:
  enum class Action : uint8_t { kAdd, kRemove, kRead };
  struct Call {
    Action action = Action::kRead;
    uint32_t element = 0;
    StateId read = 0;
    uint32_t kind = 0;
  };

  uint32_t ElementId(const Value& element) {
    const auto [found, is_new] =
        ids_.try_emplace(element.Canonical(), static_cast<uint32_t>(elements_.size()));
    if (is_new) elements_.push_back(element);
    return found->second;
  }

  StateId Intern(std::vector<uint32_t> elements) {
    std::sort(elements.begin(), elements.end());
    elements.erase(std::unique(elements.begin(), elements.end()), elements.end());
    const auto id = static_cast<StateId>(states_.size());
    const auto [found, is_new] = state_ids_.try_emplace(elements, id);
    if (is_new) {
      state_bytes_ += 100 + 8 * elements.size();
      states_.push_back(std::move(elements));
    }
    return found->second;
  }

  std::vector<Call> calls_;
  std::vector<Value> elements_;
  std::unordered_map<std::string, uint32_t> ids_;
  std::vector<std::vector<uint32_t>> states_;
  std::map<std::vector<uint32_t>, StateId> state_ids_;
  size_t state_bytes_ = 0;
  StateId initial_ = 0;
};

template <class Made>
Result<std::unique_ptr<Model>> AddAll(std::unique_ptr<Made> model,
                                      std::span<const Operation> operations) {
  for (const Operation& operation : operations) {
    KEEL_RETURN_IF_ERROR(model->Add(operation));
  }
  return std::unique_ptr<Model>(std::move(model));
}

}  // namespace

Result<std::unique_ptr<Model>> MakeMutexModel(std::span<const Operation> operations,
                                              const ModelOptions& options) {
  const Value& initial = options.initial;
  const bool is_held = initial.IsKeyword("locked") || initial.IsKeyword("held") ||
                       (initial.kind == ValueKind::kBool && initial.integer != 0);
  return AddAll(std::make_unique<MutexModel>(is_held ? MutexModel::kHeld : MutexModel::kFree),
                operations);
}

Result<std::unique_ptr<Model>> MakeSetModel(std::span<const Operation> operations,
                                            const ModelOptions& options) {
  return AddAll(std::make_unique<SetModel>(options.initial), operations);
}

}  // namespace keel::jepsen
