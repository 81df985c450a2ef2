// Commands, answers, keys and values as bytes.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/prng.h"
#include "kv/mvcc/answer.h"
#include "kv/mvcc/command.h"
#include "kv/mvcc/layout.h"
#include "tests/kv/support/random_commands.h"

namespace keel::kv {
namespace {

TEST(Command, EveryOneComesBackAndNoPrefixOfItDecodes) {
  RandomCommands random(3);
  for (int i = 0; i < 500; ++i) {
    Command command =
        random.Next({.revision = Revision(90), .compacted = Revision(20), .term = Term(4)});
    if (i % 2 == 0) command.origin.session = SessionId(5);
    if (i % 3 == 0) command.origin.user = "ann";
    const std::string bytes = EncodeCommand(command);
    const auto decoded = DecodeCommand(bytes);
    ASSERT_TRUE(decoded.has_value());
    EXPECT_EQ(decoded->origin, command.origin);
    EXPECT_TRUE(decoded->operation == command.operation);
    EXPECT_EQ(EncodeCommand(*decoded), bytes);
    for (size_t cut = 0; cut < bytes.size(); ++cut) {
      ASSERT_FALSE(DecodeCommand(std::string_view(bytes).substr(0, cut)).has_value());
    }
    ASSERT_FALSE(DecodeCommand(bytes + "x").has_value());
  }
}

TEST(Command, AnArchivesMarkComesBack) {
  const Command command{.operation = ArchiveMarkOp{Index(300)}};
  const auto decoded = DecodeCommand(EncodeCommand(command));
  ASSERT_TRUE(decoded.has_value());
  EXPECT_TRUE(decoded->operation == command.operation);
}

TEST(Command, DeeperNestingThanAllowedDoesNotDecode) {
  const auto nested = [](int depth) {
    TxnOp txn;
    for (int i = 1; i < depth; ++i) {
      NestedTxn inner;
      inner.txn.push_back(std::move(txn));
      txn = TxnOp();
      txn.success.emplace_back(std::move(inner));
    }
    return EncodeCommand({{}, std::move(txn)});
  };
  EXPECT_TRUE(DecodeCommand(nested(kNestingMax)).has_value());
  EXPECT_FALSE(DecodeCommand(nested(kNestingMax + 1)).has_value());
}

TEST(Outcome, ComesBack) {
  TxnResult inner{.succeeded = true, .results = {PutResult{.previous = KeyValue{.key = "k"}}}};
  NestedTxnResult nested;
  nested.txn.push_back(inner);
  TxnResult txn;
  txn.results.emplace_back(std::move(nested));
  txn.results.emplace_back(RangeResult{.kvs = {KeyValue{.key = "a", .value = "b"}}, .count = 3});
  Outcome outcome;
  outcome.revision = Revision(9);
  outcome.answer = txn;
  const std::string bytes = EncodeOutcome(outcome);
  EXPECT_EQ(DecodeOutcome(bytes), outcome);
  for (size_t cut = 0; cut < bytes.size(); ++cut) {
    EXPECT_FALSE(DecodeOutcome(std::string_view(bytes).substr(0, cut)).has_value());
  }
}

TEST(Layout, DataKeysOrderByKeyThenNewestFirst) {
  const Layout layout(3);
  const std::vector<std::string> keys = {std::string("\0", 1),
                                         std::string("\0\0", 2),
                                         std::string("\0\xff", 2),
                                         "\x01",
                                         "a",
                                         std::string("a\0", 2),
                                         std::string("a\0\x01", 3),
                                         "a\x01",
                                         "ab",
                                         "b",
                                         "\xff",
                                         "\xff\xff"};
  std::string last;
  for (const std::string& key : keys) {
    for (const uint64_t revision : {900, 256, 2}) {
      const std::string bytes = layout.DataKey(key, Revision(revision));
      EXPECT_LT(last, bytes);
      last = bytes;
      std::string parsed;
      Revision parsed_revision;
      ASSERT_TRUE(ParseDataKey(bytes, &parsed, &parsed_revision));
      EXPECT_EQ(parsed, key);
      EXPECT_EQ(parsed_revision, Revision(revision));
      for (const std::string& other : keys) {
        EXPECT_EQ(RevisionInDataKey(bytes, layout.DataPrefix(other)).has_value(), other == key);
      }
    }
  }
}

TEST(Layout, ValuesComeBack) {
  DataRecord record{.create = Revision(300),
                    .version = 2,
                    .lease = LeaseId(~uint64_t{0}),
                    .sub = 70'000,
                    .value = "value"};
  DataRecord decoded;
  const std::string bytes = EncodeData(record);
  ASSERT_TRUE(DecodeData(bytes, &decoded));
  EXPECT_EQ(decoded.create, record.create);
  EXPECT_EQ(decoded.lease, record.lease);
  EXPECT_EQ(decoded.sub, record.sub);
  EXPECT_EQ(decoded.value, "value");
  const std::string deleted = EncodeData({.deleted = true, .sub = 3});
  ASSERT_TRUE(DecodeData(deleted, &decoded));
  EXPECT_TRUE(decoded.deleted);
  EXPECT_FALSE(DecodeData(std::string("\x08\0\1\1", 4), &decoded)) << "an unknown flag";
}

TEST(PrefixRange, AllOnesHaveNoSuccessor) {
  EXPECT_EQ(PrefixRange("ab").end, "ac");
  EXPECT_EQ(PrefixRange("a\xff").end, "b");
  EXPECT_TRUE(PrefixRange("\xff\xff").IsOpen());
  EXPECT_TRUE(PrefixRange("").Contains(std::string("\0", 1)));
}

}  // namespace
}  // namespace keel::kv
