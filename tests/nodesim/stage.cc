#include "tests/nodesim/stage.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace keel::nodesim {

namespace {

constexpr size_t kPlacesMax = 24;  // never moved: others point to them
constexpr uint64_t kLookUs = 50'000;
constexpr uint64_t kJudgeUs = 8'000'000;
constexpr uint64_t kStopPatienceUs = 30'000'000;
constexpr uint64_t kStartRetryUs = 200'000;

}  // namespace

node_test::SimCluster::Options Stage::ClusterOptions() {
  return {.seed = profile_.seed,
          .members = profile_.voters,
          .starts = false,
          .node = profile_.node,
          .latency = profile_.latency,
          .level_engine = profile_.level_engine,
          .on_seams = [this](SimMember* member,
                             node::Node::Seams* seams) { ledger_.AddSeams(member, seams); },
          .on_opened =
              [this](SimMember* member) {
                ledger_.OnOpened(member);
                followers_.OnOpened(member);
                depot_.OnOpened(member);
              }};
}

Stage::Stage(const NodeProfile& profile, sim::Story* story)
    : profile_(profile),
      story_(story),
      cluster_(ClusterOptions()),
      timeline_(&cluster_.world()),
      phases_(this),
      ledger_(
          {.world = &cluster_.world(),
           .checker = &checker_,
           .phases = &phases_,
           .trace = &trace_,
           .story = story,
           .on_output =
               [this](const raft::Output& out) {
                 archive_judge_.OnCommitted(out.committed);
                 listener_->OnOutput(out);
               },
           .later =
               [this](std::function<void()> action) { timeline_.After(0, std::move(action)); }}),
      desk_({.cluster = &cluster_,
             .checker = &checker_,
             .chronicle = &chronicle_,
             .seed = profile.seed ^ 0x6465736bu}),
      clients_(&desk_, profile_),
      bank_(&desk_),
      sessions_(&desk_),
      leases_(&desk_, &phases_),
      followers_(&desk_, &chronicle_),
      archive_judge_({.depot = &depot_,
                      .checker = &checker_,
                      .clock = &cluster_.at(0).clock(),
                      .seed = profile.seed ^ 0x6a75646765u,
                      .tell = [this](const std::string& line) { Tell(line); }}),
      depot_({.world = &cluster_.world(),
              .timeline = &timeline_,
              .phases = &phases_,
              .profile = profile.archive,
              .seed = profile.seed ^ 0x6465706f74u,
              .tell = [this](const std::string& line) { Tell(line); }}) {
  cluster_.network().SetTap([this](const raft::Message& message) { checker_.OnSend(message); });
  places_.reserve(kPlacesMax);
  for (size_t i = 0; i < cluster_.size(); ++i) places_.push_back({.member = &cluster_.at(i)});
}

void Stage::StartClients() {
  for (Place& place : places_) Start(place);
  clients_.Start();
  bank_.Start();
  sessions_.Start();
  leases_.Start();
  followers_.StartClients();
  LookAfterMembers();
  JudgeArchive();
}

bool Stage::RunFor(uint64_t duration_us) {
  return !RunUntil([] { return false; }, duration_us) && checker_.IsClean();
}

bool Stage::RunUntil(const std::function<bool()>& holds, uint64_t patience_us) {
  timeline_.RunUntil(now_us() + patience_us, [&] { return !checker_.IsClean() || holds(); });
  return checker_.IsClean() && holds();
}

Stage::Place& Stage::PlaceOf(NodeId id) {
  const auto found = std::find_if(places_.begin(), places_.end(),
                                  [id](const Place& one) { return one.member->id() == id; });
  KEEL_CHECK(found != places_.end()) << "a member that there is not";
  return *found;
}

Stage::Place& Stage::AddJoiner() {
  KEEL_CHECK(places_.size() < kPlacesMax) << "too many members";
  SimMember& member = cluster_.Add();
  const Status installed = member.InstallAsJoiner();
  KEEL_CHECK(installed.ok()) << installed;
  places_.push_back({.member = &member});
  Start(places_.back());
  return places_.back();
}

void Stage::OnEnded(Place& place) {
  place.is_stopping = false;
  place.restart_us = 0;
  place.member->files().SetHook({});
  ledger_.OnEnded(place.member->id());
  followers_.OnEnded(place.member);
  desk_.OnEnded(place.member);
}

void Stage::Kill(Place& place, const simfs::Loss& loss) {
  if (!place.member->IsUp()) return;
  Tell("member " + std::to_string(place.member->id().value()) + " dies: " + loss.ToString());
  depot_.OnEnding(place.member->id());
  place.member->KillWith(loss);
  OnEnded(place);
}

void Stage::Stop(Place& place, std::function<void()> stopped) {
  if (place.is_stopping || !place.member->IsUp()) return;
  place.is_stopping = true;
  place.member->BeginStop();
  AwaitStop(place, std::move(stopped), now_us() + kStopPatienceUs);
}

