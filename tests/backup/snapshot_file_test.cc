#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/checksum.h"
#include "base/coding.h"
#include "base/prng.h"
#include "tests/backup/backup_world.h"
#include "tests/simfs/simulated_file_system.h"

namespace keel::backup {
namespace {

using testing::HasSubstr;

const std::string kKey(kKeyBytes, 'K');

class SnapshotFileTest : public testing::Test {
 protected:
  SnapshotFileTest() { FillStore(&world_); }

  [[nodiscard]] std::string Stream() { return StreamOf(world_.store().view()); }
  std::string Saved(const std::string& key = {}) {
    const Status saved = SaveStream(&files_, Stream(), key);
    EXPECT_TRUE(saved.ok()) << saved;
    return ReadBytes(&files_, kSnapshotPath);
  }
  // Some blocks of them, which do not compress.
  void AddLargeValues() {
    for (int i = 0; i < 300; ++i) {
      std::string value(20'000, '\0');
      for (char& byte : value) byte = static_cast<char>(prng_.Next());
      world_.Put("large" + std::to_string(i), value);
    }
  }
  // Every byte in turn, one bit of it; then the file cut at every length.
  void ExpectEveryChangeFound(const std::string& whole, const std::string& key) {
    for (size_t at = 0; at < whole.size(); ++at) {
      std::string changed = whole;
      changed[at] = static_cast<char>(changed[at] ^ (1 << (at % 8)));
      WriteBytes(&files_, kSnapshotPath, changed);
      ASSERT_FALSE(VerifyFile(&files_, key).ok()) << "byte " << at << " of " << whole.size();
    }
    for (size_t size = 0; size < whole.size(); ++size) {
      WriteBytes(&files_, kSnapshotPath, std::string_view(whole).substr(0, size));
      ASSERT_FALSE(VerifyFile(&files_, key).ok()) << "cut to " << size << " of " << whole.size();
    }
    WriteBytes(&files_, kSnapshotPath, whole + "x");
    EXPECT_FALSE(VerifyFile(&files_, key).ok());
    WriteBytes(&files_, kSnapshotPath, whole);
    EXPECT_TRUE(VerifyFile(&files_, key).ok());
  }

  kv::StoreWorld world_;
  simfs::SimulatedFileSystem files_;
  Prng prng_{5};
};

TEST_F(SnapshotFileTest, AStreamBecomesAFileThatVerifies) {
  for (const std::string& key : {std::string(), kKey}) {
    Saved(key);
    const auto found = VerifyFile(&files_, key);
    ASSERT_TRUE(found.ok()) << found.status();
    EXPECT_EQ(found->state, world_.store().state());
    EXPECT_EQ(found->leases, 1u);
    const auto source = OpenSnapshotFile({.files = &files_, .path = kSnapshotPath, .key = key});
    ASSERT_TRUE(source.ok());
    const FileSummary& summary = (*source)->summary();
    EXPECT_EQ(summary.cluster_id, 11u);
    EXPECT_EQ(summary.member_id, 12u);
    EXPECT_EQ(summary.saved_ms, 13u);
    EXPECT_EQ(summary.versions, found->versions);
    EXPECT_EQ(summary.is_encrypted, !key.empty());
  }
}

TEST_F(SnapshotFileTest, EveryByteFlippedAndEveryCutIsFound) {
  ExpectEveryChangeFound(Saved(), {});
}

TEST_F(SnapshotFileTest, EveryByteFlippedAndEveryCutIsFoundInAnEncryptedFile) {
  ExpectEveryChangeFound(Saved(kKey), kKey);
}

TEST_F(SnapshotFileTest, AStreamThatEtcdctlSavedIsHeldToTheSame) {
  const std::string stream = Stream();
  WriteBytes(&files_, kSnapshotPath, stream);
  const auto found = VerifyFile(&files_);
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(found->state, world_.store().state());
  ExpectEveryChangeFound(stream, {});
}

TEST_F(SnapshotFileTest, AnEncryptedFileShowsNothingAndOpensWithItsKeyAlone) {
  const std::string bytes = Saved(kKey);
  EXPECT_THAT(bytes, testing::Not(HasSubstr("value ")));
  EXPECT_THAT(std::string(VerifyFile(&files_).status().message()), HasSubstr("--key-file"));
  const auto other = VerifyFile(&files_, std::string(kKeyBytes, 'L'));
  EXPECT_EQ(other.status().code(), Code::kFailedPrecondition);
  EXPECT_THAT(std::string(other.status().message()), HasSubstr("another key"));
}

TEST_F(SnapshotFileTest, AnotherFormatIsRefusedByName) {
  std::string bytes = Saved();
  EncodeFixed32(bytes.data() + kFileMagic.size(), kFileFormat + 1);
  EncodeFixed64(bytes.data() + kFileHeaderBytes - 8,
                Checksum(std::string_view(bytes).substr(0, kFileHeaderBytes - 8)));
  WriteBytes(&files_, kSnapshotPath, bytes);
  const auto found = VerifyFile(&files_);
  EXPECT_EQ(found.status().code(), Code::kFailedPrecondition);
  EXPECT_THAT(std::string(found.status().message()), HasSubstr("format 2"));
}

TEST_F(SnapshotFileTest, AStreamThatIsCutOrDamagedLeavesNoFile) {
  const std::string stream = Stream();
  for (size_t size = 0; size < stream.size(); size += 7) {
    ASSERT_FALSE(SaveStream(&files_, std::string_view(stream).substr(0, size)).ok()) << size;
    ASSERT_TRUE(files_.List("/").value().empty()) << size;
  }
  for (size_t at = 0; at < stream.size(); at += 7) {
    std::string changed = stream;
    changed[at] = static_cast<char>(changed[at] ^ 4);
    ASSERT_FALSE(SaveStream(&files_, changed).ok()) << at;
    ASSERT_TRUE(files_.List("/").value().empty()) << at;
  }
}

TEST_F(SnapshotFileTest, ChunksMakeTheSameFileAsTheirStream) {
  AddLargeValues();
  const std::string whole = Saved();
  ASSERT_TRUE(SaveChunks(&files_, ChunksOf(world_.store().view())).ok());
  EXPECT_EQ(ReadBytes(&files_, kSnapshotPath), whole);
}

TEST_F(SnapshotFileTest, ChunksThatAreDamagedLostRepeatedOrTooManyLeaveNoFile) {
  const std::vector<std::string> chunks = ChunksOf(world_.store().view());
  ASSERT_GT(chunks.size(), 5u);
  const auto expect_refused = [&](const std::vector<std::string>& changed) {
    ASSERT_EQ(SaveChunks(&files_, changed).code(), Code::kDataLoss);
    ASSERT_TRUE(files_.List("/").value().empty());
  };
  for (size_t i = 0; i < chunks.size(); ++i) {
    for (size_t at = 0; at < chunks[i].size(); ++at) {
      std::vector<std::string> changed = chunks;
      changed[i][at] = static_cast<char>(changed[i][at] ^ (1 << (at % 8)));
      expect_refused(changed);
    }
    std::vector<std::string> changed = chunks;
    changed.erase(changed.begin() + static_cast<ptrdiff_t>(i));
    expect_refused(changed);
    changed = chunks;
    changed.insert(changed.begin() + static_cast<ptrdiff_t>(i), chunks[i]);
    expect_refused(changed);
    changed = chunks;
    changed[i].pop_back();
    expect_refused(changed);
  }
  expect_refused({chunks.begin(), chunks.end() - 1});
}

// Sealed as they should be, but not what one reader makes.
TEST_F(SnapshotFileTest, AnEndThatCountsOtherRecordsLeavesNoFile) {
  std::vector<std::string> chunks = ChunksOf(world_.store().view());
  uint64_t chain = 0;
  kv::ChunkBody body;
  for (size_t i = 0; i + 1 < chunks.size(); ++i) {
    ASSERT_TRUE(kv::OpenChunk(chunks[i], &chain, &body).ok());
  }
  chunks.back() = kv::SealChunk(kv::EncodeEndBody(1), &chain);
  EXPECT_EQ(SaveChunks(&files_, chunks).code(), Code::kDataLoss);
  EXPECT_TRUE(files_.List("/").value().empty());
}

// The power may go before any operation, and take with it what was not synced in every way.
TEST_F(SnapshotFileTest, WhateverACrashTakesTheNameStandsForAWholeFile) {
  size_t images = 0;
  const auto check = [&](bool must_be_there) {
    for (const simfs::Loss& loss : files_.Losses({})) {
      simfs::SimulatedFileSystem after(files_.ImageAfter(loss));
      const bool is_there = after.Exists(kSnapshotPath).value();
      ASSERT_TRUE(is_there || !must_be_there);
      if (is_there) {
        const auto found = VerifyFile(&after);
        ASSERT_TRUE(found.ok()) << found.status();
      }
      ++images;
    }
  };
  files_.SetHook([&](const simfs::Operation& operation) {
    if (simfs::ChangesDisk(operation.kind)) check(false);
    return simfs::Fault();
  });
  ASSERT_TRUE(SaveStream(&files_, Stream()).ok());
  files_.SetHook({});
  check(true);
  EXPECT_GT(images, 10u);
}

TEST_F(SnapshotFileTest, AKeyFileIsThirtyTwoBytesOrTheirDigits) {
  WriteBytes(&files_, "/raw", kKey);
  EXPECT_EQ(ReadKeyFile(&files_, "/raw").value(), kKey);
  std::string digits;
  for (size_t i = 0; i < kKeyBytes; ++i) digits += "4B";
  WriteBytes(&files_, "/digits", digits + "\n");
  EXPECT_EQ(ReadKeyFile(&files_, "/digits").value(), kKey);
  for (const std::string& wrong :
       {std::string(), kKey + "x", digits + "00", digits.substr(2), "g" + digits.substr(1)}) {
    WriteBytes(&files_, "/wrong", wrong);
    EXPECT_EQ(ReadKeyFile(&files_, "/wrong").status().code(), Code::kInvalidArgument) << wrong;
  }
}

TEST_F(SnapshotFileTest, AThreadBesideWritesTheSameFile) {
  AddLargeValues();
  const std::string whole = Saved();
  ASSERT_TRUE(SaveStream(&files_, Stream(), {}, true).ok());
  EXPECT_EQ(ReadBytes(&files_, kSnapshotPath), whole);
}

TEST_F(SnapshotFileTest, AThreadBesideThatCannotWriteFailsTheSaveAndLeavesNoFile) {
  AddLargeValues();
  const std::string stream = Stream();
  for (const uint64_t failing : {1, 2, 4, 6}) {
    uint64_t writes = 0;
    files_.SetHook([&](const simfs::Operation& operation) {
      if (operation.kind != simfs::OperationKind::kWrite || ++writes < failing) {
        return simfs::Fault();
      }
      return simfs::Fault{.kind = simfs::Fault::Kind::kError,
                          .status = ResourceExhausted("the disk is full")};
    });
    EXPECT_EQ(SaveStream(&files_, stream, {}, true).code(), Code::kResourceExhausted) << failing;
    files_.SetHook({});
    EXPECT_TRUE(files_.List("/").value().empty()) << failing;
  }
}

TEST_F(SnapshotFileTest, BlocksBeyondOneAreReadBack) {
  AddLargeValues();
  const std::string whole = Saved(kKey);
  ASSERT_TRUE(VerifyFile(&files_, kKey).ok());
  for (int sample = 0; sample < 40; ++sample) {
    std::string changed = whole;
    const size_t at = prng_.Below(whole.size());
    changed[at] = static_cast<char>(changed[at] ^ (1 << prng_.Below(8)));
    WriteBytes(&files_, kSnapshotPath, changed);
    ASSERT_FALSE(VerifyFile(&files_, kKey).ok()) << at;
  }
}

}  // namespace
}  // namespace keel::backup
