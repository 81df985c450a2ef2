#include "net/local_channel.h"

#include <algorithm>
#include <utility>

namespace keel::net {

namespace {

CallId IdOf(uint64_t number) { return {ConnectionId(1), StreamId(number)}; }

Payload TakeFront(std::deque<Payload>* queue, size_t* bytes) {
  Payload front = std::move(queue->front());
  queue->pop_front();
  *bytes -= front.size();
  return front;
}

}  // namespace

LocalChannel::~LocalChannel() {
  while (!calls_.empty()) {
    const uint64_t number = calls_.begin()->first;
    calls_.begin()->second->cut = Cancelled("the channel is gone");
    End(number);
  }
}

// ---- the client's end ----

ClientCallId LocalChannel::Start(CallOptions options, std::unique_ptr<CallObserver> observer) {
  const uint64_t number = ++last_call_;
  Call* call = calls_.emplace(number, std::make_unique<Call>()).first->second.get();
  call->observer = std::move(observer);
  call->request.Add({":path", options.path});
  for (size_t i = 0; i < options.metadata.size(); ++i) {
    if (Metadata::MaySend(options.metadata[i])) call->request.Add(options.metadata[i]);
  }
  if (options.timeout_us != 0) {
    call->deadline_us = options_.clock->MonotonicUs() + options.timeout_us;
    call->deadline_timer =
        options_.executor->PostAfter(options.timeout_us, alive_.Guard([this, number] {
          CutOff(number, DeadlineExceeded("the call's deadline has passed"));
        }));
  }
  call->options = std::move(options);
  PostStep(number, call);
  return ClientCallId(number);
}

WriteResult LocalChannel::Write(ClientCallId id, Payload message) {
  Call* call = Find(id.value());
  if (call == nullptr || call->up.ended || call->down.ended) return WriteResult::kGone;
  if (message.size() > options_.message_bytes_max) {
    CutOff(id.value(),
           ResourceExhausted("received message larger than max (" + std::to_string(message.size()) +
                             " vs. " + std::to_string(options_.message_bytes_max) + ")"));
    return WriteResult::kGone;
  }
  PostStep(id.value(), call);
  return Put(&call->up, std::move(message));
}

void LocalChannel::CloseWrites(ClientCallId id) {
  Call* call = Find(id.value());
  if (call == nullptr) return;
  call->up.ended = true;
  PostStep(id.value(), call);
}

void LocalChannel::Cancel(ClientCallId id) {
  CutOff(id.value(), Cancelled("the call was cancelled"));
}

void LocalChannel::ResumeReads(ClientCallId id) {
  Call* call = Find(id.value());
  if (call == nullptr) return;
  call->down.paused = false;
  PostStep(id.value(), call);
}

void LocalChannel::Break(const Status& reason) {
  for (const auto& [number, call] : calls_) CutOff(number, reason);
}

// ---- the server's end ----

LocalChannel::Call* LocalChannel::FindServing(CallId id) {
  Call* call = Find(id.stream.value());
  return call == nullptr || call->down.ended || !call->cut.ok() ? nullptr : call;
}

void LocalChannel::SendMetadata(CallId id, const Metadata& metadata) {
  Call* call = FindServing(id);
  if (call == nullptr || call->headers_sent) return;
  call->headers_sent = true;
  call->headers = metadata;
  PostStep(id.stream.value(), call);
}

WriteResult LocalChannel::Write(CallId id, Payload message) {
  Call* call = FindServing(id);
  if (call == nullptr) return WriteResult::kGone;
  call->headers_sent = true;
  PostStep(id.stream.value(), call);
  return Put(&call->down, std::move(message));
}

void LocalChannel::Finish(CallId id, Ending ending) {
  Call* call = FindServing(id);
  if (call == nullptr) return;
  if (ending.has_message && ending.status.ok()) {
    call->headers_sent = true;
    call->down.bytes += ending.message.size();
    call->down.queue.push_back(std::move(ending.message));
  }
  call->ending = std::move(ending);
  call->down.ended = true;
  PostStep(id.stream.value(), call);
}

void LocalChannel::ResumeReads(CallId id) {
  Call* call = FindServing(id);
  if (call == nullptr) return;
  call->up.paused = false;
  PostStep(id.stream.value(), call);
}

bool LocalChannel::IsOpen(CallId id) const {
  const auto found = calls_.find(id.stream.value());
  return found != calls_.end() && !found->second->down.ended && found->second->cut.ok();
}

// ---- inside ----

LocalChannel::Call* LocalChannel::Find(uint64_t number) {
  const auto found = calls_.find(number);
  return found == calls_.end() ? nullptr : found->second.get();
}

WriteResult LocalChannel::Put(Lane* lane, Payload message) const {
  if (lane->bytes >= options_.queue_bytes_max) {
    lane->wants_room = true;
    return WriteResult::kRefused;
  }
  lane->bytes += message.size();
  lane->queue.push_back(std::move(message));
  if (lane->bytes < options_.queue_bytes_max) return WriteResult::kMore;
  lane->wants_room = true;
  return WriteResult::kFull;
}

void LocalChannel::PostStep(uint64_t number, Call* call) {
  if (call->posted) return;
  call->posted = true;
  options_.executor->Post(alive_.Guard([this, number] { Step(number); }));
}

void LocalChannel::CutOff(uint64_t number, const Status& reason) {
  Call* call = Find(number);
  if (call == nullptr || !call->cut.ok()) return;
  call->cut = reason;
  PostStep(number, call);
}

void LocalChannel::Step(uint64_t number) {
  Call* const call = Find(number);
  if (call == nullptr) return;
  // Until the end of the step everything said to this call only leaves a mark.
  call->posted = true;
  if (!call->begun && call->cut.ok()) Begin(number, call);
  while (call->cut.ok() && (StepUp(number, call) || StepDown(call) || AnnounceRoom(call))) {
  }
  call->posted = false;
  if (!call->cut.ok() || (call->down.ended && call->down.queue.empty())) End(number);
}

void LocalChannel::Begin(uint64_t number, Call* call) {
  call->begun = true;
  call->method = options_.methods->Find(call->options.path);
  if (call->method == nullptr) {
    return Finish(IdOf(number), {.status = options_.methods->NotServed(call->options.path)});
  }
  const auto* streaming = std::get_if<StreamingMethod>(call->method);
  if (streaming == nullptr) return;
  call->handler = (*streaming)(ServerCall(this, IdOf(number)), {.path = call->options.path,
                                                                .metadata = call->request,
                                                                .peer = options_.peer,
                                                                .deadline_us = call->deadline_us});
  if (call->handler == nullptr && !call->down.ended) {
    Finish(IdOf(number), {.status = Internal("the method did not take the call")});
  }
}

bool LocalChannel::StepUp(uint64_t number, Call* call) {
  Lane& up = call->up;
  if (call->down.ended || call->half_close_told) return false;
  if (call->handler == nullptr) {
    if (!up.ended) return false;
    call->half_close_told = true;
    RunUnary(number, call);
    return true;
  }
  if (!up.paused && !up.queue.empty()) {
    const Payload message = TakeFront(&up.queue, &up.bytes);
    if (call->handler->OnMessage(message.view()) == Flow::kPause) up.paused = true;
    return true;
  }
  if (!up.ended || !up.queue.empty() || up.paused) return false;
  call->half_close_told = true;
  call->handler->OnHalfClose();
  return true;
}

void LocalChannel::RunUnary(uint64_t number, Call* call) {
  if (call->up.queue.size() != 1) {
    const char* const wrong = call->up.queue.empty()
                                  ? "the request ended before its message"
                                  : "a unary request carries more than one message";
    return Finish(IdOf(number), {.status = Internal(wrong)});
  }
  const Payload request = TakeFront(&call->up.queue, &call->up.bytes);
  std::get<UnaryMethod> (*call->method)(ServerCall(this, IdOf(number)),
                                        {.path = call->options.path,
                                         .metadata = call->request,
                                         .peer = options_.peer,
                                         .deadline_us = call->deadline_us},
                                        request.view());
}

bool LocalChannel::StepDown(Call* call) {
  Lane& down = call->down;
  if (call->headers_sent && !call->headers_told) {
    call->headers_told = true;
    call->observer->OnMetadata(call->headers);
    return true;
  }
  if (down.paused || down.queue.empty()) return false;
  const Payload message = TakeFront(&down.queue, &down.bytes);
  if (call->observer->OnMessage(message.view()) == Flow::kPause) down.paused = true;
  return true;
}

bool LocalChannel::AnnounceRoom(Call* call) {
  if (call->up.wants_room && call->up.bytes <= options_.queue_bytes_max / 2) {
    call->up.wants_room = false;
    call->observer->OnWritable();
    return true;
  }
  if (call->down.wants_room && call->down.bytes <= options_.queue_bytes_max / 2 &&
      !call->down.ended && call->handler != nullptr) {
    call->down.wants_room = false;
    call->handler->OnWritable();
    return true;
  }
  return false;
}

void LocalChannel::End(uint64_t number) {
  const std::unique_ptr<Call> call = std::move(calls_.at(number));
  calls_.erase(number);
  options_.executor->Cancel(call->deadline_timer);
  if (call->cut.ok()) return call->observer->OnDone(call->ending.status, call->ending.trailers);
  if (call->handler != nullptr && !call->down.ended) call->handler->OnCancelled(call->cut);
  call->observer->OnDone(call->cut, {});
}

}  // namespace keel::net
