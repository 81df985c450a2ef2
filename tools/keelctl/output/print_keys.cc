// Puts, ranges, deletes, transactions and events.
#include "tools/keelctl/output/fields.h"
#include "tools/keelctl/output/json.h"
#include "tools/keelctl/output/printer.h"
#include "tools/keelctl/text/go_text.h"

namespace keel::ctl {
namespace {

std::string SimpleKey(const Style& style, const mvccpb::KeyValue& kv) {
  const auto shown = [&style](const std::string& bytes) {
    return style.hex ? HexEscaped(bytes) : bytes;
  };
  return (style.value_only ? "" : shown(kv.key()) + "\n") + shown(kv.value()) + "\n";
}

template <class Keys>
std::string SimpleKeys(const Style& style, const Keys& keys) {
  std::string out;
  for (const mvccpb::KeyValue& kv : keys) out += SimpleKey(style, kv);
  return out;
}

std::string SimplePut(const Style& style, const pb::PutResponse& answer) {
  return "OK\n" + (answer.has_prev_kv() ? SimpleKey(style, answer.prev_kv()) : "");
}
std::string SimpleDelete(const Style& style, const pb::DeleteRangeResponse& answer) {
  return std::to_string(answer.deleted()) + "\n" + SimpleKeys(style, answer.prev_kvs());
}

std::string SimpleTxn(const Style& style, const pb::TxnResponse& answer) {
  std::string out = answer.succeeded() ? "SUCCESS\n" : "FAILURE\n";
  for (const pb::ResponseOp& op : answer.responses()) {
    out += '\n';
    if (op.has_response_put()) out += SimplePut(style, op.response_put());
    if (op.has_response_range()) out += SimpleKeys(style, op.response_range().kvs());
    if (op.has_response_delete_range()) out += SimpleDelete(style, op.response_delete_range());
    if (op.has_response_txn()) out += SimpleTxn(style, op.response_txn());
  }
  return out;
}

std::string PutFields(const pb::PutResponse& answer) {
  return HeaderFields(answer.header()) +
         (answer.has_prev_kv() ? KeyFields("Prev", answer.prev_kv()) : "");
}
std::string RangeFields(const pb::RangeResponse& answer) {
  std::string out = HeaderFields(answer.header());
  for (const auto& kv : answer.kvs()) out += KeyFields("", kv);
  return out + BoolField("More", answer.more()) + Field("Count", answer.count());
}
std::string DeleteFields(const pb::DeleteRangeResponse& answer) {
  std::string out = HeaderFields(answer.header()) + Field("Deleted", answer.deleted());
  for (const auto& kv : answer.prev_kvs()) out += KeyFields("Prev", kv);
  return out;
}
std::string TxnFields(const pb::TxnResponse& answer) {
  std::string out = HeaderFields(answer.header()) + BoolField("Succeeded", answer.succeeded());
  for (const pb::ResponseOp& op : answer.responses()) {
    if (op.has_response_put()) out += PutFields(op.response_put());
    if (op.has_response_range()) out += RangeFields(op.response_range());
    if (op.has_response_delete_range()) out += DeleteFields(op.response_delete_range());
    if (op.has_response_txn()) out += TxnFields(op.response_txn());
  }
  return out;
}

std::string_view TypeName(const mvccpb::Event& event) {
  return event.type() == mvccpb::Event::DELETE ? "DELETE" : "PUT";
}

std::string SimpleWatch(const Style& style, const pb::WatchResponse& answer) {
  std::string out;
  for (const mvccpb::Event& event : answer.events()) {
    out += std::string(TypeName(event)) + "\n";
    if (event.has_prev_kv()) out += SimpleKey(style, event.prev_kv());
    out += SimpleKey(style, event.kv());
  }
  return out;
}

// A client's own structure, which is printed whole: no field is left out.
std::string JsonWatch(const pb::WatchResponse& answer) {
  JsonArray events;
  for (const mvccpb::Event& event : answer.events()) events.Add(JsonOf(event));
  return JsonObject()
      .Raw("Header", JsonOf(answer.header()))
      .Raw("Events", events.End())
      .Number("CompactRevision", answer.compact_revision())
      .Bool("Canceled", answer.canceled())
      .Bool("Created", answer.created())
      .End();
}

std::string WatchFields(const pb::WatchResponse& answer) {
  std::string out = HeaderFields(answer.header());
  for (const mvccpb::Event& event : answer.events()) {
    out += BareField("Type", TypeName(event));
    if (event.has_prev_kv()) out += KeyFields("Prev", event.prev_kv());
    out += KeyFields("", event.kv());
  }
  return out;
}

}  // namespace

Printed PrintPut(const Style& style, const pb::PutResponse& answer) {
  return Show(style, {.simple = [&] { return SimplePut(style, answer); },
                      .json = [&] { return JsonOf(answer) + "\n"; },
                      .fields = [&] { return PutFields(answer); },
                      .protobuf = [&] { return answer.SerializeAsString(); }});
}

Printed PrintGet(const Style& style, const pb::RangeResponse& answer) {
  return Show(style, {.simple = [&] { return SimpleKeys(style, answer.kvs()); },
                      .json = [&] { return JsonOf(answer) + "\n"; },
                      .fields = [&] { return RangeFields(answer); },
                      .protobuf = [&] { return answer.SerializeAsString(); }});
}

Printed PrintDelete(const Style& style, const pb::DeleteRangeResponse& answer) {
  return Show(style, {.simple = [&] { return SimpleDelete(style, answer); },
                      .json = [&] { return JsonOf(answer) + "\n"; },
                      .fields = [&] { return DeleteFields(answer); },
                      .protobuf = [&] { return answer.SerializeAsString(); }});
}

Printed PrintTxn(const Style& style, const pb::TxnResponse& answer) {
  return Show(style, {.simple = [&] { return SimpleTxn(style, answer); },
                      .json = [&] { return JsonOf(answer) + "\n"; },
                      .fields = [&] { return TxnFields(answer); },
                      .protobuf = [&] { return answer.SerializeAsString(); }});
}

Printed PrintWatch(const Style& style, const pb::WatchResponse& answer) {
  return Show(style, {.simple = [&] { return SimpleWatch(style, answer); },
                      .json = [&] { return JsonWatch(answer) + "\n"; },
                      .fields = [&] { return WatchFields(answer); },
                      .protobuf = [&] { return answer.SerializeAsString(); }});
}

std::string PrefixEnd(std::string prefix) {
  while (!prefix.empty() && prefix.back() == '\xff') prefix.pop_back();
  if (prefix.empty()) return {"\0", 1};
  prefix.back() = static_cast<char>(static_cast<uint8_t>(prefix.back()) + 1);
  return prefix;
}

}  // namespace keel::ctl
