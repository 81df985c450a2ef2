#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <chrono>
#include <future>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include "client/kv.h"
#include "tests/client/load.h"

namespace keel::client {

namespace {

using boost::asio::use_awaitable;
using Clock = std::chrono::steady_clock;

// Of one coroutine: what it did, and what went wrong.
struct Tally {
  uint64_t puts = 0;
  uint64_t gets = 0;
  uint64_t errors = 0;
  uint64_t wrong = 0;
  uint64_t longest_ms = 0;
  std::string first_error;

  void Fail(const Status& status) {
    ++errors;
    if (first_error.empty()) first_error = status.ToString();
  }
};

// Shared by all coroutines, which run on one thread: how long they go on, or how much they do.
class Allowance {
 public:
  explicit Allowance(const LoadOptions& options)
      : by_time_(options.seconds > 0),
        end_(Clock::now() + std::chrono::seconds(options.seconds)),
        left_(options.count) {}

  [[nodiscard]] bool IsLeft() const { return by_time_ ? Clock::now() < end_ : left_ > 0; }
  void NoteOne() { left_ -= left_ > 0 ? 1 : 0; }

 private:
  const bool by_time_;
  const Clock::time_point end_;
  uint64_t left_;
};

boost::asio::awaitable<void> Count(Kv kv, std::string key, Allowance* allowance, Tally* tally) {
  uint64_t acknowledged = 0;
  while (allowance->IsLeft()) {
    const Clock::time_point began = Clock::now();
    PutRequest request{.key = key, .value = std::to_string(acknowledged + 1), .previous = true};
    const Result<PutResult> put = co_await kv.Put(std::move(request), use_awaitable);
    if (!put.ok()) {
      tally->Fail(put.status());
      co_return;
    }
    // Every earlier put is there, and none of them twice.
    const uint64_t version = put->previous.has_value() ? put->previous->version : 0;
    if (version != acknowledged) ++tally->wrong;
    ++acknowledged;
    ++tally->puts;
    allowance->NoteOne();
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - began);
    tally->longest_ms = std::max<uint64_t>(tally->longest_ms, static_cast<uint64_t>(took.count()));
    if (acknowledged % 4 != 0) continue;
    const Result<std::optional<KeyValue>> got = co_await kv.Get(key, use_awaitable);
    if (!got.ok()) {
      tally->Fail(got.status());
      co_return;
    }
    if (!got->has_value() || (*got)->version != acknowledged) ++tally->wrong;
    ++tally->gets;
    allowance->NoteOne();
  }
}

}  // namespace

bool LoadCoroutines(const LoadOptions& options) {
  // Busy machines have disks that stand still for minutes: what is judged is not the time.
  Client client({.endpoints = {options.endpoints.front()}, .timeout = std::chrono::minutes(10)});
  const Kv kv(&client, {.prefix = "coroutines/"});
  Allowance allowance(options);
  std::vector<Tally> tallies(options.in_flight);
  std::vector<std::future<void>> running;
  for (uint64_t i = 0; i < options.in_flight; ++i) {
    running.push_back(co_spawn(client.get_executor(),
                               Count(kv, "key" + std::to_string(i), &allowance, &tallies[i]),
                               boost::asio::use_future));
  }
  for (std::future<void>& each : running) each.get();
  Tally all;
  for (uint64_t i = 0; i < options.in_flight; ++i) {
    const Tally& tally = tallies[i];
    all.puts += tally.puts;
    all.gets += tally.gets;
    all.errors += tally.errors;
    all.wrong += tally.wrong;
    all.longest_ms = std::max(all.longest_ms, tally.longest_ms);
    if (all.first_error.empty()) all.first_error = tally.first_error;
    const Result<std::optional<KeyValue>> last = kv.Get("key" + std::to_string(i));
    if (!last.ok() || !last->has_value() || (*last)->version != tally.puts) ++all.wrong;
  }
  std::cout << "coroutines: puts=" << all.puts << " gets=" << all.gets << " errors=" << all.errors
            << " wrong=" << all.wrong << " longest_ms=" << all.longest_ms << " " << all.first_error
            << std::endl;
  return all.errors == 0 && all.wrong == 0 && all.puts > 0;
}

}  // namespace keel::client
