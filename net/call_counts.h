// What the calls of a server come to, counted by method: for whoever asks for its metrics.
//
// A session looks the place of a call's method up once, as the call begins, and counts there: no
// lock, no other search. What began is counted as ended exactly once, however it ends, so that the
// difference of the two is what is open. Shared by the sessions of one executor, and read on it;
// outlives them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/status.h"
#include "net/method_table.h"

namespace keel::net {

class CallCounts {
 public:
  static constexpr size_t kCodes = static_cast<size_t>(Code::kUnauthenticated) + 1;
  // More kinds of clients than this are one, and so is what no client of good will says.
  static constexpr size_t kKindsMax = 32;
  static constexpr std::string_view kUnknownKind = "unknown";

  struct OfMethod {
    uint64_t started = 0;
    uint64_t received = 0;  // messages
    uint64_t sent = 0;
    std::array<uint64_t, kCodes> ended{};
  };
  struct OfKind {
    uint64_t unary = 0;
    uint64_t streaming = 0;
  };

  // `kind_field` of a request's metadata says what kind of client asks.
  explicit CallCounts(std::string kind_field) : kind_field_(std::move(kind_field)) {}
  CallCounts(const CallCounts&) = delete;
  CallCounts& operator=(const CallCounts&) = delete;

  // A call of `method`, which is null where there is none of that name.
  [[nodiscard]] OfMethod* Begin(const MethodTable::Method* method, const Metadata& fields);
  void Receive(OfMethod* method, size_t message_bytes) {
    ++method->received;
    received_bytes_ += message_bytes;
  }
  void Send(OfMethod* method, size_t message_bytes) {
    ++method->sent;
    sent_bytes_ += message_bytes;
  }
  void End(OfMethod* method, Code code) {
    ++method->ended.at(static_cast<size_t>(code));
    ++ended_;
  }

  // All zero where the method was never called.
  [[nodiscard]] const OfMethod& Of(const MethodTable::Method* method) const;
  [[nodiscard]] const std::map<std::string, OfKind, std::less<>>& kinds() const { return kinds_; }
  // Of messages, before they are compressed.
  [[nodiscard]] uint64_t received_bytes() const { return received_bytes_; }
  [[nodiscard]] uint64_t sent_bytes() const { return sent_bytes_; }
  // Of all methods.
  [[nodiscard]] uint64_t ended() const { return ended_; }

 private:
  [[nodiscard]] OfKind* KindOf(const Metadata& fields);

  const std::string kind_field_;
  std::unordered_map<const MethodTable::Method*, OfMethod> methods_;
  std::map<std::string, OfKind, std::less<>> kinds_;
  uint64_t received_bytes_ = 0;
  uint64_t sent_bytes_ = 0;
  uint64_t ended_ = 0;
};

}  // namespace keel::net
