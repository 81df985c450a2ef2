// JSON as Go's encoding/json writes etcd's messages: what `-w json` prints.
//
// Fields keep the names and the order of the .proto files; zero values are left out; numbers stay
// numbers, enumerations too; bytes are base64; a oneof is an object under its own name in camel
// case. Fields that clients of release 3.5 do not know are left out, so that the output is theirs
// byte for byte. Pure; any thread.
#pragma once

#include <google/protobuf/message.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace keel::ctl {

[[nodiscard]] std::string JsonString(std::string_view text);
[[nodiscard]] std::string JsonOf(const google::protobuf::Message& message);

// Objects that no message describes, field by field in the order given; nothing is left out.
class JsonObject {
 public:
  JsonObject& Text(std::string_view name, std::string_view value);
  JsonObject& Number(std::string_view name, int64_t value);
  JsonObject& Unsigned(std::string_view name, uint64_t value);
  JsonObject& Real(std::string_view name, double value);
  JsonObject& Bool(std::string_view name, bool value);
  // `json` is JSON already.
  JsonObject& Raw(std::string_view name, std::string_view json);
  // The fields of `message`, as if they were the object's own.
  JsonObject& Fields(const google::protobuf::Message& message);
  [[nodiscard]] std::string End() const { return "{" + body_ + "}"; }

 private:
  std::string body_;
};

// [a,b,c] of what is JSON already.
class JsonArray {
 public:
  JsonArray& Add(std::string_view json);
  [[nodiscard]] std::string End() const { return "[" + body_ + "]"; }

 private:
  std::string body_;
};

}  // namespace keel::ctl
