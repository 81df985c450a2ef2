#include "examples/orders/store.h"

#include <algorithm>
#include <optional>
#include <sstream>
#include <utility>

namespace orders {

namespace {

using keel::Result;
using keel::Revision;
using keel::Status;
using keel::client::GetRequest;
using keel::client::KeyRange;
using keel::client::KeyValue;
using keel::client::Missing;
using keel::client::ModRevisionOf;
using keel::client::PutRequest;
using keel::client::Txn;
using keel::client::TxnResult;

std::string UserKey(const std::string& name) { return "users/" + name; }
std::string StockKey(const std::string& item) { return "stock/" + item; }
std::string RequestKey(const std::string& id) { return "requests/" + id; }

std::string OrderKey(const std::string& user, uint64_t number) {
  std::string digits = std::to_string(number);
  digits.insert(0, 8 - std::min<size_t>(8, digits.size()), '0');
  return "orders/" + user + "/" + digits;
}

std::string Encode(const Order& order) {
  return order.status + " " + std::to_string(order.count) + " " + order.item;
}

Order Decode(const KeyValue& kv) {
  Order order{.key = kv.key};
  std::istringstream text(kv.value);
  text >> order.status >> order.count >> order.item;
  return order;
}

// What a number is now, and when it last changed; a missing key is 0, never changed.
struct Counter {
  uint64_t value = 0;
  Revision revision;
};

Counter CounterOf(const std::vector<KeyValue>& kvs) {
  if (kvs.empty()) return {};
  return {.value = std::stoull(kvs[0].value), .revision = kvs[0].mod_revision};
}

GetRequest Get(std::string key) { return {.range = KeyRange::One(std::move(key))}; }

}  // namespace

Status Store::CreateUser(const std::string& name) {
  KEEL_ASSIGN_OR_RETURN(const auto result,
                        kv_.Swap({.key = UserKey(name), .expected = {}, .value = "0"}));
  if (!result.swapped) return keel::AlreadyExists("there is a user " + name);
  return {};
}

Status Store::AddStock(const std::string& item, uint64_t count) {
  // Read, add, and write if nobody else has written meanwhile.
  while (true) {
    KEEL_ASSIGN_OR_RETURN(const auto found, kv_.Get(Get(StockKey(item))));
    const Counter stock = CounterOf(found.kvs);
    KEEL_ASSIGN_OR_RETURN(const auto result,
                          kv_.Swap({.key = StockKey(item),
                                    .expected = stock.revision,
                                    .value = std::to_string(stock.value + count)}));
    if (result.swapped) return {};
  }
}

Result<uint64_t> Store::Stock(const std::string& item) {
  KEEL_ASSIGN_OR_RETURN(const auto found, kv_.Get(Get(StockKey(item))));
  return CounterOf(found.kvs).value;
}

Result<Order> Store::Place(const OrderRequest& request) {
  const std::string user_key = UserKey(request.user);
  const std::string stock_key = StockKey(request.item);
  const std::string request_key = RequestKey(request.request_id);
  // All that decides, as of one moment.
  const Txn look = Txn().Then(Get(request_key), Get(user_key), Get(stock_key));
  KEEL_ASSIGN_OR_RETURN(TxnResult seen, kv_.Commit(look));
  while (true) {
    if (!seen.Get(0).kvs.empty()) {
      // Asked before: this is what came of it.
      KEEL_ASSIGN_OR_RETURN(const auto placed, kv_.Get(seen.Get(0).kvs[0].value));
      if (!placed.has_value()) return keel::NotFound("the order has been removed");
      return Decode(*placed);
    }
    if (seen.Get(1).kvs.empty()) return keel::NotFound("there is no user " + request.user);
    const Counter placed = CounterOf(seen.Get(1).kvs);
    const Counter stock = CounterOf(seen.Get(2).kvs);
    if (stock.value < request.count) {
      return keel::FailedPrecondition("only " + std::to_string(stock.value) + " of " +
                                      request.item + " are left");
    }
    const Order order{.key = OrderKey(request.user, placed.value + 1),
                      .item = request.item,
                      .count = request.count,
                      .status = "placed"};
    Txn txn;
    txn.If(Missing(request_key), ModRevisionOf(user_key) == placed.revision,
           ModRevisionOf(stock_key) == stock.revision);
    txn.Then(PutRequest{.key = order.key, .value = Encode(order)},
             PutRequest{.key = stock_key, .value = std::to_string(stock.value - request.count)},
             PutRequest{.key = user_key, .value = std::to_string(placed.value + 1)},
             PutRequest{.key = request_key, .value = order.key});
    txn.Else(Get(request_key), Get(user_key), Get(stock_key));
    KEEL_ASSIGN_OR_RETURN(seen, kv_.Commit(std::move(txn)));
    if (seen.succeeded) return order;
    // Somebody was quicker; what they left is in `seen`.
  }
}

Status Store::SetStatus(const std::string& order_key, const std::string& status) {
  while (true) {
    KEEL_ASSIGN_OR_RETURN(const auto found, kv_.Get(order_key));
    if (!found.has_value()) return keel::NotFound("there is no order " + order_key);
    Order order = Decode(*found);
    order.status = status;
    KEEL_ASSIGN_OR_RETURN(
        const auto result,
        kv_.Swap({.key = order_key, .expected = found->mod_revision, .value = Encode(order)}));
    if (result.swapped) return {};
  }
}

Result<std::vector<Order>> Store::List(const std::string& user, const std::string& after,
                                       uint64_t limit) {
  KeyRange range = KeyRange::Prefix("orders/" + user + "/");
  // The lowest key above the last one.
  if (!after.empty()) range.begin = after + '\0';
  KEEL_ASSIGN_OR_RETURN(const auto page, kv_.Get(GetRequest{.range = range, .limit = limit}));
  std::vector<Order> orders;
  for (const KeyValue& kv : page.kvs) orders.push_back(Decode(kv));
  return orders;
}

Status Store::WatchStatus(const std::string& order_key,
                          const std::function<bool(const std::string& status)>& on_status) {
  // First what is, then what comes from the next revision on: nothing between is missed.
  KEEL_ASSIGN_OR_RETURN(const auto now, kv_.Get(Get(order_key)));
  if (now.kvs.empty()) return keel::NotFound("there is no order " + order_key);
  if (!on_status(Decode(now.kvs[0]).status)) return {};
  keel::client::Watcher watcher(
      client_, {.range = KeyRange::One(order_key), .start = now.header.revision.Next()}, kShop);
  for (const auto& batch : watcher) {
    for (const auto& event : batch.events) {
      if (!on_status(Decode(event.kv).status)) return {};
    }
  }
  return watcher.status();
}

}  // namespace orders
