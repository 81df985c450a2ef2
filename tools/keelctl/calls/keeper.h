// A lease that lives as long as this object: granted at once, renewed on a thread of its own.
//
// Renewals go on at another member when one fails. Lost() becomes true when the server no longer
// knows the lease, or when it could not be renewed for as long as it lasts. The end revokes it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>

#include "tools/keelctl/calls/calls.h"

namespace keel::ctl {

class LeaseKeeper {
 public:
  // `calls` is for the keeper alone: it works on a thread of its own.
  [[nodiscard]] static Result<std::unique_ptr<LeaseKeeper>> Grant(std::unique_ptr<Calls> calls,
                                                                  int64_t ttl_seconds);
  ~LeaseKeeper();
  LeaseKeeper(const LeaseKeeper&) = delete;
  LeaseKeeper& operator=(const LeaseKeeper&) = delete;

  [[nodiscard]] int64_t lease() const { return lease_; }
  [[nodiscard]] bool Lost() const { return lost_; }

 private:
  LeaseKeeper(std::unique_ptr<Calls> calls, int64_t lease, int64_t ttl_seconds);

  void Keep();
  // Sends renewals over one stream until it ends.
  void KeepOver(Stream* stream);

  const std::unique_ptr<Calls> calls_;
  const int64_t lease_;
  const uint64_t ttl_us_;
  uint64_t renewed_us_ = 0;  // the keeper's thread
  std::atomic<bool> ending_ = false;
  std::atomic<bool> lost_ = false;
  std::thread thread_;
};

}  // namespace keel::ctl
