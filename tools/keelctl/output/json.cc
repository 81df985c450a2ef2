#include "tools/keelctl/output/json.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "tools/keelctl/text/go_text.h"
#include "tools/keelctl/text/units.h"
#include "tools/keelctl/text/utf8.h"

namespace keel::ctl {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::OneofDescriptor;

// What came after release 3.5 of etcd's clients, which print what they know.
constexpr std::array<std::string_view, 5> kLaterFields = {
    "etcdserverpb.StatusResponse.storageVersion", "etcdserverpb.StatusResponse.dbSizeQuota",
    "etcdserverpb.StatusResponse.downgradeInfo", "etcdserverpb.HashKVResponse.hash_revision",
    "etcdserverpb.SnapshotResponse.version"};

std::string CamelCase(std::string_view name) {
  std::string out;
  bool upper = true;
  for (const char c : name) {
    if (c == '_') {
      upper = true;
      continue;
    }
    out.push_back(upper && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c);
    upper = false;
  }
  return out;
}

void Append(std::string* body, std::string_view name, std::string_view json) {
  if (!body->empty()) *body += ',';
  *body += JsonString(name);
  *body += ':';
  *body += json;
}

// One value; `index` is the position in a repeated field, or -1.
std::string ValueOf(const Message& message, const FieldDescriptor* field, int index) {
  const auto* read = message.GetReflection();
  const bool repeated = index >= 0;
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return JsonOf(repeated ? read->GetRepeatedMessage(message, field, index)
                             : read->GetMessage(message, field));
    case FieldDescriptor::CPPTYPE_STRING: {
      const std::string text = repeated ? read->GetRepeatedString(message, field, index)
                                        : read->GetString(message, field);
      return field->type() == FieldDescriptor::TYPE_BYTES ? "\"" + Base64(text) + "\""
                                                          : JsonString(text);
    }
    case FieldDescriptor::CPPTYPE_BOOL:
      return read->GetBool(message, field) ? "true" : "false";
    case FieldDescriptor::CPPTYPE_ENUM:
      return std::to_string(repeated ? read->GetRepeatedEnumValue(message, field, index)
                                     : read->GetEnumValue(message, field));
    case FieldDescriptor::CPPTYPE_INT64:
      return std::to_string(repeated ? read->GetRepeatedInt64(message, field, index)
                                     : read->GetInt64(message, field));
    case FieldDescriptor::CPPTYPE_UINT64:
      return std::to_string(repeated ? read->GetRepeatedUInt64(message, field, index)
                                     : read->GetUInt64(message, field));
    case FieldDescriptor::CPPTYPE_UINT32:
      return std::to_string(read->GetUInt32(message, field));
    case FieldDescriptor::CPPTYPE_INT32:
      return std::to_string(read->GetInt32(message, field));
    default:
      return "null";  // no message of the API has floating numbers
  }
}

void AppendField(const Message& message, const FieldDescriptor* field, std::string* body) {
  if (std::find(kLaterFields.begin(), kLaterFields.end(), field->full_name()) !=
      kLaterFields.end()) {
    return;
  }
  const auto* read = message.GetReflection();
  if (field->is_repeated()) {
    JsonArray array;
    const int size = read->FieldSize(message, field);
    for (int i = 0; i < size; ++i) array.Add(ValueOf(message, field, i));
    if (size > 0) Append(body, field->name(), array.End());
    return;
  }
  if (!read->HasField(message, field)) return;
  const std::string value = ValueOf(message, field, -1);
  if (const OneofDescriptor* oneof = field->real_containing_oneof(); oneof != nullptr) {
    Append(body, CamelCase(oneof->name()), JsonObject().Raw(field->name(), value).End());
  } else {
    Append(body, field->name(), value);
  }
}

}  // namespace

std::string JsonString(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out = "\"";
  while (!text.empty()) {
    const CodePoint point = DecodeUtf8(text);
    const uint32_t value = point.value;
    const bool html = value == '<' || value == '>' || value == '&';
    if (!point.valid) {
      out += "\\ufffd";
    } else if (value == '"' || value == '\\') {
      out += '\\';
      out += static_cast<char>(value);
    } else if (value == '\n' || value == '\r' || value == '\t') {
      out += value == '\n' ? "\\n" : value == '\r' ? "\\r" : "\\t";
    } else if (value < 0x20 || html) {
      out += "\\u00";
      out += kDigits[value >> 4U];
      out += kDigits[value & 0xFU];
    } else if (value == 0x2028 || value == 0x2029) {
      out += value == 0x2028 ? "\\u2028" : "\\u2029";
    } else {
      out.append(text.substr(0, point.bytes));
    }
    text.remove_prefix(point.bytes);
  }
  return out += '"';
}

std::string JsonOf(const Message& message) { return JsonObject().Fields(message).End(); }

JsonObject& JsonObject::Text(std::string_view name, std::string_view value) {
  Append(&body_, name, JsonString(value));
  return *this;
}
JsonObject& JsonObject::Number(std::string_view name, int64_t value) {
  Append(&body_, name, std::to_string(value));
  return *this;
}
JsonObject& JsonObject::Unsigned(std::string_view name, uint64_t value) {
  Append(&body_, name, std::to_string(value));
  return *this;
}
JsonObject& JsonObject::Real(std::string_view name, double value) {
  Append(&body_, name, std::isfinite(value) ? Fixed(value, 3) : "null");
  return *this;
}
JsonObject& JsonObject::Bool(std::string_view name, bool value) {
  Append(&body_, name, value ? "true" : "false");
  return *this;
}
JsonObject& JsonObject::Raw(std::string_view name, std::string_view json) {
  Append(&body_, name, json);
  return *this;
}
JsonObject& JsonObject::Fields(const Message& message) {
  const Descriptor* type = message.GetDescriptor();
  for (int i = 0; i < type->field_count(); ++i) AppendField(message, type->field(i), &body_);
  return *this;
}

JsonArray& JsonArray::Add(std::string_view json) {
  if (!body_.empty()) body_ += ',';
  body_ += json;
  return *this;
}

}  // namespace keel::ctl
