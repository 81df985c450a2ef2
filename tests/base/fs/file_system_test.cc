// What base/file_system.h promises of every FileSystem, asked of the POSIX one and of the simulated
// one: code that was tested on the one runs on the other.
#include "base/file_system.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "base/fs/posix_file_system.h"
#include "tests/simfs/simulated_file_system.h"

namespace keel {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

enum class Kind { kPosix, kSimulated };

class FileSystemContract : public ::testing::TestWithParam<Kind> {
 protected:
  void SetUp() override {
    if (GetParam() == Kind::kPosix) {
      std::string pattern = ::testing::TempDir() + "/keel_fs_XXXXXX";
      ASSERT_NE(mkdtemp(pattern.data()), nullptr);
      root_ = pattern;
      files_ = std::make_unique<PosixFileSystem>();
      return;
    }
    files_ = std::make_unique<simfs::SimulatedFileSystem>();
    root_ = "/data";
    ASSERT_EQ(files_->CreateDirectory(root_), Status::Ok());
  }

  void TearDown() override {
    const auto names = files_->List(root_);
    ASSERT_TRUE(names.ok()) << names.status();
    for (const std::string& name : *names) {
      const bool is_gone = files_->Remove(At(name)).ok() || files_->RemoveDirectory(At(name)).ok();
      EXPECT_TRUE(is_gone) << name;
    }
    EXPECT_EQ(files_->RemoveDirectory(root_), Status::Ok());
  }

  [[nodiscard]] std::string At(const std::string& name) const { return root_ + "/" + name; }

  std::unique_ptr<WritableFile> OpenWritable(const std::string& name,
                                             OpenMode mode = OpenMode::kCreateOrKeep) {
    auto file = files_->OpenWritable(At(name), mode);
    EXPECT_TRUE(file.ok()) << file.status();
    return std::move(file).value();
  }

  void Write(const std::string& name, std::string_view bytes) {
    const auto file = OpenWritable(name, OpenMode::kCreateOrEmpty);
    ASSERT_EQ(file->WriteAt(0, {&bytes, 1}), Status::Ok());
    ASSERT_EQ(file->Sync(), Status::Ok());
    ASSERT_EQ(file->Close(), Status::Ok());
  }

  std::string Read(const std::string& name) {
    const auto file = files_->OpenReadable(At(name), AccessPattern::kRandom);
    if (!file.ok()) return file.status().ToString();
    std::string bytes((*file)->SizeBytes().value(), '\0');
    EXPECT_EQ((*file)->ReadAt(0, bytes).value_or(0), bytes.size());
    return bytes;
  }

