#include "tools/restore/archive_restore.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "backup/archive/find.h"
#include "backup/archive/gap_note.h"
#include "backup/archive/tip.h"
#include "backup/archive/upkeep.h"
#include "base/fs/posix_file_system.h"
#include "base/prng.h"
#include "kv/engine/level_engine.h"
#include "kv/snapshot/store_directory.h"
#include "tests/backup/archive_world.h"
#include "tests/backup/backup_world.h"

namespace keel::restore {
namespace {

using backup::ArchiveWorld;
using testing::HasSubstr;

class FixedClock final : public Clock {
 public:
  [[nodiscard]] uint64_t MonotonicUs() const override { return 1; }
  [[nodiscard]] uint64_t WallUs() const override { return 1'000'000; }
};

class ArchiveRestoreTest : public testing::Test {
 protected:
  ArchiveRestoreTest() {
    std::filesystem::remove_all(root_);
    std::filesystem::create_directories(root_);
    archive_ = std::make_unique<ArchiveWorld>(&files_, root_ + "/archive");
  }
  ~ArchiveRestoreTest() override { std::filesystem::remove_all(root_); }

  [[nodiscard]] ArchiveRestoreOptions Options(const Target& target) {
    return {.member = {.files = &files_,
                       .clock = &clock_,
                       .name = "a",
                       .data_dir = root_ + "/a",
                       .initial_cluster = "a=http://h:1,b=http://h:2",
                       .token = "new"},
            .archive = root_ + "/archive",
            .target = target};
  }
  static Target Time(uint64_t time_ms) { return {.kind = Target::Kind::kTime, .time_ms = time_ms}; }
  static Target At(Revision revision) {
    return {.kind = Target::Kind::kRevision, .revision = revision};
  }

