// Leases: keys that end unless somebody keeps renewing.
//
// `Leases` are the operations as the server has them. `Lease` is a granted lease that renews itself
// in the background until it is destroyed, and is then revoked: its keys go with it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "client/async.h"
#include "client/client.h"
#include "client/types.h"

namespace keel::client {

using Seconds = std::chrono::seconds;

struct GrantRequest {
  Seconds ttl{60};
  LeaseId id;  // none: the server picks one
};
struct GrantResult {
  Header header;
  LeaseId id;
  Seconds ttl{0};  // what was granted, which may be more than was asked for
};
struct RevokeRequest {
  LeaseId id;
};
struct RevokeResult {
  Header header;
};
struct RenewRequest {
  LeaseId id;
};
struct RenewResult {
  Header header;
  Seconds ttl{0};  // 0: there is no such lease any more
};
struct TimeToLiveRequest {
  LeaseId id;
  bool keys = false;
};
struct TimeToLiveResult {
  Header header;
  LeaseId id;
  Seconds left{0};  // -1: there is no such lease
  Seconds granted{0};
  std::vector<std::string> keys;
};
struct LeaseListRequest {};
struct LeaseListResult {
  Header header;
  std::vector<LeaseId> leases;
};

class Leases {
 public:
  explicit Leases(const Client* client, ViewOptions options = {})
      : view_(client, std::move(options)) {}

  KEEL_CLIENT_OPERATION(Result<GrantResult>, Grant, GrantRequest);
  KEEL_CLIENT_OPERATION(Result<RevokeResult>, Revoke, RevokeRequest);
  // Renews once.
  KEEL_CLIENT_OPERATION(Result<RenewResult>, Renew, RenewRequest);
  KEEL_CLIENT_OPERATION(Result<TimeToLiveResult>, TimeToLive, TimeToLiveRequest);
  KEEL_CLIENT_OPERATION(Result<LeaseListResult>, List, LeaseListRequest);

 private:
  View view_;
};

// Owned by one thread at a time; may be moved. Destroying it revokes the lease, and waits a second
// for that at most, but on the I/O thread not at all: at worst the lease runs out by itself.
class Lease {
 public:
  struct Options {
    Seconds ttl{10};
    // Called once, on the I/O thread, when the lease is lost: it ran out, or somebody revoked it.
    std::function<void(const Status&)> on_lost;
  };

  // Grants one and begins to renew it, three times within its time to live.
  [[nodiscard]] static Result<Lease> Grant(const Client* client, Options options);
  // Renews one that exists. It is not revoked at the end.
  [[nodiscard]] static Lease Keep(const Client* client, LeaseId id, Options options);

  Lease(Lease&& other) noexcept;
  Lease& operator=(Lease&& other) noexcept;
  ~Lease();

  [[nodiscard]] LeaseId id() const;
  // True until the lease is known to be lost, or too old by this machine's monotonic clock to be
  // sure of: work that needs the lease stops when it says false.
  [[nodiscard]] bool alive() const;
  // Stops renewing, and revokes; waits for the answer. OK if it was gone already.
  Status Revoke();
  // Stops renewing, and leaves the lease to run out.
  void Abandon();

 private:
  struct State;
  explicit Lease(std::shared_ptr<State> state);
  Status End(Milliseconds patience);

  std::shared_ptr<State> state_;
};

}  // namespace keel::client
