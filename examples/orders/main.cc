// A walk through the shop: orders [ENDPOINT...], against a cluster that `./run up` has started.
#include <iostream>
#include <random>
#include <thread>

#include "examples/orders/store.h"

namespace {

int Fail(const keel::Status& status) {
  std::cerr << "orders: " << status << "\n";
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  keel::client::Options options;
  if (argc > 1) options.endpoints.assign(argv + 1, argv + argc);
  const keel::client::Client client(options);
  orders::Store store(&client);

  const keel::Status created = store.CreateUser("alice");
  if (!created.ok() && created.code() != keel::Code::kAlreadyExists) return Fail(created);
  if (const keel::Status added = store.AddStock("teapot", 3); !added.ok()) return Fail(added);

  // Asked twice, as after a lost answer; ordered once.
  const std::string id = "request-" + std::to_string(std::random_device()());
  const orders::OrderRequest request{.user = "alice", .item = "teapot", .request_id = id};
  const keel::Result<orders::Order> order = store.Place(request);
  if (!order.ok()) return Fail(order.status());
  const keel::Result<orders::Order> again = store.Place(request);
  if (!again.ok()) return Fail(again.status());
  std::cout << "ordered " << order->key << "; again: " << again->key << "\n";

  // Somebody packs it and sends it, while we watch.
  std::thread warehouse([&] {
    for (const char* status : {"packed", "sent"}) {
      const keel::Status set = store.SetStatus(order->key, status);
      if (!set.ok()) std::cerr << "orders: " << set << "\n";
    }
  });
  const keel::Status watched = store.WatchStatus(order->key, [](const std::string& status) {
    std::cout << "the order is " << status << "\n";
    return status != "sent";
  });
  warehouse.join();
  if (!watched.ok()) return Fail(watched);

  // Two to a page.
  std::string after;
  while (true) {
    const keel::Result<std::vector<orders::Order>> page = store.List("alice", after, 2);
    if (!page.ok()) return Fail(page.status());
    if (page->empty()) break;
    for (const orders::Order& each : *page) {
      std::cout << each.key << ": " << each.count << " " << each.item << ", " << each.status
                << "\n";
    }
    after = page->back().key;
  }
  const keel::Result<uint64_t> left = store.Stock("teapot");
  if (!left.ok()) return Fail(left.status());
  std::cout << *left << " teapots are left\n";
  return 0;
}
