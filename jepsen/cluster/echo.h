// Sends back what comes in, over TCP, at one port in several network namespaces.
//
// A thread of its own, which ends with the object.
#pragma once

#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "base/result.h"
#include "jepsen/cluster/namespaces.h"

namespace keel::jepsen {

class EchoServer {
 public:
  static Result<std::unique_ptr<EchoServer>> Start(const std::vector<Namespace>& spaces,
                                                   uint16_t port);
  EchoServer(const EchoServer&) = delete;
  EchoServer& operator=(const EchoServer&) = delete;
  ~EchoServer();

 private:
  EchoServer() = default;
  void Serve();

  std::vector<int> listeners_;
  int end_ = -1;  // of a pipe; closed, it ends the thread
  int ended_ = -1;
  std::thread thread_;
};

}  // namespace keel::jepsen
