// Many writes under way at once, for loading: each is carried out once, whichever member fails.
//
// By libkeel's sessions, where the cluster knows them: a write whose answer was lost is sent to
// another endpoint, and not carried out twice. A cluster that knows none (etcd's) is sent it again
// all the same, so what is loaded must have the same effect twice. Writes are carried out in any
// order; done() counts those before the first that is not. The first failure ends it: nothing more
// is sent. One thread.
#pragma once

#include <google/protobuf/message_lite.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "tools/keelctl/calls/calls.h"

namespace keel::client {
class Client;
}  // namespace keel::client

namespace keel::ctl {

class Bulk {
 public:
  struct Options {
    CallsOptions calls;
    Calls::Metadata credentials;
    size_t in_flight_max = 16;
  };
  explicit Bulk(Options options);
  // What is under way is given up; it may still be carried out.
  ~Bulk();
  Bulk(const Bulk&) = delete;
  Bulk& operator=(const Bulk&) = delete;

  // Waits while as many as may be are under way. CANCELLED when the user has interrupted.
  Status Send(std::string_view method, const google::protobuf::MessageLite& request);
  // Waits for all; OK if every one was carried out.
  Status Flush();
  // How many have been carried out, from the first on without a hole.
  [[nodiscard]] uint64_t done() const;

 private:
  struct State;

  void Start(uint64_t number, bool once);
  // Until fewer than `count` are under way, or one has failed.
  Status AwaitFewerThan(size_t count);

  const Options options_;
  const std::shared_ptr<State> state_;
  // Ends first: what it calls belongs to the state.
  std::unique_ptr<client::Client> client_;
};

}  // namespace keel::ctl
