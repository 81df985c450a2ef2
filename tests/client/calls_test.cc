// How calls are repeated, and when they are not: against members that are made up.
#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <chrono>
#include <future>
#include <set>
#include <thread>

#include "api/etcdserverpb/kv.pb.h"
#include "client/kv.h"
#include "client/maintenance.h"
#include "client/raw.h"
#include "tests/client/fake_members.h"

namespace keel::client {
namespace {

constexpr const char* kPut = "/etcdserverpb.KV/Put";
constexpr const char* kDelete = "/etcdserverpb.KV/DeleteRange";
constexpr const char* kRange = "/etcdserverpb.KV/Range";
constexpr const char* kTxn = "/etcdserverpb.KV/Txn";

using Answer = FakeMembers::Answer;

Answer PutDone() { return {.message = etcdserverpb::PutResponse().SerializeAsString()}; }

TEST(Calls, AWriteWhoseOutcomeIsNotKnownIsSentAgainUnderItsNumber) {
  FakeMembers members(3);
  int sent = 0;
  members.Serve(kPut, [&](const Heard& /*heard*/) {
    if (++sent <= 2) return Answer{.status = Unavailable("etcdserver: request timed out")};
    return PutDone();
  });
  const Client client(members.ClientOptions());
  const Result<PutResult> put = Kv(&client).Put("k", "v");
  EXPECT_TRUE(put.ok()) << put.status();
  const std::vector<Heard> heard = members.HeardOf(kPut);
  ASSERT_EQ(heard.size(), 3U);
  for (const Heard& each : heard) {
    EXPECT_EQ(each.session, "1");
    EXPECT_EQ(each.sequence, "1");
  }
  EXPECT_TRUE(Kv(&client).Put("k", "v").ok());
  EXPECT_EQ(members.HeardOf(kPut).back().sequence, "2");
  EXPECT_EQ(members.HeardOf(kPut).back().acknowledged, "1");
}

TEST(Calls, ATransactionThatOnlyReadsHasNoNumberAndIsSentAgain) {
  FakeMembers members(3);
  int sent = 0;
  members.Serve(kTxn, [&](const Heard& /*heard*/) {
    if (++sent <= 2) return Answer{.status = Unavailable("etcdserver: request timed out")};
    return Answer{.message = etcdserverpb::TxnResponse().SerializeAsString()};
  });
  const Client client(members.ClientOptions());
  const GetRequest get{.range = KeyRange::One("k")};
  const Txn reads = Txn().If(Exists("k")).Then(get, Txn().Else(get));
  const Result<TxnResult> read = Kv(&client).Commit(reads);
  EXPECT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(members.HeardOf(kTxn).size(), 3U);
  for (const Heard& each : members.HeardOf(kTxn)) EXPECT_EQ(each.session, "");
  // What may write has one, taken or not.
  const Txn writes = Txn().Then(get, Txn().Else(DeleteRequest{.range = KeyRange::One("k")}));
  EXPECT_TRUE(Kv(&client).Commit(writes).ok());
  EXPECT_EQ(members.HeardOf(kTxn).back().session, "1");
}

TEST(Calls, WithoutASessionAWriteWhoseOutcomeIsNotKnownIsNotSentAgain) {
  FakeMembers members(3);
  members.Serve(kPut, [](const Heard& /*heard*/) {
    return Answer{.status = Unavailable("etcdserver: request timed out")};
  });
  members.Serve("/keel.api.Session/Open", [](const Heard& /*heard*/) {
    return Answer{.status = Unimplemented("unknown service keel.api.Session")};
  });
  const Client client(members.ClientOptions());
  const Result<PutResult> put = Kv(&client).Put("k", "v");
  EXPECT_TRUE(IsOutcomeUnknown(put.status())) << put.status();
  EXPECT_EQ(members.HeardOf(kPut).size(), 1U);
  EXPECT_EQ(members.HeardOf(kPut)[0].session, "");
}

TEST(Calls, AWriteThatWasCertainlyNotCarriedOutIsSentAgainInAnyCase) {
  FakeMembers members(3);
  int sent = 0;
  members.Serve(kPut, [&](const Heard& /*heard*/) {
    if (++sent <= 3) return Answer{.status = Unavailable("etcdserver: leader changed")};
    return PutDone();
  });
  Options options = members.ClientOptions();
  options.exactly_once = false;
  const Client client(std::move(options));
  EXPECT_TRUE(Kv(&client).Put("k", "v").ok());
  EXPECT_EQ(members.HeardOf(kPut).size(), 4U);
}

TEST(Calls, RefusalsAreAnswers) {
  FakeMembers members(3);
  members.Serve(kPut, [](const Heard& /*heard*/) {
    return Answer{.status = ResourceExhausted("etcdserver: mvcc: database space exceeded")};
  });
  const Client client(members.ClientOptions());
  EXPECT_EQ(Kv(&client).Put("k", "v").status(),
            ResourceExhausted("etcdserver: mvcc: database space exceeded"));
  EXPECT_EQ(members.HeardOf(kPut).size(), 1U);
}

TEST(Calls, ALostSessionIsReplacedUnlessTheWriteMayHaveBeenCarriedOut) {
  FakeMembers members(1);
  bool doubt = false;
  members.Serve(kPut, [&](const Heard& heard) {
    if (heard.session != "1") return PutDone();
    if (std::exchange(doubt, false)) {
      return Answer{.status = Unavailable("etcdserver: request timed out")};
    }
    return Answer{.status = FailedPrecondition("etcdserver: session not found")};
  });
  {
    const Client client(members.ClientOptions());
    EXPECT_TRUE(Kv(&client).Put("k", "v").ok());
    EXPECT_EQ(members.HeardOf(kPut).back().session, "2");
    EXPECT_EQ(members.HeardOf(kPut).back().sequence, "1");
  }
  FakeMembers others(1);
  doubt = true;
  others.Serve(kPut, [&](const Heard& /*heard*/) {
    if (std::exchange(doubt, false)) {
      return Answer{.status = Unavailable("etcdserver: request timed out")};
    }
    return Answer{.status = FailedPrecondition("etcdserver: session not found")};
  });
  const Client client(others.ClientOptions());
  EXPECT_TRUE(IsOutcomeUnknown(Kv(&client).Put("k", "v").status()));
  EXPECT_EQ(others.HeardOf(kPut).size(), 2U);
}

TEST(Calls, GoToTheLeaderOnceItIsKnown) {
  FakeMembers members(3);
  members.SetLeader(2);
  members.Serve(kPut, [](const Heard& /*heard*/) { return PutDone(); });
  const Client client(members.ClientOptions());
  const Kv kv(&client);
  const auto until_leader_is = [&](const std::string& name) {
    while (true) {
      EXPECT_TRUE(kv.Put("k", "v").ok());
      for (const Client::Endpoint& endpoint : client.Endpoints()) {
        if (endpoint.leader && endpoint.address == name) return;
      }
    }
  };
  until_leader_is(FakeMembers::NameOf(2));
  EXPECT_TRUE(kv.Put("k", "v").ok());
  EXPECT_EQ(members.HeardOf(kPut).back().member, 2U);
  members.SetLeader(1);
  members.SetDown(2, true);
  until_leader_is(FakeMembers::NameOf(1));
  EXPECT_TRUE(kv.Put("k", "v").ok());
  EXPECT_EQ(members.HeardOf(kPut).back().member, 1U);
}

TEST(Calls, ReadsAreSpreadAndFailOver) {
  FakeMembers members(3);
  members.Serve(kRange, [](const Heard& /*heard*/) {
    return Answer{.message = etcdserverpb::RangeResponse().SerializeAsString()};
  });
  const Client client(members.ClientOptions());
  const Kv kv(&client);
  EXPECT_TRUE(kv.Get("k").ok());
  while (client.Endpoints().size() < 3) std::this_thread::sleep_for(Milliseconds(1));
  for (int i = 0; i < 30; ++i) EXPECT_TRUE(kv.Get("k").ok());
  std::set<size_t> asked;
  for (const Heard& heard : members.HeardOf(kRange)) asked.insert(heard.member);
  EXPECT_EQ(asked.size(), 3U);
  members.SetDown(0, true);
  members.SetDown(1, true);
  for (int i = 0; i < 30; ++i) EXPECT_TRUE(kv.Get("k").ok());
}

TEST(Calls, OneThatIsMeantForOneMemberGoesNowhereElse) {
  FakeMembers members(3);
  members.SetDown(1, true);
  const Client client(members.ClientOptions());
  const Maintenance there(&client, {.target = Target::At(FakeMembers::NameOf(1))});
  EXPECT_EQ(there.Status({}).status().code(), Code::kUnavailable);
  const Maintenance other(&client, {.target = Target::At(FakeMembers::NameOf(2))});
  EXPECT_EQ(other.Status({})->header.member, NodeId(3));
  const Maintenance nowhere(&client, {.target = Target::At("host:x")});
  EXPECT_EQ(nowhere.Status({}).status().code(), Code::kInvalidArgument);
}

TEST(Calls, EndAtTheirDeadlineAndSayWhy) {
  FakeMembers members(2);
  members.SetDown(0, true);
  members.SetDown(1, true);
  const Client client(members.ClientOptions());
  const Kv hasty(&client, {.timeout = Milliseconds(100)});
  const Status read = hasty.Get("k").status();
  EXPECT_EQ(read.code(), Code::kDeadlineExceeded);
  EXPECT_NE(read.message().find("connection refused"), std::string_view::npos) << read;
  const Status write = hasty.Put("k", "v").status();
  EXPECT_EQ(write.code(), Code::kDeadlineExceeded);
  EXPECT_FALSE(IsOutcomeUnknown(write)) << write;
}

TEST(Calls, AWriteThatWasSentAndNeverAnsweredHasAnUnknownOutcome) {
  FakeMembers members(1);
  members.Serve(kPut, [](const Heard& /*heard*/) { return Answer{.silent = true}; });
  members.Serve(kDelete, [](const Heard& /*heard*/) {
    return Answer{.message = etcdserverpb::DeleteRangeResponse().SerializeAsString()};
  });
  const Client client(members.ClientOptions());
  // So that the session is there already.
  EXPECT_TRUE(Kv(&client).Delete("k").ok());
  const Status write = Kv(&client, {.timeout = Milliseconds(200)}).Put("k", "v").status();
  EXPECT_TRUE(IsOutcomeUnknown(write)) << write;
  EXPECT_EQ(write.code(), Code::kDeadlineExceeded);
}

TEST(Calls, AMemberThatIsSilentIsPassedBy) {
  FakeMembers members(3);
  members.Serve(kPut, [](const Heard& heard) {
    return heard.member == 0 ? Answer{.silent = true} : PutDone();
  });
  Options options = members.ClientOptions();
  options.attempt_timeout = Milliseconds(50);
  const Client client(std::move(options));
  const Kv kv(&client);
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(kv.Put("k", "v").ok());
  std::set<std::string> sequences;
  for (const Heard& heard : members.HeardOf(kPut)) {
    if (heard.member != 0) sequences.insert(heard.sequence);
  }
  EXPECT_EQ(sequences, (std::set<std::string>{"1", "2", "3", "4", "5"}));
}

TEST(Calls, CarryTheCredentialsOfTheirClient) {
  FakeMembers members(1);
  members.Serve(kPut, [](const Heard& heard) {
    if (heard.token == "secret") return PutDone();
    return Answer{.status = Unauthenticated("etcdserver: invalid auth token")};
  });
  {
    const Client client(members.ClientOptions());
    EXPECT_EQ(Kv(&client).Put("k", "v").status().code(), Code::kUnauthenticated);
  }
  Options options = members.ClientOptions();
  options.credentials = [] {
    return std::vector<std::pair<std::string, std::string>>{{"token", "secret"}};
  };
  const Client client(std::move(options));
  EXPECT_TRUE(Kv(&client).Put("k", "v").ok());
}

TEST(Calls, AreCancelledThroughTheirSlot) {
  FakeMembers members(1);
  members.Serve(kRange, [](const Heard& /*heard*/) { return Answer{.silent = true}; });
  const Client client(members.ClientOptions());
  boost::asio::cancellation_signal signal;
  std::promise<Status> ended;
  Kv(&client).Get(
      {.range = KeyRange::One("k")},
      boost::asio::bind_cancellation_slot(signal.slot(), [&](const Result<GetResult>& answer) {
        ended.set_value(answer.status());
      }));
  while (members.HeardOf(kRange).empty()) std::this_thread::sleep_for(Milliseconds(1));
  signal.emit(boost::asio::cancellation_type::terminal);
  EXPECT_EQ(ended.get_future().get().code(), Code::kCancelled);
}

TEST(Calls, EndWithTheirClient) {
  FakeMembers members(1);
  members.Serve(kRange, [](const Heard& /*heard*/) { return Answer{.silent = true}; });
  std::promise<Status> ended;
  {
    const Client client(members.ClientOptions());
    Kv(&client).Get({.range = KeyRange::One("k")},
                    [&](const Result<GetResult>& answer) { ended.set_value(answer.status()); });
  }
  EXPECT_EQ(ended.get_future().get().code(), Code::kCancelled);
}

TEST(Calls, BadOptionsAreWhatEveryOperationSays) {
  const Client client({.endpoints = {"no port:x"}});
  EXPECT_EQ(client.status().code(), Code::kInvalidArgument);
  EXPECT_EQ(Kv(&client).Put("k", "v").status(), client.status());
}

TEST(Calls, MoreThanTheBoundIsRefusedAtOnce) {
  FakeMembers members(1);
  members.Serve(kRange, [](const Heard& /*heard*/) { return Answer{.silent = true}; });
  Options options = members.ClientOptions();
  options.operations_max = 10;
  const Client client(std::move(options));
  const Kv kv(&client);
  for (int i = 0; i < 10; ++i) {
    kv.Get({.range = KeyRange::One("k")}, [](const Result<GetResult>& /*answer*/) {});
  }
  EXPECT_EQ(kv.Get("k").status().code(), Code::kResourceExhausted);
}

TEST(Calls, TheNextWriteWaitsWhileTheSessionsWindowIsFull) {
  FakeMembers members(1);
  members.Serve(kPut, [](const Heard& heard) {
    return heard.sequence == "1" ? Answer{.silent = true} : PutDone();
  });
  Options options = members.ClientOptions();
  options.writes_in_flight_max = 3;
  const Client client(std::move(options));
  const Kv kv(&client, {.timeout = Milliseconds(1'000)});
  std::future<Status> first =
      std::async(std::launch::async, [&] { return kv.Put("a", "").status(); });
  while (members.HeardOf(kPut).empty()) std::this_thread::sleep_for(Milliseconds(1));
  const Kv patient(&client);
  EXPECT_TRUE(patient.Put("b", "").ok());
  EXPECT_TRUE(patient.Put("c", "").ok());
  // The first still holds the window; when it is given up, there is room.
  EXPECT_TRUE(patient.Put("d", "").ok());
  EXPECT_TRUE(IsOutcomeUnknown(first.get()));
  EXPECT_EQ(members.HeardOf(kPut).back().acknowledged, "3");
}

}  // namespace
}  // namespace keel::client
