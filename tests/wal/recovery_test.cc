// What a start makes of a log that was torn, rotted, or had files taken away: cut or damage, never
// silence.
#include "wal/recovery.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <iterator>
#include <string>

#include "base/prng.h"
#include "tests/wal/log_fixture.h"

namespace keel::wal {
namespace {

using simfs::LossMode;
using ::testing::HasSubstr;

class RecoveryTest : public LogFixture {
 protected:
  // Two sealed batches of five entries.
  void WriteTwoBatches() {
    Open();
    ASSERT_EQ(Append(Entries(1, 1, 5)), Status::Ok());
    second_batch_ = kFirstRecordOffset + kMarkBytes + 5 * RecordBytes(20);
    ASSERT_EQ(Append(Entries(1, 6, 5)), Status::Ok());
    log_.reset();
  }
  void Flip(uint64_t offset) {
    ASSERT_EQ(files_->FlipBit(SegmentPath(1), offset * 8), Status::Ok());
  }

  uint64_t second_batch_ = 0;
};

TEST_F(RecoveryTest, ABadRecordInTheLastBatchIsCutAndCounted) {
  WriteTwoBatches();
  Flip(second_batch_ + kMarkBytes + RecordBytes(20) + 45);  // in entry 7
  const Recovered recovered = RecoverIt();
  EXPECT_FALSE(recovered.report.damage.has_value());
  ASSERT_TRUE(recovered.report.cut.has_value());
  EXPECT_EQ(recovered.report.cut->offset, second_batch_ + kMarkBytes + RecordBytes(20));
  EXPECT_EQ(recovered.report.cut->bytes, 4 * RecordBytes(20));
  EXPECT_EQ(recovered.report.last, At(6, 1));
  EXPECT_THAT(recovered.report.cut->ToString(), HasSubstr(SegmentPath(1) + ": cut at offset"));
}

TEST_F(RecoveryTest, ABadMarkOfTheLastBatchIsCutAndCountedToo) {
  WriteTwoBatches();
  Flip(second_batch_ + 8);  // the incarnation itself
  const Recovered recovered = RecoverIt();
  EXPECT_FALSE(recovered.report.damage.has_value());
  ASSERT_TRUE(recovered.report.cut.has_value());
  EXPECT_EQ(recovered.report.last, At(5, 1));
}

TEST_F(RecoveryTest, ABadRecordBelowAProvenOffsetIsDamage) {
  WriteTwoBatches();
  Flip(kFirstRecordOffset + kMarkBytes + 2 * RecordBytes(20) + 41);  // in entry 3
  const Recovered recovered = RecoverIt();
  ASSERT_TRUE(recovered.report.damage.has_value());
  const Damage& damage = *recovered.report.damage;
  EXPECT_EQ(damage.path, SegmentPath(1));
  EXPECT_EQ(damage.offset, kFirstRecordOffset + kMarkBytes + 2 * RecordBytes(20));
  EXPECT_EQ(damage.first, Index(3));
  EXPECT_EQ(damage.last, Index(10)) << "the second batch can be read from its mark on";
  EXPECT_EQ(recovered.report.last, At(2, 1));
  EXPECT_THAT(damage.ToString(), HasSubstr("keelctl member replace"));
}

TEST_F(RecoveryTest, ASealProvesTheBatchBeforeIt) {
  Open();
  ASSERT_EQ(Append(Entries(1, 1, 5)), Status::Ok());
  ASSERT_EQ(log_->Seal(), Status::Ok());
  log_.reset();
  Flip(kFirstRecordOffset + kMarkBytes + 41);
  const Recovered recovered = RecoverIt();
  ASSERT_TRUE(recovered.report.damage.has_value());
  EXPECT_EQ(recovered.report.damage->first, Index(1));
  EXPECT_EQ(recovered.report.damage->last, Index(5));
}

TEST_F(RecoveryTest, ALaterSegmentProvesTheOneBeforeIt) {
  Open();
  ASSERT_EQ(Append(Entries(1, 1, 10, 1000)), Status::Ok());
  ASSERT_EQ(Append(Entries(1, 11, 10, 1000)), Status::Ok());
  log_.reset();
  Flip(kFirstRecordOffset + 5000);
  const Recovered recovered = RecoverIt();
  ASSERT_TRUE(recovered.report.damage.has_value());
  EXPECT_EQ(recovered.report.damage->first, Index(5));
  EXPECT_EQ(recovered.report.damage->last, Index(20));
  EXPECT_EQ(recovered.report.last, At(4, 1));
}

TEST_F(RecoveryTest, WhatWasCutOffAsDamagedNeverComesBack) {
  WriteTwoBatches();
  Flip(kFirstRecordOffset + kMarkBytes + 2 * RecordBytes(20) + 41);
  Open();
  EXPECT_EQ(log_->last(), At(2, 1));
  ASSERT_EQ(Append({Entry(2, 3, "repaired")}), Status::Ok());
  CrashAndOpen();
  EXPECT_FALSE(report_.damage.has_value()) << "it was noted, and is no part of the log any more";
  EXPECT_EQ(log_->last(), At(3, 2));
  EXPECT_EQ(found_.entries[2], Entry(2, 3, "repaired"));
}

TEST_F(RecoveryTest, RecoveringChangesNothing) {
  WriteTwoBatches();
  Flip(kFirstRecordOffset + kMarkBytes + 41);
  const uint64_t before = files_->ImageNow().Hash();
  EXPECT_TRUE(RecoverIt().report.damage.has_value());
  EXPECT_TRUE(RecoverIt().report.damage.has_value());
  EXPECT_EQ(files_->ImageNow().Hash(), before);
}

TEST_F(RecoveryTest, OneBadHeaderCopyIsCountedAndNothingIsLost) {
  WriteTwoBatches();
  Flip(50);
  Recovered recovered = RecoverIt();
  EXPECT_EQ(recovered.report.headers_damaged, 1u);
  EXPECT_EQ(recovered.report.last, At(10, 1));
  Flip(50);
  Flip(kHeaderCopyOffset + 50);
  recovered = RecoverIt();
  EXPECT_EQ(recovered.report.headers_damaged, 1u);
  EXPECT_EQ(recovered.report.last, At(10, 1));
}

TEST_F(RecoveryTest, ASegmentThatLostBothHeadersIsDamage) {
  WriteTwoBatches();
  Flip(50);
  Flip(kHeaderCopyOffset + 50);
  const Recovered recovered = RecoverIt();
  ASSERT_TRUE(recovered.report.damage.has_value());
  EXPECT_EQ(recovered.report.damage->offset, 0u);
  EXPECT_EQ(recovered.report.damage->last, Index(10));
}

TEST_F(RecoveryTest, DamageBeforeTheBaseRecordDoesNotHideTheBase) {
  Open();
  for (uint64_t first = 1; first <= 31; first += 10) {
    ASSERT_EQ(Append(Entries(1, first, 10, 1000)), Status::Ok());
  }
  ASSERT_EQ(log_->Compact(At(12, 1)), Status::Ok());
  ASSERT_FALSE(files_->Exists(SegmentPath(1)).value());
  log_.reset();
  ASSERT_EQ(files_->FlipBit(SegmentPath(2), 8 * (kFirstRecordOffset + 5000)), Status::Ok());
  const Recovered recovered = RecoverIt();
  ASSERT_TRUE(recovered.report.damage.has_value());
  EXPECT_EQ(recovered.report.base, At(12, 1)) << "as a later segment says";
  EXPECT_EQ(recovered.report.last, At(14, 1));
  EXPECT_EQ(recovered.report.damage->first, Index(15));
  EXPECT_EQ(recovered.report.damage->last, Index(40));
  EXPECT_EQ(found_.entries.size(), 2u);
  Open();
  CrashAndOpen();
  EXPECT_FALSE(report_.damage.has_value()) << report_.damage->ToString();
  EXPECT_EQ(report_.base, At(12, 1)) << "now the new segment's header knows it";
}

TEST_F(RecoveryTest, AMissingSegmentInTheMiddleIsDamage) {
  Open();
  for (uint64_t first = 1; first <= 31; first += 10) {
    ASSERT_EQ(Append(Entries(1, first, 10, 1000)), Status::Ok());
  }
  log_.reset();
  ASSERT_EQ(files_->Remove(SegmentPath(2)), Status::Ok());
  const Recovered recovered = RecoverIt();
  ASSERT_TRUE(recovered.report.damage.has_value());
  EXPECT_EQ(recovered.report.damage->path, SegmentPath(2));
  EXPECT_EQ(recovered.report.damage->first, Index(1));
  EXPECT_EQ(recovered.report.damage->last, Index(40));
  EXPECT_EQ(recovered.report.last, At(0, 0));
  EXPECT_TRUE(found_.entries.empty()) << "entries behind a gap are of no use";
}

TEST_F(RecoveryTest, AStateFitsItsLogOrNot) {
  Open();
  ASSERT_EQ(Append(Entries(1, 1, 10)), Status::Ok());
  ASSERT_EQ(log_->Compact(At(5, 1)), Status::Ok());
  log_.reset();
  const Recovered recovered = RecoverIt();
  EXPECT_EQ(recovered.Fit(At(5, 1)), StateFit::kFits);
  EXPECT_EQ(recovered.Fit(At(10, 1)), StateFit::kFits);
  EXPECT_EQ(recovered.Fit(At(4, 1)), StateFit::kGap);
  EXPECT_EQ(recovered.Fit(At(11, 1)), StateFit::kLogBehind);
  EXPECT_EQ(recovered.Fit(At(7, 2)), StateFit::kLogBehind);
}

TEST_F(RecoveryTest, ANewerFormatIsRefused) {
  Open();
  log_.reset();
  SegmentHeader header = {
      .format_version = kFormatVersion + 1, .member = NodeId(7), .sequence = 1, .incarnation = 1};
  const std::string block = EncodeSegmentHeader(&header);
  const auto file = files_->OpenWritable(SegmentPath(1), OpenMode::kExisting);
  const std::string_view piece = block;
  ASSERT_EQ((*file)->WriteAt(0, {&piece, 1}), Status::Ok());
  Collector collector;
  const Status status = Recover(files_.get(), options_, &collector).status();
  EXPECT_EQ(status.code(), Code::kFailedPrecondition);
  EXPECT_THAT(status.message(), HasSubstr("newer Keel"));
}

// Each read of a recovery in turn: it fails the start, which says where and what to do.
TEST_F(RecoveryTest, AReadThatFailsIsAFailureAndNotAnEnd) {
  WriteTwoBatches();
  uint64_t fails_at = 0;
  for (bool struck = true; struck; ++fails_at) {
    struck = false;
    uint64_t reads = 0;
    files_->SetHook([&](const simfs::Operation& operation) {
      if (operation.kind != simfs::OperationKind::kRead || reads++ != fails_at) {
        return simfs::Fault{};
      }
      struck = true;
      return simfs::Fault{.kind = simfs::Fault::Kind::kError,
                          .status = DataLoss("Input/output error")};
    });
    Collector collector;
    const Status status = Recover(files_.get(), options_, &collector).status();
    if (!struck) {
      EXPECT_TRUE(status.ok()) << status;
      continue;
    }
    EXPECT_EQ(status.code(), Code::kDataLoss) << "read " << fails_at;
    EXPECT_THAT(status.message(), HasSubstr(SegmentPath(1) + ": cannot be read at offset "));
    EXPECT_THAT(status.message(), HasSubstr("keelctl member replace"));
  }
  EXPECT_GE(fails_at, 3u);
}

// A byte of a large log, many times: files that are too long for trying all of them.
TEST_F(RecoveryTest, NoSampledByteOfALargeLogGoesUnnoticed) {
  options_.segment_bytes = 200 * 1024;
  Open();
  for (uint64_t first = 1; first <= 100; first += 5) {
    ASSERT_EQ(Append(Entries(1, first, 5, 5000)), Status::Ok());
  }
  ASSERT_EQ(log_->Close(), Status::Ok());
  (void)RecoverIt();
  const LogContents whole = found_;
  const simfs::Image image = files_->ImageNow();
  Prng prng(1);
  for (int sample = 0; sample < 2000; ++sample) {
    auto file = image.files.begin();
    std::advance(file, static_cast<ptrdiff_t>(prng.Below(image.files.size())));
    const uint64_t bit = prng.Below(file->second->size() * 8);
    files_ = std::make_unique<simfs::SimulatedFileSystem>(image);
    ASSERT_EQ(files_->FlipBit(file->first, bit), Status::Ok());
    const RecoveryReport report = RecoverIt().report;
    const bool is_reported = report.damage && report.damage->path == file->first;
    // The closing mark may be unreadable; all entries are there then.
    ASSERT_TRUE(found_ == whole || is_reported) << file->first << " bit " << bit;
  }
}

// Every byte of a small log, one at a time: the answer is right, or the report says what is wrong.
TEST_F(RecoveryTest, NoFlippedByteGoesUnnoticed) {
  Open();
  ASSERT_EQ(Append(Entries(1, 1, 10, 700)), Status::Ok());
  ASSERT_EQ(Append(Entries(1, 11, 10, 700)), Status::Ok());
  ASSERT_EQ(Append(Entries(2, 18, 4)), Status::Ok());
  ASSERT_EQ(log_->Compact(At(3, 1)), Status::Ok());
  ASSERT_EQ(log_->Seal(), Status::Ok());
  ASSERT_EQ(Append(Entries(2, 22, 3)), Status::Ok());
  const Index proven(21);  // the batch after it is the last, and unsealed
  log_.reset();
  (void)RecoverIt();
  const LogContents whole = found_;
  const simfs::Image image = files_->ImageNow();
  for (const auto& [path, bytes] : image.files) {
    for (uint64_t offset = 0; offset < bytes->size(); ++offset) {
      files_ = std::make_unique<simfs::SimulatedFileSystem>(image);
      ASSERT_EQ(files_->FlipBit(path, offset * 8 + offset % 8), Status::Ok());
      const RecoveryReport report = RecoverIt().report;
      if (report.damage) {
        ASSERT_EQ(report.damage->path, path) << offset;
        ASSERT_LE(report.damage->offset, offset) << path;
        continue;
      }
      if (found_ == whole) continue;
      ASSERT_TRUE(report.cut.has_value()) << path << " offset " << offset << " lost in silence";
      ASSERT_GE(found_.Last().index, proven) << path << " offset " << offset;
    }
  }
}

}  // namespace
}  // namespace keel::wal
