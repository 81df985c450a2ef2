// etcdserverpb.Maintenance as its clients see it; the numbers are those of the list of semantics.
#include <gtest/gtest.h>
#include <openssl/sha.h>

#include "api/etcdserverpb/kv.pb.h"
#include "api/etcdserverpb/lease.pb.h"
#include "api/etcdserverpb/maintenance.pb.h"
#include "kv/mvcc/command.h"
#include "kv/snapshot/snapshot_format.h"
#include "tests/api/support/api_cluster.h"

namespace keel::api_test {
namespace {

namespace pb = etcdserverpb;

const std::string kService = "/etcdserverpb.Maintenance/";

Status Put(ApiCluster* cluster, const std::string& key, const std::string& value) {
  pb::PutRequest put;
  put.set_key(key);
  put.set_value(value);
  return cluster->Call<pb::PutResponse>("/etcdserverpb.KV/Put", put).status;
}

Answered<pb::AlarmResponse> Alarm(ApiCluster* cluster, pb::AlarmRequest::AlarmAction action,
                                  pb::AlarmType type) {
  pb::AlarmRequest request;
  request.set_action(action);
  request.set_alarm(type);
  return cluster->Call<pb::AlarmResponse>(kService + "Alarm", request);
}

TEST(Maintenance, StatusIsOfA3Point6Member) {  // 9
  ApiCluster cluster({.members = 3});
  ASSERT_TRUE(Put(&cluster, "k", "v").ok());
  for (size_t at = 0; at < 3; ++at) {
    const auto status =
        cluster.Call<pb::StatusResponse>(kService + "Status", pb::StatusRequest(), at);
    ASSERT_TRUE(status.status.ok()) << status.status;
    EXPECT_EQ(status.response.version(), "3.6.0");
    EXPECT_EQ(status.response.leader(), cluster.sim().Leader()->id().value());
    EXPECT_GT(status.response.raftindex(), 0u);
    EXPECT_GT(status.response.raftterm(), 0u);
    EXPECT_GT(status.response.raftappliedindex(), 0u);
    EXPECT_GT(status.response.dbsize(), 0);
    EXPECT_EQ(status.response.errors_size(), 0);
    EXPECT_FALSE(status.response.islearner());
    EXPECT_EQ(status.response.header().member_id(), cluster.sim().at(at).id().value());
  }
}

TEST(Maintenance, AFullDiskStopsGrowthAndNothingElse) {  // 40
  ApiCluster cluster;
  ASSERT_TRUE(Put(&cluster, "k", "v").ok());
  const auto raised = Alarm(&cluster, pb::AlarmRequest::ACTIVATE, pb::NOSPACE);
  ASSERT_EQ(raised.response.alarms_size(), 1);
  EXPECT_EQ(raised.response.alarms(0).memberid(), cluster.sim().at(0).id().value());
  const Status full = ResourceExhausted("etcdserver: mvcc: database space exceeded");
  EXPECT_EQ(Put(&cluster, "k", "w"), full);
  pb::LeaseGrantRequest grant;
  grant.set_ttl(10);
  EXPECT_EQ(cluster.Call<pb::LeaseGrantResponse>("/etcdserverpb.Lease/LeaseGrant", grant).status,
            full);
  pb::DeleteRangeRequest remove;
  remove.set_key("k");
  EXPECT_TRUE(
      cluster.Call<pb::DeleteRangeResponse>("/etcdserverpb.KV/DeleteRange", remove).status.ok());
  EXPECT_EQ(Alarm(&cluster, pb::AlarmRequest::GET, pb::NONE).response.alarms_size(), 1);
  EXPECT_EQ(Alarm(&cluster, pb::AlarmRequest::GET, pb::CORRUPT).response.alarms_size(), 0);
  const auto status = cluster.Call<pb::StatusResponse>(kService + "Status", pb::StatusRequest());
  EXPECT_EQ(status.response.errors_size(), 1);
  EXPECT_EQ(Alarm(&cluster, pb::AlarmRequest::DEACTIVATE, pb::NOSPACE).response.alarms_size(), 1);
  EXPECT_EQ(Alarm(&cluster, pb::AlarmRequest::DEACTIVATE, pb::NOSPACE).response.alarms_size(), 0);
  EXPECT_TRUE(Put(&cluster, "k", "w").ok());
}

// The quota's alarm comes with the first refusal, and goes when there is room again.
TEST(Maintenance, AFullQuotaRaisesAnAlarmThatClearsItself) {  // 40
  ApiCluster cluster;
  bool ruled = false;
  cluster.sim().at(0).node().Propose(
      {.command = kv::EncodeCommand({.operation = kv::PrefixRuleOp{.quota_bytes = 4'000}})},
      [&](const node::ProposalOutcome& outcome) {
        ruled = std::holds_alternative<node::Applied>(outcome);
      });
  ASSERT_TRUE(cluster.RunUntil([&] { return ruled; }));
  const std::string value(300, 'v');
  int fitted = 0;
  while (fitted < 50 && Put(&cluster, "k" + std::to_string(fitted), value).ok()) ++fitted;
  ASSERT_LT(fitted, 50);
  const auto full = Alarm(&cluster, pb::AlarmRequest::GET, pb::NONE);
  ASSERT_EQ(full.response.alarms_size(), 1);
  EXPECT_EQ(full.response.alarms(0).alarm(), pb::NOSPACE);
  EXPECT_EQ(full.response.alarms(0).memberid(), cluster.sim().at(0).id().value());
  pb::DeleteRangeRequest remove;
  remove.set_key("k");
  remove.set_range_end("l");
  ASSERT_TRUE(
      cluster.Call<pb::DeleteRangeResponse>("/etcdserverpb.KV/DeleteRange", remove).status.ok());
  EXPECT_EQ(Alarm(&cluster, pb::AlarmRequest::GET, pb::NONE).response.alarms_size(), 0);
  EXPECT_TRUE(Put(&cluster, "k", value).ok());
}

TEST(Maintenance, ACorruptClusterTakesNoWrites) {  // 40
  ApiCluster cluster;
  ASSERT_TRUE(Alarm(&cluster, pb::AlarmRequest::ACTIVATE, pb::CORRUPT).status.ok());
  EXPECT_EQ(Put(&cluster, "k", "v"), DataLoss("etcdserver: corrupt cluster"));
  ASSERT_TRUE(Alarm(&cluster, pb::AlarmRequest::DEACTIVATE, pb::CORRUPT).status.ok());
  EXPECT_TRUE(Put(&cluster, "k", "v").ok());
}

TEST(Maintenance, MembersHashAlike) {
  ApiCluster cluster({.members = 3});
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(Put(&cluster, "k" + std::to_string(i % 7), "v").ok());
  ASSERT_TRUE(cluster.sim().RunUntilEqual());
  pb::HashKVRequest request;
  request.set_revision(15);
  std::set<uint32_t> hashes;
  for (size_t at = 0; at < 3; ++at) {
    const auto hash = cluster.Call<pb::HashKVResponse>(kService + "HashKV", request, at);
    ASSERT_TRUE(hash.status.ok()) << hash.status;
    EXPECT_EQ(hash.response.hash_revision(), 15);
    EXPECT_EQ(hash.response.compact_revision(), -1);
    EXPECT_EQ(hash.response.header().revision(), 21);
    hashes.insert(hash.response.hash());
  }
  EXPECT_EQ(hashes.size(), 1u);
  request.set_revision(99);
  EXPECT_EQ(cluster.Call<pb::HashKVResponse>(kService + "HashKV", request).status.code(),
            Code::kOutOfRange);
  EXPECT_TRUE(cluster.Call<pb::HashResponse>(kService + "Hash", pb::HashRequest()).status.ok());
}

TEST(Maintenance, LeadershipMovesWhereItIsAndNowhereElse) {  // 2, 40
  ApiCluster cluster({.members = 3});
  const size_t leader = cluster.LeaderAt();
  const size_t follower = cluster.FollowerAt();
  pb::MoveLeaderRequest request;
  request.set_targetid(cluster.sim().at(follower).id().value());
  EXPECT_EQ(cluster.Call<pb::MoveLeaderResponse>(kService + "MoveLeader", request, follower).status,
            FailedPrecondition("etcdserver: not leader"));
  const auto moved = cluster.Call<pb::MoveLeaderResponse>(kService + "MoveLeader", request, leader);
  ASSERT_TRUE(moved.status.ok()) << moved.status;
  EXPECT_FALSE(moved.response.has_header());
  EXPECT_EQ(cluster.LeaderAt(), follower);
  request.set_targetid(99);
  EXPECT_EQ(cluster.Call<pb::MoveLeaderResponse>(kService + "MoveLeader", request, follower).status,
            FailedPrecondition("etcdserver: bad leader transferee"));
}

TEST(Maintenance, DefragmentAndDowngradeHaveNothingToDo) {  // 2
  ApiCluster cluster;
  const auto done =
      cluster.Call<pb::DefragmentResponse>(kService + "Defragment", pb::DefragmentRequest());
  EXPECT_TRUE(done.status.ok());
  EXPECT_FALSE(done.response.has_header());
  pb::DowngradeRequest request;
  const auto downgrade = [&] {
    return cluster.Call<pb::DowngradeResponse>(kService + "Downgrade", request).status;
  };
  request.set_version("3.5");
  EXPECT_EQ(downgrade(), InvalidArgument("etcdserver: invalid downgrade target version"));
  request.set_version("three");
  EXPECT_EQ(downgrade(), InvalidArgument("etcdserver: wrong downgrade target version format"));
  request.set_action(pb::DowngradeRequest::CANCEL);
  EXPECT_EQ(downgrade(), FailedPrecondition("etcdserver: no inflight downgrade job"));
}

TEST(Maintenance, ASnapshotIsWholeAndCarriesItsSum) {  // 39
  ApiCluster cluster;
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(Put(&cluster, "k" + std::to_string(i), std::string(10'000, 'x')).ok());
  }
  Stream stream(&cluster, kService + "Snapshot");
  stream.Send(pb::SnapshotRequest());
  stream.CloseWrites();
  ASSERT_TRUE(stream.WaitDone());
  ASSERT_TRUE(stream.log().status.ok()) << stream.log().status;
  std::string file;
  uint64_t remaining = UINT64_MAX;
  std::vector<std::string> blobs;
  for (size_t i = 0; i < stream.log().messages.size(); ++i) {
    pb::SnapshotResponse response;
    ASSERT_TRUE(response.ParseFromString(stream.log().messages[i]));
    EXPECT_EQ(response.has_header(), i == 0);
    EXPECT_LE(response.remaining_bytes(), remaining);
    remaining = response.remaining_bytes();
    blobs.push_back(response.blob());
    EXPECT_TRUE(i + 2 >= stream.log().messages.size() || response.blob().size() == 32u << 10);
    file += response.blob();
  }
  EXPECT_EQ(remaining, 0u);
  EXPECT_EQ(file.size() % 512, 32u);
  ASSERT_EQ(blobs.back().size(), 32u);
  const std::string body = file.substr(0, file.size() - 32);
  unsigned char sum[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(body.data()), body.size(), sum);
  EXPECT_EQ(blobs.back(), std::string(reinterpret_cast<const char*>(sum), sizeof sum));
  // It is the snapshot format, with nothing but zeros behind its end.
  uint64_t chain = 0;
  size_t at = 0;
  kv::ChunkBody chunk;
  do {
    uint32_t length = 0;
    for (size_t i = 0; i < 4; ++i) length |= uint32_t{static_cast<uint8_t>(body[at + i])} << 8 * i;
    const std::string_view bytes(body.data() + at, kv::kChunkHeaderBytes + length);
    ASSERT_TRUE(kv::OpenChunk(bytes, &chain, &chunk).ok());
    at += bytes.size();
  } while (chunk.kind != kv::ChunkBody::Kind::kEnd);
  EXPECT_EQ(body.find_first_not_of('\0', at), std::string::npos);
}

// What is asked for in chunks is the same state, cut where its own sums are.
TEST(Maintenance, ASnapshotInChunksIsEachChunkInAMessage) {
  ApiCluster cluster;
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(Put(&cluster, "k" + std::to_string(i), std::string(10'000, 'x')).ok());
  }
  net::Metadata metadata;
  metadata.Add({"keel-snapshot", "chunks"});
  Stream stream(&cluster, kService + "Snapshot", 0, metadata);
  stream.Send(pb::SnapshotRequest());
  stream.CloseWrites();
  ASSERT_TRUE(stream.WaitDone());
  ASSERT_TRUE(stream.log().status.ok()) << stream.log().status;
  const std::vector<std::string>& messages = stream.log().messages;
  ASSERT_GT(messages.size(), 4u);
  uint64_t remaining = UINT64_MAX;
  uint64_t chain = 0;
  for (size_t i = 0; i < messages.size(); ++i) {
    pb::SnapshotResponse response;
    ASSERT_TRUE(response.ParseFromString(messages[i]));
    EXPECT_EQ(response.has_header(), i == 0);
    EXPECT_LE(response.remaining_bytes(), remaining);
    remaining = response.remaining_bytes();
    kv::ChunkBody chunk;
    ASSERT_TRUE(kv::IsOneChunk(response.blob()));
    ASSERT_TRUE(kv::OpenChunk(response.blob(), &chain, &chunk).ok()) << i;
    const auto kind = i == 0                     ? kv::ChunkBody::Kind::kHeader
                      : i + 1 == messages.size() ? kv::ChunkBody::Kind::kEnd
                                                 : kv::ChunkBody::Kind::kRecords;
    EXPECT_EQ(chunk.kind, kind) << i;
  }
  EXPECT_EQ(remaining, 0u);
}

// Whoever asks for something else than chunks, or a server that is asked by a later tool for what
// it does not know, stays with what etcd's clients read.
TEST(Maintenance, ASnapshotInAFormNobodyKnowsIsThePlainStream) {
  ApiCluster cluster;
  ASSERT_TRUE(Put(&cluster, "k", "v").ok());
  net::Metadata metadata;
  metadata.Add({"keel-snapshot", "cards"});
  Stream stream(&cluster, kService + "Snapshot", 0, metadata);
  stream.Send(pb::SnapshotRequest());
  stream.CloseWrites();
  ASSERT_TRUE(stream.WaitDone());
  ASSERT_EQ(stream.log().messages.size(), 2u);
  pb::SnapshotResponse response;
  ASSERT_TRUE(response.ParseFromString(stream.log().messages[0]));
  EXPECT_EQ(response.blob().size() % 512, 0u);
  EXPECT_FALSE(kv::IsOneChunk(response.blob()));
}

}  // namespace
}  // namespace keel::api_test
