#include <atomic>
#include <chrono>
#include <iostream>
#include <thread>
#include <vector>

#include "client/kv.h"
#include "client/lock.h"
#include "tests/client/load.h"

namespace keel::client {

namespace {

using Clock = std::chrono::steady_clock;

// Nobody who holds a lock dies here; a machine that stands still must not take it away.
constexpr Seconds kTtl{600};

struct Counts {
  std::atomic<uint64_t> held = 0;
  std::atomic<uint64_t> lost = 0;
  std::atomic<uint64_t> errors = 0;
};

// Reads the number and puts the next one, without comparing it: only the lock makes that right.
void Increment(const Client* client, Clock::time_point end, Counts* counts) {
  const Kv kv(client, {.prefix = "locks/"});
  while (Clock::now() < end) {
    const Result<Lock> lock =
        Lock::Acquire(client, "door", {.ttl = kTtl, .view = {.prefix = "locks/"}});
    if (!lock.ok()) {
      ++counts->errors;
      std::cerr << lock.status() << "\n";
      return;
    }
    const Result<std::optional<KeyValue>> now = kv.Get("number");
    if (!now.ok()) {
      ++counts->errors;
      continue;
    }
    const uint64_t number = now->has_value() ? std::stoull((*now)->value) : 0;
    const Result<TxnResult> next =
        kv.Commit(Txn()
                      .If(lock->Held())
                      .Then(PutRequest{.key = "number", .value = std::to_string(number + 1)}));
    if (!next.ok()) {
      ++counts->errors;
    } else {
      ++(next->succeeded ? counts->held : counts->lost);
    }
  }
}

}  // namespace

bool LoadLocks(const LoadOptions& options) {
  const Clock::time_point end = Clock::now() + std::chrono::seconds(options.seconds);
  Counts counts;
  std::vector<std::unique_ptr<Client>> clients;
  std::vector<std::thread> threads;
  for (uint64_t i = 0; i < 4; ++i) {
    clients.push_back(std::make_unique<Client>(
        Options{.endpoints = options.endpoints, .timeout = std::chrono::minutes(10)}));
    threads.emplace_back([&, i] { Increment(clients[i].get(), end, &counts); });
  }
  for (std::thread& thread : threads) thread.join();
  uint64_t number = 0;
  const Result<std::optional<KeyValue>> last =
      Kv(clients[0].get(), {.prefix = "locks/"}).Get("number");
  if (last.ok() && last->has_value()) number = std::stoull((*last)->value);
  std::cout << "locks: number=" << number << " held=" << counts.held << " lost=" << counts.lost
            << " errors=" << counts.errors << std::endl;
  return number == counts.held && counts.held > 0 && counts.lost == 0 && counts.errors == 0;
}

}  // namespace keel::client
