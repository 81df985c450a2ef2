#include "net/metadata.h"

#include <algorithm>
#include <array>

namespace keel::net {

namespace {

constexpr std::string_view kDigits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::array<int8_t, 256> MakeValues() {
  std::array<int8_t, 256> values{};
  for (int8_t& value : values) value = -1;
  for (size_t i = 0; i < kDigits.size(); ++i) {
    values[static_cast<uint8_t>(kDigits[i])] = static_cast<int8_t>(i);
  }
  return values;
}
constexpr std::array<int8_t, 256> kValues = MakeValues();

bool IsNameByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

bool IsValueByte(char c) { return c >= 0x20 && c <= 0x7e; }

// Names that the transport itself writes.
constexpr std::array<std::string_view, 6> kReserved = {
    "content-type", "te", "user-agent", "connection", "transfer-encoding", "host"};

}  // namespace

void Metadata::Add(Field field) {
  entries_.push_back({static_cast<uint32_t>(text_.size()), static_cast<uint32_t>(field.name.size()),
                      static_cast<uint32_t>(field.value.size())});
  text_.append(field.name).append(field.value);
}

void Metadata::AddBinary(Field field) { Add({field.name, EncodeBase64(field.value)}); }

void Metadata::Clear() {
  text_.clear();
  entries_.clear();
}

Metadata::Field Metadata::operator[](size_t position) const {
  const Entry& entry = entries_[position];
  const std::string_view text(text_);
  return {text.substr(entry.begin, entry.name_bytes),
          text.substr(entry.begin + entry.name_bytes, entry.value_bytes)};
}

std::optional<std::string_view> Metadata::Find(std::string_view name) const {
  for (size_t i = 0; i < size(); ++i) {
    if (const Field field = (*this)[i]; field.name == name) return field.value;
  }
  return std::nullopt;
}

std::optional<std::string> Metadata::FindBinary(std::string_view name) const {
  const std::optional<std::string_view> value = Find(name);
  return value ? DecodeBase64(*value) : std::nullopt;
}

bool Metadata::MaySend(Field field) {
  if (field.name.empty() || field.name.starts_with("grpc-")) return false;
  if (std::find(kReserved.begin(), kReserved.end(), field.name) != kReserved.end()) return false;
  if (field.value.starts_with(' ') || field.value.ends_with(' ')) return false;
  return std::all_of(field.name.begin(), field.name.end(), IsNameByte) &&
         std::all_of(field.value.begin(), field.value.end(), IsValueByte);
}

bool operator==(const Metadata& a, const Metadata& b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i].name != b[i].name || a[i].value != b[i].value) return false;
  }
  return true;
}

std::string EncodeBase64(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() * 4 + 2) / 3);
  uint32_t bits = 0;
  uint32_t held = 0;
  for (const char byte : bytes) {
    bits = (bits << 8) | static_cast<uint8_t>(byte);
    held += 8;
    while (held >= 6) {
      held -= 6;
      text.push_back(kDigits[(bits >> held) & 63]);
    }
  }
  if (held > 0) text.push_back(kDigits[(bits << (6 - held)) & 63]);
  return text;
}

std::optional<std::string> DecodeBase64(std::string_view text) {
  if (text.size() % 4 == 0) {
    if (text.ends_with('=')) text.remove_suffix(1);
    if (text.ends_with('=')) text.remove_suffix(1);
  }
  if (text.size() % 4 == 1) return std::nullopt;
  std::string bytes;
  bytes.reserve(text.size() * 3 / 4);
  uint32_t bits = 0;
  uint32_t held = 0;
  for (const char digit : text) {
    const int8_t value = kValues[static_cast<uint8_t>(digit)];
    if (value < 0) return std::nullopt;
    bits = (bits << 6) | static_cast<uint32_t>(value);
    held += 6;
    if (held >= 8) {
      held -= 8;
      bytes.push_back(static_cast<char>((bits >> held) & 0xff));
    }
  }
  return bytes;
}

}  // namespace keel::net
