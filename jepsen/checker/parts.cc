#include "jepsen/checker/parts.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <string>
#include <unordered_map>

#include "jepsen/checker/model.h"
#include "jepsen/checker/txn.h"

namespace keel::jepsen {
namespace {

bool AreAllPairs(std::span<const Operation> operations) {
  for (const Operation& operation : operations) {
    if (operation.key || !operation.input.IsPair()) return false;
    if (operation.f == "cas" && !operation.input.items[1].IsPair()) return false;
  }
  return !operations.empty();
}

// Takes the key out of the values.
Status TakeKey(Operation* operation) {
  operation->key = operation->input.items[0];
  operation->input = Value(operation->input.items[1]);
  if (operation->output.IsNil()) return {};
  if (!operation->output.IsPair() || !(operation->output.items[0] == *operation->key)) {
    return BadOperation(*operation, "called with the key " + operation->key->ToString() +
                                        " and answered with " +
                                        operation->output.ToString().substr(0, 60));
  }
  operation->output = Value(operation->output.items[1]);
  return {};
}

// Sets of numbers that are joined one pair at a time.
class Joined {
 public:
  explicit Joined(size_t count) : parent_(count) {
    std::iota(parent_.begin(), parent_.end(), size_t{0});
  }
  size_t Find(size_t of) {
    while (parent_[of] != of) of = parent_[of] = parent_[parent_[of]];
    return of;
  }
  void Join(size_t a, size_t b) { parent_[Find(a)] = Find(b); }

 private:
  std::vector<size_t> parent_;
};

}  // namespace

Result<std::vector<Part>> SplitByKey(std::span<const Operation> operations) {
  const bool are_pairs = AreAllPairs(operations);
  std::vector<Part> parts;
  std::unordered_map<std::string, size_t> part_of;
  for (Operation operation : operations) {
    if (are_pairs) KEEL_RETURN_IF_ERROR(TakeKey(&operation));
    const std::string name = operation.key ? "k" + operation.key->Canonical() : "";
    const auto [found, is_new] = part_of.try_emplace(name, parts.size());
    if (is_new) parts.push_back({.key = operation.key, .operations = {}});
    parts[found->second].operations.push_back(std::move(operation));
  }
  return parts;
}

Result<std::vector<Operation>> TakeKeys(std::span<const Operation> operations) {
  auto parts = SplitByKey(operations);
  if (!parts.ok()) return parts.status();
  std::vector<Operation> keyed;
  for (Part& part : *parts) {
    for (Operation& operation : part.operations) keyed.push_back(std::move(operation));
  }
  std::sort(keyed.begin(), keyed.end(),
            [](const Operation& a, const Operation& b) { return a.called < b.called; });
  return keyed;
}

Result<std::vector<Part>> SplitTxns(std::span<const Operation> operations) {
  std::unordered_map<std::string, size_t> first_with;  // by key, the first operation that has it
  Joined joined(operations.size());
  for (size_t i = 0; i < operations.size(); i++) {
    auto txn = ParseTxn(operations[i], false);
    if (!txn.ok()) return txn.status();
    for (const MicroOp& part : *txn) {
      joined.Join(i, first_with.try_emplace(part.key.Canonical(), i).first->second);
    }
  }
  std::vector<Part> parts;
  std::map<size_t, size_t> part_of;
  for (size_t i = 0; i < operations.size(); i++) {
    const auto [found, is_new] = part_of.try_emplace(joined.Find(i), parts.size());
    if (is_new) parts.emplace_back();
    parts[found->second].operations.push_back(operations[i]);
  }
  return parts;
}

}  // namespace keel::jepsen
