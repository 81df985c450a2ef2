// The bytes: what is written is read back, and nothing else is taken for it.
#include "wal/format.h"

#include <gtest/gtest.h>

#include <string>

namespace keel::wal {
namespace {

TEST(SegmentHeader, EitherCopyWillDo) {
  SegmentHeader header = {.group = 3,
                          .member = NodeId(9),
                          .sequence = 4,
                          .incarnation = 5,
                          .previous = {.sequence = 3, .offset = 8000, .checksum = 77},
                          .last = {Index(20), Term(2)},
                          .base = {Index(10), Term(1)},
                          .segment_bytes = 16384};
  const std::string block = EncodeSegmentHeader(&header);
  ASSERT_EQ(block.size(), kFirstRecordOffset);
  for (size_t broken : {size_t{30}, size_t{kHeaderCopyOffset + 30}, size_t{4000}}) {
    std::string bytes = block;
    bytes[broken] ^= 1;
    const auto copies = DecodeSegmentHeader(bytes);
    ASSERT_TRUE(copies.ok() && copies->header);
    EXPECT_EQ(copies->both_valid, broken == 4000);
    EXPECT_EQ(copies->header->previous.offset, 8000u);
    EXPECT_EQ(copies->header->last, header.last);
    EXPECT_EQ(copies->header->base, header.base);
    EXPECT_EQ(copies->header->checksum, header.checksum);
  }
  EXPECT_FALSE(DecodeSegmentHeader("short")->header);
}

TEST(Record, IsReadBackOnlyInItsPlaceInTheChain) {
  std::string bytes;
  Chain chain = {.incarnation = 5, .checksum = 6};
  AppendRecord(&bytes, {.kind = 2, .term = Term(3), .index = Index(4), .payload = "hello"}, &chain);
  EXPECT_EQ(bytes.size(), 48u);
  EXPECT_EQ(ClaimedRecordBytes(bytes), bytes.size());

  Chain reading = {.incarnation = 5, .checksum = 6};
  const auto record = DecodeRecord(bytes, &reading);
  ASSERT_TRUE(record.has_value());
  EXPECT_EQ(record->payload, "hello");
  EXPECT_EQ(record->kind, 2);
  EXPECT_EQ(record->term, Term(3));
  EXPECT_EQ(record->index, Index(4));
  EXPECT_EQ(reading.checksum, chain.checksum);

  Chain elsewhere = {.incarnation = 5, .checksum = 7};
  EXPECT_FALSE(DecodeRecord(bytes, &elsewhere)) << "after another record";
  Chain other_life = {.incarnation = 6, .checksum = 6};
  EXPECT_FALSE(DecodeRecord(bytes, &other_life)) << "in another life of the file";
}

TEST(Record, EveryByteCounts) {
  std::string bytes;
  Chain chain = {.incarnation = 5, .checksum = 6};
  AppendRecord(&bytes, {.kind = 2, .term = Term(3), .index = Index(4), .payload = "hello"}, &chain);
  for (size_t at = 0; at < bytes.size(); ++at) {
    std::string flipped = bytes;
    flipped[at] ^= 0x10;
    Chain reading = {.incarnation = 5, .checksum = 6};
    EXPECT_FALSE(DecodeRecord(flipped, &reading)) << at;
  }
}

TEST(Mark, CanBeTrustedWithoutTheChain) {
  std::string bytes;
  Chain chain = {.incarnation = 5, .checksum = 6};
  AppendMark(&bytes,
             {.kind = MarkKind::kIdle,
              .last = {Index(8), Term(2)},
              .durable_offset = 5000,
              .own_offset = 5000,
              .sequence = 3,
              .batch_bytes = kMarkBytes},
             &chain);
  ASSERT_EQ(bytes.size(), kMarkBytes);
  EXPECT_FALSE(DecodeLooseMark(bytes, 6));
  for (uint64_t incarnation : {0, 5}) {
    const auto mark = DecodeLooseMark(bytes, incarnation);
    ASSERT_TRUE(mark.has_value());
    EXPECT_EQ(mark->kind, MarkKind::kIdle);
    EXPECT_EQ(mark->last, (Position{Index(8), Term(2)}));
    EXPECT_EQ(mark->durable_offset, 5000u);
    EXPECT_EQ(mark->sequence, 3u);
  }
  for (size_t at = 8; at < bytes.size(); ++at) {
    std::string flipped = bytes;
    flipped[at] ^= 0x10;
    EXPECT_FALSE(DecodeLooseMark(flipped, 0)) << at;
  }
}

TEST(FileNames, AreReadBack) {
  EXPECT_EQ(SegmentName(0x1a), "000000000000001a.wal");
  EXPECT_EQ(SpareName(0x1a), "spare-000000000000001a");
  EXPECT_EQ(ParseSegmentName("000000000000001a.wal"), 0x1au);
  EXPECT_EQ(ParseSpareName("spare-000000000000001a"), 0x1au);
  for (const char* name : {"1a.wal", "000000000000001a.wal.new", "000000000000001g.wal", ""}) {
    EXPECT_FALSE(ParseSegmentName(name)) << name;
  }
}

}  // namespace
}  // namespace keel::wal
