// What a watch makes of what its streams bring: against members that are made up.
#include <gtest/gtest.h>

#include <deque>
#include <future>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "api/etcdserverpb/watch.pb.h"
#include "client/watch.h"
#include "tests/client/fake_members.h"

namespace keel::client {
namespace {

constexpr const char* kWatch = "/etcdserverpb.Watch/Watch";

// Each stream that is opened says what the next script says, and ends as it ends.
struct Script {
  std::vector<etcdserverpb::WatchResponse> responses;
  Status end;  // OK: it stays open
};

class Scripts {
 public:
  void Serve(FakeMembers* members) {
    members->ServeStream(kWatch, [this](net::ServerCall call, const net::CallContext& /*context*/) {
      return std::make_unique<Handler>(this, call);
    });
  }
  void Add(Script script) {
    const std::lock_guard lock(mutex_);
    scripts_.push_back(std::move(script));
  }
  // The start revisions that were asked for, by stream.
  [[nodiscard]] std::vector<int64_t> Starts() {
    const std::lock_guard lock(mutex_);
    return starts_;
  }

 private:
  class Handler final : public net::CallHandler {
   public:
    Handler(Scripts* scripts, net::ServerCall call) : scripts_(scripts), call_(call) {}
    net::Flow OnMessage(std::string_view message) override {
      etcdserverpb::WatchRequest request;
      EXPECT_TRUE(request.ParseFromString(std::string(message)));
      if (!request.has_create_request()) return net::Flow::kMore;
      const Script script = scripts_->Take(request.create_request().start_revision());
      for (const auto& response : script.responses) {
        (void)call_.Write(Payload::Of(response.SerializeAsString()));
      }
      if (!script.end.ok()) call_.Finish(script.end);
      return net::Flow::kMore;
    }
    void OnHalfClose() override {}

   private:
    Scripts* const scripts_;
    const net::ServerCall call_;
  };

  Script Take(int64_t start) {
    const std::lock_guard lock(mutex_);
    starts_.push_back(start);
    if (scripts_.empty()) return {};
    Script script = std::move(scripts_.front());
    scripts_.pop_front();
    return script;
  }

  std::mutex mutex_;
  std::deque<Script> scripts_;   // under mutex_
  std::vector<int64_t> starts_;  // under mutex_
};

etcdserverpb::WatchResponse At(int64_t revision) {
  etcdserverpb::WatchResponse response;
  response.mutable_header()->set_revision(revision);
  return response;
}
etcdserverpb::WatchResponse Created(int64_t revision) {
  etcdserverpb::WatchResponse response = At(revision);
  response.set_created(true);
  return response;
}
etcdserverpb::WatchResponse Puts(const std::vector<std::pair<int64_t, std::string>>& puts) {
  etcdserverpb::WatchResponse response = At(puts.back().first);
  for (const auto& [revision, key] : puts) {
    auto* const kv = response.add_events()->mutable_kv();
    kv->set_key(key);
    kv->set_mod_revision(revision);
  }
  return response;
}
etcdserverpb::WatchResponse Piece(const std::vector<std::pair<int64_t, std::string>>& puts) {
  etcdserverpb::WatchResponse response = Puts(puts);
  response.set_fragment(true);
  return response;
}

class Watching : public testing::Test {
 protected:
  Watching() { scripts_.Serve(&members_); }

  void Watch(WatchRequest request = {.range = KeyRange::All()}) {
    client_ = std::make_unique<Client>(members_.ClientOptions());
    watcher_ = std::make_unique<Watcher>(client_.get(), std::move(request));
  }
  // "7:a 7:b | 8:c": the batches, until `events` are there.
  [[nodiscard]] std::string Told(size_t events) {
    std::string told;
    while (events > 0) {
      const Result<WatchBatch> batch = watcher_->Next();
      if (!batch.ok()) return told + batch.status().ToString();
      if (!told.empty()) told += " |";
      for (const Event& event : batch->events) {
        if (!told.empty()) told += " ";
        told += std::to_string(event.kv.mod_revision.value()) + ":" + event.kv.key;
        events -= std::min<size_t>(events, 1);
      }
    }
    return told;
  }

