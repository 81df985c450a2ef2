// Opening a node: what its directory holds, turned into a core that goes on from there.
#include <optional>
#include <utility>

#include "base/check.h"
#include "base/checksum.h"
#include "server/node/log_reader.h"
#include "server/node/node.h"

namespace keel::node {

namespace {

uint64_t Mix(uint64_t seed, NodeId member, raft::BootId boot) {
  const uint64_t numbers[] = {member.value(), boot.value()};
  return Checksum({reinterpret_cast<const char*>(numbers), sizeof(numbers)}, seed);
}

NodeOptions WithIdentity(NodeOptions options, const MemberFiles& files) {
  options.raft.id = files.record().member;
  options.raft.boot = raft::BootId(files.vote().boot);
  options.raft.seed = Mix(options.seed, options.raft.id, options.raft.boot);
  return options;
}

wal::LogOptions LogOptionsOf(const NodeOptions& options, const MemberFiles& files) {
  return {.directory = files.wal_directory(),
          .member = options.raft.id,
          .segment_bytes = options.segment_bytes};
}

}  // namespace

// What is found on the disk, on its way into the writer and the core.
struct Node::Opened {
  std::unique_ptr<wal::VoteFile> vote;
  std::unique_ptr<wal::Log> log;
  wal::Recovered recovered;
  std::unique_ptr<LogReader> reader;
};

Result<std::unique_ptr<Node>> Node::Open(NodeOptions options, Seams seams,
                                         std::unique_ptr<MemberFiles> files) {
  KEEL_CHECK(files->record().phase == MemberPhase::kMember) << "a node runs once it is a member";
  options = WithIdentity(std::move(options), *files);
  if (const std::string wrong = options.raft.Validate(); !wrong.empty()) {
    return InvalidArgument(wrong);
  }
  std::unique_ptr<Node> node(new Node(std::move(options), std::move(seams), std::move(files)));
  Opened opened;
  KEEL_RETURN_IF_ERROR(node->OpenLog(&opened));
  KEEL_RETURN_IF_ERROR(node->OpenState());
  KEEL_RETURN_IF_ERROR(node->OpenCore(std::move(opened)));
  return node;
}

Node::Node(NodeOptions options, Seams seams, std::unique_ptr<MemberFiles> files)
    : options_(std::move(options)),
      seams_(std::move(seams)),
      files_(std::move(files)),
      cluster_id_(files_->record().cluster_id),
      boot_(options_.raft.boot),
      apply_(ApplyOptions()),
      compaction_(
          {.roles = seams_.roles, .on_failed = [this](const Status& status) { OnFailed(status); }}),
      pending_({.self = options_.raft.id,
                .boot = boot_,
                .proposals_bytes_max = options_.proposals_bytes_max,
                .proposals_max = options_.proposals_max,
                .leader_patience_ms = options_.leader_patience_ms,
                .settle_ms = options_.settle_ms,
                .proposal_patience_ms = options_.proposal_patience_ms}),
      reads_({.self = options_.raft.id,
              .boot = boot_,
              .reads_max = options_.raft.reads_pending_max,
              .patience_ms = options_.leader_patience_ms}),
      sender_(SenderOptions()),
      receiver_(ReceiverOptions()),
      sizes_({}),
      membership_(std::make_shared<const Membership>()),
      lease_asks_(
          {.boot = boot_,
           .patience_ms = options_.leader_patience_ms,
           .send = [this](NodeId leader, const LeaseAsk& ask) { SendLeaseAsk(leader, ask); }}),
      chain_watch_(options_.raft.id) {}

Status Node::OpenLog(Opened* opened) {
  opened->vote = files_->TakeVoteFile();
  opened->reader = std::make_unique<LogReader>(options_.raft.cache_bytes_max);
  KEEL_ASSIGN_OR_RETURN(
      opened->recovered,
      wal::Recover(seams_.files, LogOptionsOf(options_, *files_), opened->reader.get()));
  const wal::RecoveryReport& report = opened->recovered.report;
  // A log that was there once and is gone lost all that it had acknowledged.
  const bool is_lost = opened->vote->record().has_log && !report.found;
  if (report.damage.has_value() || is_lost) {
    // Before anything is cut: a crash in between must not make the damage look like a torn tail.
    KEEL_RETURN_IF_ERROR(opened->vote->SetDamaged(true));
  }
  return {};
}

// A log that the state ran ahead of is reset before this node says a word: what it acknowledges or
// votes by must be its log at the next start too, even where the state is lost by then.
Status Node::BeginLog(Opened* opened, std::optional<wal::Position> reset_to) {
  KEEL_ASSIGN_OR_RETURN(opened->log,
                        wal::Log::Begin(seams_.files, LogOptionsOf(options_, *files_),
                                        {.recovered = opened->recovered,
                                         .salt = Mix(~options_.seed, options_.raft.id, boot_),
                                         .reset_to = reset_to}));
  if (opened->vote->record().has_log) return {};
  return opened->vote->SetHasLog(true);
}

Status Node::OpenState() {
  KEEL_ASSIGN_OR_RETURN(auto engine, seams_.states->OpenActive());
  return apply_.Open({.self = options_.raft.id,
                      .boot = boot_,
                      .watch_ring_bytes_max = options_.watch_ring_bytes_max,
                      .sessions = options_.sessions},
                     std::move(engine));
}

Status Node::OpenCore(Opened opened) {
  const StateMachine& machine = apply_.machine();
  const kv::StoreState& state = machine.store().state();
  const wal::Position applied{state.applied, state.applied_term};
  const wal::RecoveryReport& report = opened.recovered.report;
  std::optional<wal::Position> reset_to;
  std::string config = files_->record().config;
  if (opened.recovered.Fit(applied) == wal::StateFit::kLogBehind) {
    // The state is a snapshot's, or damage took the end of the log that had made it.
    reset_to = applied;
    opened.reader->OnCleared(applied);
    if (!machine.membership().empty()) config = machine.membership();
    // The log that told of its members begins anew here: the record goes before it.
    if (config != files_->record().config) {
      MemberRecord record = files_->record();
      record.base = {applied.index, applied.term};
      record.config = config;
      KEEL_RETURN_IF_ERROR(files_->Save(record));
    }
  }
  const ConfigAndMembers members = DecodeConfigEntry(config);
  if (!config.empty() && members.config == nullptr) {
    return DataLoss("the config in " + options_.directory +
                    "/member cannot be read: replace this member (keelctl member replace)");
  }
  KEEL_RETURN_IF_ERROR(BeginLog(&opened, reset_to));
  raft::Restored restored = opened.reader->Finish(members.config);
  const wal::VoteRecord& vote = opened.vote->record();
  restored.vote = {.term = vote.term, .candidate = vote.vote};
  restored.applied = state.applied;
  restored.damaged = vote.is_damaged;
  sizes_ = LogSizes({.base = restored.log().base().index,
                     .last = restored.log().last().index,
                     .size_bytes = report.bytes});
  config_saved_ = files_->record().config;
  compacted_ = restored.log().base().index;
  core_ = std::make_unique<raft::Raft>(options_.raft, std::move(restored), seams_.narration);
  writer_ = std::make_unique<WalWriter>(
      WriterOptions(),
      WalWriter::Files{.log = std::move(opened.log), .vote = std::move(opened.vote)});
  NoteMembers();
  PublishStatus();
  return {};
}

WalWriter::Options Node::WriterOptions() {
  return {.roles = seams_.roles,
          .seal_after_us = options_.seal_after_us,
          .full_disk_retry_us = options_.full_disk_retry_us,
          .on_done = [this](raft::PersistId id) { OnPersisted(id); },
          .on_failed = [this](const Status& status) { OnFailed(status); },
          .on_size = [this](uint64_t size_bytes) { log_bytes_ = size_bytes; }};
}

ApplyLoop::Options Node::ApplyOptions() {
  return {.roles = seams_.roles,
          .clock = seams_.clock,
          .batch_bytes_max = options_.apply_batch_bytes_max,
          .lease_tick_ms = options_.lease_tick_ms,
          .on_applied = [this](AppliedBatch batch) { OnApplied(std::move(batch)); },
          .on_failed = [this](const Status& status) { OnFailed(status); },
          .propose_here =
              [this](kv::Command command, ProposalDone done) {
                Propose(
                    {.command = kv::EncodeCommand(command), .essential = true, .local_only = true},
                    std::move(done));
              }};
}

}  // namespace keel::node
