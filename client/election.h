// Elections: of many who campaign under one name, one is elected at a time, and has a value to say.
//
// `Election` is an office that is held: RAII, as Lock is, with a lease of its own. `Elections` are
// the operations of those who only look: who is elected, and who comes next.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "client/client.h"
#include "client/contest_options.h"
#include "client/lease.h"
#include "client/txn.h"
#include "client/types.h"

namespace keel::client {

class Election {
 public:
  using Options = ContestOptions;

  // Waits until it is elected.
  [[nodiscard]] static Result<Election> Campaign(const Client* client, std::string name,
                                                 std::string value, Options options);
  [[nodiscard]] static Result<Election> Campaign(const Client* client, std::string name,
                                                 std::string value);

  Election(Election&& other) noexcept;
  Election& operator=(Election&& other) noexcept;
  // Resigns, as Lease ends.
  ~Election();

  [[nodiscard]] const std::string& key() const { return key_; }
  [[nodiscard]] Revision revision() const { return revision_; }
  [[nodiscard]] LeaseId lease() const { return lease_id_; }
  [[nodiscard]] bool alive() const;
  // True only while this one is elected: for transactions.
  [[nodiscard]] Compare Held() const { return CreateRevisionOf(key_) == revision_; }
  // Changes what the elected one has to say.
  Status Proclaim(std::string value);
  Status Resign();

 private:
  Election() = default;
  Status End(Milliseconds patience);

  // Null: it holds nothing.
  const Client* client_ = nullptr;
  ViewOptions view_;
  std::string name_;
  std::string key_;
  Revision revision_;
  LeaseId lease_id_;
  std::optional<Lease> lease_;
};

struct LeaderRequest {
  std::string name;
};

class Elections {
 public:
  explicit Elections(const Client* client, ViewOptions options = {})
      : client_(client), view_(client, std::move(options)) {}

  // Who is elected, or nothing.
  KEEL_CLIENT_OPERATION(Result<std::optional<KeyValue>>, Leader, LeaderRequest);

  // Calls `on_leader` with who is elected and with each that follows, on this thread, until it
  // returns false; resumes by itself. What ends it otherwise is returned.
  Status Observe(const std::string& name,
                 const std::function<bool(const KeyValue&)>& on_leader) const;

 private:
  const Client* client_;
  View view_;
};

}  // namespace keel::client
