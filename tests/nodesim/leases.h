// Holders of leases: each takes one, ties a key to it, renews it for a while, and lets it run out.
//
// No lease may end before its length after the last renewal that was answered began, whoever leads
// and whatever their clocks do within the allowed drift; and none may live on for ever. One thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/nodesim/desk.h"
#include "tests/sim/phases.h"

namespace keel::nodesim {

class Leases {
 public:
  Leases(Desk* desk, sim::PhaseTracker* phases) : desk_(desk), phases_(phases) {}
  void Start();

  // Once clients are to stop: which key is still there, though its lease should run out; empty:
  // none.
  [[nodiscard]] std::string WhyNotExpired() const;
  [[nodiscard]] uint64_t LongestUs() const;
  // Once the chronicle is complete.
  void Check() const;

 private:
  struct Holder {
    uint64_t number = 0;
    kv::LeaseId id;
    uint64_t ttl_s = 0;
    std::string key;
    bool is_tied = false;  // its key was put for certain
    uint64_t renew_until_us = 0;
    uint64_t renewed_us = 0;  // when the last renewal that was answered began
  };
  struct Past {
    std::string key;
    uint64_t ttl_s = 0;
    uint64_t renewed_us = 0;
  };

  void Take(Holder* holder);
  void Tie(Holder* holder, uint64_t asked_us);
  void Renew(Holder* holder);
  void LetGo(Holder* holder);
  void Await(Holder* holder);
  [[nodiscard]] bool IsGone(const std::string& key) const;
  [[nodiscard]] uint64_t PhaseKey(const Holder& holder) const { return 5'000 + holder.number; }

  Desk* const desk_;
  sim::PhaseTracker* const phases_;
  std::vector<std::unique_ptr<Holder>> holders_;
  std::vector<Past> past_;
};

}  // namespace keel::nodesim
