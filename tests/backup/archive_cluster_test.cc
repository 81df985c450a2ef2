// Whole nodes on simulated machines, whose clocks are seconds apart, with an archive that they
// share: what it holds is held to the log that the nodes themselves kept.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "backup/archive/verify.h"
#include "base/fs/posix_file_system.h"
#include "kv/engine/level_engine.h"
#include "kv/snapshot/store_directory.h"
#include "server/archive/archive_source.h"
#include "server/archive/archiver.h"
#include "server/node/envelope.h"
#include "tests/archive/sim_archiver.h"
#include "tests/kv/support/store_world.h"
#include "tests/node/support/sim_cluster.h"
#include "tools/restore/archive_restore.h"

namespace keel::server {
namespace {

using node_test::SimCluster;
using node_test::SimMember;
using node_test::World;

constexpr uint64_t kCluster = 9;

// What runs beside a node while its process lives.
struct Process {
  Process(World* world, SimMember* member, FileSystem* files, const std::string& directory)
      : source(&member->node()),
        beside({.world = world,
                .clock = &member->clock(),
                .files = files,
                .directory = directory,
                .source = &source},
               {.cluster_id = kCluster, .member = member->id(), .base_interval_ms = 4'000}) {}

  NodeArchiveSource source;
  node_test::SimArchiver beside;
};

struct Moment {
  uint64_t time_ms = 0;
  Revision revision;
  std::map<std::string, std::string> keys;
};

class ArchiveClusterTest : public testing::Test {
 protected:
  ArchiveClusterTest() : root_(Scratch()) {
    std::filesystem::remove_all(root_);
    std::filesystem::create_directories(root_);
  }
  ~ArchiveClusterTest() override { std::filesystem::remove_all(root_); }

  // In memory where there is room for files: fifty restores are thrown away here.
  static std::string Scratch() {
    const std::filesystem::path memory("/dev/shm");
    const std::string parent =
        std::filesystem::is_directory(memory) ? memory.string() + "/" : testing::TempDir();
    return parent + "keel_archive_cluster_test_" + std::to_string(getpid()) +
           testing::UnitTest::GetInstance()->current_test_info()->name();
  }

  void Begin(const node::NodeOptions& options) {
    cluster_ = std::make_unique<SimCluster>(SimCluster::Options{.seed = 11, .node = options});
    for (size_t i = 0; i < cluster_->size(); ++i) {
      cluster_->at(i).clock().SetWallAheadUs(i * 5'000'000);
      processes_.push_back(MakeProcess(i));
    }
    ASSERT_TRUE(cluster_->RunUntilSettled());
  }
  std::unique_ptr<Process> MakeProcess(size_t i) {
    return std::make_unique<Process>(&cluster_->world(), &cluster_->at(i), &files_,
                                     root_ + "/archive");
  }
  void Kill(size_t i) {
    cluster_->at(i).Kill();
    processes_[i].reset();
  }
  void Restart(size_t i) {
    ASSERT_TRUE(cluster_->at(i).Start().ok());
    processes_[i] = MakeProcess(i);
  }
  [[nodiscard]] size_t LeaderAt() {
    for (size_t i = 0; i < cluster_->size(); ++i) {
      if (&cluster_->at(i) == cluster_->Leader()) return i;
    }
    return cluster_->size();
  }

  // A write each ten milliseconds, whoever leads.
  void WriteFor(uint64_t duration_ms, size_t value_bytes = 10) {
    for (uint64_t passed = 0; passed < duration_ms; passed += 10) {
      if (SimMember* leader = cluster_->Leader(); leader != nullptr) {
        const std::string key = "k" + std::to_string(prng_.Below(20));
        kv::Operation operation = kv::DeleteRangeOp{.keys = {.begin = key, .end = {}}};
        if (!prng_.OneIn(4)) {
          operation = kv::PutOp{.key = key,
                                .value = std::to_string(++number_) + std::string(value_bytes, 'x')};
        }
        leader->node().Propose({.command = kv::EncodeCommand({.operation = operation})},
                               [](const node::ProposalOutcome&) {});
      }
      cluster_->world().RunFor(10'000);
    }
  }
  void Settle() {
    ASSERT_TRUE(cluster_->RunUntilSettled());
    ASSERT_TRUE(cluster_->RunUntilEqual());
    const size_t leader = LeaderAt();
    ASSERT_TRUE(cluster_->world().RunUntil(
        [&] {
          const ArchiveCounts counts = processes_[leader]->beside.archiver.counts();
          return counts.leads && counts.exposure_ms == 0;
        },
        20'000'000));
  }

  // By the log of a node, applied to a store of the test's own.
  std::vector<Moment> Model() {
    std::vector<raft::Entry> entries;
    bool has_read = false;
    node::Node& node = cluster_->Leader()->node();
    node.ReadLog({.first = Index(1), .size_bytes_max = size_t{64} << 20},
                 [&](std::vector<raft::Entry> read) {
                   entries = std::move(read);
                   has_read = true;
                 });
    KEEL_CHECK(cluster_->world().RunUntil([&] { return has_read; }, 1'000'000));
    KEEL_CHECK(entries.back().index == node.status().applied) << "the whole log in one piece";
    kv::StoreWorld store;
    std::vector<Moment> moments;
    for (const raft::Entry& entry : entries) {
      const auto envelope = node::DecodeEnvelope(entry.payload.view());
      if (entry.kind != raft::EntryKind::kCommand || !envelope.has_value()) continue;
      store.term = entry.term;
      store.now_ms = envelope->stamped_ms;
      store.ApplyBytes(std::string(envelope->command));
      const kv::StoreState& state = store.store().state();
      Moment moment{.time_ms = state.log_time_ms, .revision = state.revision};
      const auto all = store.store().view()->Range({.keys = kv::PrefixRange("")});
      for (const kv::KeyValue& one : all->kvs) moment.keys[one.key] = one.value;
      moments.push_back(std::move(moment));
    }
    return moments;
  }

  Result<std::map<std::string, std::string>> RestoreTo(const restore::Target& target) {
    const std::string path = root_ + "/point";
    KEEL_RETURN_IF_ERROR(restore::RestoreArchive({.member = {.files = &files_,
                                                             .clock = &cluster_->at(0).clock(),
                                                             .name = "a",
                                                             .data_dir = path,
                                                             .initial_cluster = "a=http://h:1",
                                                             .token = "t"},
                                                  .archive = root_ + "/archive",
                                                  .target = target})
                             .status());
    std::map<std::string, std::string> keys;
    {
      KEEL_ASSIGN_OR_RETURN(const auto directory, kv::StoreDirectory::Open(&files_, path + "/kv"));
      KEEL_ASSIGN_OR_RETURN(
          const auto engine,
          kv::LevelEngine::Open({.files = &files_, .directory = directory.active()}));
      KEEL_ASSIGN_OR_RETURN(const auto store, kv::Store::Open({.engine = engine.get()}));
      const auto all = store->view()->Range({.keys = kv::PrefixRange("")});
      for (const kv::KeyValue& one : all->kvs) keys[one.key] = one.value;
    }
    std::filesystem::remove_all(path);
    return keys;
  }
  backup::ArchiveReport Verified() {
    backup::DirectoryStore store({.files = &files_, .directory = root_ + "/archive"});
    const auto report = backup::VerifyArchive({.files = &files_, .store = &store});
    KEEL_CHECK(report.ok()) << report.status();
    EXPECT_THAT(report->problems, testing::IsEmpty());
    return *report;
  }

  const std::string root_;
  PosixFileSystem files_;
  Prng prng_{3};
  std::unique_ptr<SimCluster> cluster_;
  std::vector<std::unique_ptr<Process>> processes_;
  uint64_t number_ = 0;
};

TEST_F(ArchiveClusterTest, AnyMomentComesBackThoughLeadersDieAndTheirClocksAreApart) {
  node::NodeOptions options = SimCluster::SmallOptions();
  options.log_kept_bytes_min = uint64_t{16} << 20;  // the model is made of the log
  options.log_kept_bytes_max = uint64_t{16} << 20;
  options.archive_hold_bytes_max = uint64_t{16} << 20;
  Begin(options);
  for (int round = 0; round < 8; ++round) {
    WriteFor(1'000);
    const size_t leader = LeaderAt();
    if (leader == cluster_->size()) continue;
    Kill(leader);
    WriteFor(700);
    Restart(leader);
  }
  WriteFor(500);
  Settle();
  const auto report = Verified();
  EXPECT_THAT(report.gaps, testing::IsEmpty());
  EXPECT_GE(report.bases, 2u);
  EXPECT_EQ(report.begin.index.value() + report.entries, report.end.index.value());

  const std::vector<Moment> model = Model();
  ASSERT_GT(model.size(), 500u);
  for (int i = 0; i < 50 && !HasFailure(); ++i) {
    const Moment& wanted = model[30 + prng_.Below(model.size() - 31)];
    restore::Target target{.kind = restore::Target::Kind::kRevision, .revision = wanted.revision};
    if (i % 2 == 0) {
      target = {.kind = restore::Target::Kind::kTime,
                .time_ms = wanted.time_ms + prng_.Below(3) - 1};
      if (target.time_ms > model.back().time_ms) --target.time_ms;
    }
    const Moment* expected = nullptr;
    for (const Moment& moment : model) {
      const bool is_within =
          i % 2 == 0 ? moment.time_ms <= target.time_ms : moment.revision <= target.revision;
      if (is_within) expected = &moment;
    }
    const auto keys = RestoreTo(target);
    ASSERT_TRUE(keys.ok()) << keys.status();
    EXPECT_EQ(*keys, expected->keys) << "revision " << expected->revision.value();
  }
}

TEST_F(ArchiveClusterTest, EveryMemberHoldsItsLogForTheArchiveWithinTheBound) {
  node::NodeOptions options = SimCluster::SmallOptions();
  options.archive_hold_bytes_max = 400 << 10;
  Begin(options);
  WriteFor(2'000);
  Settle();
  const Index archived = processes_[LeaderAt()]->beside.archiver.counts().shipped;
  for (auto& process : processes_) process->beside.ship.SetStalled(true);
  // More than members keep without an archive, and less than the bound.
  WriteFor(1'500, 1'000);
  cluster_->world().RunFor(1'000'000);
  for (size_t i = 0; i < cluster_->size(); ++i) {
    EXPECT_LE(cluster_->at(i).node().status().log_base, archived) << "member " << i;
  }
  WriteFor(8'000, 1'000);
  cluster_->world().RunFor(1'000'000);
  for (size_t i = 0; i < cluster_->size(); ++i) {
    EXPECT_GT(cluster_->at(i).node().status().log_base, archived) << "member " << i;
  }
  for (auto& process : processes_) process->beside.ship.SetStalled(false);
  WriteFor(2'000);
  Settle();
  EXPECT_EQ(processes_[LeaderAt()]->beside.archiver.counts().gaps, 1u);
  EXPECT_EQ(Verified().gaps.size(), 1u);
  EXPECT_TRUE(RestoreTo({}).ok());
}

}  // namespace
}  // namespace keel::server
