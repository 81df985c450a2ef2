#include "tests/jepsen/generate.h"

#include <optional>

#include "tests/jepsen/naive.h"

namespace keel::jepsen {
namespace {

struct Call {
  std::string f;
  Value input;
  std::optional<Value> key;
};

Value RandomKey(const Shape& shape, Prng* prng) {
  return Value::Integer(static_cast<int64_t>(prng->Below(shape.key_count)));
}

Value Small(Prng* prng) { return Value::Integer(static_cast<int64_t>(prng->Below(3))); }

class Generator {
 public:
  Generator(const Shape& shape, Prng* prng) : shape_(shape), prng_(prng), object_(shape.model) {}

  std::vector<Event> Run() {
    processes_.resize(shape_.process_count);
    for (size_t i = 0; i < processes_.size(); i++) processes_[i].id = static_cast<int64_t>(i);
    while (started_ < shape_.operation_count || HasOpen()) {
      Process& process = processes_[prng_->Below(processes_.size())];
      switch (process.stage) {
        case Stage::kIdle:
          if (started_ < shape_.operation_count) Start(&process);
          break;
        case Stage::kCalled:
          Apply(&process);
          break;
        case Stage::kApplied:
          Answer(&process);
          break;
      }
    }
    return std::move(events_);
  }

 private:
  enum class Stage : uint8_t { kIdle, kCalled, kApplied };
  struct Process {
    int64_t id = 0;
    Stage stage = Stage::kIdle;
    Call call;
    std::optional<Value> answer;
    bool is_lost = false;
  };

  [[nodiscard]] bool HasOpen() const {
    for (const Process& process : processes_) {
      if (process.stage != Stage::kIdle) return true;
    }
    return false;
  }

  void Start(Process* process) {
    started_++;
    process->call = RandomCall();
    process->stage = Stage::kCalled;
    Write(*process, EventType::kInvoke, process->call.input);
  }

  void Apply(Process* process) {
    process->is_lost = prng_->Chance(1, 6);
    process->answer = std::nullopt;
    process->stage = Stage::kApplied;
    if (process->is_lost && prng_->OneIn(2)) return;  // it never takes effect
    process->answer =
        object_.Do(process->call.f, process->call.key.value_or(Value()), process->call.input);
  }

  void Answer(Process* process) {
    process->stage = Stage::kIdle;
    if (process->is_lost) {
      if (prng_->OneIn(2)) Write(*process, EventType::kInfo, process->call.input);
      process->id += 100;  // it has crashed; another takes its place
    } else if (!process->answer) {
      Write(*process, EventType::kFail, process->call.input);
    } else {
      Write(*process, EventType::kOk, *process->answer);
    }
  }

  void Write(const Process& process, EventType type, const Value& value) {
    Event event;
    event.process = Value::Integer(process.id);
    event.type = type;
    event.f = process.call.f;
    event.key = process.call.key;
    event.value = value;
    events_.push_back(std::move(event));
  }

  Call RandomCall() {
    const uint64_t die = prng_->Below(10);
    const std::string& model = shape_.model;
    if (model == "mutex") return {.f = die < 5 ? "acquire" : "release", .input = {}, .key = {}};
    if (model == "set") return RandomOfSet(die);
    if (model == "kv") return RandomOfKv(die);
    if (model == "multi-register" || model == "append") return RandomTxn();
    if (die < 5) return {.f = "read", .input = {}, .key = {}};
    if (die < 8 || model == "register") return {.f = "write", .input = Small(prng_), .key = {}};
    return {.f = "cas", .input = Value::Vector({Small(prng_), Small(prng_)}), .key = {}};
  }

  Call RandomOfSet(uint64_t die) {
    if (die < 4) return {.f = "read", .input = {}, .key = {}};
    if (!shape_.has_removes) return {.f = "add", .input = Value::Integer(unique_++), .key = {}};
    return {.f = die < 8 ? "add" : "remove", .input = Small(prng_), .key = {}};
  }

  Call RandomOfKv(uint64_t die) {
    const Value key = RandomKey(shape_, prng_);
    if (die < 4) return {.f = "get", .input = {}, .key = key};
    if (die < 5) return {.f = "delete", .input = {}, .key = key};
    const Value text = Value::String(std::string(1, static_cast<char>('a' + prng_->Below(3))));
    return {.f = die < 7 ? "put" : "append", .input = text, .key = key};
  }

  Call RandomTxn() {
    std::vector<Value> parts;
    for (uint64_t left = prng_->Between(1, 3); left > 0; left--) {
      const bool reads = prng_->OneIn(2);
      const bool appends = shape_.model == "append";
      const Value value = reads ? Value() : appends ? Value::Integer(unique_++) : Small(prng_);
      parts.push_back(Value::Vector({Value::Keyword(reads     ? "r"
                                                    : appends ? "append"
                                                              : "w"),
                                     RandomKey(shape_, prng_), value}));
    }
    return {.f = "txn", .input = Value::Vector(std::move(parts)), .key = {}};
  }

  const Shape& shape_;
  Prng* prng_;
  NaiveObject object_;
  std::vector<Process> processes_;
  std::vector<Event> events_;
  size_t started_ = 0;
  int64_t unique_ = 0;
};

// Another answer of the same kind.
void Lie(Value* value, Prng* prng) {
  switch (value->kind) {
    case ValueKind::kInteger:
      value->integer = static_cast<int64_t>(prng->Below(3));
      break;
    case ValueKind::kString:
      if (!value->text.empty() && prng->OneIn(2))
        value->text.pop_back();
      else
        value->text += static_cast<char>('a' + prng->Below(3));
      break;
    case ValueKind::kSet:
    case ValueKind::kVector:
      if (value->items.empty()) break;
      if (prng->OneIn(2) || value->IsSet()) {
        value->items.pop_back();
      } else {
        std::swap(value->items[prng->Below(value->items.size())], value->items.back());
      }
      break;
    default:
      break;
  }
}

void LieInTxn(Value* txn, Prng* prng) {
  Value& part = txn->items[prng->Below(txn->items.size())];
  if (part.items[0].text == "r") Lie(&part.items[2], prng);
}

}  // namespace

std::vector<Event> Generate(const Shape& shape, Prng* prng) { return Generator(shape, prng).Run(); }

void Mutate(const Shape& shape, std::vector<Event>* events, Prng* prng) {
  if (events->empty()) return;
  for (uint64_t left = prng->Between(2, 6); left > 0; left--) {
    const size_t at = prng->Below(events->size());
    Event& event = (*events)[at];
    if (prng->OneIn(3) && at + 1 < events->size() &&
        !(event.process == (*events)[at + 1].process)) {
      std::swap(event, (*events)[at + 1]);
    } else if (event.type == EventType::kOk && event.f == "txn") {
      LieInTxn(&event.value, prng);
    } else if (event.type == EventType::kOk && (event.f == "read" || event.f == "get")) {
      Lie(&event.value, prng);
    } else if (event.type == EventType::kOk && shape.model == "mutex") {
      event.type = prng->OneIn(2) ? EventType::kInfo : EventType::kFail;
    } else if (event.type == EventType::kFail && prng->OneIn(4)) {
      event.type = EventType::kOk;
    }
  }
}

}  // namespace keel::jepsen
