// Whoever queues for a name: for a lock, or to be elected.
//
// Each has a key below the name, bound to its lease; the one whose key is the oldest has its turn.
// The others wait for the key before theirs to go, and for no other, so that a change wakes one.
// Belongs to the transport's executor; kept alive by what is under way.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "server/api/errors.h"
#include "server/api/key_follower.h"

namespace keel::api {

struct Contest {
  std::string name;
  kv::LeaseId lease;  // none: one is granted for it
  std::string value;
  // What it says where its key went while it waited.
  ApiError expired = ApiError::kLockSessionExpired;
};

// Its turn has come: its key, and the revision of that key's creation.
struct Turn {
  std::string key;
  Revision revision;
  kv::LeaseId lease;
  Revision now;
};

class Contender final : public std::enable_shared_from_this<Contender> {
 public:
  using Done = node::Once<Result<Turn>>;
  Contender(std::shared_ptr<WatchCenter> center, const Caller& caller, Contest contest, Done done);

  void Start();
  // Nobody waits any more: it leaves the queue.
  void GiveUp();

  // "name/": the keys of all that contend for it begin with it.
  [[nodiscard]] static std::string PrefixOf(const std::string& name) { return name + "/"; }

 private:
  void Grant();
  void Join();
  void OnJoined(const Result<node::Applied>& applied);
  void Proclaim();
  void Look();
  void OnLooked(const Result<std::string>& before, Revision at, bool has_key);
  void Leave();
  void Finish(Result<Turn> result);

  const std::shared_ptr<WatchCenter> center_;
  const CorePtr core_;
  const Caller caller_;
  Contest contest_;
  Done done_;
  std::string key_;
  Revision revision_;
  std::unique_ptr<KeyFollower> follower_;
  bool given_up_ = false;
};

}  // namespace keel::api
