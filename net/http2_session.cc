#include "net/http2_session.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/check.h"
#include "net/http2_callbacks.h"
#include "net/session.h"

namespace keel::net {

namespace {

// Tells the ping of a drain from those that look whether the peer is there.
constexpr std::array<uint8_t, 8> kDrainPing = {'d', 'r', 'a', 'i', 'n', 0, 0, 0};

int32_t NumberOf(StreamId stream) { return static_cast<int32_t>(stream.value()); }

Keepalive::Options KeepaliveOf(const Http2Options& options) {
  return {.interval_us = options.keepalive_interval_us, .timeout_us = options.keepalive_timeout_us};
}

}  // namespace

Http2Session::Http2Session(const Http2Options& options, Http2Events* events, uint64_t now_us)
    : options_(options),
      events_(events),
      session_(Http2Callbacks::MakeSession(this, options)),
      flood_guard_(options),
      keepalive_(KeepaliveOf(options), now_us),
      now_us_(now_us),
      started_us_(now_us),
      last_stream_us_(now_us) {
  std::vector<nghttp2_settings_entry> settings = {
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, options.stream_window_bytes},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, options.header_list_bytes_max},
      {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
  };
  if (options.role == Http2Role::kServer) {
    settings.push_back({NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, options.streams_max});
  } else {
    settings.push_back({NGHTTP2_SETTINGS_ENABLE_PUSH, 0});
  }
  int result =
      nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  KEEL_CHECK(result == 0) << nghttp2_strerror(result);
  result = nghttp2_session_set_local_window_size(
      session_, NGHTTP2_FLAG_NONE, 0, static_cast<int32_t>(options.connection_window_bytes));
  KEEL_CHECK(result == 0) << nghttp2_strerror(result);
}

Http2Session::~Http2Session() { nghttp2_session_del(session_); }

// ---- the drive ----

