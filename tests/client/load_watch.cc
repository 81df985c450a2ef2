#include <atomic>
#include <chrono>
#include <iostream>
#include <thread>

#include "client/kv.h"
#include "client/pipeline.h"
#include "client/watch.h"
#include "tests/client/load.h"

namespace keel::client {

namespace {

constexpr uint64_t kKeys = 100;
// How far behind the watch the store is compacted, and how often.
constexpr uint64_t kCompactEvery = 5'000;
constexpr uint64_t kCompactBehind = 100;

std::string KeyOf(uint64_t change) { return "key" + std::to_string(change % kKeys); }

// What the watch has told so far, held against what it may tell.
struct Told {
  uint64_t events = 0;
  uint64_t wrong = 0;
  Revision last;
  std::vector<uint64_t> versions = std::vector<uint64_t>(kKeys);

  void Take(const Event& event) {
    ++events;
    // In order, and never two of one revision: each put has one of its own.
    if (event.kv.mod_revision <= last) ++wrong;
    last = event.kv.mod_revision;
    // No gap and no duplicate: each key's versions come one by one.
    const uint64_t key = std::stoull(event.kv.key.substr(3));
    if (event.kv.version != ++versions.at(key)) ++wrong;
  }
};

}  // namespace

bool LoadWatch(const LoadOptions& options) {
  const Options client_options{.endpoints = options.endpoints, .timeout = std::chrono::minutes(10)};
  const Client writing(client_options);
  const Client watching(client_options);
  const Kv kv(&writing, {.prefix = "watch/"});
  const Result<PutResult> begin = Kv(&writing).Put("begin", "");
  if (!begin.ok()) return false;
  Watcher watcher(&watching, {.range = KeyRange::All(), .start = begin->header.revision.Next()},
                  {.prefix = "watch/"});
  Status written;
  std::thread writer([&] {
    Pipeline pipeline(kv, {.in_flight_max = options.in_flight});
    for (uint64_t i = 0; i < options.count; ++i) {
      if (!pipeline.Put({.key = KeyOf(i), .value = std::to_string(i)})) break;
    }
    written = pipeline.Flush();
  });
  Told told;
  Status failure;
  uint64_t compactions = 0;
  while (told.events < options.count) {
    Result<std::optional<WatchBatch>> batch = watcher.NextFor(std::chrono::minutes(10));
    if (!batch.ok() || !batch->has_value()) {
      failure = batch.ok() ? DeadlineExceeded("nothing came for ten minutes") : batch.status();
      break;
    }
    const uint64_t before = told.events / kCompactEvery;
    for (const Event& event : (*batch)->events) told.Take(event);
    if (told.events / kCompactEvery == before) continue;
    const Revision upto(told.last.value() - std::min(told.last.value() - 1, kCompactBehind));
    ++compactions;
    kv.StartCompact({.revision = upto}, [](const Result<CompactResult>& /*answer*/) {});
  }
  writer.join();
  // Nothing more than was written.
  Result<std::optional<WatchBatch>> extra = watcher.NextFor(Milliseconds(200));
  if (extra.ok() && extra->has_value()) told.wrong += (*extra)->events.size();
  std::cout << "watch: events=" << told.events << " wrong=" << told.wrong
            << " resumptions=" << watcher.resumptions() << " compactions=" << compactions
            << " written=" << written << " failure=" << failure << std::endl;
  return told.events == options.count && told.wrong == 0 && written.ok() && failure.ok();
}

}  // namespace keel::client
