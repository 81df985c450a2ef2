#include "tests/node/support/sim_member.h"

#include <utility>

namespace keel::node_test {

namespace {

constexpr char kDirectory[] = "/data";

simfs::Loss AnyLoss(Prng* prng) {
  constexpr simfs::LossMode kModes[] = {simfs::LossMode::kNothing,   simfs::LossMode::kEverything,
                                        simfs::LossMode::kSectors,   simfs::LossMode::kNamesLost,
                                        simfs::LossMode::kNamesKept, simfs::LossMode::kZeroed};
  return {.mode = kModes[prng->Below(std::size(kModes))], .seed = prng->Next()};
}

// Small, so that tables are written and compacted within a seed.
kv::LevelOptions LevelOptionsOf(FileSystem* files, const Clock* clock) {
  return {.files = files,
          .clock = clock,
          .deterministic = true,
          .cache_bytes = 256 << 10,
          .write_buffer_bytes = 64 << 10,
          .table_bytes = 32 << 10,
          .sync_every_bytes = 8 << 10,
          .open_files_max = 100};
}

// Everything in the directory; the directory stays.
Status RemoveTree(FileSystem* files, const std::string& directory) {
  KEEL_ASSIGN_OR_RETURN(const std::vector<std::string> names, files->List(directory));
  for (const std::string& name : names) {
    const std::string path = directory + "/" + name;
    if (!files->Remove(path).ok()) {
      KEEL_RETURN_IF_ERROR(RemoveTree(files, path));
      KEEL_RETURN_IF_ERROR(files->RemoveDirectory(path));
    }
  }
  return files->SyncDirectory(directory);
}

}  // namespace

SimMember::SimMember(Options options)
    : options_(std::move(options)),
      clock_(options_.world, options_.wall_ahead_us),
      prng_(options_.world->prng().Fork()),
      states_({}) {}

SimMember::~SimMember() {
  if (node_ != nullptr) options_.network->SetSink(id_, nullptr);
  EndRoles();
}

Result<std::unique_ptr<node::MemberFiles>> SimMember::OpenFiles() {
  return node::MemberFiles::Open(
      &files_, {.directory = kDirectory,
                .cluster_token = "simulated",
                .random = (options_.number << 32) + prng_.Next() % 1'000'000 + 1});
}

Status SimMember::Install(const raft::Config& config, const node::Membership& membership) {
  KEEL_ASSIGN_OR_RETURN(const auto files, OpenFiles());
  node::MemberRecord record = files->record();
  record.phase = node::MemberPhase::kMember;
  record.cluster_id = 7;
  record.config = config.Encode(membership.Encode());
  return files->Save(record);
}

Status SimMember::InstallAsJoiner() {
  KEEL_ASSIGN_OR_RETURN(const auto files, OpenFiles());
  node::MemberRecord record = files->record();
  record.phase = node::MemberPhase::kMember;
  id_ = record.member;
  return files->Save(record);
}

Status SimMember::Start() {
  ++starts_;
  failure_ = Status();
  has_stopped_ = is_paused_ = false;
  node_role_ = std::make_unique<SimExecutor>(options_.world, SimExecutor::Pace{});
  wal_role_ = std::make_unique<SimExecutor>(options_.world, SimExecutor::Pace{20, 1'500});
  apply_role_ = std::make_unique<SimExecutor>(options_.world, SimExecutor::Pace{0, 300});
  pool_role_ = std::make_unique<SimExecutor>(options_.world, SimExecutor::Pace{0, 1'000});
  const Status opened = OpenNode();
  if (!opened.ok()) {
    EndRoles();
    return opened;
  }
  if (options_.on_opened) options_.on_opened(this);
  options_.network->SetSink(id_, node_.get());
  node_->Start();
  return {};
}

Status SimMember::OpenNode() {
  KEEL_ASSIGN_OR_RETURN(auto files, OpenFiles());
  id_ = files->record().member;
  transport_ = std::make_unique<SimTransport>(options_.network, id_);
  node::Node::Seams seams;
  seams.clock = &clock_;
  seams.roles = {node_role_.get(), wal_role_.get(), apply_role_.get(), pool_role_.get()};
  seams.files = &files_;
  seams.states = &states_;
  if (options_.level_engine) {
    KEEL_ASSIGN_OR_RETURN(level_states_, node::LevelStates::Open(LevelOptionsOf(&files_, &clock_),
                                                                 files->kv_directory()));
    seams.states = level_states_.get();
  }
  seams.transport = transport_.get();
  seams.on_failed = [this](const Status& status) { failure_ = status; };
  seams.on_notice = [this](const raft::Notice& notice) { notices_.push_back(notice); };
  if (options_.on_seams) options_.on_seams(this, &seams);
  node::NodeOptions node_options = options_.node;
  node_options.directory = kDirectory;
  node_options.seed = prng_.Next();
  KEEL_ASSIGN_OR_RETURN(node_, node::Node::Open(node_options, std::move(seams), std::move(files)));
  return {};
}

// The roles go first, with all that they would have run.
void SimMember::EndRoles() {
  pool_role_.reset();
  apply_role_.reset();
  wal_role_.reset();
  node_role_.reset();
  node_.reset();
  level_states_.reset();
}

void SimMember::Kill() { KillWith(AnyLoss(&prng_)); }

// The disk is dead before the process ends, so that nothing that ends with it still writes.
void SimMember::KillWith(const simfs::Loss& loss) {
  options_.network->SetSink(id_, nullptr);
  files_.Crash(loss);
  EndRoles();
  if (loss.mode == simfs::LossMode::kNothing) return;
  states_.Crash(&prng_);
}

simfs::Loss SimMember::AnyLossNow() {
  const std::vector<simfs::Loss> all = files_.Losses({.seeds = 1, .cuts_max = 4});
  if (all.empty() || prng_.OneIn(3)) return AnyLoss(&prng_);
  simfs::Loss loss = all[prng_.Below(all.size())];
  if (loss.mode != simfs::LossMode::kPrefix) loss.seed = prng_.Next();
  return loss;
}

Status SimMember::StopCleanly() {
  BeginStop();
  (void)options_.world->RunUntil([&] { return has_stopped_; }, 30'000'000);
  const Status status = has_stopped_ ? stopped_with_ : DeadlineExceeded("the node does not stop");
  EndStopped();
  return status;
}

void SimMember::BeginStop() {
  node_->Stop([this](const Status& how) {
    has_stopped_ = true;
    stopped_with_ = how;
  });
}

void SimMember::EndStopped() {
  options_.network->SetSink(id_, nullptr);
  EndRoles();
}

void SimMember::SetPaused(bool paused) {
  is_paused_ = paused;
  for (SimExecutor* role :
       {node_role_.get(), wal_role_.get(), apply_role_.get(), pool_role_.get()}) {
    role->SetStalled(paused);
  }
}

void SimMember::AfterDisk(Task task) { wal_role_->Post(std::move(task)); }

Status SimMember::LoseState() {
  states_.Wipe();
  if (!options_.level_engine) return {};
  return RemoveTree(&files_, std::string(kDirectory) + "/kv");
}

}  // namespace keel::node_test
