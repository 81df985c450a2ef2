// A fault: how it begins, how it ends, and how its effect is seen.
//
// A fault is on from the call of Start to that of Stop. Both return when the effect has been
// confirmed; a failure says that it was not there,
// and ends the run. A fault that found nothing to do (no leader to move, nobody left to kill) says
// so by kNothing, which is counted. Main thread only.
#pragma once

#include <functional>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/prng.h"
#include "jepsen/cluster/cluster.h"
#include "jepsen/cluster/shims.h"
#include "jepsen/workload/client.h"

namespace keel::jepsen {

enum class Effect : uint8_t { kConfirmed, kNothing };

// What all faults of a run share.
class Arena {
 public:
  // `shims`: null where the servers run without.
  Arena(Cluster* cluster, Client* client, Shims* shims)
      : cluster_(cluster), client_(client), shims_(shims), links_(cluster->size()) {}

  [[nodiscard]] Cluster* cluster() { return cluster_; }
  [[nodiscard]] Network* network() { return cluster_->network(); }
  [[nodiscard]] Shims* shims() { return shims_; }

  // Who leads, as the leader itself says.
  [[nodiscard]] std::optional<size_t> Leader();
  [[nodiscard]] uint64_t MemberId(size_t node);  // 0: it does not say
  // How many nodes may be down at once.
  [[nodiscard]] size_t MinorityMax() const { return (cluster_->size() - 1) / 2; }
  // Whether, with those down and these ways cut besides what is down and cut already, a running
  // node would still talk with a majority. Three faults of four are chosen so, as long as there is
  // such a choice: a cluster that serves nobody has little to get wrong.
  struct Loss {
    std::vector<size_t> down;
    std::set<Links::Way> cut;
  };
  [[nodiscard]] bool KeepsMajority(const Loss& loss);
  // The first of some choices that keeps one, where the dice want that; else the first.
  template <class Choice>
  auto Spare(Prng* dice, const Choice& choose) -> decltype(choose().first) {
    auto first = choose();
    if (dice->OneIn(kUnsparingOneIn)) return std::move(first.first);
    auto chosen = first;
    for (int i = 0; i < kChoicesMax && !KeepsMajority(chosen.second); i++) chosen = choose();
    return KeepsMajority(chosen.second) ? std::move(chosen.first) : std::move(first.first);
  }
  // Nodes to hit, among those that run, such that a majority is left running; the leader is one of
  // them every other time.
  [[nodiscard]] std::vector<size_t> Victims(size_t count, Prng* dice);

  // Faults of the network add up: each is a change of links by a name.
  using Change = std::function<void(Links*)>;
  Status AddChange(const std::string& name, Change change);
  Status RemoveChange(const std::string& name);
  [[nodiscard]] bool IsOnlyChange() const { return changes_.size() == 1; }
  [[nodiscard]] bool HasChanges() const { return !changes_.empty(); }

  // What happened to a fault that its report must say, beside what it hit: taken by the nemesis.
  void Remark(std::string remark) { remarks_.push_back(std::move(remark)); }
  [[nodiscard]] std::vector<std::string> TakeRemarks() { return std::exchange(remarks_, {}); }

  // What takes its time until the cluster allows it: done again and again until it gives true.
  struct Chore {
    std::string what;
    std::function<Result<bool>()> work;
  };
  void AddChore(Chore chore) { chores_.push_back(std::move(chore)); }
  // Each once; those that are done are gone.
  Status DoChores();
  [[nodiscard]] const std::vector<Chore>& chores() const { return chores_; }

  // One call, awaited.
  template <class Response, class Request>
  Result<Response> Ask(Client::Where where, const Request& request) {
    return Call<Response>(std::move(where), request).get();
  }
  // The same call to each of them at once: what nodes that are cut off take their time for is
  // waited for once. `where.node` says nothing.
  template <class Response, class Request>
  std::vector<Result<Response>> AskEach(std::span<const size_t> nodes, Client::Where where,
                                        const Request& request) {
    std::vector<std::future<Result<Response>>> calls;
    for (const size_t node : nodes) {
      where.node = node;
      calls.push_back(Call<Response>(where, request));
    }
    std::vector<Result<Response>> answers;
    for (auto& call : calls) answers.push_back(call.get());
    return answers;
  }

