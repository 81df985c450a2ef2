#include "raft/message.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "raft/config.h"
#include "tests/support/builders.h"

namespace keel::raft {
namespace {

Message From1To2(uint64_t term, Body body) {
  return {.from = NodeId(1), .to = NodeId(2), .term = Term(term), .body = std::move(body)};
}

std::vector<Message> OneOfEachKind() {
  return {
      From1To2(2, VoteRequest{.for_term = Term(2), .round = 1, .last = At(3, 1)}),
      From1To2(1, VoteRequest{.pre = true, .for_term = Term(2), .round = 1, .last = At(3, 1)}),
      From1To2(2, VoteReply{.granted = true, .for_term = Term(2), .round = 1}),
      From1To2(2,
               AppendRequest{.prev = At(3, 1), .commit = Index(3), .entries = {MakeEntry(4, 2)}}),
      From1To2(2, AppendReply{.success = true, .match = Index(4)}),
      From1To2(2, HeartbeatRequest{.commit = Index(3), .round = 9}),
      From1To2(2, HeartbeatReply{.round = 9, .keeps_lease = true, .commit = Index(3)}),
      From1To2(2, TimeoutNow{}),
      From1To2(2, InstallSnapshot{.meta = {At(3, 1), Shared(Voters({1, 2}))}}),
      From1To2(2, ReadIndexRequest{.ids = {{NodeId(1), BootId(1), 1}}}),
      From1To2(2, ReadIndexReply{.ids = {{NodeId(1), BootId(1), 1}}, .index = Index(3)}),
  };
}

TEST(Message, WhatCorrectCoresSayIsWellFormed) {
  for (const Message& message : OneOfEachKind()) {
    EXPECT_TRUE(IsWellFormed(message)) << ToString(message);
  }
}

TEST(Message, NobodySpeaksToNobodyOrToItself) {
  for (Message message : OneOfEachKind()) {
    message.from = NodeId();
    EXPECT_FALSE(IsWellFormed(message)) << ToString(message);
    message.from = message.to;
    EXPECT_FALSE(IsWellFormed(message)) << ToString(message);
    message.from = NodeId(1);
    message.to = NodeId();
    EXPECT_FALSE(IsWellFormed(message)) << ToString(message);
  }
}

TEST(Message, OnlyAPreVoteComesFromACoreThatHasSeenNoTerm) {
  for (Message message : OneOfEachKind()) {
    message.term = Term();
    const auto* request = std::get_if<VoteRequest>(&message.body);
    EXPECT_EQ(IsWellFormed(message), request != nullptr && request->pre) << ToString(message);
  }
}

TEST(Message, TermsThatWouldRunOverAreRefused) {
  for (Message message : OneOfEachKind()) {
    message.term = Term(kOrdinalMax + 1);
    EXPECT_FALSE(IsWellFormed(message)) << ToString(message);
  }
}

// What no correct core could have said, with the reason why.
struct Lie {
  const char* why;
  Message message;
};

std::vector<Lie> Lies() {
  const Index far(kOrdinalMax + 1);
  Entry bad_config = MakeEntry(4, 2, "not a config");
  bad_config.kind = EntryKind::kConfig;
  Entry bad_kind = MakeEntry(4, 2);
  bad_kind.kind = EntryKind{9};
  return {
      {"a vote for another term than the sender's",
       From1To2(2, VoteRequest{.for_term = Term(3), .last = At(1, 1)})},
      {"a pre-vote for a term that has begun",
       From1To2(2, VoteRequest{.pre = true, .for_term = Term(2), .last = At(1, 1)})},
      {"a log that holds the term that is only being campaigned for",
       From1To2(2, VoteRequest{.for_term = Term(2), .last = At(1, 2)})},
      {"a log position out of range",
       From1To2(2, VoteRequest{.for_term = Term(2), .last = {far, Term(1)}})},
      {"a gap after prev",
       From1To2(2, AppendRequest{.prev = At(3, 1), .entries = {MakeEntry(5, 2)}})},
      {"a gap between entries",
       From1To2(2, AppendRequest{.prev = At(3, 1), .entries = {MakeEntry(4, 2), MakeEntry(6, 2)}})},
      {"a term that falls",
       From1To2(2, AppendRequest{.prev = At(3, 1), .entries = {MakeEntry(4, 2), MakeEntry(5, 1)}})},
      {"a term that falls below prev's",
       From1To2(2, AppendRequest{.prev = At(3, 2), .entries = {MakeEntry(4, 1)}})},
      {"an entry of a term after the sender's",
       From1To2(2, AppendRequest{.prev = At(3, 1), .entries = {MakeEntry(4, 3)}})},
      {"a prev of a term after the sender's", From1To2(2, AppendRequest{.prev = At(3, 3)})},
      {"an entry of no term", From1To2(2, AppendRequest{.entries = {MakeEntry(1, 0)}})},
      {"an entry of no known kind",
       From1To2(2, AppendRequest{.prev = At(3, 1), .entries = {bad_kind}})},
      {"a config that does not decode",
       From1To2(2, AppendRequest{.prev = At(3, 1), .entries = {bad_config}})},
      {"a commit out of range", From1To2(2, AppendRequest{.prev = At(3, 1), .commit = far})},
      {"a match out of range", From1To2(2, AppendReply{.success = true, .match = far})},
      {"a refusal out of range", From1To2(2, AppendReply{.refused = far})},
      {"a heartbeat's commit out of range", From1To2(2, HeartbeatRequest{.commit = far})},
      {"a reply's commit out of range", From1To2(2, HeartbeatReply{.commit = far})},
      {"a snapshot without a config", From1To2(2, InstallSnapshot{.meta = {At(3, 1), nullptr}})},
      {"a snapshot of a cluster of nobody",
       From1To2(2, InstallSnapshot{.meta = {At(3, 1), Shared(Config())}})},
      {"a snapshot of nothing",
       From1To2(2, InstallSnapshot{.meta = {At(0, 0), Shared(Voters({1}))}})},
      {"a snapshot of a term after the sender's",
       From1To2(2, InstallSnapshot{.meta = {At(3, 3), Shared(Voters({1}))}})},
      {"a request to read nothing", From1To2(2, ReadIndexRequest{})},
      {"a read index out of range", From1To2(2, ReadIndexReply{.index = far})},
  };
}

TEST(Message, LiesAreFoundOut) {
  for (const Lie& lie : Lies()) {
    EXPECT_FALSE(IsWellFormed(lie.message)) << lie.why << ": " << ToString(lie.message);
  }
}

TEST(Message, OnlyEntriesAndSnapshotsMayWait) {
  for (const Message& message : OneOfEachKind()) {
    const std::string text = ToString(message);
    const bool bulk =
        text.find("append") != std::string::npos || text.find("snapshot") != std::string::npos;
    EXPECT_NE(IsUrgent(message), bulk) << text;
  }
}

TEST(Message, ReadsAsOneLine) {
  const auto messages = OneOfEachKind();
  EXPECT_EQ(ToString(messages[1]), "1>2 t1 pre-vote? for t2 last 3:1");
  EXPECT_EQ(ToString(messages[3]), "1>2 t2 append prev 3:1 commit 3 entries 4:2");
  for (const Message& message : messages) {
    EXPECT_EQ(ToString(message).find('\n'), std::string::npos);
    EXPECT_EQ(ToString(message).rfind("1>2 t", 0), 0u) << ToString(message);
  }
}

}  // namespace
}  // namespace keel::raft
