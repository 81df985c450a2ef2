#include "net/http2_callbacks.h"

#include "base/check.h"

namespace keel::net {

namespace {

StreamId IdOf(int32_t stream) { return StreamId(static_cast<uint64_t>(stream)); }

std::string_view View(const uint8_t* bytes, size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

bool EndsStream(const nghttp2_frame& frame) {
  return (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
}

// Secrets stay out of the compression tables (RFC 7541, 7.1).
bool IsSecret(std::string_view name) { return name == "authorization" || name == "token"; }

// Never the same twice: in the table of fields they would only push out those that are.
bool IsFleeting(std::string_view name) {
  return name == "keel-sequence" || name == "keel-acknowledged";
}

nghttp2_option* MakeOptions(const Http2Options& options) {
  nghttp2_option* made = nullptr;
  KEEL_CHECK(nghttp2_option_new(&made) == 0) << "out of memory";
  nghttp2_option_set_no_auto_window_update(made, 1);
  nghttp2_option_set_no_closed_streams(made, 1);
  // gRPC's own libraries send status messages with outer spaces.
  nghttp2_option_set_no_rfc9113_leading_and_trailing_ws_validation(made, 1);
  // A server judges requests itself (net/request_rules.h).
  nghttp2_option_set_no_http_messaging(made, options.role == Http2Role::kServer ? 1 : 0);
  nghttp2_option_set_max_continuations(made, options.continuations_max);
  // nghttp2's own fence stands behind ours.
  const TokenBucket::Options resets = options.ResetsAllowed();
  nghttp2_option_set_stream_reset_rate_limit(made, resets.burst * 2, resets.per_second * 2);
  return made;
}

}  // namespace

nghttp2_session* Http2Callbacks::MakeSession(Http2Session* self, const Http2Options& options) {
  nghttp2_session_callbacks* callbacks = nullptr;
  KEEL_CHECK(nghttp2_session_callbacks_new(&callbacks) == 0) << "out of memory";
  nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, OnBeginHeaders);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, OnHeader);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, OnFrame);
  nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks, OnBeginFrame);
  nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks, OnInvalidFrame);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, OnDataChunk);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, OnStreamClose);
  nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, OnFrameSent);
  nghttp2_session_callbacks_set_send_data_callback(callbacks, SendData);
  nghttp2_option* const made = MakeOptions(options);
  nghttp2_session* session = nullptr;
  const int result = options.role == Http2Role::kServer
                         ? nghttp2_session_server_new2(&session, callbacks, self, made)
                         : nghttp2_session_client_new2(&session, callbacks, self, made);
  KEEL_CHECK(result == 0) << nghttp2_strerror(result);
  nghttp2_option_del(made);
  nghttp2_session_callbacks_del(callbacks);
  return session;
}

nghttp2_data_provider Http2Callbacks::DataProvider() {
  nghttp2_data_provider provider{};
  provider.read_callback = ReadQueue;
  return provider;
}

std::vector<nghttp2_nv> Http2Callbacks::Fields(std::span<const Metadata::Field> fields) {
  std::vector<nghttp2_nv> converted;
  converted.reserve(fields.size());
  for (const Metadata::Field& field : fields) {
    nghttp2_nv& nv = converted.emplace_back();
    // nghttp2's interface predates const; it copies both and writes to neither.
    nv.name = const_cast<uint8_t*>(reinterpret_cast<const uint8_t*>(field.name.data()));
    nv.value = const_cast<uint8_t*>(reinterpret_cast<const uint8_t*>(field.value.data()));
    nv.namelen = field.name.size();
    nv.valuelen = field.value.size();
    const bool keep = !IsSecret(field.name) && !IsFleeting(field.name);
    nv.flags = keep ? NGHTTP2_NV_FLAG_NONE : NGHTTP2_NV_FLAG_NO_INDEX;
  }
  return converted;
}

int Http2Callbacks::OnBeginHeaders(nghttp2_session* session, const nghttp2_frame* frame,
                                   void* user_data) {
  Http2Session* self = Self(user_data);
  self->fields_.Clear();
  if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST) {
    Http2Session::Stream* stream = self->Find(IdOf(frame->hd.stream_id));
    if (stream != nullptr) stream->block_too_large = false;
    return 0;
  }
  self->streams_.try_emplace(IdOf(frame->hd.stream_id).value());
  // Equal shares: a large answer must not hold up the small ones behind it (RFC 9218, 10).
  nghttp2_extpri fair{};
  fair.urgency = NGHTTP2_EXTPRI_DEFAULT_URGENCY;
  fair.inc = 1;
  return nghttp2_session_change_extpri_stream_priority(session, frame->hd.stream_id, &fair, 1) ==
                 NGHTTP2_ERR_NOMEM
             ? NGHTTP2_ERR_CALLBACK_FAILURE
             : 0;
}

