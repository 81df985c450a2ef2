// Tells which sockets can be read or written: one set that the system keeps, and that Asio waits
// for as if it were one more socket.
//
// A socket is put into the set once, and stays armed while its owner keeps asking. Asio by itself
// has every wait of every socket told to the system anew, which is a call for each request.
//
// Included by .cc files of net/ only, as it shows Asio. One executor; the set outlives its members.
// A member is told from the loop, never from inside a call of its own, and not after it has left.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstdint>
#include <vector>

#include "base/ids.h"

namespace keel::net {

class ReadySet {
 public:
  enum Event : uint32_t { kNone = 0, kReadable = 1, kWritable = 2 };

  class Member {
   public:
    Member() = default;
    Member(const Member&) = delete;
    Member& operator=(const Member&) = delete;
    virtual ~Member() = default;

    // It asked for this, and may do it now; a socket that broke is ready for both. May leave the
    // set in there, and make others leave.
    virtual void OnReady(Event event) = 0;
  };
  using Id = Name<struct ReadySetIdTag>;

  explicit ReadySet(boost::asio::io_context* context);
  ~ReadySet();
  ReadySet(const ReadySet&) = delete;
  ReadySet& operator=(const ReadySet&) = delete;

  // `descriptor` is open, and closed only after Leave.
  [[nodiscard]] Id Join(int descriptor, Member* member);
  void Leave(Id id);
  // To be told once of each of `events`, besides those that were asked for already.
  void Ask(Id id, uint32_t events);

 private:
  struct Place {
    Member* member = nullptr;
    int descriptor = -1;
    uint32_t generation = 1;
    uint32_t asked = kNone;
    // What the system would tell of: what is asked for, and at times more.
    uint32_t armed = kNone;
  };

  [[nodiscard]] static uint32_t PlaceOf(Id id) { return static_cast<uint32_t>(id.value()); }
  [[nodiscard]] Id IdOf(uint32_t place) const;
  // Nothing if it has left.
  [[nodiscard]] Place* Find(Id id);
  void Arm(Id id, Place* place, uint32_t events);
  void Wait();
  void TellReady();
  void Tell(Id id, Event event);
  void Disarm(Id id, uint32_t events);

  boost::asio::posix::stream_descriptor set_;
  std::vector<Place> places_;
  std::vector<uint32_t> free_;
};

}  // namespace keel::net
