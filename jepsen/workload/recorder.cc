#include "jepsen/workload/recorder.h"

#include "jepsen/workload/client.h"

namespace keel::jepsen {

int64_t Recorder::NowNs() const { return static_cast<int64_t>(clock_->MonotonicUs()) * 1000; }

void Recorder::Answered(Slot* slot, const Call& call, const Status& status) {
  if (status.ok()) return Ok(*slot, call);
  Failed(slot, call, status);
}

void Recorder::Note(const Slot& slot, EventType type, const Call& call,
                    const Revisions& revisions) {
  Event event;
  event.process = Value::Integer(slot.process);
  event.type = type;
  event.f = call.f;
  event.value = call.value;
  event.key = call.key;
  event.time_ns = NowNs();
  event.revisions = revisions;
  event.line = events_.size() + 1;
  events_.push_back(std::move(event));
}

void Recorder::Ok(const Slot& slot, const Call& call, const Revisions& revisions) {
  ok_count_++;
  Note(slot, EventType::kOk, call, revisions);
}

void Recorder::Fail(Slot* slot, const Call& call) {
  fail_count_++;
  Note(*slot, EventType::kFail, call, {});
}

void Recorder::Unknown(Slot* slot, const Call& call) {
  unknown_count_++;
  Note(*slot, EventType::kInfo, call, {});
  slot->process += static_cast<int64_t>(clients_);
}

void Recorder::Failed(Slot* slot, const Call& call, const Status& status) {
  if (CertainlyNotDone(status)) {
    Fail(slot, call);
  } else {
    Unknown(slot, call);
    slot->node++;
  }
}

}  // namespace keel::jepsen