  std::string root_;
  std::unique_ptr<FileSystem> files_;
};

TEST_P(FileSystemContract, PiecesAreWrittenOneAfterTheOtherAndGrowTheFile) {
  const auto file = OpenWritable("a");
  const std::array<std::string_view, 4> pieces = {"one", "", "-two", "-three"};
  EXPECT_EQ(file->WriteAt(2, pieces), Status::Ok());
  EXPECT_EQ(file->SizeBytes().value_or(0), 15u);
  EXPECT_EQ(Read("a"), std::string("\0\0one-two-three", 15));
}

TEST_P(FileSystemContract, MorePiecesThanOneCallTakesArriveWhole) {
  const std::vector<std::string_view> pieces(3000, "ab");
  const auto file = OpenWritable("a");
  EXPECT_EQ(file->WriteAt(0, pieces), Status::Ok());
  EXPECT_EQ(file->SizeBytes().value_or(0), 6000u);
}

TEST_P(FileSystemContract, AReadStopsAtTheEndOfTheFileWhateverIsReadNext) {
  Write("a", "hello");
  for (const auto pattern :
       {AccessPattern::kRandom, AccessPattern::kSequential, AccessPattern::kMixed}) {
    const auto file = files_->OpenReadable(At("a"), pattern);
    ASSERT_TRUE(file.ok()) << file.status();
    std::array<char, 8> buffer = {};
    EXPECT_EQ((*file)->ReadAt(3, buffer).value_or(99), 2u);
    EXPECT_EQ((*file)->ReadAt(5, buffer).value_or(99), 0u);
    EXPECT_EQ((*file)->ReadAt(500, buffer).value_or(99), 0u);
  }
}

TEST_P(FileSystemContract, PreallocatingGrowsWithZerosAndNeverCuts) {
  Write("a", "hello");
  const auto file = OpenWritable("a", OpenMode::kExisting);
  EXPECT_EQ(file->Preallocate(7), Status::Ok());
  EXPECT_EQ(Read("a"), std::string("hello\0\0", 7));
  EXPECT_EQ(file->Preallocate(3), Status::Ok());
  EXPECT_EQ(file->SizeBytes().value_or(0), 7u);
}

TEST_P(FileSystemContract, ZerosAreWrittenOverWhatWasThere) {
  const uint64_t size_bytes = 300 * kFilePageBytes;  // more than goes into one call
  Write("a", std::string(size_bytes, 'x') + "tail");
  const auto file = OpenWritable("a", OpenMode::kExisting);
  EXPECT_EQ(file->WriteZeros(kFilePageBytes, size_bytes - kFilePageBytes), Status::Ok());
  EXPECT_EQ(file->Sync(), Status::Ok());
  const std::string expected =
      std::string(kFilePageBytes, 'x') + std::string(size_bytes - kFilePageBytes, '\0') + "tail";
  EXPECT_TRUE(Read("a") == expected);
  // What follows is written as ever.
  const std::string_view piece = "hello";
  EXPECT_EQ(file->WriteAt(kFilePageBytes + 1, {&piece, 1}), Status::Ok());
  EXPECT_EQ(Read("a").substr(kFilePageBytes, 7), std::string("\0hello\0", 7));
}

TEST_P(FileSystemContract, ZerosThatAreNoWholePagesAreWrittenToo) {
  Write("a", "hello");
  const auto file = OpenWritable("a", OpenMode::kExisting);
  EXPECT_EQ(file->WriteZeros(1, 2), Status::Ok());
  EXPECT_EQ(Read("a"), std::string("h\0\0lo", 5));
}

TEST_P(FileSystemContract, TruncatingCutsAndWhatGrowsBackIsZero) {
  Write("a", "hello");
  const auto file = OpenWritable("a", OpenMode::kExisting);
  EXPECT_EQ(file->Truncate(2), Status::Ok());
  EXPECT_EQ(file->Truncate(4), Status::Ok());
  EXPECT_EQ(Read("a"), std::string("he\0\0", 4));
}

TEST_P(FileSystemContract, AppendingStartsAtTheEnd) {
  Write("a", "hello");
  const auto file = files_->OpenAppendable(At("a"), OpenMode::kExisting);
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ((*file)->Append(", "), Status::Ok());
  EXPECT_EQ((*file)->Append("world"), Status::Ok());
  EXPECT_EQ((*file)->Sync(), Status::Ok());
  EXPECT_EQ((*file)->Close(), Status::Ok());
  EXPECT_EQ(Read("a"), "hello, world");
}

TEST_P(FileSystemContract, OpenModesDoWhatTheySay) {
  EXPECT_EQ(files_->OpenWritable(At("a"), OpenMode::kExisting).status().code(), Code::kNotFound);
  EXPECT_EQ(files_->OpenReadable(At("a"), AccessPattern::kRandom).status().code(), Code::kNotFound);
  Write("a", "hello");
  EXPECT_EQ(files_->OpenWritable(At("a"), OpenMode::kCreateNew).status().code(),
            Code::kAlreadyExists);
  EXPECT_EQ(OpenWritable("a", OpenMode::kCreateOrKeep)->SizeBytes().value_or(0), 5u);
  EXPECT_EQ(OpenWritable("a", OpenMode::kCreateOrEmpty)->SizeBytes().value_or(9), 0u);
}

TEST_P(FileSystemContract, FailuresNameThePath) {
  const Status missing = files_->OpenReadable(At("gone"), AccessPattern::kRandom).status();
  EXPECT_THAT(missing.message(), HasSubstr(At("gone")));
  EXPECT_THAT(files_->Remove(At("gone")).message(), HasSubstr(At("gone")));
  EXPECT_THAT(files_->List(At("gone")).status().message(), HasSubstr(At("gone")));
}

TEST_P(FileSystemContract, DirectoriesListTheirNamesSorted) {
  Write("b", "");
  Write("a", "");
  EXPECT_EQ(files_->CreateDirectory(At("c")), Status::Ok());
  EXPECT_EQ(files_->CreateDirectory(At("c")).code(), Code::kAlreadyExists);
  EXPECT_EQ(files_->CreateDirectory(At("no/such")).code(), Code::kNotFound);
  EXPECT_THAT(files_->List(root_).value(), ElementsAre("a", "b", "c"));
  EXPECT_THAT(files_->List(At("c")).value(), IsEmpty());
  EXPECT_EQ(files_->SyncDirectory(root_), Status::Ok());
  EXPECT_FALSE(files_->SyncDirectory(At("d")).ok());
}

TEST_P(FileSystemContract, ADirectoryWithSomethingInItStays) {
  ASSERT_EQ(files_->CreateDirectory(At("c")), Status::Ok());
  Write("c/x", "");
  EXPECT_FALSE(files_->RemoveDirectory(At("c")).ok());
  EXPECT_EQ(files_->Remove(At("c/x")), Status::Ok());
}

TEST_P(FileSystemContract, RenamingReplacesWhatIsThere) {
  Write("a", "new");
  Write("b", "old");
  EXPECT_EQ(files_->Rename({.from = At("a"), .to = At("b")}), Status::Ok());
  EXPECT_EQ(Read("b"), "new");
  EXPECT_FALSE(files_->Exists(At("a")).value_or(true));
  EXPECT_TRUE(files_->Exists(At("b")).value_or(false));
  EXPECT_EQ(files_->Rename({.from = At("a"), .to = At("b")}).code(), Code::kNotFound);
}

TEST_P(FileSystemContract, AnOpenFileOutlivesItsName) {
  Write("a", "hello");
  const auto file = OpenWritable("a", OpenMode::kExisting);
  ASSERT_EQ(files_->Remove(At("a")), Status::Ok());
  std::array<char, 5> buffer = {};
  EXPECT_EQ(file->ReadAt(0, buffer).value_or(0), 5u);
}

TEST_P(FileSystemContract, ALockHasOneHolderUntilItDies) {
  auto first = files_->Lock(At("lock"));
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(files_->Lock(At("lock")).status().code(), Code::kUnavailable);
  std::move(first).value().reset();
  EXPECT_TRUE(files_->Lock(At("lock")).ok());
}

TEST_P(FileSystemContract, SizesAndSpaceAreTold) {
  Write("a", "hello");
  EXPECT_EQ(files_->SizeBytes(At("a")).value_or(0), 5u);
  EXPECT_EQ(files_->SizeBytes(At("b")).status().code(), Code::kNotFound);
  const auto space = files_->Space(root_);
  ASSERT_TRUE(space.ok()) << space.status();
  EXPECT_LE(space->available_bytes, space->total_bytes);
  EXPECT_GT(space->total_bytes, 0u);
}

INSTANTIATE_TEST_SUITE_P(Both, FileSystemContract,
                         ::testing::Values(Kind::kPosix, Kind::kSimulated),
                         [](const auto& parameter) {
                           return parameter.param == Kind::kPosix ? "Posix" : "Simulated";
                         });

}  // namespace
}  // namespace keel
