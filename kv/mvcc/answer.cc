#include "kv/mvcc/answer.h"

#include "kv/mvcc/archive.h"

namespace keel::kv {

bool operator==(const TxnResult& a, const TxnResult& b) {
  return a.succeeded == b.succeeded && a.results == b.results;
}

template <class T, class Named>
concept IsAnswer = std::is_same_v<std::remove_const_t<T>, Named>;

namespace {
constexpr uint8_t kOutcomeFormat = 1;
constexpr auto kErrorGreatest = KvError::kTooManyPrefixRules;
}  // namespace

template <class Archive>
void Visit(Archive& a, IsAnswer<RangeResult> auto& v) {
  a.Limited(v.error, kErrorGreatest);
  a.Many(v.kvs);
  a(v.count);
  a(v.more);
}

template <class Archive>
void Visit(Archive& a, IsAnswer<PutResult> auto& v) {
  bool has_previous = v.previous.has_value();
  a(has_previous);
  if (!has_previous) return;
  if constexpr (Archive::kDecoding) v.previous.emplace();
  Visit(a, *v.previous);
}

template <class Archive>
void Visit(Archive& a, IsAnswer<DeleteRangeResult> auto& v) {
  a(v.deleted);
  a.Many(v.previous);
}

template <class Archive>
void Visit(Archive& a, IsAnswer<NestedTxnResult> auto& v);

template <class Archive>
void Visit(Archive& a, IsAnswer<TxnResult> auto& v) {
  if (!a.Enter()) return;
  a(v.succeeded);
  a.Many(v.results);
  a.Leave();
}

template <class Archive>
void Visit(Archive& a, IsAnswer<NestedTxnResult> auto& v) {
  if constexpr (Archive::kDecoding) v.txn.resize(1);
  Visit(a, v.txn.front());
}

template <class Archive>
void Visit(Archive& a, IsAnswer<LeaseResult> auto& v) {
  a(v.id);
  a(v.ttl_s);
}

template <class Archive>
void Visit(Archive& a, IsAnswer<Outcome> auto& v) {
  a.Limited(v.error, kErrorGreatest);
  a(v.revision);
  a.OneOf(v.answer);
}

std::string EncodeOutcome(const Outcome& outcome) {
  std::string out(1, static_cast<char>(kOutcomeFormat));
  Encoder encoder(&out);
  Visit(encoder, outcome);
  return out;
}

std::optional<Outcome> DecodeOutcome(std::string_view bytes) {
  if (bytes.empty() || bytes[0] != static_cast<char>(kOutcomeFormat)) return std::nullopt;
  Outcome outcome;
  Decoder decoder(bytes.substr(1));
  Visit(decoder, outcome);
  if (!decoder.Finished()) return std::nullopt;
  return outcome;
}

}  // namespace keel::kv
