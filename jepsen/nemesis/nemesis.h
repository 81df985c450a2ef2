// Carries a schedule out on a cluster, confirms each fault's effect, and keeps a log of it.
//
// At the end, and after a failure, Heal undoes all that is still on: links are whole, processes
// run. Main thread only.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "jepsen/history/history.h"
#include "jepsen/nemesis/fault.h"
#include "jepsen/nemesis/schedule.h"

namespace keel::jepsen {

class Nemesis {
 public:
  // `sleep` waits so long and gives false when the run is to end.
  using Sleep = std::function<bool(std::chrono::milliseconds)>;
  Nemesis(Arena* arena, Sleep sleep) : arena_(arena), sleep_(std::move(sleep)) {}

  // Cancelled when `sleep` said so. Until the end of Heal, chores are done between the faults.
  Status Run(std::vector<PlannedFault> schedule);
  Status Heal();

  // As events of :nemesis: start-KIND and stop-KIND, and remark.
  [[nodiscard]] const std::vector<Event>& events() const { return events_; }
  [[nodiscard]] const std::vector<std::string>& remarks() const { return remarks_; }
  struct Tally {
    size_t confirmed = 0;
    size_t nothing = 0;
  };
  [[nodiscard]] const std::map<std::string, Tally>& tallies() const { return tallies_; }
  // For how long two faults or more were on.
  [[nodiscard]] std::chrono::milliseconds overlap() const { return overlap_; }

 private:
  struct Active {
    PlannedFault plan;
    std::unique_ptr<Fault> fault;
    std::chrono::steady_clock::time_point ends_at;
  };

  // `ends_at`: at the latest.
  Result<Effect> Begin(const PlannedFault& plan, std::chrono::steady_clock::time_point ends_at);
  // What found nothing to do tries again soon, as long as it is worthwhile.
  void Postpone(PlannedFault plan, size_t next, uint64_t now_ms);
  [[nodiscard]] std::vector<Active>::iterator FirstToEnd();
  Status WaitUntil(std::chrono::steady_clock::time_point due);
  Status FinishChores();
  Status End(Active* active);
  // That it happened at that moment.
  void Note(const std::string& f, const std::string& what, int64_t time_ns);
  void NoteRemarks();
  [[nodiscard]] int64_t NowNs() const;

  Arena* const arena_;
  const Sleep sleep_;
  std::vector<PlannedFault> schedule_;
  std::vector<Active> active_;
  std::vector<Event> events_;
  std::vector<std::string> remarks_;
  int64_t first_ns_ = 0;  // of the first of them
  std::map<std::string, Tally> tallies_;
  std::chrono::milliseconds overlap_{0};
  std::chrono::steady_clock::time_point two_since_;
  std::chrono::steady_clock::time_point chores_done_at_;
};

}  // namespace keel::jepsen