void Http2Session::Receive(std::string_view bytes, uint64_t now_us) {
  now_us_ = now_us;
  if (dead_ || !failure_.empty()) return;
  keepalive_.OnReceived(now_us);
  const ssize_t taken = nghttp2_session_mem_recv(
      session_, reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  if (taken >= 0) return;
  // nghttp2 cannot go on, not even to say goodbye.
  const char* const reason = nghttp2_strerror(static_cast<int>(taken));
  if (taken != NGHTTP2_ERR_FLOODED) return Fail(Http2Error::kProtocolError, reason);
  if (failure_.empty()) {
    failure_ = reason;
    failure_word_ = cut_words::kFlooded;
  }
  dead_ = true;
}

void Http2Session::Produce(OutputQueue* out) {
  out_ = out;
  while (!dead_ && out->size_bytes() < options_.output_bytes_max) {
    const uint8_t* bytes = nullptr;
    const ssize_t size = nghttp2_session_mem_send(session_, &bytes);
    if (size < 0) {
      failure_ = nghttp2_strerror(static_cast<int>(size));
      dead_ = true;
    } else if (size > 0) {
      out->Append({reinterpret_cast<const char*>(bytes), static_cast<size_t>(size)});
    } else if (!AnnounceRoom()) {
      break;
    }
  }
  out_ = nullptr;
}

void Http2Session::OnTime(uint64_t now_us) {
  now_us_ = now_us;
  if (dead_ || !failure_.empty()) return;
  if (!settings_received_ && options_.handshake_timeout_us != 0 &&
      now_us - started_us_ >= options_.handshake_timeout_us) {
    failure_word_ = cut_words::kNoSettingsInTime;
    return Fail(Http2Error::kProtocolError, failure_word_);
  }
  if (options_.keepalive_without_streams || !streams_.empty()) {
    switch (keepalive_.OnTime(now_us)) {
      case Keepalive::Action::kNone:
        break;
      case Keepalive::Action::kPing:
        (void)nghttp2_submit_ping(session_, NGHTTP2_FLAG_NONE, nullptr);
        break;
      case Keepalive::Action::kGiveUp:
        // A GOAWAY would only wait in the socket of a peer that is not there.
        failure_ = "keepalive: nothing heard from the peer";
        failure_word_ = cut_words::kKeepalive;
        dead_ = true;
        return;
    }
  }
  if (options_.idle_timeout_us != 0 && streams_.empty() && !draining_ &&
      now_us - last_stream_us_ >= options_.idle_timeout_us) {
    StartDrain(now_us);
  }
  if (draining_ && !goaway_sent_ && now_us >= drain_until_us_) {
    SendGoAway(Http2Error::kNoError, {}, nghttp2_session_get_last_proc_stream_id(session_));
  }
}

uint64_t Http2Session::NextWakeUs() const {
  if (dead_ || !failure_.empty()) return Session::kNever;
  uint64_t wake_us = Session::kNever;
  if (!settings_received_ && options_.handshake_timeout_us != 0) {
    wake_us = started_us_ + options_.handshake_timeout_us;
  }
  if (options_.keepalive_without_streams || !streams_.empty()) {
    wake_us = std::min(wake_us, keepalive_.NextWakeUs());
  }
  if (options_.idle_timeout_us != 0 && streams_.empty() && !draining_) {
    wake_us = std::min(wake_us, last_stream_us_ + options_.idle_timeout_us);
  }
  if (draining_ && !goaway_sent_) wake_us = std::min(wake_us, drain_until_us_);
  return wake_us;
}

bool Http2Session::WantsClose() const {
  if (dead_) return true;
  if (nghttp2_session_want_write(session_) != 0) return false;
  return !failure_.empty() || (goaway_received_ && streams_.empty()) ||
         nghttp2_session_want_read(session_) == 0;
}

void Http2Session::StartDrain(uint64_t now_us) {
  now_us_ = now_us;
  if (draining_ || dead_) return;
  draining_ = true;
  if (options_.role == Http2Role::kClient) {
    SendGoAway(Http2Error::kNoError, {}, 0);
    return;
  }
  // First say that the end is near, then, when those on their way have come, where it is.
  (void)nghttp2_submit_shutdown_notice(session_);
  drain_until_us_ = now_us + options_.drain_grace_us;
}

// The answer to a ping behind the notice comes behind all that was on its way.
void Http2Session::OnGoAwaySent() {
  const bool is_notice = draining_ && !goaway_sent_ && options_.role == Http2Role::kServer;
  if (is_notice) (void)nghttp2_submit_ping(session_, NGHTTP2_FLAG_NONE, kDrainPing.data());
}

void Http2Session::OnPong(const uint8_t* opaque) {
  const bool ends_drain = draining_ && !goaway_sent_ && options_.role == Http2Role::kServer &&
                          std::equal(kDrainPing.begin(), kDrainPing.end(), opaque);
  if (!ends_drain) return;
  SendGoAway(Http2Error::kNoError, {}, nghttp2_session_get_last_proc_stream_id(session_));
}

bool Http2Session::TakesRequests() const {
  return !dead_ && failure_.empty() && !draining_ && !goaway_received_ &&
         nghttp2_session_check_request_allowed(session_) != 0;
}

// ---- commands ----

Result<StreamId> Http2Session::Request(std::span<const Metadata::Field> fields) {
  if (!TakesRequests()) return Unavailable("the connection is closing");
  const std::vector<nghttp2_nv> converted = Http2Callbacks::Fields(fields);
  const nghttp2_data_provider provider = Http2Callbacks::DataProvider();
  const int32_t stream = nghttp2_submit_request(session_, nullptr, converted.data(),
                                                converted.size(), &provider, nullptr);
  if (stream < 0) return Unavailable(nghttp2_strerror(stream));
  const StreamId id(static_cast<uint64_t>(stream));
  Stream& state = streams_.try_emplace(id.value()).first->second;
  state.responded = true;
  state.announced = true;
  return id;
}

void Http2Session::Respond(StreamId stream, std::span<const Metadata::Field> fields, bool end) {
  Stream* state = Find(stream);
  if (state == nullptr || state->responded) return;
  state->responded = true;
  state->ended = end;
  const std::vector<nghttp2_nv> converted = Http2Callbacks::Fields(fields);
  const nghttp2_data_provider provider = Http2Callbacks::DataProvider();
  const int result = nghttp2_submit_response(session_, NumberOf(stream), converted.data(),
                                             converted.size(), end ? nullptr : &provider);
  if (result != 0) Reset(stream, Http2Error::kInternalError);
}

WriteResult Http2Session::Send(StreamId stream, Data data) {
  KEEL_CHECK(data.head.size() <= kHeadBytesMax) << "a head of " << data.head.size();
  Stream* state = Find(stream);
  if (state == nullptr || state->ended || dead_) return WriteResult::kGone;
  if (!HasRoomFor(data)) {
    Starve(stream, state);
    return WriteResult::kRefused;
  }
  if (!data.last && state->queued_bytes >= options_.stream_queue_bytes_max) {
    state->wants_room = true;
    return WriteResult::kRefused;
  }
  Chunk& chunk = state->queue.emplace_back();
  data.head.copy(chunk.head, kHeadBytesMax);
  chunk.head_bytes = static_cast<uint8_t>(data.head.size());
  chunk.body = std::move(data.body);
  state->queued_bytes += chunk.size();
  queued_bytes_ += chunk.size();
  Resume(stream, state);
  if (state->queued_bytes < options_.stream_queue_bytes_max) return WriteResult::kMore;
  state->wants_room = true;
  return WriteResult::kFull;
}

void Http2Session::End(StreamId stream, Metadata trailers) {
  Stream* state = Find(stream);
  if (state == nullptr || state->ended) return;
  state->ended = true;
  state->trailers = std::move(trailers);
  Resume(stream, state);
}

void Http2Session::Reset(StreamId stream, Http2Error error) {
  Stream* state = Find(stream);
  // A second reset of a request that has not left yet would reach the wire alone, and there it is a
  // reset of a stream that the peer does not know: the end of the connection.
  if (state == nullptr || std::exchange(state->reset, true)) return;
  DropQueue(state);
  state->ended = true;
  (void)nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, NumberOf(stream),
                                  static_cast<uint32_t>(error));
}

