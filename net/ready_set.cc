#include "net/ready_set.h"

#include <sys/epoll.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/check.h"

namespace keel::net {

namespace {

// Told in one turn of the loop before others have theirs.
constexpr size_t kToldMax = 128;

// A socket that broke is told of even when nothing is asked for: once, then.
uint32_t ToSystem(uint32_t events) {
  if (events == ReadySet::kNone) return EPOLLONESHOT;
  uint32_t mask = 0;
  if ((events & ReadySet::kReadable) != 0) mask |= EPOLLIN;
  if ((events & ReadySet::kWritable) != 0) mask |= EPOLLOUT;
  return mask;
}

uint32_t FromSystem(uint32_t mask) {
  if ((mask & (EPOLLERR | EPOLLHUP)) != 0) return ReadySet::kReadable | ReadySet::kWritable;
  uint32_t events = ReadySet::kNone;
  if ((mask & EPOLLIN) != 0) events |= ReadySet::kReadable;
  if ((mask & EPOLLOUT) != 0) events |= ReadySet::kWritable;
  return events;
}

int MakeSet() {
  const int set = ::epoll_create1(EPOLL_CLOEXEC);
  KEEL_CHECK(set >= 0) << "epoll_create1: " << std::strerror(errno);
  return set;
}

}  // namespace

ReadySet::ReadySet(boost::asio::io_context* context) : set_(*context, MakeSet()) { Wait(); }

ReadySet::~ReadySet() {
  for (const Place& place : places_) KEEL_CHECK(place.member == nullptr) << "a socket is left over";
}

ReadySet::Id ReadySet::Join(int descriptor, Member* member) {
  if (free_.empty()) {
    free_.push_back(static_cast<uint32_t>(places_.size()));
    places_.emplace_back();
  }
  const uint32_t index = free_.back();
  free_.pop_back();
  Place& place = places_[index];
  place.member = member;
  place.descriptor = descriptor;
  const Id id = IdOf(index);
  epoll_event event{.events = ToSystem(kNone), .data = {.u64 = id.value()}};
  const int result = ::epoll_ctl(set_.native_handle(), EPOLL_CTL_ADD, descriptor, &event);
  KEEL_CHECK(result == 0) << "epoll_ctl: " << std::strerror(errno);
  return id;
}

void ReadySet::Leave(Id id) {
  Place* place = Find(id);
  if (place == nullptr) return;
  (void)::epoll_ctl(set_.native_handle(), EPOLL_CTL_DEL, place->descriptor, nullptr);
  *place = Place{.generation = place->generation + 1};
  free_.push_back(PlaceOf(id));
}

void ReadySet::Ask(Id id, uint32_t events) {
  Place* place = Find(id);
  if (place == nullptr) return;
  place->asked |= events;
  if ((place->armed & place->asked) != place->asked) Arm(id, place, place->asked);
}

ReadySet::Id ReadySet::IdOf(uint32_t place) const {
  return Id(uint64_t{places_[place].generation} << 32 | place);
}

ReadySet::Place* ReadySet::Find(Id id) {
  Place* place = &places_[PlaceOf(id)];
  return place->member != nullptr && place->generation == id.value() >> 32 ? place : nullptr;
}

void ReadySet::Arm(Id id, Place* place, uint32_t events) {
  place->armed = events;
  epoll_event event{.events = ToSystem(events), .data = {.u64 = id.value()}};
  (void)::epoll_ctl(set_.native_handle(), EPOLL_CTL_MOD, place->descriptor, &event);
}

void ReadySet::Wait() {
  set_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                  [this](const boost::system::error_code& error) {
                    if (error) return;
                    TellReady();
                    Wait();
                  });
}

void ReadySet::TellReady() {
  std::array<epoll_event, kToldMax> ready;
  const int count = ::epoll_wait(set_.native_handle(), ready.data(), kToldMax, 0);
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = ready[static_cast<size_t>(i)];
    const Id id(event.data.u64);
    const uint32_t events = FromSystem(event.events);
    if ((events & kWritable) != 0) Tell(id, kWritable);
    if ((events & kReadable) != 0) Tell(id, kReadable);
    Disarm(id, events);
  }
}

// What was told before may have made it leave, and another may have its place.
void ReadySet::Tell(Id id, Event event) {
  Place* const place = Find(id);
  if (place == nullptr || (place->asked & event) == 0) return;
  place->asked &= ~static_cast<uint32_t>(event);
  place->member->OnReady(event);
}

// Armed beyond what is asked for, the set would be ready for ever.
void ReadySet::Disarm(Id id, uint32_t events) {
  Place* const place = Find(id);
  if (place != nullptr && (events & place->armed & ~place->asked) != 0) {
    Arm(id, place, place->asked);
  }
}

}  // namespace keel::net