  // The keys that a directory holds after a restore; it is removed.
  std::map<std::string, std::string> KeysIn(const std::string& path) {
    std::map<std::string, std::string> keys;
    {
      const auto directory = kv::StoreDirectory::Open(&files_, path + "/kv");
      KEEL_CHECK(directory.ok()) << directory.status();
      const auto engine =
          kv::LevelEngine::Open({.files = &files_, .directory = directory->active()});
      KEEL_CHECK(engine.ok()) << engine.status();
      const auto store = kv::Store::Open({.engine = engine->get()});
      KEEL_CHECK(store.ok()) << store.status();
      const auto all = (*store)->view()->Range({.keys = kv::PrefixRange("")});
      for (const kv::KeyValue& one : all->kvs) keys[one.key] = one.value;
    }
    std::filesystem::remove_all(path);
    return keys;
  }
  void ExpectRestores(const Target& target, const ArchiveWorld::Moment& moment) {
    const auto restored = RestoreArchive(Options(target));
    ASSERT_TRUE(restored.ok()) << restored.status();
    EXPECT_EQ(restored->old_revision, moment.revision);
    EXPECT_EQ(KeysIn(root_ + "/a"), moment.keys);
  }
  void ExpectRefused(const Target& target, Code code, const std::string& words) {
    const auto restored = RestoreArchive(Options(target));
    ASSERT_FALSE(restored.ok());
    EXPECT_EQ(restored.status().code(), code) << restored.status();
    EXPECT_THAT(std::string(restored.status().message()), HasSubstr(words));
    EXPECT_FALSE(std::filesystem::exists(root_ + "/a"));
    EXPECT_FALSE(std::filesystem::exists(root_ + "/a.restoring"));
  }
  void FillSmall() {
    archive_->Put("first", "value", 5'000);
    archive_->WriteBase(/*begins_chain=*/true);
    for (uint64_t i = 1; i <= 6; ++i) {
      archive_->Put("k" + std::to_string(i % 3), "v" + std::to_string(i), 5'000 + 10 * i);
      if (i % 3 == 0) archive_->Seal();
    }
  }

  const std::string root_ = testing::TempDir() + "keel_archive_restore_test_" +
                            std::to_string(getpid()) +
                            testing::UnitTest::GetInstance()->current_test_info()->name();
  PosixFileSystem files_;
  FixedClock clock_;
  std::unique_ptr<ArchiveWorld> archive_;
};

// Leaders take turns, and their clocks differ by five seconds.
TEST_F(ArchiveRestoreTest, FiftyRandomMomentsAreAsTheModelHasThem) {
  Prng prng(20'261'121);
  uint64_t clock_ms = 100'000;
  int64_t skew_ms = 0;
  uint64_t lease = 1;
  archive_->Put("k0", "first", clock_ms);
  archive_->WriteBase(/*begins_chain=*/true);
  for (int i = 0; i < 600; ++i) {
    clock_ms += prng.Below(40);
    if (i % 150 == 149) {
      skew_ms = skew_ms == 0 ? -5'000 : 0;
      archive_->world().term = archive_->world().term.Next();
    }
    const uint64_t stamp_ms = clock_ms + static_cast<uint64_t>(skew_ms);
    const std::string key = "k" + std::to_string(prng.Below(30));
    switch (prng.Below(8)) {
      case 0:
        archive_->Apply(kv::DeleteRangeOp{.keys = {.begin = key, .end = {}}}, stamp_ms);
        break;
      case 1:
        archive_->Apply(kv::LeaseGrantOp{.id = kv::LeaseId(++lease), .ttl_s = 60}, stamp_ms);
        archive_->Apply(kv::PutOp{.key = key, .value = "leased", .lease = kv::LeaseId(lease)},
                        stamp_ms);
        break;
      case 2:
        archive_->Apply(kv::LeaseRevokeOp{.ids = {kv::LeaseId(lease), kv::LeaseId(lease - 1)},
                                          .leader_term = archive_->world().term},
                        stamp_ms);
        break;
      case 3:
        archive_->Apply(kv::CompactOp{archive_->world().store().state().revision}, stamp_ms);
        break;
      default:
        archive_->Put(key, "v" + std::to_string(i), stamp_ms);
    }
    if (prng.Below(7) == 0) archive_->Seal();
    if (i % 200 == 100) archive_->WriteBase(/*begins_chain=*/false);
  }
  archive_->Seal();
  const auto report = archive_->Verify();
  ASSERT_TRUE(report.ok()) << report.status();
  ASSERT_THAT(report->problems, testing::IsEmpty());
  ASSERT_TRUE(backup::JoinSegments(
                  {.store = &archive_->store(), .parts = backup::JoinPlan(archive_->Listed())})
                  .ok());

  const auto& moments = archive_->moments();
  for (int i = 0; i < 50 && !HasFailure(); ++i) {
    const ArchiveWorld::Moment& moment = moments[1 + prng.Below(moments.size() - 2)];
    switch (i % 4) {
      case 0:  // a millisecond before a commit; the first entry is the base
        if (archive_->At(moment.time_ms - 1) == nullptr) continue;
        ExpectRestores(Time(moment.time_ms - 1), *archive_->At(moment.time_ms - 1));
        break;
      case 1:
        ExpectRestores(Time(moment.time_ms), *archive_->At(moment.time_ms));
        break;
      case 2:  // a millisecond after one
        ExpectRestores(Time(moment.time_ms + 1), *archive_->At(moment.time_ms + 1));
        break;
      default:
        ExpectRestores(At(moment.revision), *archive_->At(moment.revision));
    }
  }
  ExpectRestores({}, moments.back());
}

TEST_F(ArchiveRestoreTest, MembersAgreeWhateverBaseEachWasBuiltOn) {
  FillSmall();
  const auto one = RestoreArchive(Options(At(Revision(8))));
  ASSERT_TRUE(one.ok()) << one.status();
  archive_->WriteBase(/*begins_chain=*/false);
  auto options = Options(At(Revision(8)));
  options.member.name = "b";
  options.member.data_dir = root_ + "/b";
  const auto two = RestoreArchive(options);
  ASSERT_TRUE(two.ok()) << two.status();
  EXPECT_EQ(one->entries, 6u);
  EXPECT_EQ(two->entries, 0u) << "the newer base";
  EXPECT_EQ(one->cluster_id, two->cluster_id);
  EXPECT_NE(one->cluster_id, ArchiveWorld::kCluster);
  EXPECT_EQ(one->revision, Revision(1'000'000'008));
}

TEST_F(ArchiveRestoreTest, ATargetOutsideTheArchiveIsRefused) {
  FillSmall();
  ExpectRefused(Time(4'999), Code::kOutOfRange, "begins later");
  ExpectRefused(Time(5'061), Code::kOutOfRange, "ends before that");
  ExpectRefused(At(Revision(1)), Code::kOutOfRange, "begins later");
  ExpectRefused(At(Revision(9)), Code::kOutOfRange, "--latest");
  // Known to be whole until later, it is no longer outside.
  ASSERT_TRUE(archive_->store()
                  .Put("tip", backup::EncodeTip({.cluster_id = ArchiveWorld::kCluster,
                                                 .at = archive_->at(),
                                                 .whole_until_ms = 9'000}))
                  .ok());
  ExpectRestores(Time(9'000), archive_->moments().back());
  ExpectRefused(Time(9'001), Code::kOutOfRange, "ends before that");
}

TEST_F(ArchiveRestoreTest, NothingIsRestoredAcrossAGap) {
  FillSmall();
  for (int i = 0; i < 3; ++i) archive_->Put("never", "archived", 5'500);
  archive_->WriteBase(/*begins_chain=*/true);
  archive_->Put("later", "x", 5'600);
  archive_->Seal();
  ExpectRestores(Time(5'059), *archive_->At(5'059));
  ExpectRestores(At(Revision(8)), *archive_->At(5'060));
  // What is missing may have happened in the same millisecond.
  ExpectRefused(Time(5'060), Code::kOutOfRange, "gap");
  ExpectRefused(Time(5'400), Code::kOutOfRange, "gap");
  ExpectRefused(At(Revision(9)), Code::kOutOfRange, "gap");
  ExpectRestores(Time(5'500), *archive_->At(5'500));
  ExpectRestores(Target(), archive_->moments().back());
  // One that was not marked, but lost, is refused as well.
  ASSERT_TRUE(archive_->store().Remove(archive_->Listed().segments[0].name).ok());
  ExpectRefused(Time(5'059), Code::kOutOfRange, "gap");
}

TEST_F(ArchiveRestoreTest, AGapThatIsNotedAndOpenIsNotCrossed) {
  FillSmall();
  const backup::ArchivePosition behind = archive_->at();
  ASSERT_TRUE(archive_->store()
                  .Put(backup::GapName(behind.index),
                       backup::EncodeGapNote(
                           {.cluster_id = ArchiveWorld::kCluster, .behind = behind, .noted_ms = 1}))
                  .ok());
  ExpectRestores(Time(5'059), *archive_->At(5'059));
  ExpectRestores(At(Revision(8)), *archive_->At(5'060));
  ExpectRefused(Time(5'060), Code::kOutOfRange, "gap");
  ExpectRefused(At(Revision(9)), Code::kOutOfRange, "gap");
  ExpectRestores(Target(), archive_->moments().back());
}

// Every byte of a small segment; samples of the base, which has tests of its own.
TEST_F(ArchiveRestoreTest, AnyFlippedByteIsRefused) {
  archive_->Put("first", "value", 5'000);
  archive_->WriteBase(/*begins_chain=*/true);
  archive_->Put("k", "v", 5'010);
  archive_->Seal();
  const std::vector<backup::ObjectInfo> objects = archive_->store().List().value();
  for (const backup::ObjectInfo& object : objects) {
    const std::string path = root_ + "/archive/" + object.name;
    const std::string whole = backup::ReadBytes(&files_, path);
    const size_t step = object.name.starts_with("base") ? 13 : 1;
    for (size_t at = 0; at < whole.size(); at += step) {
      std::string changed = whole;
      changed[at] = static_cast<char>(changed[at] ^ (1 << (at % 8)));
      backup::WriteBytes(&files_, path, changed);
      ASSERT_FALSE(RestoreArchive(Options({})).ok()) << "byte " << at << " of " << object.name;
    }
    backup::WriteBytes(&files_, path, whole);
  }
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(root_), {}), 1) << "nothing is left";
  ExpectRestores(Target(), archive_->moments().back());
}

TEST_F(ArchiveRestoreTest, TheArchiveOfOneOfSeveralClustersIsFoundByItsId) {
  const std::string many = root_ + "/many";
  std::filesystem::create_directories(many + "/4d");
  const auto only = backup::FindArchive(&files_, {.directory = many});
  ASSERT_TRUE(only.ok()) << only.status();
  EXPECT_EQ(*only, backup::ArchiveDirectory(many, 0x4d));
  std::filesystem::create_directories(many + "/5e");
  const auto which = backup::FindArchive(&files_, {.directory = many});
  EXPECT_THAT(std::string(which.status().message()), HasSubstr("--cluster-id (4d, 5e)"));
  EXPECT_EQ(backup::FindArchive(&files_, {.directory = many, .cluster = "5e"}).value(),
            many + "/5e");
  FillSmall();
  EXPECT_EQ(backup::FindArchive(&files_, {.directory = root_ + "/archive"}).value(),
            root_ + "/archive");
}

}  // namespace
}  // namespace keel::restore
