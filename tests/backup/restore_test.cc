#include "tools/restore/restore.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "base/fs/posix_file_system.h"
#include "kv/engine/level_engine.h"
#include "kv/snapshot/store_directory.h"
#include "server/node/member_files.h"
#include "server/node/membership.h"
#include "tests/backup/backup_world.h"
#include "tools/restore/initial_cluster.h"

namespace keel::restore {
namespace {

using testing::HasSubstr;

class FixedClock final : public Clock {
 public:
  [[nodiscard]] uint64_t MonotonicUs() const override { return 1; }
  [[nodiscard]] uint64_t WallUs() const override { return 1'000'000; }
};

class RestoreTest : public testing::Test {
 protected:
  RestoreTest() {
    std::filesystem::remove_all(root_);
    std::filesystem::create_directories(root_);
    backup::FillStore(&world_);
    stream_ = backup::StreamOf(world_.store().view());
    Save(stream_);
  }
  ~RestoreTest() override { std::filesystem::remove_all(root_); }

  void Save(std::string_view stream) {
    auto writer = backup::SnapshotWriter::Create({.files = &files_, .path = snapshot_});
    ASSERT_TRUE(writer.ok()) << writer.status();
    ASSERT_TRUE((*writer)->Add(stream).ok());
    ASSERT_TRUE((*writer)->Finish().ok());
  }
  [[nodiscard]] RestoreOptions Options(const std::string& name) {
    return {.files = &files_,
            .clock = &clock_,
            .snapshot = snapshot_,
            .name = name,
            .data_dir = root_ + "/" + name,
            .initial_cluster = "a=http://h:1,b=http://h:2,c=http://h:3",
            .token = "new"};
  }
  [[nodiscard]] size_t FilesInRoot() const {
    size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(root_)) {
      count += entry.exists() ? 1 : 0;
    }
    return count;
  }

