// The output formats. What is expected was printed by etcdctl 3.5.9 for the same answers.
#include "tools/keelctl/output/printer.h"

#include <gtest/gtest.h>

#include "tools/keelctl/output/json.h"
#include "tools/keelctl/output/table.h"

namespace keel::ctl {
namespace {

constexpr Style kSimple = {};
constexpr Style kJson = {.format = Format::kJson};
constexpr Style kFields = {.format = Format::kFields};
constexpr Style kTable = {.format = Format::kTable};

template <class Message>
Message WithHeader() {
  Message message;
  message.mutable_header()->set_cluster_id(1);
  message.mutable_header()->set_member_id(2);
  message.mutable_header()->set_revision(3);
  message.mutable_header()->set_raft_term(4);
  return message;
}

void FillKey(mvccpb::KeyValue* kv, const std::string& key, const std::string& value) {
  kv->set_key(key);
  kv->set_value(value);
  kv->set_create_revision(2);
  kv->set_mod_revision(3);
  kv->set_version(1);
}

pb::RangeResponse OneKey() {
  auto answer = WithHeader<pb::RangeResponse>();
  FillKey(answer.add_kvs(), "foo", "bar");
  answer.set_count(1);
  return answer;
}

TEST(Printer, ARangeIsKeysAndValuesLineByLine) {
  EXPECT_EQ(PrintGet(kSimple, OneKey()).value(), "foo\nbar\n");
  EXPECT_EQ(PrintGet({.value_only = true}, OneKey()).value(), "bar\n");
  EXPECT_EQ(PrintGet({.hex = true}, OneKey()).value(), "\\x66\\x6f\\x6f\n\\x62\\x61\\x72\n");
}

TEST(Printer, JsonLeavesOutZeroesAndKeepsNumbers) {
  EXPECT_EQ(
      PrintGet(kJson, OneKey()).value(),
      R"({"header":{"cluster_id":1,"member_id":2,"revision":3,"raft_term":4},"kvs":[{"key":"Zm9v",)"
      R"("create_revision":2,"mod_revision":3,"version":1,"value":"YmFy"}],"count":1})"
      "\n");
  EXPECT_EQ(PrintPut(kJson, pb::PutResponse()).value(), "{}\n");
}

TEST(Printer, FieldsAreNamedAndQuoted) {
  EXPECT_EQ(PrintGet(kFields, OneKey()).value(),
            "\"ClusterID\" : 1\n\"MemberID\" : 2\n\"Revision\" : 3\n\"RaftTerm\" : 4\n"
            "\"Key\" : \"foo\"\n\"CreateRevision\" : 2\n\"ModRevision\" : 3\n\"Version\" : 1\n"
            "\"Value\" : \"bar\"\n\"Lease\" : 0\n\"More\" : false\n\"Count\" : 1\n");
}

TEST(Printer, ProtobufIsTheMessageItself) {
  pb::RangeResponse back;
  ASSERT_TRUE(back.ParseFromString(PrintGet({.format = Format::kProtobuf}, OneKey()).value()));
  EXPECT_EQ(back.kvs(0).key(), "foo");
}

TEST(Printer, AFormatThatDoesNotFitIsRefused) {
  const auto printed = PrintGet(kTable, OneKey());
  ASSERT_FALSE(printed.ok());
  EXPECT_EQ(printed.status().message(), "table not supported as output format");
}

TEST(Printer, PutsAndDeletesShowWhatWasThere) {
  auto put = WithHeader<pb::PutResponse>();
  EXPECT_EQ(PrintPut(kSimple, put).value(), "OK\n");
  FillKey(put.mutable_prev_kv(), "foo", "old");
  EXPECT_EQ(PrintPut(kSimple, put).value(), "OK\nfoo\nold\n");
  auto erased = WithHeader<pb::DeleteRangeResponse>();
  erased.set_deleted(1);
  FillKey(erased.add_prev_kvs(), "foo", "old");
  EXPECT_EQ(PrintDelete(kSimple, erased).value(), "1\nfoo\nold\n");
}

pb::TxnResponse SomeTxn() {
  auto answer = WithHeader<pb::TxnResponse>();
  answer.set_succeeded(true);
  answer.add_responses()->mutable_response_put()->mutable_header()->set_revision(3);
  *answer.add_responses()->mutable_response_range() = OneKey();
  answer.mutable_responses(1)->mutable_response_range()->clear_header();
  answer.add_responses()->mutable_response_delete_range()->set_deleted(2);
  return answer;
}

TEST(Printer, ATransactionShowsEachAnswerBehindAnEmptyLine) {
  EXPECT_EQ(PrintTxn(kSimple, SomeTxn()).value(), "SUCCESS\n\nOK\n\nfoo\nbar\n\n2\n");
  EXPECT_EQ(PrintTxn(kSimple, pb::TxnResponse()).value(), "FAILURE\n");
}

TEST(Printer, AOneofInJsonIsAnObjectInCamelCase) {
  EXPECT_EQ(
      PrintTxn(kJson, SomeTxn()).value(),
      R"({"header":{"cluster_id":1,"member_id":2,"revision":3,"raft_term":4},"succeeded":true,)"
      R"("responses":[{"Response":{"response_put":{"header":{"revision":3}}}},)"
      R"({"Response":{"response_range":{"kvs":[{"key":"Zm9v","create_revision":2,)"
      R"("mod_revision":3,"version":1,"value":"YmFy"}],"count":1}}},)"
      R"({"Response":{"response_delete_range":{"deleted":2}}}]})"
      "\n");
}

TEST(Printer, EventsHaveTheirKindFirst) {
  auto answer = WithHeader<pb::WatchResponse>();
  FillKey(answer.add_events()->mutable_kv(), "foo", "bar");
  auto* erased = answer.add_events();
  erased->set_type(mvccpb::Event::DELETE);
  erased->mutable_kv()->set_key("foo");
  FillKey(erased->mutable_prev_kv(), "foo", "bar");
  EXPECT_EQ(PrintWatch(kSimple, answer).value(), "PUT\nfoo\nbar\nDELETE\nfoo\nbar\nfoo\n\n");
  answer.mutable_events()->DeleteSubrange(0, 1);
  EXPECT_EQ(
      PrintWatch(kJson, answer).value(),
      R"({"Header":{"cluster_id":1,"member_id":2,"revision":3,"raft_term":4},"Events":[)"
      R"({"type":1,"kv":{"key":"Zm9v"},"prev_kv":{"key":"Zm9v","create_revision":2,)"
      R"("mod_revision":3,"version":1,"value":"YmFy"}}],"CompactRevision":0,"Canceled":false,)"
      R"("Created":false})"
      "\n");
}

TEST(Printer, LeasesAreInHexadecimalAndTheirJsonIsFlat) {
  auto grant = WithHeader<pb::LeaseGrantResponse>();
  grant.set_id(0x694d77aa9e38260f);
  grant.set_ttl(30);
  EXPECT_EQ(PrintGrant(kSimple, grant).value(), "lease 694d77aa9e38260f granted with TTL(30s)\n");
  EXPECT_EQ(PrintGrant(kJson, grant).value(),
            R"({"cluster_id":1,"member_id":2,"revision":3,"raft_term":4,"ID":7587852521871779343,)"
            R"("TTL":30,"Error":""})"
            "\n");
  EXPECT_EQ(PrintRevoke(kSimple, 0x7b, {}).value(), "lease 000000000000007b revoked\n");
  pb::LeaseKeepAliveResponse kept;
  kept.set_id(0x7b);
  kept.set_ttl(100);
  EXPECT_EQ(PrintKeepAlive(kSimple, kept).value(),
            "lease 000000000000007b keepalived with TTL(100)\n");
}

TEST(Printer, ALeasesTimeNamesItsKeysWhenAsked) {
  auto answer = WithHeader<pb::LeaseTimeToLiveResponse>();
  answer.set_id(0x7b);
  answer.set_ttl(5);
  answer.set_grantedttl(10);
  answer.add_keys("a");
  answer.add_keys("b");
  EXPECT_EQ(PrintTimeToLive(kSimple, answer, true).value(),
            "lease 000000000000007b granted with TTL(10s), remaining(5s), attached keys([a b])\n");
  EXPECT_EQ(PrintTimeToLive(kJson, answer, true).value(),
            R"({"cluster_id":1,"member_id":2,"revision":3,"raft_term":4,"id":123,"ttl":5,)"
            R"("granted-ttl":10,"keys":["YQ==","Yg=="]})"
            "\n");
  pb::LeaseTimeToLiveResponse gone;
  gone.set_id(0x7b);
  gone.set_ttl(-1);
  EXPECT_EQ(PrintTimeToLive(kSimple, gone, false).value(),
            "lease 000000000000007b already expired\n");
}

pb::MemberListResponse TwoMembers() {
  pb::MemberListResponse answer;
  answer.mutable_header()->set_cluster_id(0xabc);
  pb::Member* member = answer.add_members();
  member->set_id(0x8211f1d0f64f3269);
  member->set_name("m1");
  member->add_peerurls("http://a:1");
  member->add_clienturls("http://a:2");
  member = answer.add_members();
  member->set_id(0xfd);
  member->add_peerurls("http://b:1");
  member->set_islearner(true);
  return answer;
}

TEST(Printer, MembersAreAListAndATable) {
  EXPECT_EQ(PrintMemberList(kSimple, TwoMembers()).value(),
            "8211f1d0f64f3269, started, m1, http://a:1, http://a:2, false\n"
            "fd, unstarted, , http://b:1, , true\n");
  EXPECT_EQ(PrintMemberList(kTable, TwoMembers()).value(),
            "+------------------+-----------+------+------------+--------------+------------+\n"
            "|        ID        |  STATUS   | NAME | PEER ADDRS | CLIENT ADDRS | IS LEARNER |\n"
            "+------------------+-----------+------+------------+--------------+------------+\n"
            "| 8211f1d0f64f3269 |   started |   m1 | http://a:1 |   http://a:2 |      false |\n"
            "|               fd | unstarted |      | http://b:1 |              |       true |\n"
            "+------------------+-----------+------+------------+--------------+------------+\n");
  EXPECT_EQ(
      PrintMemberList({.format = Format::kJson, .hex = true}, TwoMembers()).value(),
      R"({"header":{"cluster_id":"abc","member_id":"0","raft_term":0},"members":[)"
      R"({"ID":"8211f1d0f64f3269","name":"m1","peerURLs":["http://a:1"],"clientURLS":["http://a:2"]},)"
      R"({"ID":"fd","name":"","peerURLs":["http://b:1"],"clientURLS":null}]})"
      "\n");
}

TEST(Printer, AnAddedMemberIsToldHowToStart) {
  pb::MemberAddResponse answer;
  answer.mutable_header()->set_cluster_id(0xef37ad9dc622a7c4);
  *answer.mutable_members() = TwoMembers().members();
  *answer.mutable_member() = answer.members(1);
  EXPECT_EQ(PrintMemberAdd(kSimple, {.name = "new", .peer_urls = "http://b:1"}, answer).value(),
            "Member               fd added to cluster ef37ad9dc622a7c4\n\n"
            "ETCD_NAME=\"new\"\nETCD_INITIAL_CLUSTER=\"m1=http://a:1,new=http://b:1\"\n"
            "ETCD_INITIAL_ADVERTISE_PEER_URLS=\"http://b:1\"\n"
            "ETCD_INITIAL_CLUSTER_STATE=\"existing\"\n");
}

TEST(Printer, StatusLeavesOutWhatCameAfterTheModel) {
  EndpointStatus one{.endpoint = "127.0.0.1:2379"};
  one.status.mutable_header()->set_member_id(0xfd);
  one.status.set_version("3.6.0");
  one.status.set_dbsize(25000);
  one.status.set_leader(0xfd);
  one.status.set_storageversion("3.6.0");
  one.status.set_dbsizequota(1);
  EXPECT_EQ(PrintStatus(kSimple, {one}).value(),
            "127.0.0.1:2379, fd, 3.6.0, 25 kB, true, false, 0, 0, 0, \n");
  EXPECT_EQ(
      PrintStatus(kJson, {one}).value(),
      R"([{"Endpoint":"127.0.0.1:2379","Status":{"header":{"member_id":253},"version":"3.6.0",)"
      R"("dbSize":25000,"leader":253}}])"
      "\n");
}

TEST(Printer, HealthyEndpointsAreALineEach) {
  const EndpointHealth good{.endpoint = "a:1", .healthy = true, .took = "1.5ms"};
  const EndpointHealth bad{.endpoint = "b:1", .took = "5s", .error = "gone"};
  EXPECT_EQ(PrintHealth(kSimple, {good, bad}).value(),
            "a:1 is healthy: successfully committed proposal: took = 1.5ms\n");
  EXPECT_EQ(PrintHealth(kJson, {good, bad}).value(),
            R"([{"endpoint":"a:1","health":true,"took":"1.5ms"},)"
            R"({"endpoint":"b:1","health":false,"took":"5s","error":"gone"}])"
            "\n");
}

TEST(Printer, AlarmsAreInProtobufsShortText) {
  pb::AlarmResponse answer;
  answer.add_alarms()->set_memberid(7);
  answer.mutable_alarms(0)->set_alarm(pb::NOSPACE);
  EXPECT_EQ(PrintAlarms(kSimple, answer).value(), "memberID:7 alarm:NOSPACE \n");
}

TEST(Json, StringsAreEscapedAsGoDoes) {
  EXPECT_EQ(JsonString("a\"b\\c\n\t\x01<>&"), R"("a\"b\\c\n\t\u0001\u003c\u003e\u0026")");
  EXPECT_EQ(JsonString("\xff\xc3\xa9\xe2\x80\xa8"), "\"\\ufffd\xc3\xa9\\u2028\"");
}

TEST(Table, PlainColumnsHaveNoTrailingSpaces) {
  const Table table{.heading = {"A", "LONG"}, .rows = {{"xx", ""}, {"y", "z"}}};
  EXPECT_EQ(table.DrawPlain("  "), "  A   LONG\n  xx\n  y   z\n");
}

TEST(Prefix, TheEndOfAPrefixIsItsSuccessor) {
  EXPECT_EQ(PrefixEnd("a"), "b");
  EXPECT_EQ(PrefixEnd("a\xff"), "b");
  EXPECT_EQ(PrefixEnd("\xff\xff"), std::string(1, '\0'));
  EXPECT_EQ(PrefixEnd(""), std::string(1, '\0'));
}

}  // namespace
}  // namespace keel::ctl
