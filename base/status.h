// How the environment's failures travel: a code that a program can act on, and words for a person.
//
// The codes and their numbers are gRPC's, so that a Status crosses the API unchanged. A Status is
// for what the world does to us (a full disk, a lost peer, bad input); a bug is a KEEL_CHECK, and
// an outcome that a protocol foresees is a value of its own. OK is a null pointer: free to make, to
// return and to test. A failure owns its words: copying one copies them, so copies may go to any
// thread. A moved-from Status is OK.
#pragma once

#include <cstdint>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>

namespace keel {

enum class Code : uint8_t {
  kOk = 0,
  kCancelled = 1,
  kUnknown = 2,
  kInvalidArgument = 3,
  kDeadlineExceeded = 4,
  kNotFound = 5,
  kAlreadyExists = 6,
  kPermissionDenied = 7,
  kResourceExhausted = 8,
  kFailedPrecondition = 9,
  kAborted = 10,
  kOutOfRange = 11,
  kUnimplemented = 12,
  kInternal = 13,
  kUnavailable = 14,
  kDataLoss = 15,
  kUnauthenticated = 16,
};

// The code's name as gRPC spells it: "OK", "NOT_FOUND".
[[nodiscard]] std::string_view CodeName(Code code);

class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(const Status& other);
  Status& operator=(const Status& other);
  Status(Status&&) noexcept = default;
  Status& operator=(Status&&) noexcept = default;
  ~Status() = default;

  // A code of kOk gives OK, and the message is dropped.
  Status(Code code, std::string message);

  [[nodiscard]] static Status Ok() { return {}; }

  [[nodiscard]] bool ok() const { return failure_ == nullptr; }
  [[nodiscard]] Code code() const { return ok() ? Code::kOk : failure_->code; }
  // Valid for as long as this Status lives and is not assigned to; empty when OK.
  [[nodiscard]] std::string_view message() const;

  // The same failure, told from one floor higher: "opening the log: permission denied".
  [[nodiscard]] Status WithContext(std::string_view context) const;

  // "OK", or "NOT_FOUND: no such key".
  [[nodiscard]] std::string ToString() const;

  friend bool operator==(const Status& a, const Status& b) {
    return a.code() == b.code() && a.message() == b.message();
  }
  friend std::ostream& operator<<(std::ostream& out, const Status& status) {
    return out << status.ToString();
  }

 private:
  struct Failure {
    Code code;
    std::string message;
  };

  std::unique_ptr<const Failure> failure_;
};

// One maker for each failure, so that a call site reads as what went wrong.
[[nodiscard]] Status Cancelled(std::string message);
[[nodiscard]] Status Unknown(std::string message);
[[nodiscard]] Status InvalidArgument(std::string message);
[[nodiscard]] Status DeadlineExceeded(std::string message);
[[nodiscard]] Status NotFound(std::string message);
[[nodiscard]] Status AlreadyExists(std::string message);
[[nodiscard]] Status PermissionDenied(std::string message);
[[nodiscard]] Status ResourceExhausted(std::string message);
[[nodiscard]] Status FailedPrecondition(std::string message);
[[nodiscard]] Status Aborted(std::string message);
[[nodiscard]] Status OutOfRange(std::string message);
[[nodiscard]] Status Unimplemented(std::string message);
[[nodiscard]] Status Internal(std::string message);
[[nodiscard]] Status Unavailable(std::string message);
[[nodiscard]] Status DataLoss(std::string message);
[[nodiscard]] Status Unauthenticated(std::string message);

// What a failed system call says: the code that fits `error_number`, and "<context>: <its text>".
// Full disks and quotas are RESOURCE_EXHAUSTED, missing files NOT_FOUND, and an error that
// nothing better fits is INTERNAL.
[[nodiscard]] Status ErrnoStatus(int error_number, std::string_view context);

}  // namespace keel

// Leaves the function with the failure, if there is one. The function returns Status or Result.
#define KEEL_RETURN_IF_ERROR(expression)                                \
  do {                                                                  \
    if (::keel::Status keel_status = (expression); !keel_status.ok()) { \
      return keel_status;                                               \
    }                                                                   \
  } while (false)