void Stage::AwaitStop(Place& place, std::function<void()> stopped, uint64_t deadline_us) {
  timeline_.After(10'000, [this, &place, stopped = std::move(stopped), deadline_us]() mutable {
    if (!place.is_stopping) return;  // it died meanwhile
    if (place.member->HasStopped()) {
      depot_.OnEnding(place.member->id());
      place.member->EndStopped();
      OnEnded(place);
      return stopped();
    }
    // A stalled disk ends within that time, too.
    if (now_us() > deadline_us) {
      return checker_.Report("stops", place.member->id(), "it was asked to stop and does not");
    }
    AwaitStop(place, std::move(stopped), deadline_us);
  });
}

void Stage::StartLater(Place& place, uint64_t delay_us) {
  place.is_starting = true;
  timeline_.After(delay_us, [this, &place] {
    if (place.is_starting) Start(place);
  });
}

void Stage::Start(Place& place) {
  place.is_starting = false;
  if (place.is_retired || place.member->IsUp()) return;
  const Status started = place.member->Start();
  if (started.ok()) return;
  Tell("member " + std::to_string(place.member->id().value()) +
       " does not start: " + started.ToString());
  // What was flipped on its disk may be in its state: an operator removes that.
  if (started.code() == Code::kDataLoss && place.is_unwhole && profile_.level_engine) {
    const Status removed = place.member->LoseState();
    KEEL_CHECK(removed.ok()) << removed;
  } else if (started.code() != Code::kResourceExhausted) {
    return checker_.Report("starts", place.member->id(), started.ToString());
  }
  StartLater(place, kStartRetryUs);
}

void Stage::RetireRemoved() {
  Place* const leader = WorkingLeader();
  if (leader == nullptr) return;
  const raft::Config config = leader->member->node().core().config();
  for (Place& place : places_) {
    if (!config.WasRemoved(place.member->id())) continue;
    place.is_retired = true;
    if (place.member->IsUp()) Kill(place, {.mode = simfs::LossMode::kNothing});
  }
}

Stage::Place* Stage::Leader() {
  Place* leader = nullptr;
  for (Place& place : places_) {
    if (!place.member->IsUp() || place.member->is_paused()) continue;
    const raft::Raft& core = place.member->node().core();
    if (core.role() != raft::Role::kLeader) continue;
    if (leader == nullptr || core.term() > leader->member->node().core().term()) leader = &place;
  }
  return leader;
}

Stage::Place* Stage::WorkingLeader() {
  Place* const leader = Leader();
  if (leader == nullptr) return nullptr;
  const raft::Raft& core = leader->member->node().core();
  return core.log().TermAt(core.commit()) == core.term() ? leader : nullptr;
}

// Now and then, what a loss of power would leave of it.
void Stage::JudgeArchive() {
  if (!depot_.is_on()) return;
  timeline_.After(depot_.prng().Between(kJudgeUs, 3 * kJudgeUs), [this] {
    archive_judge_.JudgeNow();
    JudgeArchive();
  });
}

void Stage::LookAfterMembers() {
  for (Place& place : places_) {
    if (place.member->IsUp()) LookAfter(place);
  }
  timeline_.After(kLookUs, [this] { LookAfterMembers(); });
}

void Stage::LookAfter(Place& place) {
  SimMember& member = *place.member;
  const auto& notices = member.notices();
  const bool is_removed = std::any_of(notices.begin(), notices.end(), [](const auto& notice) {
    return notice.kind == raft::NoticeKind::kRemoved;
  });
  if (is_removed) {
    place.is_retired = true;
    return Kill(place, {.mode = simfs::LossMode::kNothing});
  }
  const raft::Raft& core = member.node().core();
  const bool is_back = place.is_unwhole && member.starts() > place.whole_starts;
  if (is_back && core.health() == raft::Health::kWhole && !core.state_lost() &&
      core.applied() >= checker_.committed()) {
    place.is_unwhole = false;
  }
  if (member.failure().ok()) return;
  // LevelDB takes a write that failed for final.
  const bool is_full = profile_.level_engine && member.failure().code() == Code::kResourceExhausted;
  if (!place.may_fail && !is_full) {
    return checker_.Report("fails-for-a-reason", member.id(), member.failure().ToString());
  }
  if (place.restart_us == 0) place.restart_us = now_us() + desk_.prng().Below(500'000);
  if (now_us() < place.restart_us) return;
  place.may_fail = false;
  Kill(place, member.AnyLossNow());
  StartLater(place, desk_.prng().Below(1'000'000));
}

void Stage::OnPhaseBegun(sim::Phase phase) { listener_->OnPhaseBegun(phase); }

void Stage::Tell(const std::string& line) {
  if (story_ == nullptr) return;
  story_->SetTime(now_us());
  story_->Tell(line);
}

}  // namespace keel::nodesim
