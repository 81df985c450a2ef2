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
  node_role_ = std::make_unique<SimExecutor>(options_.world, SimExecutor::Pace{});
  wal_role_ = std::make_unique<SimExecutor>(options_.world, SimExecutor::Pace{20, 1'500});
  apply_role_ = std::make_unique<SimExecutor>(options_.world, SimExecutor::Pace{0, 300});
  pool_role_ = std::make_unique<SimExecutor>(options_.world, SimExecutor::Pace{0, 1'000});
  KEEL_ASSIGN_OR_RETURN(auto files, OpenFiles());
  id_ = files->record().member;
  transport_ = std::make_unique<SimTransport>(options_.network, id_);
  node::Node::Seams seams;
  seams.clock = &clock_;
  seams.roles = {node_role_.get(), wal_role_.get(), apply_role_.get(), pool_role_.get()};
  seams.files = &files_;
  seams.states = &states_;
  seams.transport = transport_.get();
  seams.on_failed = [this](const Status& status) { failure_ = status; };
  seams.on_notice = [this](const raft::Notice& notice) { notices_.push_back(notice); };
  node::NodeOptions node_options = options_.node;
  node_options.directory = kDirectory;
  node_options.seed = prng_.Next();
  KEEL_ASSIGN_OR_RETURN(node_, node::Node::Open(node_options, std::move(seams), std::move(files)));
  options_.network->SetSink(id_, node_.get());
  node_->Start();
  return {};
}

// The roles go first, with all that they would have run.
void SimMember::EndRoles() {
  pool_role_.reset();
  apply_role_.reset();
  wal_role_.reset();
  node_role_.reset();
  node_.reset();
}

void SimMember::Kill() {
  options_.network->SetSink(id_, nullptr);
  EndRoles();
  files_.Crash(AnyLoss(&prng_));
  states_.Crash(&prng_);
}

Status SimMember::StopCleanly() {
  bool stopped = false;
  Status status;
  node_->Stop([&](const Status& how) {
    stopped = true;
    status = how;
  });
  if (!options_.world->RunUntil([&] { return stopped; }, 30'000'000)) {
    status = DeadlineExceeded("the node does not stop");
  }
  options_.network->SetSink(id_, nullptr);
  EndRoles();
  return status;
}

}  // namespace keel::node_test
