// A lock that the whole cluster agrees on, held by an object.
//
// The holder's lease keeps it: a holder that dies lets go when its lease runs out. Since a holder
// may also be held up for longer than that, what the lock protects should be written with
// `Held()` among the comparisons of a transaction: it is true only while the lock is held.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "client/client.h"
#include "client/contest_options.h"
#include "client/lease.h"
#include "client/txn.h"
#include "client/types.h"

namespace keel::client {

class Lock {
 public:
  using Options = ContestOptions;

  // Waits until it holds the lock; DEADLINE_EXCEEDED when the patience is over.
  [[nodiscard]] static Result<Lock> Acquire(const Client* client, std::string name,
                                            Options options);
  // The same with the defaults.
  [[nodiscard]] static Result<Lock> Acquire(const Client* client, std::string name);

  Lock(Lock&& other) noexcept;
  Lock& operator=(Lock&& other) noexcept;
  // Lets go, as Lease does.
  ~Lock();

  // The key that exists while the lock is held, without the prefix.
  [[nodiscard]] const std::string& key() const { return key_; }
  [[nodiscard]] LeaseId lease() const { return lease_id_; }
  // As far as this client knows; Held() asks the cluster.
  [[nodiscard]] bool alive() const;
  [[nodiscard]] Compare Held() const { return Exists(key_); }
  // Lets go, and waits for the answer.
  Status Unlock();

 private:
  Lock() = default;
  Status End(Milliseconds patience);

  // Null: it holds nothing.
  const Client* client_ = nullptr;
  ViewOptions view_;
  std::string key_;
  LeaseId lease_id_;
  std::optional<Lease> lease_;
};

}  // namespace keel::client
