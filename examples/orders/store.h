// A shop on Keel: users, stock and orders, as one would write them for oneself.
//
//   users/NAME            how many orders the user has placed
//   stock/ITEM            how many are left
//   orders/NAME/NUMBER    an order; numbers are padded, so that they list in their order
//   requests/ID           the order that came of a request: asking twice orders once
//
// Every change is one transaction, so that what belongs together changes together, or not at all.
// Any number of processes may share one shop. A Store may be used from any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "client/keel.h"

namespace orders {

struct Order {
  std::string key;  // "orders/alice/00000001"
  std::string item;
  uint64_t count = 0;
  std::string status;  // "placed", "packed", "sent"
};

struct OrderRequest {
  std::string user;
  std::string item;
  uint64_t count = 1;
  // Chosen by who asks, and the same when they ask again.
  std::string request_id;
};

class Store {
 public:
  explicit Store(const keel::client::Client* client) : client_(client), kv_(client, kShop) {}

  // ALREADY_EXISTS if there is a user of that name.
  keel::Status CreateUser(const std::string& name);
  // Adds to what is left of an item.
  keel::Status AddStock(const std::string& item, uint64_t count);
  keel::Result<uint64_t> Stock(const std::string& item);

  // The order that came of the request, now or earlier. FAILED_PRECONDITION: there are not enough.
  keel::Result<Order> Place(const OrderRequest& request);
  keel::Status SetStatus(const std::string& order_key, const std::string& status);

  // A user's orders from `after` on (empty: the first), at most `limit`.
  keel::Result<std::vector<Order>> List(const std::string& user, const std::string& after,
                                        uint64_t limit);
  // Tells the order's status, and every later one, until `on_status` returns false.
  keel::Status WatchStatus(const std::string& order_key,
                           const std::function<bool(const std::string& status)>& on_status);

 private:
  // All of the shop's keys begin with this.
  inline static const keel::client::ViewOptions kShop{.prefix = "shop/"};

  const keel::client::Client* const client_;
  const keel::client::Kv kv_;
};

}  // namespace orders