 private:
  static constexpr uint64_t kUnsparingOneIn = 4;
  static constexpr int kChoicesMax = 12;

  template <class Response, class Request>
  std::future<Result<Response>> Call(Client::Where where, const Request& request) {
    auto promise = std::make_shared<std::promise<Result<Response>>>();
    network()->Run([&] {
      client_->Ask<Response>(std::move(where), request, [promise](Result<Response> answer) {
        promise->set_value(std::move(answer));
      });
    });
    return promise->get_future();
  }

  Status Apply();
  [[nodiscard]] std::vector<size_t> DrawVictims(size_t count, std::optional<size_t> leader,
                                                Prng* dice);

  Cluster* const cluster_;
  Client* const client_;
  Shims* const shims_;
  std::vector<Chore> chores_;
  std::vector<std::string> remarks_;
  std::map<std::string, Change> changes_;
  Links links_;  // with all changes
};

class Fault {
 public:
  Fault() = default;
  Fault(const Fault&) = delete;
  Fault& operator=(const Fault&) = delete;
  virtual ~Fault() = default;

  virtual Result<Effect> Start(Arena* arena, Prng* dice) = 0;
  // Just before Stop, for what only its time can show.
  virtual Status ConfirmAtEnd(Arena* /*arena*/) { return {}; }
  virtual Status Stop(Arena* arena) = 0;
  // For how long at most, where that is less than was planned: nothing is learned from a cluster
  // that is down altogether.
  [[nodiscard]] virtual std::optional<std::chrono::milliseconds> LastsAtMost() const {
    return std::nullopt;
  }
  // Whom and what it hit, for the report.
  [[nodiscard]] const std::string& what() const { return what_; }

 protected:
  std::string what_;
};

enum class FaultGroup : uint8_t { kProcess, kNetwork, kControl, kDisk };

// Of a network of namespaces: what its kernel must have; or that there are packets at all.
enum class FaultNeeds : uint8_t { kNothing, kNetem, kPackets };

struct FaultEntry {
  std::string_view name;
  FaultGroup group;
  std::string_view help;
  std::unique_ptr<Fault> (*make)();
  bool keel_only = false;
  FaultNeeds needs = FaultNeeds::kNothing;
  bool works_attached = false;  // on servers that the tool has not started
};
[[nodiscard]] std::span<const FaultEntry> Faults();
[[nodiscard]] const FaultEntry* FindFault(std::string_view name);

// The makers, a file a group.
std::unique_ptr<Fault> MakeKill();
std::unique_ptr<Fault> MakeKillAll();
std::unique_ptr<Fault> MakePause();
std::unique_ptr<Fault> MakeRollingRestart();
std::unique_ptr<Fault> MakeHalves();
std::unique_ptr<Fault> MakeMinority();
std::unique_ptr<Fault> MakeLeaderAlone();
std::unique_ptr<Fault> MakeBridge();
std::unique_ptr<Fault> MakeOneWay();
std::unique_ptr<Fault> MakeRing();
std::unique_ptr<Fault> MakeClientsCut();
std::unique_ptr<Fault> MakeDelay();
std::unique_ptr<Fault> MakeLoss();
std::unique_ptr<Fault> MakeSlowLinks();
std::unique_ptr<Fault> MakeReorder();
std::unique_ptr<Fault> MakeDuplicate();
std::unique_ptr<Fault> MakeTransfer();
std::unique_ptr<Fault> MakeReplace();
std::unique_ptr<Fault> MakeLostWrites();
std::unique_ptr<Fault> MakeSyncError();
std::unique_ptr<Fault> MakeDiskFull();
std::unique_ptr<Fault> MakeSlowDisk();
std::unique_ptr<Fault> MakeBitFlip();
std::unique_ptr<Fault> MakeClockJump();
std::unique_ptr<Fault> MakeClockDrift();
std::unique_ptr<Fault> MakeSnapshotRestore();

}  // namespace keel::jepsen
