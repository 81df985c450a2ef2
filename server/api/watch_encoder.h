// The bytes of watch responses.
//
// Many watchers are told of the same events: an event's bytes are made once, kept while they are
// likely to be asked for again, and copied into each response behind its own header. Belongs to the
// transport's executor.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "api/etcdserverpb/watch.pb.h"
#include "base/payload.h"
#include "kv/watch/watch_hub.h"

namespace keel::api {

class WatchEncoder {
 public:
  struct Options {
    size_t cache_bytes_max = size_t{4} << 20;
    size_t fragment_bytes = size_t{3} << 19;
  };
  explicit WatchEncoder(const Options& options) : options_(options) {}

  // The responses that carry `revisions`, in order: one, or with `fragment` several when it would
  // be large. `head` has everything but the events.
  [[nodiscard]] std::vector<Payload> Encode(const etcdserverpb::WatchResponse& head,
                                            const std::vector<kv::WatchedRevision>& revisions,
                                            bool fragment);

 private:
  struct Kept {
    std::shared_ptr<const kv::RevisionEvents> revision;  // so that its address stays its own
    std::vector<std::string> events;
    size_t bytes = 0;
  };
  // An event as a field of a response.
  [[nodiscard]] const std::string& EventOf(
      const std::shared_ptr<const kv::RevisionEvents>& revision, uint32_t at);

  const Options options_;
  std::unordered_map<const kv::RevisionEvents*, Kept> kept_;
  std::deque<const kv::RevisionEvents*> order_;
  size_t bytes_ = 0;
};

}  // namespace keel::api
