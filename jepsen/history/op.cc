#include "jepsen/history/op.h"

#include <array>
#include <utility>

namespace keel::jepsen {
namespace {

constexpr std::array<std::pair<EventType, std::string_view>, 4> kTypes = {{
    {EventType::kInvoke, "invoke"},
    {EventType::kOk, "ok"},
    {EventType::kFail, "fail"},
    {EventType::kInfo, "info"},
}};

void AppendNumber(std::string_view name, const std::optional<int64_t>& value, std::string* out) {
  if (value) out->append(name).append(std::to_string(*value));
}

}  // namespace

std::string_view ToString(EventType type) { return kTypes[static_cast<size_t>(type)].second; }

std::optional<EventType> EventTypeOf(std::string_view name) {
  for (const auto& [type, known] : kTypes) {
    if (known == name) return type;
  }
  return std::nullopt;
}

std::string ToEdn(const Event& event) {
  std::string text = "{:process " + event.process.ToString() + ", :type :";
  text.append(ToString(event.type));
  text += ", :f :" + event.f;
  if (event.key) text += ", :key " + event.key->ToString();
  text += ", :value " + event.value.ToString();
  AppendNumber(", :revision ", event.revisions.store, &text);
  AppendNumber(", :mod-revision ", event.revisions.mod, &text);
  AppendNumber(", :term ", event.revisions.term, &text);
  if (!event.revisions.by_key.IsNil()) {
    text += ", :revisions " + event.revisions.by_key.ToString();
  }
  AppendNumber(", :index ", event.index, &text);
  AppendNumber(", :time ", event.time_ns, &text);
  return text + "}";
}

std::string Operation::Describe() const {
  const bool is_ok = outcome == Outcome::kOk;
  const bool reads = f == "read" || f == "get";
  std::string text = f;
  if (key) text += " " + key->ToString();
  if (f == "txn") {
    text += " " + (is_ok && !output.IsNil() ? output : input).ToString();
  } else if (!input.IsNil() && !(reads && is_ok)) {
    text += " " + input.ToString();
  }
  if (outcome == Outcome::kUnknown) return text + " -> ?";
  if (outcome == Outcome::kFailed) return text + " -> failed";
  const bool says_more = f != "txn" && !output.IsNil() && !(output == input);
  if (reads || says_more) text += " -> " + output.ToString();
  if (revisions.store) text += " @" + std::to_string(*revisions.store);
  if (revisions.mod) text += " (mod " + std::to_string(*revisions.mod) + ")";
  return text;
}

}  // namespace keel::jepsen
