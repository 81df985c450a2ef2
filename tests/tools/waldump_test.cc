// What waldump says of a sound log, a damaged one, a vote file, and a line that it does not
// understand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/wal/log_fixture.h"
#include "tools/waldump/arguments.h"
#include "tools/waldump/dump.h"
#include "wal/vote_file.h"

namespace keel::waldump {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class WalDump : public wal::LogFixture {
 protected:
  Dump Run(Arguments arguments = {}) {
    if (arguments.path.empty()) arguments.path = "/wal";
    return DumpPath(files_.get(), arguments);
  }
};

TEST_F(WalDump, ASoundLogIsCountedInTheLastLine) {
  Open();
  ASSERT_EQ(Append(Entries(1, 1, 3)), Status::Ok());
  ASSERT_EQ(log_->Close(), Status::Ok());
  const Dump dump = Run();
  EXPECT_EQ(dump.code, ExitCode::kSound);
  EXPECT_THAT(dump.text, HasSubstr("Sound, and closed in order."));
  EXPECT_TRUE(dump.text.ends_with(
      "waldump: segments=1 records=5 entries=3 base=0 first=1 last=3 term=1 closed=1 cut=0 "
      "damage=0\n"));
}

TEST_F(WalDump, RecordsAreShownByIndex) {
  Open();
  ASSERT_EQ(Append(Entries(1, 1, 9, 4)), Status::Ok());
  const Dump dump = Run({.shows_records = true, .first_index = 3, .last_index = 4});
  EXPECT_THAT(dump.text, HasSubstr("entry 3  term 1  kind 0  4 bytes  1:3."));
  EXPECT_THAT(dump.text, Not(HasSubstr("entry 5")));
  EXPECT_THAT(Run({.shows_records = true, .shows_hex = true}).text, HasSubstr("313a332e"));
  EXPECT_THAT(Run({.shows_records = true, .payload_bytes_max = 2}).text, HasSubstr("1:..."));
}

TEST_F(WalDump, DamageIsExplainedAndFailsTheRun) {
  Open();
  ASSERT_EQ(Append(Entries(1, 1, 3)), Status::Ok());
  ASSERT_EQ(Append(Entries(1, 4, 3)), Status::Ok());
  ASSERT_EQ(files_->FlipBit(SegmentPath(1), (wal::kFirstRecordOffset + 100) * 8), Status::Ok());
  const Dump dump = Run();
  EXPECT_EQ(dump.code, ExitCode::kDamaged);
  EXPECT_THAT(dump.text, HasSubstr("DAMAGED. " + SegmentPath(1) + ": damage at offset"));
  EXPECT_THAT(dump.text, HasSubstr("keelctl member replace"));
  EXPECT_THAT(dump.text, HasSubstr("damage=1"));
}

TEST_F(WalDump, AVoteFileIsShown) {
  const wal::VoteFile::Options options = {.path = "/vote", .member = NodeId(7)};
  {
    const auto votes = wal::VoteFile::Create(files_.get(), options);
    ASSERT_EQ((*votes)->Save({.term = Term(5), .vote = NodeId(2)}), Status::Ok());
  }
  EXPECT_THAT(Run({.path = "/vote"}).text,
              HasSubstr("waldump: term=5 vote=2 boot=1 damaged=0 log=0 slots=2"));
  ASSERT_EQ(files_->FlipBit("/vote", 100), Status::Ok());
  EXPECT_THAT(Run({.path = "/vote"}).text, HasSubstr("slots=1"));
  ASSERT_EQ(files_->FlipBit("/vote", 4096 * 8 + 100), Status::Ok());
  const Dump dump = Run({.path = "/vote"});
  EXPECT_EQ(dump.code, ExitCode::kDamaged);
  EXPECT_THAT(dump.text, HasSubstr("keelctl member replace"));
}

TEST_F(WalDump, WhatIsNotThereIsUnreadable) {
  const Dump dump = Run({.path = "/nowhere"});
  EXPECT_EQ(dump.code, ExitCode::kUnreadable);
  EXPECT_THAT(dump.error, HasSubstr("/nowhere"));
}

TEST(WalDumpArguments, AreUnderstoodOrRefused) {
  const auto parse = [](std::vector<std::string> words) {
    words.insert(words.begin(), "waldump");
    std::vector<char*> line;
    for (std::string& word : words) line.push_back(word.data());
    return ParseArguments(static_cast<int>(line.size()), line.data());
  };
  const auto arguments = parse({"--records", "--from", "3", "--to", "9", "/data/wal"});
  ASSERT_TRUE(arguments.has_value());
  EXPECT_TRUE(arguments->shows_records);
  EXPECT_EQ(arguments->first_index, 3u);
  EXPECT_EQ(arguments->last_index, 9u);
  EXPECT_EQ(arguments->path, "/data/wal");
  EXPECT_TRUE(parse({"--help"})->wants_help);
  EXPECT_FALSE(parse({}));
  EXPECT_FALSE(parse({"--from", "x", "/data/wal"}));
  EXPECT_FALSE(parse({"--from"}));
  EXPECT_FALSE(parse({"--nonsense", "/data/wal"}));
}

}  // namespace
}  // namespace keel::waldump
