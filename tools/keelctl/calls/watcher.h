// Watches that go on: many over one stream, begun again where they stood when the stream breaks.
//
// Add and Progress may be called from any thread; Next belongs to one. An event is told once, in
// order, whatever member it comes from. A watch that the server ends (compacted, refused) is told
// as the server's last answer and is then forgotten.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "api/etcdserverpb/watch.pb.h"
#include "tools/keelctl/calls/calls.h"

namespace keel::ctl {

class Watcher {
 public:
  // `calls` outlives it, and is used by it alone while it waits in Next.
  explicit Watcher(Calls* calls) : calls_(calls) {}

  // Gives the watch its number.
  int64_t Add(etcdserverpb::WatchCreateRequest request);
  // Asks how far the watches have come; the answer's watch id is -1.
  void Progress();

  enum class Outcome : uint8_t { kAnswer, kTimeout, kInterrupted, kFailed };
  // The next answer that says something: events, progress, or an end. A timeout of 0 waits.
  Outcome Next(etcdserverpb::WatchResponse* answer, uint64_t timeout_us = 0);
  // Why Next has failed.
  [[nodiscard]] const Status& failure() const { return failure_; }
  [[nodiscard]] size_t size() const;

 private:
  // Opens a stream and asks for every watch again.
  Status Begin();
  void SendCreate(int64_t number);
  // False if it is not for the caller.
  bool Take(const etcdserverpb::WatchResponse& answer);

  Calls* const calls_;
  mutable std::mutex mutex_;
  std::unique_ptr<Stream> stream_;
  std::map<int64_t, etcdserverpb::WatchCreateRequest> watches_;
  int64_t last_number_ = 0;
  bool progress_wanted_ = false;
  Status failure_;
};

}  // namespace keel::ctl
