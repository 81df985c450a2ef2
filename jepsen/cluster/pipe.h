// One connection through a proxy: bytes both ways, as the links allow.
//
// The far side is connected only while both directions are open, as a handshake needs both. When
// either side ends, what is under way is delivered and both are closed; on a cut link even the end
// is not seen. `on_end` is called once, later. Belongs to the executor.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/prng.h"
#include "jepsen/cluster/links.h"
#include "net/alive.h"
#include "net/tcp.h"

namespace keel::jepsen {

class Pipe {
 public:
  struct Options {
    net::AsioExecutor* executor = nullptr;
    const Links* links = nullptr;
    LinkCounters* counters = nullptr;
    Links::Way way;        // from the one who connects to the one who accepts
    net::Address address;  // of the one who accepts
    uint64_t seed = 1;
    std::function<void()> on_end;
  };
  Pipe(Options options, std::unique_ptr<net::ByteStream> near);
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  ~Pipe() = default;

  // The links have changed.
  void Poke();
  // Both sides are closed at once.
  void Close();
  [[nodiscard]] const Links::Way& way() const { return options_.way; }

 private:
  struct Chunk {
    uint64_t due_us = 0;
    std::string bytes;
  };
  // One direction: reads from `from`, writes to `to`.
  struct Direction {
    Links::Way way;
    net::ByteStream* from = nullptr;
    net::ByteStream* to = nullptr;
    std::deque<Chunk> queue;
    size_t queued_bytes = 0;
    size_t front_written = 0;
    uint64_t last_due_us = 0;
    bool waits_readable = false;
    bool waits_writable = false;
    bool has_ended = false;
    TimerId timer;
  };
  // A stream's owner: reads of one direction, writes of the other.
  struct Side final : net::StreamOwner {
    Pipe* pipe = nullptr;
    Direction* reads = nullptr;
    Direction* writes = nullptr;
    void OnReadable() override;
    void OnWritable() override;
  };

  void Connect();
  void Pump(Direction* direction);
  void ReadAll(Direction* direction);
  void WriteDue(Direction* direction);
  void Take(Direction* direction, std::string bytes);

  Options options_;
  Prng dice_;
  std::unique_ptr<net::TcpConnector> connector_;
  Direction out_;   // from the one who connects
  Direction back_;  // to it
  Side near_side_;
  Side far_side_;
  std::unique_ptr<net::ByteStream> near_;
  std::unique_ptr<net::ByteStream> far_;
  std::vector<char> buffer_;
  bool is_closed_ = false;
  net::Alive alive_;
};

}  // namespace keel::jepsen
