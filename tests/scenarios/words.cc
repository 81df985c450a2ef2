#include "tests/scenarios/words.h"

#include <sstream>

#include "base/numbers.h"

namespace keel::raft {

Words::Words(std::string_view line) {
  std::istringstream stream{std::string(line)};
  for (std::string word; stream >> word;) words_.push_back(word);
}

bool Words::TakeIf(std::string_view word) {
  if (AtEnd() || words_[next_] != word) return false;
  ++next_;
  return true;
}

std::string Words::Take(std::string_view what) {
  if (!AtEnd()) return words_[next_++];
  Fail(std::string(what) + " is missing");
  return "";
}

uint64_t Words::TakeNumber(std::string_view what) {
  const std::string word = Take(what);
  if (!ok()) return 0;
  const std::optional<uint64_t> value = ParseNumber<uint64_t>(word);
  if (!value.has_value()) Fail("'" + word + "' is not " + std::string(what));
  return value.value_or(0);
}

std::vector<NodeId> Words::TakeNodes() {
  std::vector<NodeId> ids;
  while (!AtEnd() && ParseNumber<uint64_t>(words_[next_]).has_value()) ids.push_back(TakeNode());
  return ids;
}

Link Words::TakeLink() {
  const std::string word = Take("a link");
  const size_t arrow = word.find('>');
  if (arrow != std::string::npos) {
    const auto from = ParseNumber<uint64_t>(std::string_view(word).substr(0, arrow));
    const auto to = ParseNumber<uint64_t>(std::string_view(word).substr(arrow + 1));
    if (from.has_value() && to.has_value()) return {NodeId(*from), NodeId(*to)};
  }
  if (ok()) Fail("'" + word + "' is no link such as 1>2");
  return {};
}

Position Words::TakePosition() {
  const std::string word = Take("a position");
  const size_t colon = word.find(':');
  if (colon != std::string::npos) {
    const auto index = ParseNumber<uint64_t>(std::string_view(word).substr(0, colon));
    const auto term = ParseNumber<uint64_t>(std::string_view(word).substr(colon + 1));
    if (index.has_value() && term.has_value()) return {Index(*index), Term(*term)};
  }
  if (ok()) Fail("'" + word + "' is no position such as 4:2, which is index 4 of term 2");
  return {};
}

std::string Words::TakeRest() {
  std::string rest;
  while (!AtEnd()) {
    if (!rest.empty()) rest += ' ';
    rest += words_[next_++];
  }
  return rest;
}

void Words::Fail(std::string why) {
  if (failure_.empty()) failure_ = std::move(why);
}

}  // namespace keel::raft
