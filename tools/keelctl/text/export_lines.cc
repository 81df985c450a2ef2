#include "tools/keelctl/text/export_lines.h"

#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>

#include <array>
#include <optional>

#include "tools/keelctl/output/json.h"
#include "tools/keelctl/text/go_text.h"
#include "tools/keelctl/text/utf8.h"

namespace keel::ctl {
namespace {

using google::protobuf::Struct;

constexpr int64_t kFormat = 1;
constexpr std::string_view kBase64Digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

bool IsText(std::string_view bytes) {
  while (!bytes.empty()) {
    const CodePoint point = DecodeUtf8(bytes);
    if (!point.valid) return false;
    bytes.remove_prefix(point.bytes);
  }
  return true;
}

std::optional<std::string> FromBase64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  while (text.ends_with('=')) text.remove_suffix(1);
  std::string bytes;
  uint32_t bits = 0;
  int count = 0;
  for (const char digit : text) {
    const size_t value = kBase64Digits.find(digit);
    if (value == std::string_view::npos) return std::nullopt;
    bits = bits << 6 | static_cast<uint32_t>(value);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes.push_back(static_cast<char>(bits >> count));
  }
  return bytes;
}

void AddBytes(JsonObject* object, const std::string& name, const std::string& bytes) {
  if (IsText(bytes)) {
    object->Text(name, bytes);
  } else {
    object->Text(name + "64", Base64(bytes));
  }
}

// The field `name`, or the one with 64 behind its name.
std::optional<std::string> BytesOf(const Struct& object, const std::string& name) {
  if (const auto plain = object.fields().find(name); plain != object.fields().end()) {
    if (!plain->second.has_string_value()) return std::nullopt;
    return plain->second.string_value();
  }
  const auto encoded = object.fields().find(name + "64");
  if (encoded == object.fields().end()) return std::nullopt;
  return FromBase64(encoded->second.string_value());
}

int64_t NumberOf(const Struct& object, const std::string& name) {
  const auto found = object.fields().find(name);
  return found == object.fields().end() ? 0 : static_cast<int64_t>(found->second.number_value());
}

}  // namespace

std::string WriteExportLine(const ExportLine& line) {
  JsonObject object;
  switch (line.kind) {
    case ExportLine::Kind::kHeader:
      object.Number("keel_export", kFormat);
      AddBytes(&object, "prefix", line.prefix);
      object.Number("revision", line.revision).Unsigned("keys", line.key_count);
      break;
    case ExportLine::Kind::kKey:
      AddBytes(&object, "key", line.kv.key());
      AddBytes(&object, "value", line.kv.value());
      object.Number("create_revision", line.kv.create_revision())
          .Number("mod_revision", line.kv.mod_revision())
          .Number("version", line.kv.version())
          .Number("lease", line.kv.lease());
      break;
    case ExportLine::Kind::kEnd:
      object.Bool("end", true).Unsigned("keys", line.key_count);
      break;
  }
  return object.End() + "\n";
}

Result<ExportLine> ParseExportLine(std::string_view text) {
  Struct object;
  if (!google::protobuf::util::JsonStringToMessage(std::string(text), &object).ok()) {
    return InvalidArgument("it is no JSON object");
  }
  ExportLine line;
  if (object.fields().contains("keel_export")) {
    if (NumberOf(object, "keel_export") != kFormat) {
      return InvalidArgument("it is of another format than " + std::to_string(kFormat) +
                             ": use the keelctl that wrote it");
    }
    line.kind = ExportLine::Kind::kHeader;
    line.prefix = BytesOf(object, "prefix").value_or("");
    line.revision = NumberOf(object, "revision");
    line.key_count = static_cast<uint64_t>(NumberOf(object, "keys"));
    return line;
  }
  if (object.fields().contains("end")) {
    line.kind = ExportLine::Kind::kEnd;
    line.key_count = static_cast<uint64_t>(NumberOf(object, "keys"));
    return line;
  }
  const auto key = BytesOf(object, "key");
  const auto value = BytesOf(object, "value");
  if (!key.has_value() || key->empty() || !value.has_value()) {
    return InvalidArgument("it has no key, or no value");
  }
  line.kv.set_key(*key);
  line.kv.set_value(*value);
  line.kv.set_create_revision(NumberOf(object, "create_revision"));
  line.kv.set_mod_revision(NumberOf(object, "mod_revision"));
  line.kv.set_version(NumberOf(object, "version"));
  line.kv.set_lease(NumberOf(object, "lease"));
  return line;
}

}  // namespace keel::ctl
