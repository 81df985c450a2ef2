#include "server/file_limit.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

namespace keel::server {
namespace {

TEST(FileLimit, LeavesFilesToTheStateTheLogAndThePeers) {
  EXPECT_EQ(ConnectionsMax(1'000'000, 20'000), 20'000u);
  EXPECT_EQ(ConnectionsMax(10'000, 20'000), 10'000 - kFilesReserved);
  EXPECT_EQ(ConnectionsMax(1024, 20'000), 1024 - kFilesReserved);
}

TEST(FileLimit, LeavesClientsAQuarterOfTooFew) {
  EXPECT_EQ(ConnectionsMax(800, 20'000), 200u);
  EXPECT_EQ(ConnectionsMax(100, 20'000), 25u);
}

TEST(FileLimit, IsRaisedToWhatIsAllowed) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit low{.rlim_cur = 512, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &low), 0);
  const Result<FileLimit> raised = RaiseFileLimit();
  ASSERT_TRUE(raised.ok()) << raised.status();
  EXPECT_EQ(raised->found, 512u);
  EXPECT_EQ(raised->now, before.rlim_max);
  rlimit after{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &after), 0);
  EXPECT_EQ(after.rlim_cur, before.rlim_max);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
}

}  // namespace
}  // namespace keel::server
