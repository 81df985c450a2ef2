// One value that is read, written, compared and set, appended to and deleted: the models register,
// cas-register and, key by key, kv.
//
// A state is the value's fingerprint of 122 bits, which an append can go on from without the value:
// values that grow with every append cost no more than small ones.
#include <algorithm>
#include <array>
#include <unordered_map>

#include "jepsen/checker/fingerprint.h"
#include "jepsen/checker/model.h"

namespace keel::jepsen {
namespace {

enum class Action : uint8_t { kRead, kWrite, kCompareAndSet, kAppend, kDelete };

struct Function {
  std::string_view name;
  Action action;
};
constexpr Function kFunctions[] = {
    {"read", Action::kRead},     {"get", Action::kRead},          {"write", Action::kWrite},
    {"put", Action::kWrite},     {"cas", Action::kCompareAndSet}, {"append", Action::kAppend},
    {"delete", Action::kDelete},
};

struct Call {
  Action action = Action::kRead;
  TextFingerprint value;   // what is read, written or appended
  TextFingerprint before;  // what a compare expects
  uint32_t kind = 0;
  uint32_t shown = 0;     // index into texts
  std::string_view text;  // the string that is read or written, in a kv
  // Of a read text, the fingerprints of its beginnings, one every kStride bytes; made when needed.
  std::vector<TextFingerprint> beginnings;
};

class CellModel final : public Model {
 public:
  explicit CellModel(const ModelOptions& options)
      : grows_(options.name == "kv"), has_compare_(options.name != "register") {
    initial_ = Intern(Fingerprint(options.initial), Shown(options.initial));
  }

  Status Add(const Operation& operation) {
    const auto* function = std::find_if(std::begin(kFunctions), std::end(kFunctions),
                                        [&](const Function& f) { return f.name == operation.f; });
    if (function == std::end(kFunctions) || !Has(*function)) return RefuseFunction(operation);
    Call call;
    call.action = function->action;
    const Value* shown = &operation.input;
    if (call.action == Action::kRead) {
      shown = &operation.output;
      call.value = Fingerprint(operation.output);
    } else if (call.action == Action::kCompareAndSet) {
      if (!operation.input.IsPair()) {
        return BadOperation(operation, "a compare-and-set has the value [old new], not " +
                                           operation.input.ToString());
      }
      call.before = Fingerprint(operation.input.items[0]);
      call.value = Fingerprint(operation.input.items[1]);
      shown = &operation.input.items[1];
    } else if (call.action != Action::kDelete) {
      if (shown->IsNil() && operation.outcome == Outcome::kOk) shown = &operation.output;
      call.value = Fingerprint(*shown);
    }
    if (grows_ && shown->kind == ValueKind::kString) call.text = shown->text;
    texts_.push_back(Shown(*shown));
    call.shown = static_cast<uint32_t>(texts_.size() - 1);
    call.kind = KindOf(call);
    calls_.push_back(call);
    return {};
  }

  StateId Initial() override { return initial_; }

  void Step(StateId state, size_t index, std::vector<StateId>* next) override {
    const Call& call = calls_[index];
    const TextFingerprint current = states_[state];
    switch (call.action) {
      case Action::kRead:
        if (current == call.value) next->push_back(state);
        break;
      case Action::kCompareAndSet:
        if (current == call.before) next->push_back(Intern(call.value, texts_[call.shown]));
        break;
      case Action::kWrite:
        next->push_back(Intern(call.value, texts_[call.shown]));
        break;
      case Action::kDelete:
        next->push_back(Intern({}, "nil"));
        break;
      case Action::kAppend:
        next->push_back(Intern(current.Then(call.value), "..." + texts_[call.shown]));
        break;
    }
  }

  uint32_t Kind(size_t call) const override { return calls_[call].kind; }

  bool IsRead(size_t index) const override {
    const Call& call = calls_[index];
    return call.action == Action::kRead ||
           (call.action == Action::kCompareAndSet && call.before == call.value);
  }

  bool DependsOn(size_t a, size_t b) const override {
    const Call& reader = calls_[a];
    const Call& writer = calls_[b];
    if (writer.action == Action::kRead) return false;
    if (appends_) return reader.action == Action::kRead;  // a value tells of all that made it
    if (reader.action == Action::kRead) return reader.value == writer.value;
    return reader.action == Action::kCompareAndSet && reader.before == writer.value;
  }

  bool LooksAhead() const override { return true; }

