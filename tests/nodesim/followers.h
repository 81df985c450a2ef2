// Watches on members' hubs that go on elsewhere when their member dies: the taps that feed the
// chronicle, one on each member, and clients that watch a part of the keys.
//
// A client must be given every change of its keys exactly once and in order, wherever it watches.
// One thread.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/nodesim/desk.h"

namespace keel::nodesim {

// One watch on one start of one member: pulls whenever there is something.
class Follower final : public kv::WatchListener {
 public:
  using Sink = std::function<void(const kv::WatchedRevision&)>;
  struct Options {
    Desk* desk = nullptr;
    node_test::SimMember* member = nullptr;
    kv::KeyRange keys;
    Revision from;
    uint64_t delay_us_max = 0;  // a slow reader
    Sink sink;
    std::function<void(Revision)> on_compacted;
  };
  explicit Follower(Options options);
  // Lets go of the member, which is still there.
  void Remove();

  void OnReady(kv::WatcherId watcher) override;

 private:
  void PullLater();
  void Pull();

  const Options options_;
  kv::WatcherId watcher_;
  // Tasks that come after the follower's end find it empty.
  const std::shared_ptr<bool> is_alive_ = std::make_shared<bool>(true);

 public:
  ~Follower() override { *is_alive_ = false; }
};

class Followers {
 public:
  Followers(Desk* desk, Chronicle* chronicle) : desk_(desk), chronicle_(chronicle) {}

  void OnOpened(node_test::SimMember* member);
  void OnEnded(const node_test::SimMember* member);
  void StartClients();

  // No watch needs what lies below.
  [[nodiscard]] Revision Floor() const;
  // Whether every client has been given everything up to the chronicle's end.
  [[nodiscard]] std::string WhyNotComplete() const;
  // Once the chronicle and the clients are complete.
  void Check() const;

 private:
  struct Given {
    Revision revision;
    std::vector<kv::Event> events;
  };
  struct Client {
    kv::KeyRange keys;
    Revision next = Chronicle::kFirst;
    std::vector<Given> given;
    const node_test::SimMember* member = nullptr;
    std::unique_ptr<Follower> follower;
  };

  void Tap(node_test::SimMember* member, Revision from);
  void Attach(Client* client);
  void Wander(Client* client);
  void Move(Client* client);
  [[nodiscard]] std::vector<Given> DueTo(const Client& client) const;

  Desk* const desk_;
  Chronicle* const chronicle_;
  std::map<const node_test::SimMember*, std::unique_ptr<Follower>> taps_;
  std::vector<std::unique_ptr<Client>> clients_;
};

}  // namespace keel::nodesim
