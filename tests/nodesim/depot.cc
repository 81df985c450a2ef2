#include "tests/nodesim/depot.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "tests/archive/sim_archiver.h"

namespace keel::nodesim {

namespace {

constexpr uint64_t kWatchUs = 10'000;
constexpr uint64_t kGapKey = 1;
constexpr node_test::SimExecutor::Pace kSlow{.least_us = 20'000, .most_us = 900'000};

// The number behind `word` in a line of the log.
std::optional<uint64_t> NumberBehind(const std::string& line, std::string_view word) {
  const size_t at = line.find(word);
  if (at == std::string::npos) return std::nullopt;
  return std::strtoull(line.c_str() + at + word.size(), nullptr, 10);
}

}  // namespace

// What runs beside a node while its process lives.
struct Depot::Process {
  Process(Depot* depot, node_test::SimMember* its_member)
      : member(its_member),
        source(&member->node()),
        beside({.world = depot->options_.world,
                .clock = &member->clock(),
                .files = &depot->disk_,
                .directory = std::string(kDirectory),
                .source = &source},
               depot->ArchiverOptions(member->id()),
               [depot](bool, const std::string& line) { depot->OnLine(line); }) {}

  void SetSlow(bool slow) {
    beside.ship.SetPace(slow ? kSlow : node_test::SimArchiver::kUsual);
    beside.base.SetPace(slow ? kSlow : node_test::SimArchiver::kUsual);
  }
  [[nodiscard]] bool IsCurrent() const {
    return beside.ship.IsCurrent() || beside.base.IsCurrent();
  }

  node_test::SimMember* const member;
  uint64_t operations_left = 0;  // before it dies; 0: it lives
  std::function<void()> dies;
  bool is_dead = false;
  bool leads = false;
  std::optional<uint64_t> segments_before;  // while it has yet to go on with the archive

  server::NodeArchiveSource source;
  node_test::SimArchiver beside;
};

Depot::Depot(Options options) : options_(std::move(options)), prng_(options_.seed) {
  if (!is_on()) return;
  KEEL_CHECK(disk_.CreateDirectory(std::string(kMount)).ok()) << "an empty disk takes it";
  disk_.SetHook([this](const simfs::Operation& operation) { return OnOperation(operation); });
  options_.timeline->After(kWatchUs, [this] { Watch(); });
}

Depot::~Depot() = default;

server::Archiver::Options Depot::ArchiverOptions(NodeId member) const {
  const ArchiveProfile& profile = options_.profile;
  return {.cluster_id = kCluster,
          .member = member,
          .key = profile.key,
          .interval_ms = profile.interval_ms,
          .segment_bytes_max = profile.segment_bytes_max,
          .base_interval_ms = profile.base_interval_ms,
          .retention_ms = profile.retention_ms,
          .mark_every_ms = profile.mark_every_ms,
          .tip_every_ms = 2'000,
          .tip_margin_ms = profile.tip_margin_ms,
          .retry_ms = 200,
          .upkeep_every_segments = 24};
}

void Depot::OnOpened(node_test::SimMember* member) {
  if (!is_on()) return;
  auto& process = processes_[member->id()];
  process = std::make_unique<Process>(this, member);
  process->SetSlow(is_slow_);
}

void Depot::OnEnding(NodeId member) {
  if (is_on()) options_.phases->End(sim::Phase::kHandOver, member.value());
  processes_.erase(member);
}

Depot::Process* Depot::Current() {
  for (const auto& [id, process] : processes_) {
    if (process->IsCurrent()) return process.get();
  }
  return nullptr;
}

simfs::Fault Depot::OnOperation(const simfs::Operation& operation) {
  const auto fails = [&operation](const char* why) {
    return simfs::Fault{.kind = simfs::Fault::Kind::kError,
                        .status = Unavailable(operation.path + ": " + why)};
  };
  Process* const process = Current();
  if (process == nullptr) return {};
  if (!process->is_dead && process->operations_left > 0 && --process->operations_left == 0) {
    process->is_dead = true;
    options_.timeline->After(0, std::move(process->dies));
  }
  if (process->is_dead) return fails("its process is dead");
  if (errors_per_mille_ > 0 && prng_.Below(1'000) < errors_per_mille_) {
    return fails("Input/output error");
  }
  return {};
}

void Depot::SetSlow(bool slow) {
  is_slow_ = slow;
  for (const auto& [id, process] : processes_) process->SetSlow(slow);
}

void Depot::SetFull(bool full) {
  disk_.SetCapacity(full ? disk_.UsedBytes() + 1 + prng_.Below(2'048) : 0);
}

void Depot::SetErrors(uint32_t per_mille) { errors_per_mille_ = per_mille; }

void Depot::LosePower() {
  const std::vector<simfs::Loss> all = disk_.Losses({.seeds = 1, .cuts_max = 4});
  simfs::Loss loss = all[prng_.Below(all.size())];
  if (loss.mode != simfs::LossMode::kPrefix) loss.seed = prng_.Next();
  options_.tell("the archive loses power: " + loss.ToString());
  disk_.Crash(loss);
}

void Depot::KillWithin(NodeId member, std::function<void()> dies) {
  const auto found = processes_.find(member);
  if (found == processes_.end() || found->second->operations_left > 0) return;
  found->second->operations_left = prng_.Between(1, 20);
  found->second->dies = std::move(dies);
}

void Depot::SpareAll() {
  for (const auto& [id, process] : processes_) {
    process->operations_left = 0;
    process->is_dead = false;
  }
}

void Depot::SetPaused(NodeId member, bool paused) {
  const auto found = processes_.find(member);
  if (found == processes_.end()) return;
  found->second->beside.ship.SetStalled(paused);
  found->second->beside.base.SetStalled(paused);
}

std::optional<server::ArchiveCounts> Depot::CountsOf(NodeId member) const {
  const auto found = processes_.find(member);
  if (found == processes_.end()) return std::nullopt;
  return found->second->beside.archiver.counts();
}

Index Depot::marked() {
  for (const auto& [id, process] : processes_) {
    marked_ = std::max(marked_, process->member->node().status().archived);
  }
  return marked_;
}

void Depot::OnLine(const std::string& line) {
  options_.tell("archive: " + line);
  if (line.starts_with("event=archive_gap")) {
    options_.phases->Begin(sim::Phase::kGap, kGapKey);
  } else if (line.starts_with("event=archive_base ")) {
    options_.phases->End(sim::Phase::kGap, kGapKey);
    bases_.insert(Index(NumberBehind(line, " index=").value_or(0)));
  }
}

void Depot::Watch() {
  for (const auto& [id, process] : processes_) {
    wall_ms_max_ = std::max(wall_ms_max_, process->member->clock().WallMs());
    WatchHandOver(id, process.get());
  }
  options_.timeline->After(kWatchUs, [this] { Watch(); });
}

void Depot::WatchHandOver(NodeId id, Process* process) {
  const bool leads = process->member->node().core().role() == raft::Role::kLeader;
  const server::ArchiveCounts counts = process->beside.archiver.counts();
  if (leads && !process->leads) {
    process->segments_before = counts.segments;
    options_.phases->Begin(sim::Phase::kHandOver, id.value());
  }
  process->leads = leads;
  if (!process->segments_before.has_value()) return;
  const bool goes_on =
      counts.leads && (counts.segments > *process->segments_before || counts.exposure_ms == 0);
  if (leads && !goes_on) return;
  process->segments_before.reset();
  options_.phases->End(sim::Phase::kHandOver, id.value());
}

}  // namespace keel::nodesim