void Http2Session::Consume(StreamId stream, size_t bytes) {
  Stream* state = Find(stream);
  if (state == nullptr) return;
  KEEL_CHECK(bytes <= state->held_bytes) << "more was consumed than received";
  state->held_bytes -= bytes;
  held_bytes_ -= bytes;
  (void)nghttp2_session_consume_stream(session_, NumberOf(stream), bytes);
  CreditConnection();
}

bool Http2Session::HasQueued(StreamId stream) const {
  const auto found = streams_.find(stream.value());
  return found != streams_.end() && found->second.queued_bytes > 0;
}

// ---- inside ----

Http2Session::Stream* Http2Session::Find(StreamId stream) {
  const auto found = streams_.find(stream.value());
  return found == streams_.end() ? nullptr : &found->second;
}

void Http2Session::Resume(StreamId stream, Stream* state) {
  if (!state->deferred) return;
  state->deferred = false;
  (void)nghttp2_session_resume_data(session_, NumberOf(stream));
}

bool Http2Session::HasRoomFor(const Data& data) const {
  if (!data.last) return queued_bytes_ < options_.connection_queue_bytes_max;
  return data.body.size() <= options_.small_last_bytes_max ||
         queued_bytes_ < options_.last_queue_bytes_max;
}

void Http2Session::TakeQueued(Stream* stream, size_t bytes) {
  stream->queued_bytes -= bytes;
  queued_bytes_ -= bytes;
  while (bytes > 0) {
    Chunk& chunk = stream->queue[stream->first];
    size_t from = stream->front_sent;
    const size_t now = std::min(bytes, chunk.size() - from);
    size_t left = now;
    if (from < chunk.head_bytes) {
      const size_t of_head = std::min(left, chunk.head_bytes - from);
      out_->Append({chunk.head + from, of_head});
      from += of_head;
      left -= of_head;
    }
    if (left > 0) {
      out_->AppendShared(chunk.body, chunk.body.view().substr(from - chunk.head_bytes, left));
    }
    bytes -= now;
    stream->front_sent += now;
    if (stream->front_sent == chunk.size()) {
      chunk.body = Payload();
      stream->front_sent = 0;
      ++stream->first;
    }
  }
  if (stream->first == stream->queue.size()) {
    stream->queue.clear();
    stream->first = 0;
  } else if (stream->first >= 64 && stream->first * 2 >= stream->queue.size()) {
    stream->queue.erase(stream->queue.begin(),
                        stream->queue.begin() + static_cast<ptrdiff_t>(stream->first));
    stream->first = 0;
  }
}

