// What happens to keys, from a revision on: every change once, in order, whatever the network does.
//
// A Watcher keeps one stream to some member and resumes it elsewhere, from the revision after the
// last that it has delivered whole: no gap, no duplicate. Changes of one revision come together, in
// one batch. A reader that is slow holds the server back; it costs no memory beyond a bound. What
// cannot be had any more is never passed over in silence: if the next revision was compacted before
// it could be read, the watch ends with OUT_OF_RANGE, and compact_revision() says what is left.
//
//   Watcher watcher(&client, {.range = KeyRange::Prefix("orders/")});
//   for (const WatchBatch& batch : watcher) { ... }
//
// Next waits, or takes a completion token: one at a time. With `on_batch` set batches go there
// instead, on the I/O thread. Destroying the watcher ends it; from any thread but the I/O thread.
#pragma once

#include <cstdint>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "client/async.h"
#include "client/client.h"
#include "client/types.h"

namespace keel::client {

struct Event {
  enum class Kind : uint8_t { kPut, kDelete };
  Kind kind = Kind::kPut;
  // A put: the key as it is now; version 1 says that it is new. A delete: the key, and in
  // mod_revision the revision of its end.
  KeyValue kv;
  // The key before, if asked for, if there was one, and if it is not compacted away.
  std::optional<KeyValue> previous;

  [[nodiscard]] bool IsCreate() const { return kind == Kind::kPut && kv.version == 1; }
};

struct WatchBatch {
  Header header;
  // Whole revisions. Empty: nothing happened up to header.revision (only with `progress`).
  std::vector<Event> events;
};

struct WatchRequest {
  KeyRange range;
  Revision start;  // none: from now on
  bool puts = true;
  bool deletes = true;
  bool previous = false;
  // Batches without events, from time to time, that say how far a quiet watch has come.
  bool progress = false;
};

class Watcher {
 public:
  using OnBatch = std::function<void(Result<WatchBatch>)>;

  // Begins at once. `on_batch`, if given, is called with every batch, and with the failure that
  // ends the watch.
  Watcher(const Client* client, WatchRequest request, ViewOptions options = {},
          OnBatch on_batch = {});
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;
  ~Watcher();

  // The next batch; after a failure, or Cancel, always that failure. Not with `on_batch`.
  Result<WatchBatch> Next();
  template <class Token>
  auto Next(Token&& token) {
    return internal::Initiate<Result<WatchBatch>>(
        [this](Done<Result<WatchBatch>> done) { return StartNext(std::move(done)); },
        std::forward<Token>(token));
  }
  // Nothing if no batch comes in time.
  [[nodiscard]] Result<std::optional<WatchBatch>> NextFor(Milliseconds patience);

  // Returns once the server is watching, or with what prevents it: what happens after that is
  // seen, even with no `start`.
  Status WaitUntilCreated(Milliseconds patience);
  // Asks the server for a batch without events that says how far this watch has come.
  void RequestProgress();
  // Ends the watch with CANCELLED.
  void Cancel();

  // The revision that the next batch will begin with, or a later one.
  [[nodiscard]] Revision next_revision() const;
  // After OUT_OF_RANGE: the lowest revision that can still be watched from.
  [[nodiscard]] Revision compact_revision() const;
  // How often the stream was resumed.
  [[nodiscard]] uint64_t resumptions() const;

  // Ends when the watch does; status() says why.
  class Iterator {
   public:
    using iterator_concept = std::input_iterator_tag;
    using value_type = WatchBatch;
    using difference_type = std::ptrdiff_t;

    Iterator() = default;
    explicit Iterator(Watcher* watcher) : watcher_(watcher) { ++*this; }
    [[nodiscard]] const WatchBatch& operator*() const { return batch_; }
    [[nodiscard]] const WatchBatch* operator->() const { return &batch_; }
    Iterator& operator++();
    void operator++(int) { ++*this; }
    friend bool operator==(const Iterator& at, std::default_sentinel_t /*end*/) {
      return at.watcher_ == nullptr;
    }

   private:
    Watcher* watcher_ = nullptr;
    WatchBatch batch_;
  };
  [[nodiscard]] Iterator begin() { return Iterator(this); }
  [[nodiscard]] static std::default_sentinel_t end() { return {}; }
  // OK while it runs.
  [[nodiscard]] Status status() const;

 private:
  Operation StartNext(Done<Result<WatchBatch>> done);

  struct State;
  const std::shared_ptr<State> state_;
};

}  // namespace keel::client
