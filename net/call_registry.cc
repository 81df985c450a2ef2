#include "net/call_registry.h"

#include <utility>

namespace keel::net {

ConnectionId CallRegistry::Add(CallSink* sink) {
  const ConnectionId id(++last_id_);
  calls_.emplace(id.value(), sink);
  return id;
}

ConnectionId CallRegistry::Add(HttpSink* sink) {
  const ConnectionId id(++last_id_);
  http_.emplace(id.value(), sink);
  return id;
}

void CallRegistry::Remove(ConnectionId connection) {
  calls_.erase(connection.value());
  http_.erase(connection.value());
}

CallSink* CallRegistry::Find(CallId call) const {
  const auto found = calls_.find(call.connection.value());
  return found == calls_.end() ? nullptr : found->second;
}

void CallRegistry::SendMetadata(CallId call, const Metadata& metadata) {
  if (CallSink* sink = Find(call)) sink->SendMetadata(call, metadata);
}

WriteResult CallRegistry::Write(CallId call, Payload message) {
  CallSink* sink = Find(call);
  return sink == nullptr ? WriteResult::kGone : sink->Write(call, std::move(message));
}

void CallRegistry::Finish(CallId call, Ending ending) {
  if (CallSink* sink = Find(call)) sink->Finish(call, std::move(ending));
}

void CallRegistry::ResumeReads(CallId call) {
  if (CallSink* sink = Find(call)) sink->ResumeReads(call);
}

bool CallRegistry::IsOpen(CallId call) const {
  const CallSink* sink = Find(call);
  return sink != nullptr && sink->IsOpen(call);
}

void CallRegistry::Respond(CallId call, HttpResponse response) {
  const auto found = http_.find(call.connection.value());
  if (found != http_.end()) found->second->Respond(call, std::move(response));
}

}  // namespace keel::net
