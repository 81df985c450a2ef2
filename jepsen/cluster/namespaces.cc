#include "jepsen/cluster/namespaces.h"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <thread>

#include "base/check.h"

namespace keel::jepsen {

Status EnterOwnNetwork() {
  if (::unshare(CLONE_NEWNET) == 0) return {};
  const uid_t user = ::getuid();
  const gid_t group = ::getgid();
  if (::unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) {
    return ErrnoStatus(errno,
                       "a network namespace needs root, or user namespaces "
                       "(sysctl kernel.unprivileged_userns_clone=1); --network loopback needs "
                       "neither");
  }
  // Root in there is who we are out here.
  std::ofstream("/proc/self/setgroups") << "deny";
  std::ofstream("/proc/self/uid_map") << "0 " << user << " 1";
  std::ofstream("/proc/self/gid_map") << "0 " << group << " 1";
  return {};
}

Result<Namespace> Namespace::Make() {
  int descriptor = -1;
  int error = 0;
  std::thread([&] {
    if (::unshare(CLONE_NEWNET) == 0) {
      descriptor = ::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    }
    error = errno;
  }).join();
  if (descriptor < 0) return ErrnoStatus(error, "a network namespace");
  return Namespace(descriptor);
}

Namespace::~Namespace() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void Namespace::Run(const std::function<void()>& work) const {
  std::thread([&] {
    KEEL_CHECK(::setns(descriptor_, CLONE_NEWNET) == 0) << "entering a network namespace";
    work();
  }).join();
}

}  // namespace keel::jepsen