void Http2Session::Starve(StreamId stream, Stream* state) {
  if (std::exchange(state->starved, true)) return;
  starved_.push_back(stream);
}

void Http2Session::NoteRoom(StreamId stream, Stream* state) {
  if (state->wants_room && state->queued_bytes <= options_.stream_queue_bytes_max / 2) {
    state->wants_room = false;
    Starve(stream, state);
  }
}

bool Http2Session::AnnounceRoom() {
  if (starved_.empty() || queued_bytes_ > options_.connection_queue_bytes_max / 2) return false;
  for (const StreamId stream : std::exchange(starved_, {})) {
    Stream* state = Find(stream);
    if (state == nullptr) continue;
    state->starved = false;
    // One that is still over its own bound is told when it is not.
    if (!state->ended && !state->wants_room) events_->OnWritable(stream);
  }
  return true;
}

void Http2Session::DropQueue(Stream* stream) {
  queued_bytes_ -= stream->queued_bytes;
  stream->queued_bytes = 0;
  stream->queue.clear();
  stream->first = 0;
  stream->front_sent = 0;
}

void Http2Session::CreditConnection() {
  if (owed_bytes_ == 0 || held_bytes_ >= options_.held_bytes_max) return;
  (void)nghttp2_session_consume_connection(session_, std::exchange(owed_bytes_, 0));
}

void Http2Session::Closed(StreamId stream, uint32_t error_code) {
  const auto found = streams_.find(stream.value());
  if (found == streams_.end()) return;
  DropQueue(&found->second);
  held_bytes_ -= found->second.held_bytes;
  const bool announced = found->second.announced;
  streams_.erase(found);
  last_stream_us_ = now_us_;
  CreditConnection();
  if (announced) events_->OnClosed(stream, error_code);
}

void Http2Session::Refuse(StreamId stream, Stream* state) {
  if (std::exchange(state->malformed, true)) return;
  Reset(stream, Http2Error::kProtocolError);
  // Making us reset streams is as cheap for the peer as resetting them.
  Judge(flood_guard_.OnMalformed(now_us_));
}

void Http2Session::Judge(const char* offence) {
  if (offence == nullptr || dead_ || !failure_.empty()) return;
  failure_word_ = offence;
  Fail(Http2Error::kEnhanceYourCalm, offence);
}

void Http2Session::Fail(Http2Error error, std::string_view reason) {
  if (dead_ || !failure_.empty()) return;
  failure_ = std::string(reason);
  SendGoAway(error, failure_, nghttp2_session_get_last_proc_stream_id(session_));
}

void Http2Session::SendGoAway(Http2Error error, std::string_view reason, int32_t last_stream) {
  goaway_sent_ = true;
  (void)nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE, last_stream,
                              static_cast<uint32_t>(error),
                              reinterpret_cast<const uint8_t*>(reason.data()), reason.size());
}

}  // namespace keel::net
