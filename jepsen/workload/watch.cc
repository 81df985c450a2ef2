// Watches: what is written is told once, in order and without a gap, to each watcher, however often
// it loses its stream and comes back. Some clients write; the others watch for a while, and go on
// where they ended.
#include <deque>

#include "api/etcdserverpb/watch.pb.h"
#include "jepsen/workload/workload.h"

namespace keel::jepsen {
namespace {

constexpr size_t kWriters = 5;
constexpr size_t kWatchers = 3;
constexpr uint64_t kKeys = 3;
constexpr uint64_t kDeletesOf100 = 15;
constexpr uint64_t kWatchedUs = 1'000'000;
// The last watch of each watcher ends when all has been told, or after so many looks.
constexpr uint64_t kBetweenLooksUs = 50'000;
constexpr int kLooksMax = 1'200;
constexpr uint64_t kLastUsMax = 600'000'000;
// A stream that was broken off at the end is made anew.
constexpr int kLastTriesMax = 20;
constexpr uint64_t kBetweenTriesUs = 500'000;
constexpr size_t kRemembered = 30;
constexpr std::string_view kPrefix = "/watch/";

// What one stream has told; it outlives the stream.
struct Told {
  std::vector<Value> events;
  int64_t last_revision = 0;
  int64_t compacted = 0;
  bool is_refused = false;
  bool has_ended = false;
};

class WatchStream final : public net::CallObserver {
 public:
  WatchStream(std::shared_ptr<Told> told, Done on_end)
      : told_(std::move(told)), on_end_(std::move(on_end)) {}

  net::Flow OnMessage(std::string_view message) override {
    etcdserverpb::WatchResponse response;
    if (!response.ParseFromArray(message.data(), static_cast<int>(message.size()))) {
      return net::Flow::kMore;
    }
    if (response.canceled()) {
      told_->is_refused = true;
      told_->compacted = response.compact_revision();
    }
    for (const auto& event : response.events()) {
      const bool is_put = event.type() == mvccpb::Event::PUT;
      told_->events.push_back(
          Value::Vector({Value::Integer(event.kv().mod_revision()), Value::String(event.kv().key()),
                         is_put ? NumberOf(event.kv().value()) : Value::Nil()}));
      told_->last_revision = std::max(told_->last_revision, event.kv().mod_revision());
    }
    return net::Flow::kMore;
  }

  void OnDone(const Status& /*status*/, const net::Metadata& /*trailers*/) override {
    told_->has_ended = true;
    on_end_();
  }

 private:
  const std::shared_ptr<Told> told_;
  const Done on_end_;
};

class WatchWorkload final : public Workload {
 public:
  explicit WatchWorkload(const Context& context)
      : Workload(context, kWriters + kWatchers),
        writers_(kWriters * context.crowd),
        from_(kWatchers * context.crowd, 1),
        last_(kWatchers * context.crowd) {}

  // The store's first revision, so that all watchers begin where the history does.
  void Prepare(std::function<void(Status)> done) override {
    Range(&slots()[0], RangeOf("/chaos/probe"),
          [this, done](const Result<etcdserverpb::RangeResponse>& answer) {
            if (answer.ok()) from_.assign(from_.size(), answer->header().revision() + 1);
            done(answer.status());
          });
  }

  void Step(Slot* slot, Done done) override {
    if (slot->place >= writers_) return Watch(slot, std::move(done));
    const std::string key = std::string(kPrefix) + std::to_string(dice_.Below(kKeys));
    if (dice_.Chance(kDeletesOf100, 100)) return Delete(slot, key, std::move(done));
    const int64_t value = ++last_value_;
    const Call call{.f = "put", .value = Value::Integer(value), .key = Value::String(key)};
    recorder_.Invoke(*slot, call);
    Put(slot, PutOf(key, std::to_string(value)),
        [this, slot, call, done](const Result<etcdserverpb::PutResponse>& answer) {
          if (answer.ok()) {
            last_written_ = std::max(last_written_, answer->header().revision());
            recorder_.Ok(*slot, call,
                         {.store = answer->header().revision(), .mod = {}, .by_key = {}});
          } else {
            recorder_.Failed(slot, call, answer.status());
          }
          done();
        });
  }

  // Each watcher once more, up to the end.
  bool LastStep(Slot* slot, Done done) override {
    if (slot->place < writers_) return false;
    Last& last = last_[slot->place - writers_];
    if (last.is_over || last.tries == kLastTriesMax) return false;
    last.tries++;
    Watch(slot, std::move(done));
    return true;
  }

 protected:
  [[nodiscard]] CheckOptions CheckedAs() const override { return ByModel("watch"); }

 private:
  void Delete(Slot* slot, const std::string& key, Done done) {
    Call call{.f = "delete", .value = Value::Nil(), .key = Value::String(key)};
    recorder_.Invoke(*slot, call);
    etcdserverpb::DeleteRangeRequest request;
    request.set_key(key);
    Ask<etcdserverpb::DeleteRangeResponse>(
        slot, "/etcdserverpb.KV/DeleteRange", request,
        [this, slot, call, done](const Result<etcdserverpb::DeleteRangeResponse>& answer) {
          if (answer.ok()) {
            Call answered = call;
            answered.value = Value::Integer(answer->deleted());
            recorder_.Ok(*slot, answered,
                         {.store = answer->header().revision(), .mod = {}, .by_key = {}});
          } else {
            recorder_.Failed(slot, call, answer.status());
          }
          done();
        });
  }

