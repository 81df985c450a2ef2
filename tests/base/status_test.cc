#include "base/status.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <sstream>
#include <string>
#include <utility>

namespace keel {
namespace {

TEST(Status, OkCostsOnePointerAndSaysSo) {
  const Status status;
  EXPECT_TRUE(status.ok());
  EXPECT_EQ(status.code(), Code::kOk);
  EXPECT_EQ(status.message(), "");
  EXPECT_EQ(status.ToString(), "OK");
  EXPECT_EQ(status, Status::Ok());
  EXPECT_EQ(sizeof(Status), sizeof(void*));
}

TEST(Status, CodesHaveTheNumbersAndNamesOfGrpc) {
  const std::pair<Code, std::string_view> codes[] = {
      {Code::kOk, "OK"},
      {Code::kCancelled, "CANCELLED"},
      {Code::kUnknown, "UNKNOWN"},
      {Code::kInvalidArgument, "INVALID_ARGUMENT"},
      {Code::kDeadlineExceeded, "DEADLINE_EXCEEDED"},
      {Code::kNotFound, "NOT_FOUND"},
      {Code::kAlreadyExists, "ALREADY_EXISTS"},
      {Code::kPermissionDenied, "PERMISSION_DENIED"},
      {Code::kResourceExhausted, "RESOURCE_EXHAUSTED"},
      {Code::kFailedPrecondition, "FAILED_PRECONDITION"},
      {Code::kAborted, "ABORTED"},
      {Code::kOutOfRange, "OUT_OF_RANGE"},
      {Code::kUnimplemented, "UNIMPLEMENTED"},
      {Code::kInternal, "INTERNAL"},
      {Code::kUnavailable, "UNAVAILABLE"},
      {Code::kDataLoss, "DATA_LOSS"},
      {Code::kUnauthenticated, "UNAUTHENTICATED"},
  };
  int number = 0;
  for (const auto& [code, name] : codes) {
    EXPECT_EQ(static_cast<int>(code), number++);
    EXPECT_EQ(CodeName(code), name);
  }
  EXPECT_EQ(number, 17);
}

TEST(Status, ACodeFromOutsideTheTableHasANameToo) {
  EXPECT_EQ(CodeName(static_cast<Code>(200)), "UNKNOWN");
}

TEST(Status, EachMakerGivesItsOwnCode) {
  EXPECT_EQ(Cancelled("m").code(), Code::kCancelled);
  EXPECT_EQ(Unknown("m").code(), Code::kUnknown);
  EXPECT_EQ(InvalidArgument("m").code(), Code::kInvalidArgument);
  EXPECT_EQ(DeadlineExceeded("m").code(), Code::kDeadlineExceeded);
  EXPECT_EQ(NotFound("m").code(), Code::kNotFound);
  EXPECT_EQ(AlreadyExists("m").code(), Code::kAlreadyExists);
  EXPECT_EQ(PermissionDenied("m").code(), Code::kPermissionDenied);
  EXPECT_EQ(ResourceExhausted("m").code(), Code::kResourceExhausted);
  EXPECT_EQ(FailedPrecondition("m").code(), Code::kFailedPrecondition);
  EXPECT_EQ(Aborted("m").code(), Code::kAborted);
  EXPECT_EQ(OutOfRange("m").code(), Code::kOutOfRange);
  EXPECT_EQ(Unimplemented("m").code(), Code::kUnimplemented);
  EXPECT_EQ(Internal("m").code(), Code::kInternal);
  EXPECT_EQ(Unavailable("m").code(), Code::kUnavailable);
  EXPECT_EQ(DataLoss("m").code(), Code::kDataLoss);
  EXPECT_EQ(Unauthenticated("m").code(), Code::kUnauthenticated);
}

TEST(Status, CopiesAreIndependentOfTheOriginal) {
  Status original = NotFound("no such key");
  const Status copy = original;
  original = Status();
  EXPECT_EQ(copy.code(), Code::kNotFound);
  EXPECT_EQ(copy.message(), "no such key");
}

TEST(Status, AssigningAStatusToItselfKeepsIt) {
  Status status = NotFound("no such key");
  const Status& alias = status;
  status = alias;
  EXPECT_EQ(status, NotFound("no such key"));
}

TEST(Status, AMovedFromStatusIsOk) {
  Status original = Internal("m");
  const Status moved = std::move(original);
  EXPECT_FALSE(moved.ok());
  EXPECT_TRUE(original.ok());
}

TEST(Status, OkDropsItsMessage) { EXPECT_EQ(Status(Code::kOk, "all is well"), Status::Ok()); }

TEST(Status, EqualityComparesCodeAndMessage) {
  EXPECT_EQ(NotFound("a"), NotFound("a"));
  EXPECT_NE(NotFound("a"), NotFound("b"));
  EXPECT_NE(NotFound("a"), Aborted("a"));
  EXPECT_NE(NotFound(""), Status::Ok());
}

TEST(Status, ContextIsPutInFrontAndKeepsTheCode) {
  EXPECT_EQ(NotFound("f").WithContext("opening the log"), NotFound("opening the log: f"));
  EXPECT_TRUE(Status().WithContext("opening the log").ok());
}

TEST(Status, PrintsCodeAndMessage) {
  std::ostringstream out;
  out << DataLoss("bad record") << ' ' << Aborted("");
  EXPECT_EQ(out.str(), "DATA_LOSS: bad record ABORTED");
}

TEST(Status, SystemErrorsBecomeCodesThatACallerCanActOn) {
  EXPECT_EQ(ErrnoStatus(ENOENT, "f").code(), Code::kNotFound);
  EXPECT_EQ(ErrnoStatus(EEXIST, "f").code(), Code::kAlreadyExists);
  EXPECT_EQ(ErrnoStatus(EACCES, "f").code(), Code::kPermissionDenied);
  EXPECT_EQ(ErrnoStatus(ENOSPC, "f").code(), Code::kResourceExhausted);
  EXPECT_EQ(ErrnoStatus(EIO, "f").code(), Code::kDataLoss);
  EXPECT_EQ(ErrnoStatus(EAGAIN, "f").code(), Code::kUnavailable);
  EXPECT_EQ(ErrnoStatus(EPIPE, "f").code(), Code::kInternal);
  EXPECT_EQ(ErrnoStatus(ENOENT, "opening f").message(), "opening f: No such file or directory");
}

Status StopAt(const Status& step, int* steps_done) {
  KEEL_RETURN_IF_ERROR(step);
  ++*steps_done;
  return {};
}

TEST(Status, ReturnIfErrorLeavesOnlyOnFailure) {
  int steps_done = 0;
  EXPECT_TRUE(StopAt(Status(), &steps_done).ok());
  EXPECT_EQ(steps_done, 1);
  EXPECT_EQ(StopAt(Aborted("m"), &steps_done), Aborted("m"));
  EXPECT_EQ(steps_done, 1);
}

}  // namespace
}  // namespace keel
