// A channel that loses what a network loses: requests, answers, and the certainty of having sent
// something once.
//
// Around another channel, of which it owns the calls' fates: a write's request may be lost on its
// way, its answer on the way back, or the request may arrive twice, the second time at once or long
// after. The caller hears of a loss as it would of a broken connection, which says nothing about
// whether the request was carried out. Reads, streams and all else pass unharmed.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>

#include "base/executor.h"
#include "base/prng.h"
#include "net/alive.h"
#include "net/channel.h"

namespace keel::client {

class FaultyChannel final : public net::Channel {
 public:
  // Each of a hundred.
  struct Chances {
    uint64_t request_lost = 3;
    uint64_t answer_lost = 5;
    uint64_t twice = 5;
    uint64_t twice_later = 3;
    uint64_t later_us_max = 300'000;
  };
  struct Counts {
    uint64_t requests_lost = 0;
    uint64_t answers_lost = 0;
    uint64_t duplicates = 0;
  };

  // `counts` outlives it, and is of its executor.
  FaultyChannel(std::unique_ptr<net::Channel> inner, Executor* executor, uint64_t seed,
                const Chances& chances, Counts* counts)
      : inner_(std::move(inner)),
        executor_(executor),
        dice_(seed),
        chances_(chances),
        counts_(counts) {}

  [[nodiscard]] net::ClientCallId Start(net::CallOptions options,
                                        std::unique_ptr<net::CallObserver> observer) override {
    const bool write = options.path == "/etcdserverpb.KV/Put" ||
                       options.path == "/etcdserverpb.KV/Txn" ||
                       options.path == "/etcdserverpb.KV/DeleteRange";
    if (!write) return inner_->Start(std::move(options), std::move(observer));
    if (dice_.Chance(chances_.request_lost, 100)) return LoseRequest(std::move(observer));
    const bool lost = dice_.Chance(chances_.answer_lost, 100);
    if (lost) observer = std::make_unique<Loser>(this, std::move(observer));
    const bool now = dice_.Chance(chances_.twice, 100);
    const bool later = dice_.Chance(chances_.twice_later, 100);
    net::CallOptions again = options;
    const net::ClientCallId id = inner_->Start(std::move(options), std::move(observer));
    if (now || later) copies_[id.value()] = {.options = std::move(again), .later = later};
    return id;
  }
  [[nodiscard]] net::WriteResult Write(net::ClientCallId call, Payload message) override {
    const auto copy = copies_.find(call.value());
    if (copy != copies_.end()) copy->second.message = message;
    if (IsLost(call)) return net::WriteResult::kMore;
    return inner_->Write(call, std::move(message));
  }
  void CloseWrites(net::ClientCallId call) override {
    if (IsLost(call)) return;
    inner_->CloseWrites(call);
    auto copy = copies_.extract(call.value());
    if (copy.empty()) return;
    ++counts_->duplicates;
    if (!copy.mapped().later) return Repeat(std::move(copy.mapped()));
    executor_->PostAfter(dice_.Below(chances_.later_us_max),
                         alive_.Guard([this, late = std::move(copy.mapped())]() mutable {
                           Repeat(std::move(late));
                         }));
  }
  void Cancel(net::ClientCallId call) override {
    if (!IsLost(call)) inner_->Cancel(call);
  }
  void ResumeReads(net::ClientCallId call) override { inner_->ResumeReads(call); }

 private:
  // Above all ids of the inner channel.
  static constexpr uint64_t kLostIds = uint64_t{1} << 62;

  struct Copy {
    net::CallOptions options;
    Payload message;
    bool later = false;
  };

  // Hears the answer, and tells of a broken connection.
  class Loser final : public net::CallObserver {
   public:
    Loser(FaultyChannel* channel, std::unique_ptr<net::CallObserver> inner)
        : channel_(channel), inner_(std::move(inner)) {}
    net::Flow OnMessage(std::string_view /*message*/) override { return net::Flow::kMore; }
    void OnDone(const Status& status, const net::Metadata& trailers) override {
      if (!status.ok()) return inner_->OnDone(status, trailers);
      ++channel_->counts_->answers_lost;
      inner_->OnDone(Unavailable("the connection broke before the answer came"), {});
    }

   private:
    FaultyChannel* const channel_;
    const std::unique_ptr<net::CallObserver> inner_;
  };

  static bool IsLost(net::ClientCallId call) { return call.value() >= kLostIds; }

  net::ClientCallId LoseRequest(std::unique_ptr<net::CallObserver> observer) {
    ++counts_->requests_lost;
    executor_->Post(alive_.Guard([observer = std::move(observer)] {
      observer->OnDone(Unavailable("the connection broke"), {});
    }));
    return net::ClientCallId(kLostIds + ++lost_);
  }

  void Repeat(Copy copy) {
    net::CallUnary(inner_.get(), std::move(copy.options), std::move(copy.message),
                   [](const net::UnaryResult& /*result*/) {});
  }

  std::unique_ptr<net::Channel> inner_;
  Executor* const executor_;
  Prng dice_;
  const Chances chances_;
  Counts* const counts_;
  std::unordered_map<uint64_t, Copy> copies_;
  uint64_t lost_ = 0;
  net::Alive alive_;
};

}  // namespace keel::client
