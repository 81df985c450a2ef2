#include "jepsen/history/log_lines.h"

#include <cctype>
#include <optional>
#include <string>

#include "jepsen/history/edn_reader.h"

namespace keel::jepsen {
namespace {

constexpr std::string_view kLogger = "jepsen.util";

Status ErrorAt(size_t line, size_t column, std::string_view what) {
  return InvalidArgument("line " + std::to_string(line) + ", column " + std::to_string(column) +
                         ": " + std::string(what));
}

size_t SkipBlanks(std::string_view text, size_t at) {
  while (at < text.size() && (text[at] == ' ' || text[at] == '\t')) at++;
  return at;
}

std::string_view WordAt(std::string_view text, size_t at) {
  size_t end = at;
  while (end < text.size() && text[end] != ' ' && text[end] != '\t') end++;
  return text.substr(at, end - at);
}

// Where the process begins in a line that Jepsen's logger wrote; npos in any other line.
size_t FindProcess(std::string_view line) {
  const size_t logger = line.find(kLogger);
  if (logger == std::string_view::npos) return logger;
  size_t at = SkipBlanks(line, logger + kLogger.size());
  if (at < line.size() && line[at] == '-' && SkipBlanks(line, at + 1) > at + 1) {
    at = SkipBlanks(line, at + 1);
  }
  const std::string_view process = WordAt(line, at);
  const bool is_process = !process.empty() && (process[0] == ':' || std::isdigit(process[0]) != 0);
  const std::string_view type = WordAt(line, SkipBlanks(line, at + process.size()));
  // A process and no type: some other remark.
  return is_process && type.starts_with(':') ? at : std::string_view::npos;
}

class LineReader {
 public:
  LineReader(std::string_view line, size_t number, size_t at)
      : line_(line), number_(number), at_(at) {}

  Result<Event> Read() {
    Event event;
    event.line = number_;
    auto process = Next();
    if (!process.ok()) return process.status();
    event.process = *std::move(process);
    const size_t type_at = SkipBlanks(line_, at_);
    auto type = Next();
    if (!type.ok()) return type.status();
    const auto known = EventTypeOf(type->text);
    if (!known && !event.IsOfClient()) return event;  // the nemesis may say what it likes
    if (!known) {
      return ErrorAt(number_, type_at + 1,
                     "the type is :invoke, :ok, :fail or :info, not " + type->ToString());
    }
    event.type = *known;
    if (!event.IsOfClient()) return event;
    const size_t f_at = SkipBlanks(line_, at_);
    auto f = Next();
    if (!f.ok()) return f.status();
    if (f->kind != ValueKind::kKeyword) {
      return ErrorAt(number_, f_at + 1,
                     "a function such as :read is expected after the type, not " + f->ToString());
    }
    event.f = f->text;
    if (SkipBlanks(line_, at_) >= line_.size()) return event;  // no value: nil
    auto value = Next();
    if (!value.ok()) return value.status();
    event.value = *std::move(value);
    return event;
  }

 private:
  Result<Value> Next() {
    const size_t start = SkipBlanks(line_, at_);
    if (start >= line_.size()) {
      return ErrorAt(number_, start + 1,
                     "the line ends early: process, type, function and value are expected, parted "
                     "by tabs");
    }
    EdnReader reader(line_.substr(start));
    auto value = reader.Read();
    if (!value.ok()) {
      // The reader has seen the line's rest only: its words are told of where it began.
      const Status failure = value.status();
      const std::string_view words = failure.message();
      return ErrorAt(number_, start + 1, words.substr(words.find(": ") + 2));
    }
    at_ = start + reader.offset();
    return value;
  }

  std::string_view line_;
  size_t number_;
  size_t at_;
};

}  // namespace

Result<std::vector<Event>> ParseLogLines(std::string_view text) {
  std::vector<Event> events;
  size_t number = 0;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    number++;
    if (line.ends_with('\r')) line.remove_suffix(1);
    const size_t process = FindProcess(line);
    if (process == std::string_view::npos) continue;
    auto event = LineReader(line, number, process).Read();
    if (!event.ok()) return event.status();
    events.push_back(*std::move(event));
  }
  if (events.empty()) {
    return ErrorAt(1, 1,
                   "no operations here: give EDN maps, or log lines such as "
                   "\"INFO  jepsen.util - 4\\t:invoke\\t:read\\tnil\"");
  }
  return events;
}

}  // namespace keel::jepsen
