// Writes and reads structs field by field, from one description of their fields.
//
// A type takes part by a function template `Visit(archive, value)` that names its fields in order.
// Encoder appends; Decoder reads what nobody vouches for: enums are held to their range, counts to
// the bytes that are left, nesting to kNestingMax, and the first failure ends it. Internal to kv.
#pragma once

#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "base/coding.h"
#include "base/ids.h"
#include "kv/mvcc/command.h"

namespace keel::kv {

class Encoder {
 public:
  static constexpr bool kDecoding = false;
  explicit Encoder(std::string* out) : out_(out) {}

  void operator()(const std::string& bytes) { AppendLengthPrefixed(out_, bytes); }
  void operator()(bool value) { out_->push_back(value ? 1 : 0); }
  void operator()(uint64_t value) { AppendVarint64(out_, value); }
  template <class Tag>
  void operator()(const Name<Tag>& value) {
    AppendVarint64(out_, value.value());
  }
  template <class Tag>
  void operator()(const Ordinal<Tag>& value) {
    AppendVarint64(out_, value.value());
  }
  template <class Enum, class = std::enable_if_t<std::is_enum_v<Enum>>>
  void Limited(const Enum& value, Enum /*greatest*/) {
    out_->push_back(static_cast<char>(value));
  }
  template <class T>
  void Many(const std::vector<T>& values) {
    AppendVarint64(out_, values.size());
    for (const T& value : values) Each(value);
  }
  template <class... Types>
  void OneOf(const std::variant<Types...>& value) {
    out_->push_back(static_cast<char>(value.index()));
    std::visit([this](const auto& held) { Visit(*this, held); }, value);
  }
  [[nodiscard]] bool Enter() { return true; }
  void Leave() {}

 private:
  template <class T>
  void Each(const T& value) {
    Visit(*this, value);
  }
  template <class... Types>
  void Each(const std::variant<Types...>& value) {
    OneOf(value);
  }
  template <class Tag>
  void Each(const Name<Tag>& value) {
    (*this)(value);
  }

  std::string* const out_;
};

class Decoder {
 public:
  static constexpr bool kDecoding = true;
  explicit Decoder(std::string_view bytes) : reader_(bytes) {}

  [[nodiscard]] bool Finished() const { return ok_ && reader_.AtEnd(); }
  [[nodiscard]] bool ok() const { return ok_ && reader_.ok(); }
  void Fail() { ok_ = false; }

  void operator()(std::string& bytes) {
    std::string_view view;
    if (reader_.ReadLengthPrefixed(&view)) bytes = view;
  }
  void operator()(bool& value) {
    uint8_t byte = 0;
    if (!reader_.ReadByte(&byte) || byte > 1) return Fail();
    value = byte == 1;
  }
  void operator()(uint64_t& value) { reader_.ReadVarint64(&value); }
  template <class Tag>
  void operator()(Name<Tag>& value) {
    uint64_t number = 0;
    if (reader_.ReadVarint64(&number)) value = Name<Tag>(number);
  }
  template <class Tag>
  void operator()(Ordinal<Tag>& value) {
    uint64_t number = 0;
    if (reader_.ReadVarint64(&number)) value = Ordinal<Tag>(number);
  }
  template <class Enum, class = std::enable_if_t<std::is_enum_v<Enum>>>
  void Limited(Enum& value, Enum greatest) {
    uint8_t byte = 0;
    if (!reader_.ReadByte(&byte) || byte > static_cast<uint8_t>(greatest)) return Fail();
    value = static_cast<Enum>(byte);
  }
  template <class T>
  void Many(std::vector<T>& values) {
    uint64_t count = 0;
    // Each value takes a byte at least: no count makes room for more than was sent.
    if (!reader_.ReadVarint64(&count) || count > reader_.rest().size()) return Fail();
    for (uint64_t i = 0; i < count && ok(); ++i) Each(values.emplace_back());
  }
  template <class... Types>
  void OneOf(std::variant<Types...>& value) {
    uint8_t index = 0;
    if (!reader_.ReadByte(&index) || index >= sizeof...(Types)) return Fail();
    Emplace(value, index, std::index_sequence_for<Types...>());
  }
  [[nodiscard]] bool Enter() {
    if (++depth_ > kNestingMax) Fail();
    return ok();
  }
  void Leave() { --depth_; }

 private:
  template <class T>
  void Each(T& value) {
    Visit(*this, value);
  }
  template <class... Types>
  void Each(std::variant<Types...>& value) {
    OneOf(value);
  }
  template <class Tag>
  void Each(Name<Tag>& value) {
    (*this)(value);
  }
  template <class Variant, size_t... kIndexes>
  void Emplace(Variant& value, size_t index, std::index_sequence<kIndexes...> /*indexes*/) {
    ((index == kIndexes ? Visit(*this, value.template emplace<kIndexes>()) : void()), ...);
  }

  ByteReader reader_;
  bool ok_ = true;
  int depth_ = 0;
};

// ---- what commands and answers share ----
template <class Archive>
void Visit(Archive& /*a*/, const std::monostate& /*nothing*/) {}

template <class Archive, class T>
requires std::is_same_v<std::remove_const_t<T>, KeyRange>
void Visit(Archive& a, T& v) {
  a(v.begin);
  a(v.end);
}

template <class Archive, class T>
requires std::is_same_v<std::remove_const_t<T>, KeyValue>
void Visit(Archive& a, T& v) {
  a(v.key);
  a(v.value);
  a(v.create);
  a(v.mod);
  a(v.version);
  a(v.lease);
}

}  // namespace keel::kv
