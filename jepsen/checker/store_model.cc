// A whole kv whose answers tell revisions: every write takes the next free revision, and a read
// sees the store as of one.
//
// Revisions may be missing from a history, since others write too, but never go back. A write of
// unknown outcome took one of the revisions that reads have shown of such a value, or one that
// nobody saw: those that nobody saw are counted, since they need room between those that are known.
#include <limits>
#include <map>
#include <set>
#include <unordered_map>

#include "jepsen/checker/model.h"

namespace keel::jepsen {
namespace {

enum class Action : uint8_t { kRead, kWrite, kCompareAndSet };

// The mod revision of a write that nobody saw.
constexpr int64_t kUnseen = -1;
// The store's revision before any answer has told one.
constexpr int64_t kBeforeAll = std::numeric_limits<int64_t>::min() / 2;

struct Call {
  Action action = Action::kRead;
  bool is_answered = false;
  bool is_delete = false;
  size_t key = 0;
  int64_t value = 0;  // 0 is nil
  int64_t before = 0;
  std::optional<int64_t> revision;
  std::optional<int64_t> mod;
  uint32_t kind = 0;
  std::vector<int64_t> seen_at;  // revisions at which such a write was seen
};

// {revision, unseen writes since, value and mod revision of each key}
using State = std::vector<int64_t>;

class StoreModel final : public Model {
 public:
  Status Add(const Operation& operation) {
    Call call;
    call.is_answered = operation.outcome == Outcome::kOk;
    call.key = KeyId(operation.key.value_or(Value()));
    call.revision = operation.revisions.store;
    call.mod = operation.revisions.mod;
    if (operation.f == "get" || operation.f == "read" || FoundNothing(operation)) {
      call.action = Action::kRead;
      call.value = FoundNothing(operation) ? 0 : ValueId(operation.output);
    } else if (operation.f == "put" || operation.f == "write") {
      call.action = Action::kWrite;
      call.value = ValueId(operation.input);
    } else if (operation.f == "delete") {
      call.action = Action::kWrite;
      call.is_delete = true;
    } else if (operation.f == "cas" && operation.input.IsPair()) {
      call.action = Action::kCompareAndSet;
      call.before = ValueId(operation.input.items[0]);
      call.value = ValueId(operation.input.items[1]);
    } else {
      return BadOperation(operation,
                          "with revisions a kv has :get (:read), :put (:write), :delete and :cas "
                          "with the value [old new]");
    }
    call.kind = KindOf(call);
    calls_.push_back(std::move(call));
    return {};
  }

  // Once all calls are there: what reads have shown of the writes of unknown outcome.
  void Finish() {
    for (Call& write : calls_) {
      if (write.is_answered || write.value == 0) continue;
      std::set<int64_t> seen_at;
      for (const Call& read : calls_) {
        if (read.action == Action::kRead && read.key == write.key && read.value == write.value &&
            read.mod.value_or(0) > 0) {
          seen_at.insert(*read.mod);
        }
      }
      write.seen_at.assign(seen_at.begin(), seen_at.end());
    }
  }

  StateId Initial() override {
    State state(2 + 2 * key_ids_.size(), 0);
    state[0] = kBeforeAll;
    return Intern(state);
  }

  void Step(StateId state, size_t index, std::vector<StateId>* next) override {
    const Call& call = calls_[index];
    State now = states_[state];
    int64_t& value = now[2 + 2 * call.key];
    int64_t& mod = now[3 + 2 * call.key];
    const int64_t last_used = now[0] + now[1];
    if (call.action == Action::kRead) {
      const bool is_late = call.revision && *call.revision < last_used;
      const bool is_other = call.mod.value_or(0) > 0 && call.value != 0 && *call.mod != mod;
      if (is_late || is_other || value != call.value) return;
      if (call.revision) Settle(*call.revision, &now);
      next->push_back(Intern(now));
      return;
    }
    if (call.action == Action::kCompareAndSet && value != call.before) return;
    if (call.is_answered) {
      if (!call.revision || *call.revision <= last_used) return;
      value = call.value;
      mod = call.value == 0 ? 0 : *call.revision;
      Settle(*call.revision, &now);
      next->push_back(Intern(now));
      return;
    }
    if (call.is_delete && value == 0) return;  // as if it never happened
    value = call.value;
    for (const int64_t seen : call.seen_at) {
      if (seen <= last_used) continue;
      mod = seen;
      State then = now;
      Settle(seen, &then);
      next->push_back(Intern(then));
    }
    mod = call.value == 0 ? 0 : kUnseen;
    now[1]++;
    next->push_back(Intern(now));
  }

  uint32_t Kind(size_t call) const override { return calls_[call].kind; }
  bool IsRead(size_t call) const override { return calls_[call].action == Action::kRead; }
  // A revision tells of all writes before it.
  bool DependsOn(size_t /*a*/, size_t b) const override {
    return calls_[b].action != Action::kRead;
  }
  std::string Show(StateId state) const override {
    if (states_[state][0] == kBeforeAll) return "the store has no revision yet";
    return "the store is at revision " + std::to_string(states_[state][0]);
  }
  size_t memory_bytes() const override { return states_.size() * (160 + 32 * key_ids_.size()); }

 private:
  // A delete that answers 0 has deleted nothing: it has read that there is nothing.
  static bool FoundNothing(const Operation& operation) {
    return operation.f == "delete" && operation.outcome == Outcome::kOk &&
           operation.output.IsInteger() && operation.output.integer == 0;
  }

  static void Settle(int64_t revision, State* state) {
    (*state)[0] = revision;
    (*state)[1] = 0;
  }

  size_t KeyId(const Value& key) {
    return key_ids_.try_emplace(key.Canonical(), key_ids_.size()).first->second;
  }
  int64_t ValueId(const Value& value) {
    if (value.IsNil()) return 0;
    const auto next = static_cast<int64_t>(value_ids_.size()) + 1;
    return value_ids_.try_emplace(value.Canonical(), next).first->second;
  }
  uint32_t KindOf(const Call& call) {
    const auto next = static_cast<uint32_t>(kinds_.size());
    return kinds_
        .try_emplace({static_cast<int64_t>(call.action), static_cast<int64_t>(call.key), call.value,
                      call.before},
                     next)
        .first->second;
  }
  StateId Intern(const State& state) {
    const auto id = static_cast<StateId>(states_.size());
    const auto [found, is_new] = ids_.try_emplace(state, id);
    if (is_new) states_.push_back(state);
    return found->second;
  }

  std::vector<Call> calls_;
  std::unordered_map<std::string, size_t> key_ids_;
  std::unordered_map<std::string, int64_t> value_ids_;
  std::map<std::vector<int64_t>, uint32_t> kinds_;
  std::vector<State> states_;
  std::map<State, StateId> ids_;
};

}  // namespace

Result<std::unique_ptr<Model>> MakeStoreModel(std::span<const Operation> operations,
                                              const ModelOptions& /*options*/) {
  auto model = std::make_unique<StoreModel>();
  for (const Operation& operation : operations) {
    KEEL_RETURN_IF_ERROR(model->Add(operation));
  }
  model->Finish();
  return std::unique_ptr<Model>(std::move(model));
}

}  // namespace keel::jepsen