int Http2Callbacks::OnHeader(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name,
                             size_t name_bytes, const uint8_t* value, size_t value_bytes, uint8_t,
                             void* user_data) {
  Http2Session* self = Self(user_data);
  Http2Session::Stream* stream = self->Find(IdOf(frame->hd.stream_id));
  if (stream == nullptr || stream->malformed) return 0;
  if (self->options_.role == Http2Role::kServer) {
    const auto verdict = stream->rules.OnField(View(name, name_bytes), View(value, value_bytes));
    if (verdict == RequestRules::Verdict::kMalformed) {
      self->Refuse(IdOf(frame->hd.stream_id), stream);
    }
    if (verdict != RequestRules::Verdict::kKeep) return 0;
  }
  if (stream->block_too_large) return 0;
  if (self->fields_.ListBytes() + name_bytes + value_bytes + 32 >
      self->options_.header_list_bytes_max) {
    stream->block_too_large = true;
    return 0;
  }
  self->fields_.Add({View(name, name_bytes), View(value, value_bytes)});
  return 0;
}

void Http2Callbacks::OnHeadersFrame(Http2Session* self, const nghttp2_frame& frame) {
  const StreamId id = IdOf(frame.hd.stream_id);
  Http2Session::Stream* stream = self->Find(id);
  if (stream == nullptr || stream->malformed) return;
  if (self->options_.role == Http2Role::kServer && !stream->rules.OnBlockEnd(EndsStream(frame))) {
    return self->Refuse(id, stream);
  }
  // 1xx responses come ahead of the real one and mean nothing to gRPC.
  if (frame.headers.cat == NGHTTP2_HCAT_RESPONSE || frame.headers.cat == NGHTTP2_HCAT_HEADERS) {
    const std::optional<std::string_view> status = self->fields_.Find(":status");
    if (status && status->starts_with('1')) return;
  }
  using Block = Http2Events::Block;
  Block block = stream->block_too_large ? Block::kFirstTooLarge : Block::kFirst;
  if (stream->got_headers) {
    block = stream->block_too_large ? Block::kTrailersTooLarge : Block::kTrailers;
  }
  stream->got_headers = true;
  stream->announced = true;
  self->events_->OnHeaders(id, block, &self->fields_);
}

int Http2Callbacks::OnFrame(nghttp2_session*, const nghttp2_frame* frame, void* user_data) {
  Http2Session* self = Self(user_data);
  if (!self->failure_.empty()) return 0;
  const uint64_t now_us = self->now_us_;
  const bool ack = (frame->hd.flags & NGHTTP2_FLAG_ACK) != 0;
  switch (frame->hd.type) {
    case NGHTTP2_HEADERS:
      OnHeadersFrame(self, *frame);
      break;
    case NGHTTP2_DATA:
      if (frame->hd.length == 0 && !EndsStream(*frame)) {
        self->Judge(self->flood_guard_.OnIdleFrame(now_us));
      }
      break;
    case NGHTTP2_RST_STREAM:
      self->Judge(self->flood_guard_.OnReset(now_us));
      break;
    case NGHTTP2_SETTINGS:
      self->settings_received_ = true;
      if (!ack) self->Judge(self->flood_guard_.OnSettings(now_us));
      break;
    case NGHTTP2_PING:
      if (!ack) self->Judge(self->flood_guard_.OnPing(now_us));
      if (ack) self->OnPong(frame->ping.opaque_data);
      break;
    case NGHTTP2_GOAWAY:
      self->goaway_received_ = true;
      self->events_->OnGoAway();
      break;
    default:
      break;
  }
  const bool carries_stream = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
  if (carries_stream && EndsStream(*frame)) OnEndOf(self, IdOf(frame->hd.stream_id));
  return 0;
}

void Http2Callbacks::OnEndOf(Http2Session* self, StreamId id) {
  Http2Session::Stream* stream = self->Find(id);
  if (stream == nullptr || stream->malformed || !self->failure_.empty()) return;
  if (!stream->rules.OnEnd()) return self->Refuse(id, stream);
  self->events_->OnEnd(id);
}

int Http2Callbacks::OnBeginFrame(nghttp2_session*, const nghttp2_frame_hd* head, void* user_data) {
  Http2Session* self = Self(user_data);
  // Frames of unknown types never come here: nghttp2 skips them, at the cost of their bytes.
  if (head->type == NGHTTP2_PRIORITY) {
    self->Judge(self->flood_guard_.OnIdleFrame(self->now_us_));
  }
  return 0;
}

