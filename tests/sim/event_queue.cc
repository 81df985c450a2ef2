#include "tests/sim/event_queue.h"

#include <algorithm>

namespace keel::sim {

namespace {

bool IsLater(const Event& a, const Event& b) {
  return a.at != b.at ? a.at > b.at : a.sequence > b.sequence;
}

}  // namespace

void EventQueue::Push(Event event) {
  event.sequence = ++sequence_;
  heap_.push_back(event);
  std::push_heap(heap_.begin(), heap_.end(), IsLater);
}

Event EventQueue::Pop() {
  std::pop_heap(heap_.begin(), heap_.end(), IsLater);
  const Event event = heap_.back();
  heap_.pop_back();
  return event;
}

}  // namespace keel::sim
