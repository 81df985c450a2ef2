// Keys and values: get, put, delete, compare-and-swap, transactions, compaction, lists by page.
//
// A view (client/client.h). Each operation comes waiting and by completion token (client/async.h):
//   Result<PutResult> put = kv.Put({.key = "a", .value = "1"});
//   Result<PutResult> put = co_await kv.Put("a", "1", use_awaitable);
//
// Writes go through the client's session, so that a write is carried out once, however often the
// network or a change of leaders makes the client send it; where that cannot be had, the Status
// of a write whose outcome is not known says so (IsOutcomeUnknown).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "client/async.h"
#include "client/client.h"
#include "client/requests.h"
#include "client/txn.h"
#include "client/types.h"

namespace keel::client {

class Pages;

class Kv {
 public:
  explicit Kv(const Client* client, ViewOptions options = {}) : view_(client, std::move(options)) {}

  // The key, or nothing if it does not exist.
  KEEL_CLIENT_OPERATION(Result<std::optional<KeyValue>>, Get, std::string);
  KEEL_CLIENT_OPERATION(Result<DeleteResult>, Delete, std::string);
  Result<PutResult> Put(std::string key, std::string value) const {
    return Put(PutRequest{.key = std::move(key), .value = std::move(value)});
  }
  template <class Token>
  auto Put(std::string key, std::string value, Token&& token) const {
    return Put(PutRequest{.key = std::move(key), .value = std::move(value)},
               std::forward<Token>(token));
  }

  KEEL_CLIENT_OPERATION(Result<GetResult>, Get, GetRequest);
  KEEL_CLIENT_OPERATION(Result<PutResult>, Put, PutRequest);
  KEEL_CLIENT_OPERATION(Result<DeleteResult>, Delete, DeleteRequest);
  KEEL_CLIENT_OPERATION(Result<SwapResult>, Swap, SwapRequest);
  // client/txn.h
  KEEL_CLIENT_OPERATION(Result<TxnResult>, Commit, Txn);
  KEEL_CLIENT_OPERATION(Result<CompactResult>, Compact, CompactRequest);

  // client/pages.h: the range as an input range that fetches itself, all as of one revision.
  [[nodiscard]] Pages List(KeyRange range) const;
  [[nodiscard]] Pages List(GetRequest request, uint64_t page_size) const;

 private:
  View view_;
};

}  // namespace keel::client
