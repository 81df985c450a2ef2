#include "jepsen/workload/office.h"

#include "api/etcdserverpb/lease.pb.h"

namespace keel::jepsen {
namespace {

constexpr int64_t kTtlSeconds = 3;
constexpr uint64_t kUsPerSecond = 1'000'000;

}  // namespace

OfficeWorkload::OfficeWorkload(const Context& context, size_t clients, size_t offices)
    : Workload(context, clients), offices_(offices * context.crowd), leases_(slots().size()) {}

size_t OfficeWorkload::OfficeOf(const Slot& slot) const { return slot.place % offices_; }

Call OfficeWorkload::CallOf(const Slot& slot, const std::string& f, Value value) const {
  return {.f = f,
          .value = std::move(value),
          .key = Value::Integer(static_cast<int64_t>(OfficeOf(slot)))};
}

void OfficeWorkload::Begin(Slot* slot, Done done) {
  etcdserverpb::LeaseGrantRequest request;
  request.set_ttl(kTtlSeconds);
  const uint64_t called_us = client_->clock().MonotonicUs();
  Ask<etcdserverpb::LeaseGrantResponse>(
      slot, "/etcdserverpb.Lease/LeaseGrant", request,
      [this, slot, called_us, done](const Result<etcdserverpb::LeaseGrantResponse>& answer) {
        if (!answer.ok()) {
          slot->node++;
          return done();
        }
        leases_[slot->place] = {
            .id = answer->id(),
            .certain_until_us = called_us + kUsPerSecond * static_cast<uint64_t>(answer->ttl())};
        Take(slot, done);
      });
}

bool OfficeWorkload::IsCertain(const Slot& slot) const {
  return client_->clock().MonotonicUs() < leases_[slot.place].certain_until_us;
}

void OfficeWorkload::Forget(Slot* slot, const Done& done) {
  Drop(*slot);
  client_->executor()->Post(done);
}

}  // namespace keel::jepsen
