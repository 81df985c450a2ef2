#include "tools/keelctl/calls/keeper.h"

#include <algorithm>
#include <chrono>

#include "api/etcdserverpb/lease.pb.h"
#include "net/system_clock.h"
#include "tools/keelctl/calls/interrupt.h"
#include "tools/keelctl/calls/methods.h"

namespace keel::ctl {
namespace {

constexpr uint64_t kLookUs = 20'000;
constexpr std::chrono::milliseconds kBeforeAnother(100);

uint64_t NowUs() { return net::SystemClock().MonotonicUs(); }

}  // namespace

Result<std::unique_ptr<LeaseKeeper>> LeaseKeeper::Grant(std::unique_ptr<Calls> calls,
                                                        int64_t ttl_seconds) {
  etcdserverpb::LeaseGrantRequest request;
  request.set_ttl(ttl_seconds);
  const auto answer = calls->Any<etcdserverpb::LeaseGrantResponse>(method::kLeaseGrant, request);
  if (!answer.ok()) return answer.status();
  return std::unique_ptr<LeaseKeeper>(
      new LeaseKeeper(std::move(calls), answer->id(), std::max<int64_t>(answer->ttl(), 1)));
}

LeaseKeeper::LeaseKeeper(std::unique_ptr<Calls> calls, int64_t lease, int64_t ttl_seconds)
    : calls_(std::move(calls)),
      lease_(lease),
      ttl_us_(static_cast<uint64_t>(ttl_seconds) * 1'000'000),
      renewed_us_(NowUs()) {
  thread_ = std::thread([this] { Keep(); });
}

LeaseKeeper::~LeaseKeeper() {
  ending_ = true;
  thread_.join();
  if (lost_) return;
  etcdserverpb::LeaseRevokeRequest request;
  request.set_id(lease_);
  (void)calls_->Any<etcdserverpb::LeaseRevokeResponse>(method::kLeaseRevoke, request,
                                                       {.uninterruptible = true});
}

void LeaseKeeper::Keep() {
  while (!ending_ && !lost_) {
    auto stream = calls_->Open(method::kLeaseKeepAlive);
    if (stream.ok()) KeepOver(stream->get());
    calls_->Forget();
    if (NowUs() - renewed_us_ > ttl_us_) lost_ = true;
    if (!ending_ && !lost_) std::this_thread::sleep_for(kBeforeAnother);
  }
}

void LeaseKeeper::KeepOver(Stream* stream) {
  etcdserverpb::LeaseKeepAliveRequest request;
  request.set_id(lease_);
  uint64_t next_us = 0;
  uint64_t asked_us = 0;
  while (!ending_ && !lost_) {
    const uint64_t now_us = NowUs();
    if (now_us >= next_us) {
      stream->Send(request);
      asked_us = now_us;
      next_us = now_us + ttl_us_ / 3;
    }
    etcdserverpb::LeaseKeepAliveResponse answer;
    switch (stream->Next(&answer, kLookUs)) {
      case Stream::Outcome::kEnded:
        return;
      case Stream::Outcome::kInterrupted:
        // The owner decides what an interruption means; until then the lease is kept.
        std::this_thread::sleep_for(std::chrono::microseconds(kLookUs));
        break;
      case Stream::Outcome::kTimeout:
        break;
      case Stream::Outcome::kMessage:
        if (answer.ttl() > 0) renewed_us_ = asked_us;
        if (answer.ttl() <= 0) lost_ = true;
        break;
    }
    if (NowUs() - renewed_us_ > ttl_us_) return;
  }
}

}  // namespace keel::ctl
