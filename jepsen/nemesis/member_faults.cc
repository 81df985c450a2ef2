// Churn of members: one is removed for good, loses all that it had, and a new one takes its place.
//
// Calls that change members have outcomes that may stay unknown, and are refused while the cluster
// is too weak for them. So nothing is done by a plan: the list of members, as a majority confirms
// it, says again and again what is to be done next, until the new member votes.
#include <algorithm>
#include <thread>

#include "api/etcdserverpb/cluster.pb.h"
#include "jepsen/nemesis/fault.h"

namespace keel::jepsen {
namespace {

constexpr uint64_t kAskTimeoutUs = 1'000'000;
constexpr uint64_t kListTimeoutUs = 500'000;
constexpr auto kBetweenTries = std::chrono::milliseconds(50);
constexpr auto kRemovalPatience = std::chrono::milliseconds(3'000);

class Replacement {
 public:
  Replacement(Arena* arena, size_t node, uint64_t old_id)
      : arena_(arena), node_(node), old_id_(old_id) {}

  void LetReturn() { may_return_ = true; }
  // The cluster can say now who its members are, so it can change them, too.
  [[nodiscard]] bool IsPossible() { return Members().has_value(); }
  [[nodiscard]] bool is_removed() const { return is_removed_; }
  // A removal that was called may happen at any time, whatever its answer.
  [[nodiscard]] bool was_called() const { return was_called_; }

  // The next thing to do; true when the new member votes.
  Result<bool> Go() {
    const auto members = Members();
    if (!members) return false;
    const auto at = MemberAt(*members, node_);
    if (at != members->end() && at->id() == old_id_) return Remove();
    if (!is_removed_) {
      KEEL_RETURN_IF_ERROR(arena_->cluster()->Wipe(node_));
      if (arena_->shims() != nullptr) arena_->shims()->ForgetJournals(node_);
      is_removed_ = true;
    }
    if (!may_return_) return false;
    if (at == members->end()) return Add();
    std::vector<size_t> nodes;
    for (size_t i = 0; i < arena_->cluster()->size(); i++) {
      if (MemberAt(*members, i) != members->end()) nodes.push_back(i);
    }
    KEEL_RETURN_IF_ERROR(arena_->cluster()->Join(node_, nodes));
    if (at->name().empty() || at->islearner()) return false;
    arena_->cluster()->Readmit(node_);
    return true;
  }

 private:
  using Member = etcdserverpb::Member;

  // Whom the list has at that node's place.
  [[nodiscard]] std::vector<Member>::const_iterator MemberAt(const std::vector<Member>& members,
                                                             size_t node) const {
    const std::string url = arena_->cluster()->PeerUrl(node);
    return std::find_if(members.begin(), members.end(), [&](const Member& member) {
      return std::find(member.peerurls().begin(), member.peerurls().end(), url) !=
             member.peerurls().end();
    });
  }

  // Whoever has just confirmed the list can also change it, or hand the change to the leader.
  template <class Response, class Request>
  Result<Response> Change(std::string_view path, const Request& request) {
    return arena_->Ask<Response>(
        {.node = asked_, .path = path, .timeout_us = kAskTimeoutUs, .metadata = {}}, request);
  }

  std::optional<std::vector<Member>> Members() {
    etcdserverpb::MemberListRequest request;
    request.set_linearizable(true);
    const std::vector<size_t> running = arena_->cluster()->RunningNodes();
    const auto answers = arena_->AskEach<etcdserverpb::MemberListResponse>(
        running,
        {.node = 0,
         .path = "/etcdserverpb.Cluster/MemberList",
         .timeout_us = kListTimeoutUs,
         .metadata = {}},
        request);
    for (size_t i = 0; i < running.size(); i++) {
      if (!answers[i].ok()) continue;
      asked_ = running[i];
      return std::vector<Member>(answers[i]->members().begin(), answers[i]->members().end());
    }
    return std::nullopt;
  }

  // What came of these the next list will tell.
  Result<bool> Remove() {
    etcdserverpb::MemberRemoveRequest request;
    request.set_id(old_id_);
    const auto answer =
        Change<etcdserverpb::MemberRemoveResponse>("/etcdserverpb.Cluster/MemberRemove", request);
    was_called_ = was_called_ || answer.ok() || !CertainlyNotDone(answer.status());
    return false;
  }

  Result<bool> Add() {
    etcdserverpb::MemberAddRequest request;
    request.add_peerurls(arena_->cluster()->PeerUrl(node_));
    (void)Change<etcdserverpb::MemberAddResponse>("/etcdserverpb.Cluster/MemberAdd", request);
    return false;
  }

  Arena* const arena_;
  const size_t node_;
  const uint64_t old_id_;
  size_t asked_ = 0;  // who gave the last list
  bool may_return_ = false;
  bool is_removed_ = false;
  bool was_called_ = false;
};

class Replace final : public Fault {
 public:
  Result<Effect> Start(Arena* arena, Prng* dice) override {
    Cluster* cluster = arena->cluster();
    const std::vector<size_t> victims = arena->Victims(1, dice);
    // Those that stay must be a majority among themselves.
    const size_t stay = cluster->RunningNodes().size() - 1;
    if (victims.empty() || stay <= (cluster->size() - 1) / 2 || cluster->MayEnd(victims[0])) {
      return Effect::kNothing;
    }
    const size_t node = victims[0];
    const uint64_t id = arena->MemberId(node);
    if (id == 0) return Effect::kNothing;
    replacement_ = std::make_shared<Replacement>(arena, node, id);
    if (!replacement_->IsPossible()) return Effect::kNothing;
    cluster->Withdraw(node);
    KEEL_RETURN_IF_ERROR(AwaitRemoval());
    if (!replacement_->is_removed() && !replacement_->was_called()) {
      cluster->Readmit(node);
      return Effect::kNothing;
    }
    what_ = cluster->NameOf(node);
    arena->AddChore({.what = "a new member in the place of " + what_,
                     .work = [replacement = replacement_] { return replacement->Go(); }});
    if (replacement_->is_removed()) return Effect::kConfirmed;
    replacement_->LetReturn();  // nobody knows yet whether it is removed: the chore finds out
    return Effect::kNothing;
  }

  Status Stop(Arena* /*arena*/) override {
    replacement_->LetReturn();
    return {};
  }

 private:
  Status AwaitRemoval() {
    const auto deadline = std::chrono::steady_clock::now() + kRemovalPatience;
    while (!replacement_->is_removed() && std::chrono::steady_clock::now() < deadline) {
      const auto done = replacement_->Go();
      if (!done.ok()) return done.status();
      std::this_thread::sleep_for(kBetweenTries);
    }
    return {};
  }

  std::shared_ptr<Replacement> replacement_;
};

}  // namespace

std::unique_ptr<Fault> MakeReplace() { return std::make_unique<Replace>(); }

}  // namespace keel::jepsen