  bool MayLeadTo(StateId state, size_t read) override {
    Call& call = calls_[read];
    const TextFingerprint& current = states_[state];
    if (current == call.value) return true;
    if (!appends_ || current.length >= call.value.length) return false;
    return current.length == 0 || current == Beginning(&call, current.length);
  }

  bool MayEnable(size_t index, size_t read) const override {
    const Call& call = calls_[index];
    if (call.action == Action::kRead || call.action == Action::kAppend) return false;
    if (call.value == calls_[read].value) return true;
    return appends_ && calls_[read].text.starts_with(call.text);
  }

  std::string Show(StateId state) const override {
    const auto shown = shown_.find(state);
    return "the value is " + (shown == shown_.end() ? "another" : shown->second);
  }

  size_t memory_bytes() const override { return states_.size() * 80; }

 private:
  // In a kv an absent value and an empty one look the same to who reads them as a string.
  [[nodiscard]] TextFingerprint Fingerprint(const Value& value) const {
    if (value.IsNil()) return {};
    if (grows_ && value.kind == ValueKind::kString) return TextFingerprint::Of(value.text);
    return TextFingerprint::Of("\xFF" + value.Canonical());
  }

  static std::string Shown(const Value& value) {
    std::string text = value.ToString();
    return text.size() <= 40 ? text : "..." + text.substr(text.size() - 37);
  }

  [[nodiscard]] bool Has(const Function& function) const {
    switch (function.action) {
      case Action::kRead:
      case Action::kWrite:
        return true;
      case Action::kCompareAndSet:
        return has_compare_;
      case Action::kAppend:
      case Action::kDelete:
        return grows_;
    }
    return false;
  }

  [[nodiscard]] Status RefuseFunction(const Operation& operation) const {
    if (grows_) {
      return BadOperation(operation,
                          "a kv has :get (:read), :put (:write), :append, :delete and :cas");
    }
    return BadOperation(operation, has_compare_
                                       ? "a cas-register has :read, :write and :cas; is another "
                                         "--model meant?"
                                       : "a register has :read and :write; with :cas the model is "
                                         "cas-register");
  }

  // Of the first `length` bytes of what the call has read.
  static TextFingerprint Beginning(Call* call, size_t length) {
    if (length > call->text.size()) return TextFingerprint::Of("\xFF?");  // no string: of nothing
    if (call->beginnings.empty()) {
      TextFingerprint all;
      for (size_t i = 0; i < call->text.size(); i++) {
        if (i % kStride == 0) call->beginnings.push_back(all);
        all.Append(call->text[i]);
      }
      call->beginnings.push_back(all);
    }
    TextFingerprint beginning = call->beginnings[length / kStride];
    if (beginning.length > length) beginning = call->beginnings[length / kStride - 1];
    for (size_t i = beginning.length; i < length; i++) beginning.Append(call->text[i]);
    return beginning;
  }

  uint32_t KindOf(const Call& call) {
    if (call.action == Action::kAppend) appends_ = true;
    std::string text(1, static_cast<char>(call.action));
    text += call.value.ToKey() + call.before.ToKey();
    return kinds_.try_emplace(text, static_cast<uint32_t>(kinds_.size())).first->second;
  }

  StateId Intern(const TextFingerprint& value, const std::string& shown) {
    const auto id = static_cast<StateId>(states_.size());
    const auto [found, is_new] = ids_.try_emplace(value, id);
    if (is_new) {
      states_.push_back(value);
      if (shown_.size() < kShownMax) shown_.emplace(id, shown);
    }
    return found->second;
  }

  static constexpr size_t kShownMax = 4096;
  static constexpr size_t kStride = 64;

  bool grows_;
  bool has_compare_;
  bool appends_ = false;
  std::vector<Call> calls_;
  std::vector<std::string> texts_;
  std::unordered_map<std::string, uint32_t> kinds_;
  std::vector<TextFingerprint> states_;
  std::unordered_map<TextFingerprint, StateId, TextFingerprint::Hash> ids_;
  std::unordered_map<StateId, std::string> shown_;
  StateId initial_ = 0;
};

}  // namespace

Result<std::unique_ptr<Model>> MakeCellModel(std::span<const Operation> operations,
                                             const ModelOptions& options) {
  auto model = std::make_unique<CellModel>(options);
  for (const Operation& operation : operations) {
    KEEL_RETURN_IF_ERROR(model->Add(operation));
  }
  return std::unique_ptr<Model>(std::move(model));
}

}  // namespace keel::jepsen
