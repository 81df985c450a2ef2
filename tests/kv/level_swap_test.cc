// A snapshot takes the place of a store on the disk: a crash anywhere leaves one or the other.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "kv/engine/level_engine.h"
#include "kv/snapshot/snapshot_installer.h"
#include "kv/snapshot/snapshot_reader.h"
#include "kv/snapshot/store_directory.h"
#include "tests/kv/support/store_world.h"
#include "tests/simfs/simulated_file_system.h"

namespace keel::kv {
namespace {

class SwapTest : public testing::Test {
 protected:
  SwapTest() {
    for (int i = 0; i < 200; ++i) world_.Put("k" + std::to_string(i % 50), std::string(30, 'v'));
  }
  std::vector<std::string> Chunks() {
    SnapshotReader reader(world_.store().view(), {.chunk_bytes = 500});
    std::vector<std::string> chunks;
    while (true) {
      auto chunk = reader.Next();
      EXPECT_TRUE(chunk.ok()) << chunk.status();
      if (chunk->empty()) return chunks;
      chunks.push_back(std::move(*chunk));
    }
  }
  static LevelOptions LevelAt(FileSystem* files, const std::string& directory) {
    return {.files = files,
            .directory = directory,
            .deterministic = true,
            .write_buffer_bytes = size_t{64} << 10};
  }
  // Revision of the store that a restart finds, or a failure.
  static Result<Revision> RevisionFound(FileSystem* files) {
    KEEL_ASSIGN_OR_RETURN(auto directory, StoreDirectory::Open(files, "/data"));
    KEEL_ASSIGN_OR_RETURN(auto engine, LevelEngine::Open(LevelAt(files, directory.active())));
    KEEL_ASSIGN_OR_RETURN(auto store, Store::Open({.engine = engine.get()}));
    return store->state().revision;
  }

  StoreWorld world_;
};

TEST_F(SwapTest, ACrashAnywhereLeavesTheOldStoreOrTheNewAndAfterFinishTheNew) {
  simfs::SimulatedFileSystem disk;
  ASSERT_TRUE(disk.CreateDirectory("/data").ok());
  ASSERT_TRUE(disk.SyncDirectory("/").ok());
  ASSERT_EQ(RevisionFound(&disk).value(), Revision(1));
  const Revision fresh = world_.store().state().revision;
  uint64_t images = 0;
  bool finished = false;
  uint64_t operations = 0;
  const auto check = [&] {
    for (const auto& loss : disk.Losses({.seeds = 1, .cuts_max = 2})) {
      simfs::SimulatedFileSystem after(disk.ImageAfter(loss));
      const auto found = RevisionFound(&after);
      ASSERT_TRUE(found.ok()) << loss.ToString() << ": " << found.status();
      EXPECT_TRUE(*found == fresh || (!finished && *found == Revision(1)))
          << loss.ToString() << " finished " << finished << " revision " << found->value();
      ++images;
    }
  };
  disk.SetHook([&](const simfs::Operation& operation) {
    if (simfs::ChangesDisk(operation.kind) && ++operations % 3 == 0) check();
    return simfs::Fault();
  });
  auto directory = StoreDirectory::Open(&disk, "/data");
  ASSERT_TRUE(directory.ok());
  auto engine = LevelEngine::Open(LevelAt(&disk, directory->incoming()));
  ASSERT_TRUE(engine.ok());
  SnapshotInstaller installer(
      {.engine = std::move(*engine), .activate = [&directory] { return directory->Activate(); }});
  for (const std::string& chunk : Chunks()) ASSERT_TRUE(installer.Add(chunk).ok());
  auto installed = installer.Finish();
  ASSERT_TRUE(installed.ok()) << installed.status();
  EXPECT_GE((*installed)->durable(), world_.store().state().applied);
  finished = true;
  disk.SetHook(nullptr);
  check();
  EXPECT_GT(images, 20u);
}

}  // namespace
}  // namespace keel::kv
