// A bench on which the invariants are shown bad traces: members whose disks, inputs and updates a
// test may tell the checker of truly, falsely, or not at all.
//
// The cores are real and correct; what is wrong is what the checker is told of them. One thread.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "raft/invariants.h"
#include "tests/support/builders.h"

namespace keel::raft {

inline Options BenchOptions(NodeId id, uint64_t boot = 1) {
  Options options;
  options.id = id;
  options.boot = BootId(boot);
  options.seed = id.value();
  return options;
}

// One core and what its driver knows.
class BenchMember {
 public:
  BenchMember(ClusterChecker* checker, NodeId id, const Config& config, std::vector<Entry> log = {},
              Vote vote = {}, bool damaged = false)
      : checker_(checker) {
    Restored past({.last = {}, .config = Shared(config)});
    for (const Entry& entry : log) past.Add(entry);
    past.vote = vote;
    past.damaged = damaged;
    Persist disk{.id = PersistId(1), .vote = vote, .entries = std::move(log)};
    checker->OnDurable(id, disk);
    core_ = std::make_unique<Raft>(BenchOptions(id), std::move(past));
    checker->OnStart(*core_);
    Take(Tick{});  // the first event sets its clock
  }
  // With options and a checker of its own.
  BenchMember(const Options& options, const Config& config)
      : own_checker_(std::make_unique<ClusterChecker>()), checker_(own_checker_.get()) {
    core_ = std::make_unique<Raft>(options, Restored({.last = {}, .config = Shared(config)}));
    checker_->OnStart(*core_);
    Take(Tick{});
  }

  [[nodiscard]] ClusterChecker& checker() { return *checker_; }
  [[nodiscard]] const Raft& core() const { return *core_; }
  [[nodiscard]] Raft& core() { return *core_; }
  [[nodiscard]] Instant now() const { return now_; }
  void Pass(DurationMs duration_ms) { now_ = now_ + duration_ms; }

  // Takes the event without a word to the checker.
  Output& Secretly(Event event) {
    core_->Step(std::vector<Input>{{now_, std::move(event)}}, out_);
    for (const std::vector<Message>* sent : {&out_.send_now, &out_.send_after_persist}) {
      for (const Message& message : *sent) {
        if (const auto* request = std::get_if<VoteRequest>(&message.body)) asked_ = *request;
      }
    }
    return out_;
  }
  // Takes the event and tells the checker the truth.
  Output& Take(const Event& event) {
    checker_->OnInput(*core_, {now_, event});
    Secretly(event);
    checker_->OnStep(*core_, out_);
    return out_;
  }
  // The last update's write completes; the checker hears of it, or the core only believes it.
  Output& Persisted(bool really = true) {
    const Persist done = out_.persist;
    if (really) checker_->OnDurable(core_->id(), done);
    return Take(PersistDone{done.id});
  }
  void Send(const std::vector<Message>& messages) {
    for (const Message& message : messages) checker_->OnSend(message);
  }
  // Lets time pass until it campaigns, and gives it the ballots that it needs.
  void BecomeLeaderWith(NodeId supporter) {
    now_ = now_ + 10'000;
    Take(Tick{});
    Take(Ballot(supporter));
    Persisted();
    Take(Ballot(supporter));
  }
  // A yes to what it asked last.
  [[nodiscard]] Message Ballot(NodeId from) const {
    return {from, core_->id(), core_->term(),
            VoteReply{.pre = asked_.pre,
                      .granted = true,
                      .for_term = asked_.for_term,
                      .round = asked_.round}};
  }
  [[nodiscard]] Message Reply(NodeId from, Index match, Health health = Health::kWhole) const {
    return {from, core_->id(), core_->term(),
            AppendReply{.success = true, .health = health, .boot = BootId(1), .match = match}};
  }

 private:
  std::unique_ptr<ClusterChecker> own_checker_;  // null: the test's own
  ClusterChecker* checker_;
  std::unique_ptr<Raft> core_;
  Instant now_{1};
  VoteRequest asked_;
  Output out_;
};

inline std::vector<std::string> RulesOf(const ClusterChecker& checker) {
  std::vector<std::string> rules;
  for (const Violation& violation : checker.violations()) rules.emplace_back(violation.rule);
  return rules;
}

}  // namespace keel::raft
