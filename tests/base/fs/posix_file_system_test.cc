// What only the machine can show: errors of the kernel under their codes, and descriptors that a
// child does not inherit.
#include "base/fs/posix_file_system.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <string>

#include "base/fs/posix_file.h"

namespace keel {
namespace {

using ::testing::HasSubstr;

TEST(PosixFileSystem, AFullDeviceIsResourceExhausted) {
  PosixFileSystem files;
  const auto file = files.OpenAppendable("/dev/full", OpenMode::kExisting);
  ASSERT_TRUE(file.ok()) << file.status();
  const Status status = (*file)->Append("x");
  EXPECT_EQ(status.code(), Code::kResourceExhausted);
  EXPECT_THAT(status.message(), HasSubstr("/dev/full"));
}

TEST(PosixFileSystem, AForbiddenPathIsPermissionDeniedOrNotFound) {
  PosixFileSystem files;
  const Status status = files.CreateDirectory("/proc/keel");
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(status.message(), HasSubstr("mkdir /proc/keel"));
}

TEST(PosixFile, DescriptorsAreClosedOnExec) {
  const auto file = PosixFile::Open("/dev/null", {.flags = O_RDONLY});
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_NE(fcntl(file->descriptor(), F_GETFD) & FD_CLOEXEC, 0);
}

// A limit on the size of files makes the kernel write less than it was asked to, then refuse.
TEST(PosixFile, AShortWriteGoesOnUntilTheKernelRefuses) {
  const std::string path = ::testing::TempDir() + "/keel_short_write";
  const auto previous_handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit before = {};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  rlimit limit = before;
  limit.rlim_cur = 10'000;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
  PosixFileSystem files;
  const std::string bytes(20'000, 'x');
  const std::string_view piece = bytes;
  Status status;
  uint64_t size_bytes = 0;
  {
    const auto file = files.OpenWritable(path, OpenMode::kCreateOrEmpty);
    status = (*file)->WriteAt(0, {&piece, 1});
    size_bytes = (*file)->SizeBytes().value_or(0);
  }
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  (void)std::signal(SIGXFSZ, previous_handler);
  EXPECT_FALSE(status.ok());
  EXPECT_EQ(size_bytes, 10'000u);
  EXPECT_EQ(files.Remove(path), Status::Ok());
}

}  // namespace
}  // namespace keel
