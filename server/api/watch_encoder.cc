#include "server/api/watch_encoder.h"

#include <utility>

#include "server/api/translate.h"

namespace keel::api {

namespace pb = etcdserverpb;

namespace {

// A message that holds nothing but one event is that event as a field: messages are fields in a
// row, whoever wrote them.
std::string FieldOf(const kv::Event& event, const std::optional<kv::KeyValue>& previous) {
  pb::WatchResponse carrier;
  mvccpb::Event* to = carrier.add_events();
  to->set_type(event.kind == kv::EventKind::kPut ? mvccpb::Event::PUT : mvccpb::Event::DELETE);
  Write(event.kv, to->mutable_kv());
  if (previous.has_value()) Write(*previous, to->mutable_prev_kv());
  return carrier.SerializeAsString();
}

}  // namespace

const std::string& WatchEncoder::EventOf(const std::shared_ptr<const kv::RevisionEvents>& revision,
                                         uint32_t at) {
  auto found = kept_.find(revision.get());
  if (found == kept_.end()) {
    while (bytes_ > options_.cache_bytes_max && !order_.empty()) {
      const auto oldest = kept_.find(order_.front());
      bytes_ -= oldest->second.bytes;
      kept_.erase(oldest);
      order_.pop_front();
    }
    Kept kept{.revision = revision, .events = {}};
    kept.events.resize(revision->events.size());
    found = kept_.emplace(revision.get(), std::move(kept)).first;
    order_.push_back(revision.get());
  }
  Kept& kept = found->second;
  std::string& event = kept.events[at];
  if (event.empty()) {
    event = FieldOf(revision->events[at], std::nullopt);
    kept.bytes += event.size();
    bytes_ += event.size();
  }
  return event;
}

std::vector<Payload> WatchEncoder::Encode(const pb::WatchResponse& head,
                                          const std::vector<kv::WatchedRevision>& revisions,
                                          bool fragment) {
  std::vector<Payload> responses;
  const std::string whole_head = head.SerializeAsString();
  pb::WatchResponse piece = head;
  piece.set_fragment(true);
  const std::string piece_head = fragment ? piece.SerializeAsString() : std::string();
  std::string events;
  size_t count = 0;
  const auto add = [&](const std::string& field) {
    const bool full = fragment && count > 0 &&
                      piece_head.size() + events.size() + field.size() >= options_.fragment_bytes;
    if (full) {
      responses.push_back(Payload::Of(piece_head + events));
      events.clear();
      count = 0;
    }
    events += field;
    ++count;
  };
  for (const kv::WatchedRevision& watched : revisions) {
    for (size_t i = 0; i < watched.picked.size(); ++i) {
      const uint32_t at = watched.picked[i];
      const bool has_previous = i < watched.previous.size() && watched.previous[i].has_value();
      if (has_previous) {
        add(FieldOf(watched.revision->events[at], watched.previous[i]));
      } else {
        add(EventOf(watched.revision, at));
      }
    }
  }
  responses.push_back(Payload::Of(whole_head + events));
  return responses;
}

}  // namespace keel::api
