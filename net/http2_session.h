// One HTTP/2 connection, server or client side, without a socket: nghttp2 with our bounds, our flow
// control and our clock.
//
// Bytes go in through Receive, events come out through Http2Events; commands go in, bytes come out
// through Produce. Events run inside Receive, Produce, OnTime and no other function; commands may
// be given from inside events (but Receive, Produce and OnTime may not). Streams are named by id: a
// command for a stream that is gone is a no-op. After OnClosed a stream has no more events.
//
// Received DATA counts against the peer's window until Consume. The connection's window is opened
// at once, whatever single streams hold back, until the total held reaches its bound: so one slow
// stream does not starve the others, and memory stays bounded.
//
// Owned by a gRPC session, on its executor. The events object outlives it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "base/status.h"
#include "net/cut_words.h"
#include "net/flood_guard.h"
#include "net/http2_options.h"
#include "net/keepalive.h"
#include "net/metadata.h"
#include "net/output_queue.h"
#include "net/request_rules.h"
#include "net/rpc.h"

struct nghttp2_session;

namespace keel::net {

// The error codes that are used by name here (RFC 9113, 7).
enum class Http2Error : uint32_t {
  kNoError = 0,
  kProtocolError = 1,
  kInternalError = 2,
  kRefusedStream = 7,
  kCancel = 8,
  kEnhanceYourCalm = 11,
};

class Http2Events {
 public:
  enum class Block : uint8_t {
    kFirst,     // a request's or a response's headers
    kTrailers,  // what follows the data
    // Beyond their bound: of the fields those that fitted.
    kFirstTooLarge,
    kTrailersTooLarge,
  };

  Http2Events() = default;
  Http2Events(const Http2Events&) = delete;
  Http2Events& operator=(const Http2Events&) = delete;
  virtual ~Http2Events() = default;

  // `fields` belongs to the session and is overwritten by the next block; it may be swapped away.
  virtual void OnHeaders(StreamId stream, Block block, Metadata* fields) = 0;
  virtual void OnData(StreamId stream, std::string_view bytes) = 0;
  // The peer has ended its side.
  virtual void OnEnd(StreamId stream) = 0;
  // There is room in the queue again, after kFull or kRefused.
  virtual void OnWritable(StreamId stream) = 0;
  virtual void OnClosed(StreamId stream, uint32_t error_code) = 0;
  // The peer takes no new streams.
  virtual void OnGoAway() = 0;
};

class Http2Session {
 public:
  Http2Session(const Http2Options& options, Http2Events* events, uint64_t now_us);
  Http2Session(const Http2Session&) = delete;
  Http2Session& operator=(const Http2Session&) = delete;
  ~Http2Session();

  // ---- the drive (see session.h) ----
  void Receive(std::string_view bytes, uint64_t now_us);
  void Produce(OutputQueue* out);
  void OnTime(uint64_t now_us);
  [[nodiscard]] uint64_t NextWakeUs() const;
  [[nodiscard]] bool WantsClose() const;
  void StartDrain(uint64_t now_us);

  // ---- commands ----
  // Client: opens a stream. Fails with UNAVAILABLE when the connection takes no new ones.
  [[nodiscard]] Result<StreamId> Request(std::span<const Metadata::Field> fields);
  // Server: the response's headers; `end` when they are all of it.
  void Respond(StreamId stream, std::span<const Metadata::Field> fields, bool end);

  struct Data {
    // At most kHeadBytesMax, copied.
    std::string_view head;
    Payload body;
    // Past the bounds of the stream and of the connection, if need be: the last message of a call.
    bool last = false;
  };
  static constexpr size_t kHeadBytesMax = 8;
  [[nodiscard]] WriteResult Send(StreamId stream, Data data);
  // This side's end, after what is queued; without trailers when there are no fields.
  void End(StreamId stream, Metadata trailers);
  void Reset(StreamId stream, Http2Error error);
  // The handler has taken `bytes` of what OnData gave.
  void Consume(StreamId stream, size_t bytes);

