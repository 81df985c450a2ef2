// Reads EDN, strictly: the notation in which Jepsen writes histories and test maps.
//
// All of EDN: nil, booleans, integers with N, reals with M, ratios, characters, strings, keywords,
// symbols, lists, vectors, sets, maps, tags, comments and discards (#_); and of Clojure's printer
// the namespaced map (#:op{...}), metadata (^{...}, skipped), ##Inf and ##NaN. A record's tag, such
// as #jepsen.history.Op{...}, is dropped when a map follows: the map is the value. What is not EDN
// is refused with the line and the column where it is.
//
// The reader borrows the text, which must outlive it. One thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "jepsen/history/value.h"

namespace keel::jepsen {

// Both count from 1; the column counts bytes.
struct Position {
  size_t line = 1;
  size_t column = 1;
};

class EdnReader {
 public:
  explicit EdnReader(std::string_view text);

  // Skips white space, commas, comments and discarded values. OK unless a discarded value is wrong.
  Status SkipBlank();
  [[nodiscard]] bool AtEnd() const { return at_ >= text_.size(); }
  // The next byte; 0 at the end.
  [[nodiscard]] char Peek() const { return AtEnd() ? '\0' : text_[at_]; }
  void Advance() { at_++; }
  [[nodiscard]] size_t offset() const { return at_; }

  // The next value. An end of the text before it is an error.
  Result<Value> Read();

  [[nodiscard]] Position PositionOf(size_t offset) const;
  // "line 3, column 7: `what`".
  [[nodiscard]] Status ErrorAt(size_t offset, std::string_view what) const;

 private:
  Result<Value> ReadForm();
  Result<Value> ReadSequence(ValueKind kind, char close);
  Result<Value> ReadSet();
  Result<Value> ReadMap(std::string_view key_namespace);
  Result<Value> ReadString();
  Result<Value> ReadCharacter();
  Result<Value> ReadDispatch();
  Result<Value> ReadTagged();
  Result<Value> ReadNamespacedMap();
  Result<Value> ReadToken();
  Result<Value> ReadNumber(std::string_view token, size_t start);
  Result<Value> ReadRatio(std::string_view token, size_t start);
  Result<Value> ReadKeyword(std::string_view token, size_t start);
  Status ReadEscape(std::string* out);
  [[nodiscard]] Status RefuseDuplicates(const Value& value, size_t stride, size_t start) const;
  [[nodiscard]] std::string_view TakeToken();

  std::string_view text_;
  std::vector<size_t> line_starts_;
  size_t at_ = 0;
  int depth_ = 0;
};

// The one value that `text` holds.
Result<Value> ParseEdn(std::string_view text);

}  // namespace keel::jepsen