  void Watch(Slot* slot, Done done) {
    const size_t watcher = slot->place - writers_;
    // Now and then from further back, where a server that was restarted must read its disk.
    const bool is_last = last_[watcher].tries > 0;
    const bool is_replay = !is_last && !past_.empty() && dice_.OneIn(3);
    const int64_t from = is_replay ? past_[dice_.Below(past_.size())] : from_[watcher];
    const Call call{.f = "watch",
                    .value = Value::Map({{Value::Keyword("from"), Value::Integer(from)}})};
    recorder_.Invoke(*slot, call);
    slot->node = client_->Connected(slot->node + 1);  // a stream that is resumed elsewhere
    auto told = std::make_shared<Told>();
    etcdserverpb::WatchRequest request;
    auto* create = request.mutable_create_request();
    create->set_key(std::string(kPrefix));
    std::string end(kPrefix);
    end.back()++;
    create->set_range_end(end);
    create->set_start_revision(from);
    net::CallOptions options;
    options.path = "/etcdserverpb.Watch/Watch";
    options.timeout_us = is_last ? kLastUsMax : context_.timeout_us;
    net::Channel* channel = client_->ChannelTo(slot->node);
    if (channel == nullptr) return;
    const net::ClientCallId stream = channel->Start(
        std::move(options), std::make_unique<WatchStream>(told, [this, slot, call, told, done] {
          End(slot, call, *told);
          if (!IsBrokenAtTheEnd(*slot)) return done();
          client_->executor()->PostAfter(kBetweenTriesUs, done);
        }));
    (void)channel->Write(stream, Payload::Of(request.SerializeAsString()));
    const auto cancel = [this, node = slot->node, stream] {
      if (net::Channel* open = client_->ChannelTo(node)) open->Cancel(stream);
    };
    if (is_last) return AwaitAll(watcher, told, cancel, kLooksMax);
    client_->executor()->PostAfter(kWatchedUs, cancel);
  }

  [[nodiscard]] bool IsAll(const Told& told, size_t watcher) const {
    return std::max(told.last_revision, from_[watcher] - 1) >= last_written_;
  }

  [[nodiscard]] bool IsBrokenAtTheEnd(const Slot& slot) const {
    const Last& last = last_[slot.place - writers_];
    return last.tries > 0 && !last.is_over;
  }

  // By looks and not by the clock: a machine that stands still tells nothing meanwhile.
  void AwaitAll(size_t watcher, const std::shared_ptr<Told>& told,
                const std::function<void()>& cancel, int looks) {
    if (told->has_ended) return;
    if (looks == 0) last_[watcher].is_over = true;
    if (looks == 0 || told->is_refused || IsAll(*told, watcher)) return cancel();
    client_->executor()->PostAfter(kBetweenLooksUs, [this, watcher, told, cancel, looks] {
      AwaitAll(watcher, told, cancel, looks - 1);
    });
  }

  void Remember(int64_t revision) {
    past_.push_back(revision);
    if (past_.size() > kRemembered) past_.pop_front();
  }

  // All events of one revision come together, so what is told reaches to the last one's.
  void End(Slot* slot, const Call& call, const Told& told) {
    const size_t watcher = slot->place - writers_;
    from_[watcher] = std::max(from_[watcher], told.compacted);
    Last& last = last_[watcher];
    last.is_over = last.is_over || (last.tries > 0 && IsAll(told, watcher));
    // When all is quiet it must have been told of everything; it was given the time, or one stream
    // after the other was broken off.
    const bool is_end = !told.is_refused && (last.is_over || last.tries == kLastTriesMax);
    const int64_t from = call.value.Find("from")->integer;
    const int64_t to = is_end ? std::max(told.last_revision, last_written_) : told.last_revision;
    if (told.events.empty() && (!is_end || to < from)) return recorder_.Fail(slot, call);
    Call answered = call;
    answered.value = Value::Map({{Value::Keyword("from"), Value::Integer(from)},
                                 {Value::Keyword("to"), Value::Integer(to)},
                                 {Value::Keyword("events"), Value::Vector(told.events)}});
    recorder_.Ok(*slot, answered);
    if (to < from_[watcher]) return;
    Remember(from_[watcher]);
    from_[watcher] = told.last_revision + 1;
  }

  // What each watcher does at the end.
  struct Last {
    int tries = 0;
    bool is_over = false;  // all was told, or all the time for it has passed
  };

  const size_t writers_;  // the slots before the watchers
  int64_t last_value_ = 0;
  std::vector<int64_t> from_;  // by watcher: the next revision that it wants
  std::deque<int64_t> past_;   // where watchers were some seconds ago
  std::vector<Last> last_;     // by watcher
  int64_t last_written_ = 0;   // the highest revision that a write was answered with
};

}  // namespace

std::unique_ptr<Workload> MakeWatch(const Workload::Context& context) {
  return std::make_unique<WatchWorkload>(context);
}

}  // namespace keel::jepsen
