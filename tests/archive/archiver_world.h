// Members with archivers and a log that they share, on one disk: for tests of server/archive. One
// thread.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>

#include "backup/archive/verify.h"
#include "server/node/envelope.h"
#include "tests/archive/sim_archiver.h"
#include "tests/kv/support/store_world.h"
#include "tests/simfs/simulated_file_system.h"

namespace keel::server {

using node_test::SimClock;
using node_test::SimExecutor;
using node_test::World;
using testing::IsEmpty;

inline constexpr uint64_t kCluster = 5;
inline constexpr uint64_t kMs = 1'000;

// A log that all members share, applied as soon as it is appended, and who leads.
class Log {
 public:
  explicit Log(World* world) : world_(world) {}

  void Append(kv::Operation operation, uint64_t stamped_ms) {
    const std::string command = kv::EncodeCommand({.operation = std::move(operation)});
    state_.term = term;
    state_.now_ms = stamped_ms;
    state_.ApplyBytes(command);
    entries_.push_back(
        {.term = term,
         .index = Index(entries_.size() + 1),
         .payload = Payload::Of(node::EncodeEnvelope(
             {.id = {.proposer = NodeId(1)}, .stamped_ms = stamped_ms, .command = command}))});
    committed_us_[entries_.back().index] = world_->now_us();
  }
  [[nodiscard]] Index last() const { return Index(entries_.size()); }
  [[nodiscard]] const raft::Entry& At(Index index) const { return entries_[index.value() - 1]; }
  [[nodiscard]] kv::StoreWorld& state() { return state_; }
  [[nodiscard]] uint64_t CommittedUs(Index index) const { return committed_us_.at(index); }

  Term term{1};
  int leader = 0;
  Index base;
  Index marked;
  bool is_idle = true;

 private:
  World* const world_;
  kv::StoreWorld state_;
  std::vector<raft::Entry> entries_;
  std::map<Index, uint64_t> committed_us_;
};

class LogSource final : public ArchiveSource {
 public:
  LogSource(Log* log, int self, const Clock* clock) : log_(log), self_(self), clock_(clock) {}

  Sight Look() override {
    return {.leads = log_->leader == self_,
            .applied = log_->last(),
            .revision = log_->state().store().state().revision,
            .log_base = log_->base,
            .marked = log_->marked,
            .is_idle = log_->is_idle};
  }
  void Read(const Piece& piece, node::Once<std::vector<raft::Entry>> done) override {
    std::vector<raft::Entry> entries;
    size_t size_bytes = 0;
    for (Index at = piece.first; at > log_->base && at <= log_->last(); at = at.Next()) {
      size_bytes += raft::CostBytes(log_->At(at));
      if (!entries.empty() && size_bytes > piece.size_bytes_max) break;
      entries.push_back(log_->At(at));
    }
    std::move(done)(std::move(entries));
  }
  void ReadState(node::Once<State> done) override {
    const kv::StoreState& state = log_->state().store().state();
    std::move(done)({.view = log_->state().store().view(),
                     .place = {.index = state.applied,
                               .term = state.applied_term,
                               .revision = state.revision,
                               .time_ms = state.log_time_ms}});
  }
  void Mark(Index through) override {
    if (log_->leader != self_) return;
    log_->Append(kv::ArchiveMarkOp{through}, clock_->WallMs());
    log_->marked = std::max(log_->marked, through);
  }

 private:
  Log* const log_;
  const int self_;
  const Clock* const clock_;
};

// What an archiver sees of a member; each has a clock of its own.
struct Seat {
  Seat(World* world, Log* log, int self)
      : clock(world, static_cast<uint64_t>(self) * 5'000 * kMs), source(log, self, &clock) {}

  SimClock clock;
  LogSource source;
};

struct Member : Seat, node_test::SimArchiver {
  Member(World* world, Log* log, simfs::SimulatedFileSystem* files, int self)
      : Seat(world, log, self),
        SimArchiver({.world = world,
                     .clock = &clock,
                     .files = files,
                     .directory = "/archive",
                     .source = &source},
                    {.cluster_id = kCluster,
                     .member = NodeId(static_cast<uint64_t>(self) + 1),
                     .base_interval_ms = 20'000,
                     .retention_ms = 40'000}) {}
};

class ArchiverTest : public testing::Test {
 protected:
  ArchiverTest() {
    for (int self = 0; self < 2; ++self) {
      members_.push_back(std::make_unique<Member>(&world_, &log_, &files_, self));
    }
    Put();  // a fresh store has nothing to archive
  }

  [[nodiscard]] Member& leader() { return *members_[static_cast<size_t>(log_.leader)]; }
  void Put() {
    log_.Append(kv::PutOp{.key = "k" + std::to_string(number_ % 20),
                          .value = "value " + std::to_string(number_)},
                leader().clock.WallMs());
    ++number_;
  }
  void PutFor(uint64_t duration_ms) {
    for (uint64_t passed = 0; passed < duration_ms; passed += 10) {
      Put();
      world_.RunFor(10 * kMs);
    }
  }
  void Lead(int self) {
    log_.leader = self;
    log_.term = log_.term.Next();
  }
  // From where the first base stands, everything that was committed.
  backup::ArchiveReport Verified() {
    const auto report = backup::VerifyArchive({.files = &files_, .store = &members_[0]->store});
    KEEL_CHECK(report.ok()) << report.status();
    EXPECT_THAT(report->problems, IsEmpty());
    return *report;
  }
  // Whatever is asked of the disk fails if it is of that kind, until Mend.
  void Break(simfs::OperationKind kind, const Status& status) {
    files_.SetHook([kind, status](const simfs::Operation& operation) {
      if (operation.kind != kind) return simfs::Fault();
      return simfs::Fault{.kind = simfs::Fault::Kind::kError, .status = status};
    });
  }
  void FailWrites() { Break(simfs::OperationKind::kWrite, ResourceExhausted("no space")); }
  void FailSyncsOfNames() { Break(simfs::OperationKind::kSyncDirectory, Unavailable("gone")); }
  void Mend() { files_.SetHook({}); }

  World world_{7};
  Log log_{&world_};
  simfs::SimulatedFileSystem files_;
  std::vector<std::unique_ptr<Member>> members_;
  uint64_t number_ = 0;
};

}  // namespace keel::server
