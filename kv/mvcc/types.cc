#include "kv/mvcc/types.h"

namespace keel::kv {

KeyRange PrefixRange(std::string_view prefix) {
  KeyRange range{.begin = std::string(prefix), .end = std::string(prefix)};
  while (!range.end.empty() && static_cast<unsigned char>(range.end.back()) == 0xff) {
    range.end.pop_back();
  }
  if (range.end.empty()) {
    range.end.assign(1, '\0');
    if (range.begin.empty()) range.begin.assign(1, '\0');
    return range;
  }
  range.end.back() = static_cast<char>(static_cast<unsigned char>(range.end.back()) + 1);
  return range;
}

}  // namespace keel::kv
