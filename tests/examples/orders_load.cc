// The shop under load: orders_load SECONDS ENDPOINT... Buyers place orders, and ask twice for some
// of them, while others refill the stock; whoever started this kills members meanwhile. Then all is
// counted: the stock never went below zero, no order is there twice, and none is lost.
#include <atomic>
#include <chrono>
#include <iostream>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "examples/orders/store.h"

namespace {

constexpr int kBuyers = 8;

struct Counts {
  std::atomic<uint64_t> bought = 0;
  std::atomic<uint64_t> refused = 0;
  std::atomic<uint64_t> errors = 0;
  std::atomic<uint64_t> wrong = 0;
};

struct Promised {
  std::string user;
  std::set<std::string> keys;
};

void Buy(orders::Store* store, std::chrono::steady_clock::time_point end, Counts* counts,
         Promised* promised) {
  for (int i = 0; std::chrono::steady_clock::now() < end; ++i) {
    const orders::OrderRequest request{.user = promised->user,
                                       .item = "teapot",
                                       .count = static_cast<uint64_t>(1 + i % 2),
                                       .request_id = promised->user + std::to_string(i)};
    const keel::Result<orders::Order> order = store->Place(request);
    if (!order.ok()) {
      const bool sold_out = order.status().code() == keel::Code::kFailedPrecondition;
      ++(sold_out ? counts->refused : counts->errors);
      if (!sold_out) std::cerr << order.status() << "\n";
      continue;
    }
    counts->bought += order->count;
    if (!promised->keys.insert(order->key).second) ++counts->wrong;
    if (i % 3 != 0) continue;
    const keel::Result<orders::Order> again = store->Place(request);
    if (!again.ok()) {
      ++counts->errors;
    } else if (again->key != order->key) {
      ++counts->wrong;
    }
  }
}

// What the shop holds of a user, against what the user was promised.
uint64_t CountOrders(orders::Store* store, const Promised& promised, Counts* counts) {
  uint64_t items = 0;
  std::set<std::string> found;
  std::string after;
  while (true) {
    const keel::Result<std::vector<orders::Order>> page = store->List(promised.user, after, 100);
    if (!page.ok()) {
      ++counts->errors;
      break;
    }
    if (page->empty()) break;
    for (const orders::Order& order : *page) {
      items += order.count;
      found.insert(order.key);
    }
    after = page->back().key;
  }
  if (found != promised.keys) ++counts->wrong;
  return items;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(std::stoi(argv[1]));
  keel::client::Options options;
  options.endpoints.assign(argv + 2, argv + argc);
  const keel::client::Client client(options);
  orders::Store store(&client);
  Counts counts;
  std::vector<Promised> promised(kBuyers);
  std::vector<std::thread> threads;
  for (int i = 0; i < kBuyers; ++i) {
    promised[i].user = "user" + std::to_string(i) + "-";
    if (!store.CreateUser(promised[i].user).ok()) ++counts.errors;
  }
  for (Promised& each : promised) {
    threads.emplace_back([&] { Buy(&store, end, &counts, &each); });
  }
  uint64_t stocked = 0;
  while (std::chrono::steady_clock::now() < end) {
    if (store.AddStock("teapot", 20).ok()) {
      stocked += 20;
    } else {
      ++counts.errors;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  for (std::thread& thread : threads) thread.join();
  uint64_t ordered = 0;
  for (const Promised& each : promised) ordered += CountOrders(&store, each, &counts);
  const keel::Result<uint64_t> left = store.Stock("teapot");
  // Below zero it would be a very large number, and the sum would not be right.
  if (!left.ok() || *left + ordered != stocked || ordered != counts.bought) ++counts.wrong;
  std::cout << "orders: bought=" << counts.bought << " refused=" << counts.refused
            << " stocked=" << stocked << " errors=" << counts.errors << " wrong=" << counts.wrong
            << std::endl;
  return counts.errors == 0 && counts.wrong == 0 && counts.bought > 0 ? 0 : 1;
}
