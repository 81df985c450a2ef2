#include "client/kv.h"

#include <algorithm>
#include <variant>

#include "client/core/convert.h"
#include "client/core/view_call.h"
#include "client/pages.h"

namespace keel::client {

namespace {

constexpr Method kRange{.path = "/etcdserverpb.KV/Range", .retry = Retry::kIdempotent};
constexpr Method kPut{.path = "/etcdserverpb.KV/Put", .retry = Retry::kOnce};
constexpr Method kDelete{.path = "/etcdserverpb.KV/DeleteRange", .retry = Retry::kOnce};
constexpr Method kTxn{.path = "/etcdserverpb.KV/Txn", .retry = Retry::kOnce};
constexpr Method kReadTxn{.path = "/etcdserverpb.KV/Txn", .retry = Retry::kIdempotent};
constexpr Method kCompact{
    .path = "/etcdserverpb.KV/Compact", .retry = Retry::kOnce, .patient = true};
constexpr uint64_t kPageSize = 1'000;

Route ForWrites() { return {.kind = Route::Kind::kPreferLeader}; }

// Nothing in it, whichever list is carried out, puts or deletes.
bool ReadsOnly(const Txn& txn) {
  const auto reads = [](const Txn::Step& step) {
    if (const auto* nested = std::get_if<Txn>(&step)) return ReadsOnly(*nested);
    return std::holds_alternative<GetRequest>(step);
  };
  return std::all_of(txn.then_steps().begin(), txn.then_steps().end(), reads) &&
         std::all_of(txn.else_steps().begin(), txn.else_steps().end(), reads);
}

}  // namespace

Operation Kv::StartGet(std::string key, Done<Result<std::optional<KeyValue>>> done) const {
  return StartGet(GetRequest{.range = KeyRange::One(std::move(key))},
                  [done = std::move(done)](Result<GetResult> answer) mutable {
                    if (!answer.ok()) return done(answer.status());
                    std::optional<KeyValue> found;
                    if (!answer->kvs.empty()) found = std::move(answer->kvs.front());
                    done(std::move(found));
                  });
}

Operation Kv::StartDelete(std::string key, Done<Result<DeleteResult>> done) const {
  return StartDelete(DeleteRequest{.range = KeyRange::One(std::move(key))}, std::move(done));
}

Operation Kv::StartGet(GetRequest request, Done<Result<GetResult>> done) const {
  const bool serializable =
      view_.read == ReadMode::kSerializable || view_.read == ReadMode::kNearest;
  return StartCall<etcdserverpb::RangeResponse>(
      view_, kRange, Route::Of(view_.read),
      Encode(GetEncoding{.prefix = view_.prefix, .serializable = serializable}, request),
      std::move(done), [prefix = view_.prefix](etcdserverpb::RangeResponse* response) {
        return Result<GetResult>(Decode(prefix, response));
      });
}

Operation Kv::StartPut(PutRequest request, Done<Result<PutResult>> done) const {
  return StartCall<etcdserverpb::PutResponse>(
      view_, kPut, ForWrites(), Encode(view_.prefix, std::move(request)), std::move(done),
      [prefix = view_.prefix](etcdserverpb::PutResponse* response) {
        return Result<PutResult>(Decode(prefix, response));
      });
}

Operation Kv::StartDelete(DeleteRequest request, Done<Result<DeleteResult>> done) const {
  return StartCall<etcdserverpb::DeleteRangeResponse>(
      view_, kDelete, ForWrites(), Encode(view_.prefix, request), std::move(done),
      [prefix = view_.prefix](etcdserverpb::DeleteRangeResponse* response) {
        return Result<DeleteResult>(Decode(prefix, response));
      });
}

Operation Kv::StartCommit(Txn request, Done<Result<TxnResult>> done) const {
  return StartCall<etcdserverpb::TxnResponse>(
      view_, ReadsOnly(request) ? kReadTxn : kTxn, ForWrites(), Encode(view_.prefix, request),
      std::move(done), [prefix = view_.prefix](etcdserverpb::TxnResponse* response) {
        return Result<TxnResult>(Decode(prefix, response));
      });
}

Operation Kv::StartSwap(SwapRequest request, Done<Result<SwapResult>> done) const {
  Txn txn;
  txn.If(ModRevisionOf(request.key) == request.expected);
  txn.Else(GetRequest{.range = KeyRange::One(request.key)});
  if (request.value.has_value()) {
    txn.Then(
        PutRequest{.key = request.key, .value = std::move(*request.value), .lease = request.lease});
  } else {
    txn.Then(DeleteRequest{.range = KeyRange::One(request.key)});
  }
  return StartCommit(std::move(txn), [done = std::move(done)](Result<TxnResult> answer) mutable {
    if (!answer.ok()) return done(answer.status());
    SwapResult result{.header = answer->header, .swapped = answer->succeeded};
    if (!answer->succeeded && answer->answers.size() == 1) {
      auto* const found = std::get_if<GetResult>(&answer->answers.front());
      if (found != nullptr && !found->kvs.empty()) result.current = std::move(found->kvs.front());
    }
    done(std::move(result));
  });
}

Operation Kv::StartCompact(CompactRequest request, Done<Result<CompactResult>> done) const {
  etcdserverpb::CompactionRequest to;
  to.set_revision(static_cast<int64_t>(request.revision.value()));
  to.set_physical(request.physical);
  return StartCall<etcdserverpb::CompactionResponse>(
      view_, kCompact, ForWrites(), to, std::move(done),
      [](etcdserverpb::CompactionResponse* response) {
        return Result<CompactResult>(CompactResult{.header = ToHeader(response->header())});
      });
}

Pages Kv::List(KeyRange range) const {
  return List(GetRequest{.range = std::move(range)}, kPageSize);
}

Pages Kv::List(GetRequest request, uint64_t page_size) const {
  return {*this, std::move(request), page_size};
}

}  // namespace keel::client
