// Registers and lists by key, in transactions: the model multi-register, and append where the
// search has to judge it.
#include <algorithm>
#include <map>
#include <unordered_map>

#include "jepsen/checker/model.h"
#include "jepsen/checker/txn.h"

namespace keel::jepsen {
namespace {

struct Part {
  MicroOp::Kind kind;
  bool is_known;
  uint32_t key;
  uint32_t value;
};

class TxnModel final : public Model {
 public:
  explicit TxnModel(const ModelOptions& options) : options_(options) {}

  Status Add(const Operation& operation) {
    const bool nil_is_known = options_.nil_is_absent || IsAppend();
    auto parsed = ParseTxn(operation, nil_is_known);
    if (!parsed.ok()) return parsed.status();
    std::vector<Part> parts;
    std::string kind;
    for (const MicroOp& part : *parsed) {
      if (!part.is_known && part.kind == MicroOp::Kind::kRead) continue;
      parts.push_back({.kind = part.kind,
                       .is_known = part.is_known,
                       .key = KeyId(part.key),
                       .value = ValueId(part.value)});
      kind += std::to_string(static_cast<int>(part.kind)) + "," + std::to_string(parts.back().key) +
              "," + std::to_string(parts.back().value) + ";";
      if (part.kind == MicroOp::Kind::kAppend) has_appends_ = true;
    }
    kinds_.push_back(
        kind_ids_.try_emplace(kind, static_cast<uint32_t>(kind_ids_.size())).first->second);
    calls_.push_back(std::move(parts));
    return {};
  }

  StateId Initial() override {
    std::vector<uint32_t> values;
    for (const Value& key : keys_) {
      const Value* own = InitialOf(key);
      values.push_back(ValueId(own != nullptr ? *own : Value::Nil()));
    }
    return Intern(values);
  }

  void Step(StateId state, size_t call, std::vector<StateId>* next) override {
    std::vector<uint32_t> values = states_[state];
    for (const Part& part : calls_[call]) {
      switch (part.kind) {
        case MicroOp::Kind::kRead:
          if (values[part.key] != part.value) return;
          break;
        case MicroOp::Kind::kWrite:
          values[part.key] = part.value;
          break;
        case MicroOp::Kind::kAppend:
          values[part.key] = Appended(values[part.key], part.value);
          break;
      }
    }
    next->push_back(Intern(values));
  }

  uint32_t Kind(size_t call) const override { return kinds_[call]; }

  bool IsRead(size_t call) const override {
    return std::all_of(calls_[call].begin(), calls_[call].end(),
                       [](const Part& part) { return part.kind == MicroOp::Kind::kRead; });
  }

  bool DependsOn(size_t a, size_t b) const override {
    for (const Part& read : calls_[a]) {
      for (const Part& write : calls_[b]) {
        if (read.kind != MicroOp::Kind::kRead || write.kind == MicroOp::Kind::kRead) continue;
        if (read.key == write.key && (has_appends_ || read.value == write.value)) return true;
      }
    }
    return false;
  }

  std::string Show(StateId state) const override {
    std::string text = "the values are {";
    for (size_t i = 0; i < states_[state].size(); i++) {
      if (i > 0) text += ", ";
      text += keys_[i].ToString() + " " + values_[states_[state][i]].ToString();
    }
    return text + "}";
  }

  size_t memory_bytes() const override {
    return states_.size() * (120 + 8 * keys_.size()) + values_.size() * 200;
  }

 private:
  [[nodiscard]] bool IsAppend() const { return options_.name == "append"; }

  // A map gives each key its own; any other value is everybody's.
  [[nodiscard]] const Value* InitialOf(const Value& key) const {
    if (!options_.initial.IsMap()) return &options_.initial;
    for (size_t i = 0; i + 1 < options_.initial.items.size(); i += 2) {
      if (options_.initial.items[i] == key) return &options_.initial.items[i + 1];
    }
    return nullptr;
  }

  uint32_t KeyId(const Value& key) {
    const auto [found, is_new] =
        key_ids_.try_emplace(key.Canonical(), static_cast<uint32_t>(keys_.size()));
    if (is_new) keys_.push_back(key);
    return found->second;
  }

  // In lists, nothing and the empty list are the same.
  uint32_t ValueId(const Value& value) {
    if (IsAppend() && value.IsSequence() && value.items.empty()) return ValueId(Value::Nil());
    const auto [found, is_new] =
        value_ids_.try_emplace(value.Canonical(), static_cast<uint32_t>(values_.size()));
    if (is_new) values_.push_back(value);
    return found->second;
  }

  uint32_t Appended(uint32_t list, uint32_t element) {
    const auto known = appended_.find({list, element});
    if (known != appended_.end()) return known->second;
    Value longer = values_[list].IsSequence() ? values_[list] : Value::Vector({});
    longer.items.push_back(values_[element]);
    return appended_[{list, element}] = ValueId(longer);
  }

  StateId Intern(const std::vector<uint32_t>& values) {
    const auto id = static_cast<StateId>(states_.size());
    const auto [found, is_new] = ids_.try_emplace(values, id);
    if (is_new) states_.push_back(values);
    return found->second;
  }

  ModelOptions options_;
  std::vector<std::vector<Part>> calls_;
  std::vector<uint32_t> kinds_;
  std::unordered_map<std::string, uint32_t> kind_ids_;
  bool has_appends_ = false;
  std::vector<Value> keys_;
  std::unordered_map<std::string, uint32_t> key_ids_;
  std::vector<Value> values_;
  std::unordered_map<std::string, uint32_t> value_ids_;
  std::map<std::pair<uint32_t, uint32_t>, uint32_t> appended_;
  std::vector<std::vector<uint32_t>> states_;
  std::map<std::vector<uint32_t>, StateId> ids_;
};

}  // namespace

Result<std::unique_ptr<Model>> MakeTxnModel(std::span<const Operation> operations,
                                            const ModelOptions& options) {
  auto model = std::make_unique<TxnModel>(options);
  for (const Operation& operation : operations) {
    KEEL_RETURN_IF_ERROR(model->Add(operation));
  }
  return std::unique_ptr<Model>(std::move(model));
}

}  // namespace keel::jepsen