  const std::string root_ = testing::TempDir() + "keel_restore_test_" +
                            std::to_string(testing::UnitTest::GetInstance()->random_seed()) +
                            testing::UnitTest::GetInstance()->current_test_info()->name();
  const std::string snapshot_ = root_ + "/saved.keel";
  PosixFileSystem files_;
  FixedClock clock_;
  kv::StoreWorld world_;
  std::string stream_;
};

TEST_F(RestoreTest, EachMembersDirectoryIsAMemberOfTheSameNewCluster) {
  std::optional<Restored> first;
  for (const std::string name : {"a", "b", "c"}) {
    const auto restored = Restore(Options(name));
    ASSERT_TRUE(restored.ok()) << restored.status();
    auto opened = node::MemberFiles::Open(
        &files_, {.directory = root_ + "/" + name, .cluster_token = "new", .random = 1});
    ASSERT_TRUE(opened.ok()) << opened.status();
    const node::MemberRecord& record = (*opened)->record();
    EXPECT_EQ(record.phase, node::MemberPhase::kMember);
    EXPECT_EQ(record.member.value(), restored->member_id);
    EXPECT_EQ(record.cluster_id, restored->cluster_id);
    EXPECT_EQ((*opened)->vote().term, Term(1));
    const auto members = node::DecodeConfigEntry(record.config);
    ASSERT_TRUE(members.membership.has_value());
    EXPECT_EQ(members.membership->Find(record.member)->name, name);
    EXPECT_EQ(members.config->VoterCount(), 3u);
    if (first.has_value()) {
      EXPECT_EQ(restored->cluster_id, first->cluster_id);
      EXPECT_NE(restored->member_id, first->member_id);
    }
    first = *restored;
  }
  EXPECT_EQ(FilesInRoot(), 4u);
}

TEST_F(RestoreTest, TheStateIsTheSnapshotsUnderLaterRevisions) {
  const auto restored = Restore(Options("a"));
  ASSERT_TRUE(restored.ok()) << restored.status();
  const auto directory = kv::StoreDirectory::Open(&files_, root_ + "/a/kv");
  ASSERT_TRUE(directory.ok());
  const auto engine = kv::LevelEngine::Open({.files = &files_, .directory = directory->active()});
  ASSERT_TRUE(engine.ok()) << engine.status();
  const auto store = kv::Store::Open({.engine = engine->get()});
  ASSERT_TRUE(store.ok()) << store.status();
  const kv::StoreState& state = (*store)->state();
  const kv::StoreState& old = world_.store().state();
  EXPECT_EQ(state.revision, old.revision + 1'000'000'000);
  EXPECT_EQ(state.revision, restored->revision);
  EXPECT_EQ(state.compacted, state.revision);
  EXPECT_EQ(state.applied, Index(1)) << "a member that joins later must be sent the state";
  EXPECT_EQ(state.live_keys, old.live_keys);
  const auto now = (*store)->view()->Range({.keys = kv::PrefixRange("k")});
  const auto then = world_.store().view()->Range({.keys = kv::PrefixRange("k")});
  EXPECT_EQ(now->kvs, then->kvs);
}

TEST_F(RestoreTest, AnotherTokenOrSnapshotIsAnotherCluster) {
  const auto one = Restore(Options("a"));
  RestoreOptions options = Options("b");
  options.token = "newer";
  const auto two = Restore(options);
  world_.Put("k0", "changed");
  Save(backup::StreamOf(world_.store().view()));
  const auto three = Restore(Options("c"));
  ASSERT_TRUE(one.ok() && two.ok() && three.ok());
  EXPECT_NE(one->cluster_id, two->cluster_id);
  EXPECT_NE(one->cluster_id, three->cluster_id);
}

TEST_F(RestoreTest, ADirectoryThatIsNotEmptyIsLeftAlone) {
  std::filesystem::create_directories(root_ + "/a");
  backup::WriteBytes(&files_, root_ + "/a/precious", "data");
  const auto restored = Restore(Options("a"));
  EXPECT_EQ(restored.status().code(), Code::kFailedPrecondition);
  EXPECT_THAT(std::string(restored.status().message()), HasSubstr("not empty"));
  EXPECT_EQ(backup::ReadBytes(&files_, root_ + "/a/precious"), "data");
  std::filesystem::remove(root_ + "/a/precious");
  EXPECT_TRUE(Restore(Options("a")).ok()) << "an empty one is as good as none";
}

TEST_F(RestoreTest, EveryByteFlippedIsRefusedAndLeavesNothing) {
  const std::string whole = backup::ReadBytes(&files_, snapshot_);
  for (size_t at = 0; at < whole.size(); ++at) {
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ (1 << (at % 8)));
    backup::WriteBytes(&files_, snapshot_, changed);
    ASSERT_FALSE(Restore(Options("a")).ok()) << at;
    ASSERT_EQ(FilesInRoot(), 1u) << at;
  }
}

TEST_F(RestoreTest, ATruncatedFileIsRefused) {
  const std::string whole = backup::ReadBytes(&files_, snapshot_);
  for (const size_t size : {size_t{0}, size_t{100}, whole.size() / 2, whole.size() - 1}) {
    backup::WriteBytes(&files_, snapshot_, std::string_view(whole).substr(0, size));
    EXPECT_FALSE(Restore(Options("a")).ok()) << size;
  }
  EXPECT_EQ(FilesInRoot(), 1u);
}

TEST_F(RestoreTest, OneThatIsCalledOffLeavesNothing) {
  RestoreOptions options = Options("a");
  options.on_progress = [](const RestoreOptions::Progress& at) {
    EXPECT_GT(at.total_bytes, 0u);
    return Cancelled("enough");
  };
  EXPECT_EQ(Restore(options).status().code(), Code::kCancelled);
  EXPECT_EQ(FilesInRoot(), 1u);
}

TEST_F(RestoreTest, AStreamThatEtcdctlSavedIsRestoredToo) {
  backup::WriteBytes(&files_, snapshot_, stream_);
  const auto restored = Restore(Options("a"));
  EXPECT_TRUE(restored.ok()) << restored.status();
}

TEST_F(RestoreTest, AMemberThatTheClusterDoesNotNameIsRefused) {
  EXPECT_EQ(Restore(Options("d")).status().code(), Code::kInvalidArgument);
  RestoreOptions options = Options("a");
  options.initial_cluster = "a";
  EXPECT_EQ(Restore(options).status().code(), Code::kInvalidArgument);
}

}  // namespace
}  // namespace keel::restore
