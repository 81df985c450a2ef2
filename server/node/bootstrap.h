// The first start of a static cluster: its members find out each other's ids, and agree on them
// before anybody votes.
//
// Ids are drawn at random, so --initial-cluster names members by name and address alone. Two steps,
// each durable before it is told: once every initial member has said that it is new, with its id, a
// member writes down all the ids and is *prepared*; once every one has said that it is prepared
// with the same ids, it is a *member* and may run. So no two members ever run with different ids,
// and none that was prepared is taken for another: a directory that was lost after that is a member
// that was lost. It is refused, and told to be replaced (pitfall 54).
//
// Owns nothing but what it has heard. Runs on the node role; the directory's writes on the WAL
// role. Destroyed after the roles have ended.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "server/node/member_files.h"
#include "server/node/membership.h"
#include "server/node/once.h"
#include "server/node/roles.h"

namespace keel::node {

// What members say of themselves before a cluster runs, and whenever they are asked afterwards.
struct Introduction {
  std::string cluster_token;
  uint64_t cluster_id = 0;  // 0: not agreed on yet
  NodeId member;
  std::string name;
  MemberPhase phase = MemberPhase::kNew;
  std::vector<std::string> client_urls;
  // Of a member that runs: config and membership, as a config entry's payload. For those that join.
  std::string config;

  friend bool operator==(const Introduction&, const Introduction&) = default;
};
[[nodiscard]] Introduction IntroductionOf(const MemberRecord& record, const MemberInfo& self);
[[nodiscard]] std::string EncodeIntroduction(const Introduction& introduction);
[[nodiscard]] std::optional<Introduction> DecodeIntroduction(std::string_view bytes);

// Asks the member at one of `peer`'s addresses who it is. Called on the node role; the callback
// comes there too, once. Nobody there: a failure, and it is asked again.
class Introducer {
 public:
  Introducer() = default;
  Introducer(const Introducer&) = delete;
  Introducer& operator=(const Introducer&) = delete;
  virtual ~Introducer() = default;
  virtual void Ask(const MemberInfo& peer, Once<Result<Introduction>> done) = 0;
};

class Bootstrap {
 public:
  struct Options {
    Roles roles;
    std::string name;  // this member's
    // Everybody's names and addresses, this member's too; no ids. Where clients reach the others is
    // what they say themselves.
    std::vector<MemberInfo> initial;
    uint64_t retry_us = 200'000;
    MemberFiles* files = nullptr;
    Introducer* introducer = nullptr;
    // On the node role; may be null. A member gave no answer in this round, and why: it is asked
    // again, and all wait for it.
    std::function<void(const std::string& name, const Status& why)> on_silent;
  };
  // INVALID_ARGUMENT if the options make no sense.
  [[nodiscard]] static Status Validate(const Options& options);
  explicit Bootstrap(Options options);

  // `done` comes on the node role, once: OK, and the member's phase is kMember; or why it never
  // will be, and what to do.
  void Start(Once<Status> done);
  // The answer to whoever asks this member.
  [[nodiscard]] Introduction Introduce() const;

 private:
  void AskAll();
  void OnAnswer(const std::string& name, const Result<Introduction>& answer);
  void Judge();
  [[nodiscard]] Status WhyNever() const;
  [[nodiscard]] bool AllSay(MemberPhase least) const;
  [[nodiscard]] MemberRecord Prepared() const;
  [[nodiscard]] MemberInfo Self() const;
  void Save(MemberRecord record);
  void Finish(Status status);

  const Options options_;
  MemberRecord record_;  // as it is on the disk
  std::map<std::string, Introduction> heard_;
  size_t awaited_ = 0;
  Once<Status> done_;
};

}  // namespace keel::node
