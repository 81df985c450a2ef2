#include "jepsen/history/history.h"

#include <algorithm>
#include <unordered_map>

#include "jepsen/history/edn_reader.h"
#include "jepsen/history/log_lines.h"

namespace keel::jepsen {
namespace {

constexpr std::string_view kShape =
    "an operation is a map such as {:process 0, :type :invoke, :f :read, :value nil}";

// A vector of vectors that begin with a keyword: [[:append 1 2] [:r 1 nil]].
bool IsTransaction(const Value* value) {
  if (value == nullptr || !value->IsSequence() || value->items.empty()) return false;
  return std::all_of(value->items.begin(), value->items.end(), [](const Value& part) {
    return part.IsSequence() && part.items.size() > 1 && part.items[0].kind == ValueKind::kKeyword;
  });
}

// Reads one map as an event; keeps where it began, for the words of an error.
class EventReader {
 public:
  EventReader(const EdnReader& reader, size_t offset) : reader_(reader), offset_(offset) {}

  Result<Event> Read(const Value& map) const {
    if (!map.IsMap()) {
      return Refuse(std::string(kShape) + ", not " + map.ToString().substr(0, 40));
    }
    Event event;
    event.line = reader_.PositionOf(offset_).line;
    KEEL_RETURN_IF_ERROR(ReadProcess(map, &event));
    KEEL_RETURN_IF_ERROR(ReadType(map, &event));
    KEEL_RETURN_IF_ERROR(ReadFunction(map, &event));
    if (const Value* value = map.Find("value")) event.value = *value;
    if (const Value* key = map.Find("key")) event.key = *key;
    if (const Value* by_key = map.Find("revisions")) event.revisions.by_key = *by_key;
    KEEL_RETURN_IF_ERROR(ReadInteger(map, "index", &event.index));
    KEEL_RETURN_IF_ERROR(ReadInteger(map, "time", &event.time_ns));
    KEEL_RETURN_IF_ERROR(ReadInteger(map, "revision", &event.revisions.store));
    KEEL_RETURN_IF_ERROR(ReadInteger(map, "mod-revision", &event.revisions.mod));
    KEEL_RETURN_IF_ERROR(ReadInteger(map, "term", &event.revisions.term));
    return event;
  }

 private:
  Status ReadProcess(const Value& map, Event* event) const {
    const Value* process = map.Find("process");
    if (process == nullptr) return Refuse(":process is missing: " + std::string(kShape));
    if (!process->IsInteger() && process->kind != ValueKind::kKeyword &&
        process->kind != ValueKind::kString && process->kind != ValueKind::kSymbol) {
      return Refuse(":process is a number, a name or :nemesis, not " + process->ToString());
    }
    event->process = *process;
    return {};
  }

  Status ReadType(const Value& map, Event* event) const {
    const Value* type = map.Find("type");
    if (type == nullptr) return Refuse(":type is missing: " + std::string(kShape));
    const auto known =
        type->kind == ValueKind::kKeyword ? EventTypeOf(type->text) : std::optional<EventType>();
    if (!known) return Refuse(":type is :invoke, :ok, :fail or :info, not " + type->ToString());
    event->type = *known;
    return {};
  }

  Status ReadFunction(const Value& map, Event* event) const {
    const Value* f = map.Find("f");
    const bool is_name =
        f != nullptr && (f->kind == ValueKind::kKeyword || f->kind == ValueKind::kString ||
                         f->kind == ValueKind::kSymbol);
    if (is_name) {
      event->f = f->text;
    } else if (f == nullptr && IsTransaction(map.Find("value"))) {
      event->f = "txn";  // as Elle writes them
    } else if (event->IsOfClient()) {
      return Refuse(f == nullptr ? ":f is missing: " + std::string(kShape)
                                 : ":f is a keyword such as :read, not " + f->ToString());
    }
    return {};
  }

  Status ReadInteger(const Value& map, std::string_view name, std::optional<int64_t>* out) const {
    const Value* value = map.Find(name);
    if (value == nullptr || value->IsNil()) return {};
    if (!value->IsInteger()) {
      if (name == "time") return {};  // some write it as a real; only charts need it
      return Refuse(":" + std::string(name) + " is a whole number, not " + value->ToString());
    }
    *out = value->integer;
    return {};
  }

  [[nodiscard]] Status Refuse(const std::string& what) const {
    return reader_.ErrorAt(offset_, what);
  }

  const EdnReader& reader_;
  size_t offset_;
};

// Maps, either all in one vector or one after another.
class EdnHistoryReader {
 public:
  explicit EdnHistoryReader(std::string_view text) : reader_(text) {}

  Result<std::vector<Event>> ReadAll() {
    KEEL_RETURN_IF_ERROR(reader_.SkipBlank());
    while (!reader_.AtEnd()) {
      KEEL_RETURN_IF_ERROR(reader_.Peek() == '[' || reader_.Peek() == '(' ? ReadEnclosed()
                                                                          : ReadOne());
      KEEL_RETURN_IF_ERROR(reader_.SkipBlank());
    }
    return std::move(events_);
  }