int Http2Callbacks::OnInvalidFrame(nghttp2_session*, const nghttp2_frame*, int, void* user_data) {
  // As in Refuse.
  Http2Session* self = Self(user_data);
  self->Judge(self->flood_guard_.OnMalformed(self->now_us_));
  return 0;
}

int Http2Callbacks::OnDataChunk(nghttp2_session*, uint8_t, int32_t stream, const uint8_t* data,
                                size_t bytes, void* user_data) {
  Http2Session* self = Self(user_data);
  self->owed_bytes_ += bytes;
  Http2Session::Stream* state = self->Find(IdOf(stream));
  if (state != nullptr && !state->rules.OnData(bytes)) self->Refuse(IdOf(stream), state);
  if (state == nullptr || state->malformed || !self->failure_.empty()) {
    self->CreditConnection();
    return 0;
  }
  state->held_bytes += bytes;
  self->held_bytes_ += bytes;
  self->CreditConnection();
  self->events_->OnData(IdOf(stream), View(data, bytes));
  return 0;
}

int Http2Callbacks::OnStreamClose(nghttp2_session*, int32_t stream, uint32_t error,
                                  void* user_data) {
  Self(user_data)->Closed(IdOf(stream), error);
  return 0;
}

int Http2Callbacks::OnFrameSent(nghttp2_session* session, const nghttp2_frame* frame,
                                void* user_data) {
  Http2Session* self = Self(user_data);
  if (frame->hd.type == NGHTTP2_GOAWAY && frame->goaway.error_code != NGHTTP2_NO_ERROR) {
    // The last word to a peer that did wrong, whether it was this side's judgement or nghttp2's;
    // what else is queued does not matter any more.
    if (self->failure_.empty()) {
      self->failure_ = "HTTP/2 error " + std::to_string(frame->goaway.error_code) + ": ";
      self->failure_ += View(frame->goaway.opaque_data, frame->goaway.opaque_data_len);
    }
    self->dead_ = true;
  }
  if (frame->hd.type == NGHTTP2_GOAWAY && !self->dead_) self->OnGoAwaySent();
  if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) return 0;
  self->flood_guard_.OnWorkSent();
  // An answer that is complete before its request: ask the client to stop (RFC 9113, 8.1).
  if (self->options_.role == Http2Role::kServer && EndsStream(*frame) &&
      nghttp2_session_get_stream_remote_close(session, frame->hd.stream_id) == 0) {
    return nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, frame->hd.stream_id,
                                     NGHTTP2_NO_ERROR);
  }
  return 0;
}

ssize_t Http2Callbacks::ReadQueue(nghttp2_session* session, int32_t stream, uint8_t*,
                                  size_t bytes_max, uint32_t* flags, nghttp2_data_source*,
                                  void* user_data) {
  Http2Session::Stream* state = Self(user_data)->Find(IdOf(stream));
  if (state == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  if (state->queued_bytes == 0 && !state->ended) {
    state->deferred = true;
    return NGHTTP2_ERR_DEFERRED;
  }
  *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  const size_t bytes = std::min(bytes_max, state->queued_bytes);
  if (!state->ended || bytes < state->queued_bytes) return static_cast<ssize_t>(bytes);
  *flags |= NGHTTP2_DATA_FLAG_EOF;
  if (!state->trailers.empty()) {
    *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
    std::vector<Metadata::Field> fields;
    for (size_t i = 0; i < state->trailers.size(); ++i) fields.push_back(state->trailers[i]);
    const std::vector<nghttp2_nv> trailers = Fields(fields);
    if (nghttp2_submit_trailer(session, stream, trailers.data(), trailers.size()) != 0) {
      return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    }
  }
  return static_cast<ssize_t>(bytes);
}

int Http2Callbacks::SendData(nghttp2_session*, nghttp2_frame* frame, const uint8_t* head,
                             size_t bytes, nghttp2_data_source*, void* user_data) {
  constexpr size_t kFrameHeadBytes = 9;
  Http2Session* self = Self(user_data);
  if (self->out_->size_bytes() >= self->options_.output_bytes_max) return NGHTTP2_ERR_WOULDBLOCK;
  const StreamId id = IdOf(frame->hd.stream_id);
  Http2Session::Stream* stream = self->Find(id);
  if (stream == nullptr || stream->queued_bytes < bytes) {
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  }
  self->out_->Append(View(head, kFrameHeadBytes));
  self->TakeQueued(stream, bytes);
  self->NoteRoom(id, stream);
  return 0;
}

}  // namespace keel::net