  // ---- what there is ----
  [[nodiscard]] size_t streams() const { return streams_.size(); }
  [[nodiscard]] bool TakesRequests() const;
  [[nodiscard]] bool HasQueued(StreamId stream) const;
  [[nodiscard]] size_t queued_bytes() const { return queued_bytes_; }
  [[nodiscard]] size_t held_bytes() const { return held_bytes_; }
  // Why this side ended the connection; empty if it did not.
  [[nodiscard]] const std::string& failure() const { return failure_; }
  // The same as a word: one of cut_words.
  [[nodiscard]] std::string_view failure_word() const { return failure_word_; }
  [[nodiscard]] bool settings_received() const { return settings_received_; }

 private:
  friend struct Http2Callbacks;

  struct Chunk {
    char head[kHeadBytesMax];
    uint8_t head_bytes = 0;
    Payload body;

    [[nodiscard]] size_t size() const { return head_bytes + body.size(); }
  };

  struct Stream {
    // Chunks from `first` on are queued; `front_sent` bytes of the first have gone.
    std::vector<Chunk> queue;
    size_t first = 0;
    size_t front_sent = 0;
    size_t queued_bytes = 0;
    size_t held_bytes = 0;
    Metadata trailers;
    bool responded = false;
    bool ended = false;
    bool reset = false;
    bool deferred = false;
    // Told to wait, by its own bound; or by the connection's, and then it is in `starved_`.
    bool wants_room = false;
    bool starved = false;
    // Known to the events object.
    bool announced = false;
    bool got_headers = false;
    // The block that is being received.
    bool block_too_large = false;
    // Server: the request broke HTTP's rules, and its reset is on its way; no event tells of it.
    bool malformed = false;
    RequestRules rules;
  };

  [[nodiscard]] Stream* Find(StreamId stream);
  // Wakes a stream that nghttp2 put aside for want of data.
  void Resume(StreamId stream, Stream* state);
  // Appends `bytes` of the stream's queue to the output.
  void TakeQueued(Stream* stream, size_t bytes);
  // Puts the stream among those to tell when the connection has room.
  void Starve(StreamId stream, Stream* state);
  // Of the connection's queue.
  [[nodiscard]] bool HasRoomFor(const Data& data) const;
  void NoteRoom(StreamId stream, Stream* state);
  // True if an event ran: there may be more to frame.
  [[nodiscard]] bool AnnounceRoom();
  void DropQueue(Stream* stream);
  void CreditConnection();
  // Ends a stream whose request breaks HTTP's rules.
  void Refuse(StreamId stream, Stream* state);
  void Fail(Http2Error error, std::string_view reason);
  void Judge(const char* offence);
  void OnGoAwaySent();
  void OnPong(const uint8_t* opaque);
  void SendGoAway(Http2Error error, std::string_view reason, int32_t last_stream);
  void Closed(StreamId stream, uint32_t error_code);

  const Http2Options options_;
  Http2Events* const events_;
  nghttp2_session* session_ = nullptr;
  FloodGuard flood_guard_;
  Keepalive keepalive_;

  std::unordered_map<uint64_t, Stream> streams_;
  // The block that is being received.
  Metadata fields_;
  size_t queued_bytes_ = 0;
  size_t held_bytes_ = 0;
  // Received, and not yet given back to the connection's window.
  size_t owed_bytes_ = 0;
  // To be told that there is room, once the connection has some.
  std::vector<StreamId> starved_;

  uint64_t now_us_;
  const uint64_t started_us_;
  uint64_t last_stream_us_;
  uint64_t drain_until_us_ = 0;
  bool draining_ = false;
  bool goaway_sent_ = false;
  bool goaway_received_ = false;
  bool settings_received_ = false;
  bool dead_ = false;
  std::string failure_;
  std::string_view failure_word_ = cut_words::kProtocolError;
  // Set while Produce runs.
  OutputQueue* out_ = nullptr;
};

}  // namespace keel::net