 private:
  // One by one, so that a long history is never in memory twice.
  Status ReadEnclosed() {
    const size_t start = reader_.offset();
    const char close = reader_.Peek() == '[' ? ']' : ')';
    reader_.Advance();
    for (;;) {
      KEEL_RETURN_IF_ERROR(reader_.SkipBlank());
      if (reader_.AtEnd()) {
        return reader_.ErrorAt(start, std::string("opened here and never closed by '") + close +
                                          "': is the file cut off?");
      }
      if (reader_.Peek() == close) break;
      KEEL_RETURN_IF_ERROR(ReadOne());
    }
    reader_.Advance();
    return {};
  }

  Status ReadOne() {
    const size_t start = reader_.offset();
    auto map = reader_.Read();
    if (!map.ok()) return map.status();
    auto event = EventReader(reader_, start).Read(*map);
    if (!event.ok()) return event.status();
    events_.push_back(*std::move(event));
    return {};
  }

  EdnReader reader_;
  std::vector<Event> events_;
};

void OrderByIndex(std::vector<Event>* events) {
  for (const Event& event : *events) {
    if (!event.index) return;
  }
  std::stable_sort(events->begin(), events->end(),
                   [](const Event& a, const Event& b) { return *a.index < *b.index; });
}

// EDN begins with a bracket, a record's tag or a comment; a log with a level or a date.
bool IsEdn(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  const size_t first = text.find_first_not_of(" \t\r\n,");
  if (first == std::string_view::npos) return true;
  return std::string_view("[({#;^\"").find(text[first]) != std::string_view::npos;
}

class Pairing {
 public:
  Result<PairedHistory> Pair(const History& history) {
    paired_.notation = history.notation;
    paired_.event_count = history.events.size();
    for (size_t place = 0; place < history.events.size(); place++) {
      const Event& event = history.events[place];
      if (!event.IsOfClient()) continue;
      if (event.type == EventType::kInvoke) {
        Call(event, place);
      } else {
        KEEL_RETURN_IF_ERROR(Answer(event, place));
      }
    }
    return std::move(paired_);
  }

 private:
  void Call(const Event& event, size_t place) {
    const std::string process = event.process.ToString();
    if (const auto open = open_.find(process); open != open_.end()) {
      const Operation& crashed = paired_.operations[open->second];
      paired_.warnings.push_back(
          "line " + std::to_string(event.line) + ": process " + process +
          " calls again while its " + crashed.f + " of line " + std::to_string(crashed.call_line) +
          " is unanswered: taken for a crash, the outcome of that " + crashed.f + " as unknown");
    }
    open_[process] = paired_.operations.size();
    paired_.operations.push_back({.process = process,
                                  .f = event.f,
                                  .input = event.value,
                                  .output = {},
                                  .key = event.key,
                                  .outcome = Outcome::kUnknown,
                                  .revisions = {},
                                  .called = place,
                                  .call_line = event.line,
                                  .call_time_ns = event.time_ns,
                                  .answer_time_ns = std::nullopt});
  }

  Status Answer(const Event& event, size_t place) {
    const std::string process = event.process.ToString();
    const auto open = open_.find(process);
    if (open == open_.end()) {
      if (event.type == EventType::kInfo) return {};  // a remark, not an answer
      return Refuse(event, "answers a call that process " + process +
                               " has not made: every :ok and :fail needs an :invoke before it");
    }
    Operation& operation = paired_.operations[open->second];
    if (operation.f != event.f) {
      return Refuse(event, "process " + process + " called :" + operation.f + " on line " +
                               std::to_string(operation.call_line) +
                               " and is answered about :" + event.f);
    }
    open_.erase(open);
    operation.answer_line = event.line;
    operation.answer_time_ns = event.time_ns;
    if (event.type == EventType::kInfo) return {};
    operation.outcome = event.type == EventType::kOk ? Outcome::kOk : Outcome::kFailed;
    operation.answered = place;
    operation.revisions = event.revisions;
    if (event.type == EventType::kOk) operation.output = event.value;
    if (!operation.key) operation.key = event.key;
    return {};
  }

  static Status Refuse(const Event& event, const std::string& what) {
    return InvalidArgument("line " + std::to_string(event.line) + ", column 1: " + what);
  }

  PairedHistory paired_;
  std::unordered_map<std::string, size_t> open_;  // by process, its unanswered operation
};

}  // namespace

Result<History> ParseHistory(std::string_view text) {
  History history;
  history.notation = IsEdn(text) ? Notation::kEdn : Notation::kLogLines;
  auto events =
      history.notation == Notation::kEdn ? EdnHistoryReader(text).ReadAll() : ParseLogLines(text);
  if (!events.ok()) return events.status();
  history.events = *std::move(events);
  OrderByIndex(&history.events);
  return history;
}

Result<PairedHistory> PairOperations(const History& history) { return Pairing().Pair(history); }

}  // namespace keel::jepsen
