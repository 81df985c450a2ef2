#include "net/ready_set.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"

namespace keel::net {
namespace {

// One end of a pair of sockets, in the set; the other end is the test's.
class End final : public ReadySet::Member {
 public:
  explicit End(ReadySet* set) : set_(set) {
    std::array<int, 2> pair{};
    KEEL_CHECK(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair.data()) == 0);
    here_ = pair[0];
    there_ = pair[1];
    id_ = set_->Join(here_, this);
  }
  ~End() override {
    Leave();
    HangUp();
  }

  void OnReady(ReadySet::Event event) override {
    told.push_back(event);
    if (on_ready) on_ready(event);
  }

  void Ask(uint32_t events) { set_->Ask(id_, events); }
  void Leave() {
    if (here_ < 0) return;
    set_->Leave(id_);
    ::close(std::exchange(here_, -1));
  }
  void HangUp() {
    if (there_ >= 0) ::close(std::exchange(there_, -1));
  }
  void Send() const { KEEL_CHECK(::write(there_, "x", 1) == 1); }
  void Receive() const {
    char byte = 0;
    KEEL_CHECK(::read(here_, &byte, 1) == 1);
  }
  // Until the other end would have to take something first.
  void Fill() const {
    const std::string bytes(64 * 1024, 'x');
    while (::write(here_, bytes.data(), bytes.size()) > 0) continue;
  }
  void Drain() const {
    std::array<char, 64 * 1024> bytes{};
    while (::read(there_, bytes.data(), bytes.size()) > 0) continue;
  }

  std::vector<ReadySet::Event> told;
  std::function<void(ReadySet::Event)> on_ready;

 private:
  ReadySet* const set_;
  int here_ = -1;
  int there_ = -1;
  ReadySet::Id id_;
};

class ReadySetTest : public testing::Test {
 protected:
  // How many turns of the loop there were; a set that is ready for ever has no end of them.
  size_t Turn() {
    context_.restart();
    size_t turns = 0;
    while (turns < 100 && context_.poll_one() > 0) ++turns;
    return turns;
  }

  boost::asio::io_context context_{1};
  ReadySet set_{&context_};
};

using Told = std::vector<ReadySet::Event>;

TEST_F(ReadySetTest, TellsOnceForEachTimeItIsAsked) {
  End end(&set_);
  end.Ask(ReadySet::kReadable);
  Turn();
  EXPECT_EQ(end.told, Told());
  end.Send();
  Turn();
  Turn();
  EXPECT_EQ(end.told, Told({ReadySet::kReadable}));
  end.Ask(ReadySet::kReadable);
  Turn();
  EXPECT_EQ(end.told, Told({ReadySet::kReadable, ReadySet::kReadable})) << "it was never read";
}

TEST_F(ReadySetTest, WhatNobodyAsksForKeepsNoLoopBusy) {
  End end(&set_);
  end.Ask(ReadySet::kReadable | ReadySet::kWritable);
  end.Send();
  Turn();
  EXPECT_EQ(end.told, Told({ReadySet::kWritable, ReadySet::kReadable}));
  EXPECT_LT(Turn(), 5u);
  EXPECT_EQ(Turn(), 0u);
  end.HangUp();
  EXPECT_LT(Turn(), 5u);
  EXPECT_EQ(Turn(), 0u) << "nor does a socket that broke";
}

TEST_F(ReadySetTest, OneWhoAsksAgainAtOnceIsToldOfWhatComesNext) {
  End end(&set_);
  end.on_ready = [&end](ReadySet::Event) {
    end.Receive();
    end.Ask(ReadySet::kReadable);
  };
  end.Ask(ReadySet::kReadable);
  for (size_t sent = 1; sent <= 3; ++sent) {
    end.Send();
    Turn();
    EXPECT_EQ(end.told.size(), sent);
    EXPECT_EQ(Turn(), 0u);
  }
}

TEST_F(ReadySetTest, RoomToWriteIsToldWhenThereIsSome) {
  End end(&set_);
  end.Fill();
  end.Ask(ReadySet::kReadable | ReadySet::kWritable);
  Turn();
  EXPECT_EQ(end.told, Told());
  end.Drain();
  Turn();
  EXPECT_EQ(end.told, Told({ReadySet::kWritable}));
  end.Send();
  Turn();
  EXPECT_EQ(end.told, Told({ReadySet::kWritable, ReadySet::kReadable}));
}

TEST_F(ReadySetTest, AnEndThatHangsUpIsToldToOneWhoAsksLater) {
  End end(&set_);
  end.HangUp();
  Turn();
  EXPECT_EQ(end.told, Told());
  end.Ask(ReadySet::kReadable);
  Turn();
  EXPECT_EQ(end.told, Told({ReadySet::kReadable}));
}

TEST_F(ReadySetTest, OneThatLeftIsToldNothing) {
  auto first = std::make_unique<End>(&set_);
  auto second = std::make_unique<End>(&set_);
  // Both are ready in one turn, and whoever is told first makes the other leave.
  size_t told = 0;
  first->on_ready = [&](ReadySet::Event) {
    ++told;
    second.reset();
  };
  second->on_ready = [&](ReadySet::Event) {
    ++told;
    first.reset();
  };
  first->Ask(ReadySet::kReadable);
  second->Ask(ReadySet::kReadable);
  first->Send();
  second->Send();
  Turn();
  EXPECT_EQ(told, 1u);
}

TEST_F(ReadySetTest, ANewcomerIsNotToldWhatWasMeantForTheOneBefore) {
  End leaver(&set_);
  std::unique_ptr<End> newcomer;
  // It is ready for both, and takes its leave when it is told of the first.
  leaver.Ask(ReadySet::kReadable | ReadySet::kWritable);
  leaver.Send();
  leaver.on_ready = [&](ReadySet::Event) {
    leaver.Leave();
    newcomer = std::make_unique<End>(&set_);
    newcomer->Ask(ReadySet::kReadable);
  };
  Turn();
  ASSERT_NE(newcomer, nullptr);
  EXPECT_EQ(leaver.told.size(), 1u);
  EXPECT_EQ(newcomer->told, Told());
}

TEST_F(ReadySetTest, ManyMoreThanOneTurnTellsAreAllTold) {
  std::vector<std::unique_ptr<End>> ends;
  for (int i = 0; i < 300; ++i) {
    End& end = *ends.emplace_back(std::make_unique<End>(&set_));
    end.Ask(ReadySet::kReadable);
    end.Send();
  }
  Turn();
  for (const auto& end : ends) EXPECT_EQ(end->told.size(), 1u);
}

}  // namespace
}  // namespace keel::net