  FakeMembers members_{3};
  Scripts scripts_;
  std::unique_ptr<Client> client_;
  std::unique_ptr<Watcher> watcher_;
};

TEST_F(Watching, ResumesBehindTheLastThatItHasTold) {
  scripts_.Add({.responses = {Created(4), Puts({{5, "a"}, {6, "b"}})},
                .end = Unavailable("the connection broke")});
  scripts_.Add({.responses = {Created(9), Puts({{7, "c"}})}});
  Watch();
  EXPECT_EQ(Told(3), "5:a 6:b | 7:c");
  EXPECT_EQ(scripts_.Starts(), (std::vector<int64_t>{0, 7}));
  EXPECT_EQ(watcher_->resumptions(), 1U);
}

TEST_F(Watching, WithoutAStartItResumesBehindWhereItBegan) {
  scripts_.Add({.responses = {Created(4)}, .end = Unavailable("the connection broke")});
  scripts_.Add({.responses = {Created(9), Puts({{5, "a"}})}});
  Watch();
  EXPECT_EQ(Told(1), "5:a");
  EXPECT_EQ(scripts_.Starts(), (std::vector<int64_t>{0, 5}));
}

TEST_F(Watching, TellsARevisionWholeOrNotAtAll) {
  scripts_.Add({.responses = {Created(4), Puts({{5, "a"}}), Piece({{6, "b"}})},
                .end = Unavailable("the connection broke")});
  scripts_.Add({.responses = {Created(6), Piece({{6, "b"}}), Puts({{6, "c"}})}});
  Watch();
  EXPECT_EQ(Told(3), "5:a | 6:b 6:c");
  EXPECT_EQ(scripts_.Starts(), (std::vector<int64_t>{0, 6}));
}

TEST_F(Watching, TellsNothingTwiceWhateverTheServerSays) {
  scripts_.Add({.responses = {Created(4), Puts({{5, "a"}, {6, "b"}})},
                .end = Unavailable("the connection broke")});
  scripts_.Add({.responses = {Created(6), Puts({{6, "b"}, {7, "c"}})}});
  Watch();
  EXPECT_EQ(Told(3), "5:a 6:b | 7:c");
}

TEST_F(Watching, AQuietWatchMovesOnWithTheStore) {
  scripts_.Add({.responses = {Created(4), At(50)}, .end = Unavailable("the connection broke")});
  scripts_.Add({.responses = {Created(60), Puts({{55, "a"}})}});
  Watch({.range = KeyRange::All(), .progress = true});
  const Result<WatchBatch> progress = watcher_->Next();
  ASSERT_TRUE(progress.ok()) << progress.status();
  EXPECT_TRUE(progress->events.empty());
  EXPECT_EQ(progress->header.revision, Revision(50));
  EXPECT_EQ(Told(1), "55:a");
  EXPECT_EQ(scripts_.Starts(), (std::vector<int64_t>{0, 51}));
}

TEST_F(Watching, WhatWasCompactedIsNotPassedOverInSilence) {
  etcdserverpb::WatchResponse compacted = At(90);
  compacted.set_canceled(true);
  compacted.set_compact_revision(80);
  scripts_.Add(
      {.responses = {Created(4), Puts({{5, "a"}})}, .end = Unavailable("the connection broke")});
  scripts_.Add({.responses = {Created(90), compacted}});
  Watch();
  EXPECT_EQ(Told(1), "5:a");
  EXPECT_EQ(watcher_->Next().status().code(), Code::kOutOfRange);
  EXPECT_EQ(watcher_->compact_revision(), Revision(80));
  EXPECT_EQ(watcher_->Next().status().code(), Code::kOutOfRange);
}

TEST_F(Watching, ARefusalEndsIt) {
  etcdserverpb::WatchResponse refused = Created(4);
  refused.set_canceled(true);
  refused.set_cancel_reason("etcdserver: permission denied");
  scripts_.Add({.responses = {refused}});
  Watch();
  EXPECT_EQ(watcher_->Next().status().code(), Code::kPermissionDenied);
}

TEST_F(Watching, ASlowReaderHoldsTheServerBack) {
  Script script{.responses = {Created(4)}};
  const std::string key(100'000, 'k');
  for (int64_t i = 0; i < 40; ++i) script.responses.push_back(Puts({{5 + i, key}}));
  scripts_.Add(std::move(script));
  Options options = members_.ClientOptions();
  options.stream_buffer_bytes_max = 250'000;
  client_ = std::make_unique<Client>(std::move(options));
  watcher_ = std::make_unique<Watcher>(client_.get(), WatchRequest{.range = KeyRange::All()});
  ASSERT_TRUE(watcher_->WaitUntilCreated(Milliseconds(5'000)).ok());
  std::this_thread::sleep_for(Milliseconds(50));
  // The bound, and one more that reached over it.
  EXPECT_LE(watcher_->next_revision().value(), 5U + 3U);
}

TEST_F(Watching, BatchesGoToTheCallbackThatWantsThem) {
  scripts_.Add({.responses = {Created(4), Puts({{5, "a"}})}});
  client_ = std::make_unique<Client>(members_.ClientOptions());
  std::promise<std::string> told;
  watcher_ = std::make_unique<Watcher>(
      client_.get(), WatchRequest{.range = KeyRange::All()}, ViewOptions{},
      [&](const Result<WatchBatch>& batch) { told.set_value(batch->events.at(0).kv.key); });
  EXPECT_EQ(told.get_future().get(), "a");
}

TEST_F(Watching, KeysComeWithoutThePrefixOfTheView) {
  scripts_.Add({.responses = {Created(4), Puts({{5, "app/a"}})}});
  client_ = std::make_unique<Client>(members_.ClientOptions());
  watcher_ = std::make_unique<Watcher>(client_.get(), WatchRequest{.range = KeyRange::All()},
                                       ViewOptions{.prefix = "app/"});
  EXPECT_EQ(Told(1), "5:a");
}

}  // namespace
}  // namespace keel::client
