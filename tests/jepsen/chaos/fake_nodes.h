// Clusters whose nodes are the test's own program, started anew with a word in its environment:
// such a node opens its client port, and takes SIGTERM politely or not at all. A "late" one finds
// out that its disk has refused a write once the disk is whole again, and ends by itself then.
//
// A test that uses it has a main of its own, which is RunTests.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "jepsen/cluster/cluster.h"
#include "jepsen/shim/control.h"

namespace keel::jepsen {

inline constexpr const char* kMannersVariable = "CLUSTER_TEST_MANNERS";

inline int NoticeLate() {
  const int file = ::open(std::getenv(kShimControlVariable), O_RDWR);
  void* page = ::mmap(nullptr, sizeof(ShimControl), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  auto* control = static_cast<ShimControl*>(page);
  bool has_failed = false;
  while (!has_failed || control->fails_writes != 0) {
    if (control->fails_writes != 0 && !has_failed) control->failed_writes++;
    has_failed = has_failed || control->fails_writes != 0;
    ::usleep(1'000);
  }
  return 1;
}

// A node: its exit code, if it ever ends.
inline int Serve(int argc, char** argv, std::string_view manners) {
  ::signal(SIGTERM, manners == "polite" ? SIG_DFL : SIG_IGN);
  for (int i = 1; i < argc; i++) {
    const std::string_view word = argv[i];
    if (!word.starts_with("--listen-client-urls=")) continue;
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<uint16_t>(std::atoi(&word[word.rfind(':') + 1])));
    const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
    const int yes = 1;
    ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    if (::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) return 1;
    if (::listen(listener, 16) != 0) return 1;
  }
  while (manners != "late") ::pause();
  return NoticeLate();
}

class FakeNodesTest : public testing::Test {
 protected:
  void Start(Target target, const std::string& manners) {
    MakeDirectory();
    StartIn(target, [manners](size_t) {
      return std::vector<std::string>{std::string(kMannersVariable) + "=" + manners};
    });
  }
  void MakeDirectory() {
    directory_ = testing::TempDir() + "keel_cluster_test_" + std::to_string(::getpid());
    std::filesystem::remove_all(directory_);
    std::filesystem::create_directories(directory_);
  }
  void StartIn(Target target, std::function<std::vector<std::string>(size_t)> environment) {
    std::error_code error;
    auto cluster =
        Cluster::Start({.target = target,
                        .program = std::filesystem::read_symlink("/proc/self/exe", error),
                        .directory = directory_,
                        .nodes = 3,
                        .attached = {},
                        .flags = {},
                        .stop_patience = std::chrono::milliseconds(300),
                        .environment = std::move(environment)});
    ASSERT_TRUE(cluster.ok()) << cluster.status();
    cluster_ = *std::move(cluster);
  }
  void TearDown() override {
    cluster_.reset();
    std::filesystem::remove_all(directory_);
  }

  std::string directory_;
  std::unique_ptr<Cluster> cluster_;
};

inline int RunTests(int argc, char** argv) {
  if (const char* manners = std::getenv(kMannersVariable)) return Serve(argc, argv, manners);
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}

}  // namespace keel::jepsen
