#include "net/call_counts.h"

#include <algorithm>
#include <variant>

namespace keel::net {

namespace {

constexpr size_t kKindBytesMax = 32;

// It becomes a label, which is a stranger's to choose.
bool IsPlain(std::string_view kind) {
  const auto is_plain = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
           c == '-' || c == '+';
  };
  return !kind.empty() && kind.size() <= kKindBytesMax &&
         std::all_of(kind.begin(), kind.end(), is_plain);
}

}  // namespace

CallCounts::OfMethod* CallCounts::Begin(const MethodTable::Method* method, const Metadata& fields) {
  OfKind* const kind = KindOf(fields);
  const bool is_streaming = method != nullptr && std::holds_alternative<StreamingMethod>(*method);
  ++(is_streaming ? kind->streaming : kind->unary);
  OfMethod* const counts = &methods_[method];
  ++counts->started;
  return counts;
}

CallCounts::OfKind* CallCounts::KindOf(const Metadata& fields) {
  const std::string_view said = fields.Find(kind_field_).value_or(kUnknownKind);
  const auto found = kinds_.find(said);
  if (found != kinds_.end()) return &found->second;
  const bool is_kept = IsPlain(said) && kinds_.size() < kKindsMax;
  return &kinds_[std::string(is_kept ? said : kUnknownKind)];
}

const CallCounts::OfMethod& CallCounts::Of(const MethodTable::Method* method) const {
  static const OfMethod kNever;
  const auto found = methods_.find(method);
  return found == methods_.end() ? kNever : found->second;
}

}  // namespace keel::net
