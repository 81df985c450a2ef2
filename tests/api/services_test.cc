// What all services share: sessions, health, reflection, the end.
#include <gtest/gtest.h>

#include <algorithm>

#include "api/etcdserverpb/kv.pb.h"
#include "api/grpc/health/v1/health.pb.h"
#include "api/keel/session.pb.h"
#include "tests/api/support/api_cluster.h"

namespace keel::api_test {
namespace {

namespace pb = etcdserverpb;

net::Metadata InSession(uint64_t session, uint64_t sequence, uint64_t acknowledged = 0) {
  net::Metadata metadata;
  metadata.Add({"keel-session", std::to_string(session)});
  metadata.Add({"keel-sequence", std::to_string(sequence)});
  if (acknowledged != 0) metadata.Add({"keel-acknowledged", std::to_string(acknowledged)});
  return metadata;
}

Answered<pb::PutResponse> Put(ApiCluster* cluster, const net::Metadata& metadata, size_t at = 0) {
  pb::PutRequest put;
  put.set_key("k");
  put.set_prev_kv(true);
  return cluster->Call<pb::PutResponse>("/etcdserverpb.KV/Put", put, at, metadata);
}

TEST(Sessions, ACommandThatIsSentAgainTakesEffectOnce) {
  ApiCluster cluster({.members = 3});
  const auto opened = cluster.Call<api::OpenResponse>("/keel.api.Session/Open", api::OpenRequest());
  ASSERT_TRUE(opened.status.ok()) << opened.status;
  const uint64_t session = opened.response.session();
  for (size_t at = 0; at < 3; ++at) {
    const auto done = Put(&cluster, InSession(session, 1), at);
    ASSERT_TRUE(done.status.ok()) << done.status;
    EXPECT_EQ(done.response.header().revision(), 2);
    EXPECT_FALSE(done.response.has_prev_kv());
  }
  EXPECT_EQ(Put(&cluster, InSession(session, 2, 1)).response.header().revision(), 3);
  EXPECT_EQ(Put(&cluster, InSession(session, 1)).status.code(), Code::kFailedPrecondition);
  // A refusal is an answer too.
  pb::CompactionRequest compact;
  compact.set_revision(99);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(cluster
                  .Call<pb::CompactionResponse>("/etcdserverpb.KV/Compact", compact, 0,
                                                InSession(session, 3))
                  .status.code(),
              Code::kOutOfRange);
  }
  api::CloseRequest close;
  close.set_session(session);
  ASSERT_TRUE(cluster.Call<api::CloseResponse>("/keel.api.Session/Close", close).status.ok());
  EXPECT_EQ(Put(&cluster, InSession(session, 4)).status,
            FailedPrecondition("etcdserver: session not found"));
}

TEST(Sessions, MetadataThatMakesNoSenseIsRefused) {
  ApiCluster cluster;
  for (const char* sequence : {"", "0", "-1", "x", "1x", "99999999999999999999"}) {
    net::Metadata metadata;
    metadata.Add({"keel-session", "5"});
    metadata.Add({"keel-sequence", sequence});
    EXPECT_EQ(Put(&cluster, metadata).status,
              InvalidArgument("etcdserver: invalid session metadata"))
        << sequence;
  }
  net::Metadata alone;
  alone.Add({"keel-sequence", "1"});
  EXPECT_EQ(Put(&cluster, alone).status.code(), Code::kInvalidArgument);
}

TEST(Services, AllOfThemAreThere) {
  ApiCluster cluster;
  const std::vector<std::string> services = cluster.server(0).methods().Services();
  for (const char* name :
       {"etcdserverpb.KV", "etcdserverpb.Watch", "etcdserverpb.Lease", "etcdserverpb.Cluster",
        "etcdserverpb.Maintenance", "v3lockpb.Lock", "v3electionpb.Election", "keel.api.Session",
        "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection"}) {
    EXPECT_NE(std::find(services.begin(), services.end(), name), services.end()) << name;
  }
}

TEST(Services, HealthAndStop) {
  ApiCluster cluster;
  const auto check = [&] {
    return cluster
        .Call<grpc::health::v1::HealthCheckResponse>("/grpc.health.v1.Health/Check",
                                                     grpc::health::v1::HealthCheckRequest())
        .response.status();
  };
  EXPECT_EQ(check(), grpc::health::v1::HealthCheckResponse::SERVING);
  Stream before(&cluster, "/etcdserverpb.Watch/Watch");
  cluster.RunFor(1'000);
  cluster.server(0).services().Stop();
  EXPECT_EQ(check(), grpc::health::v1::HealthCheckResponse::NOT_SERVING);
  const Status stopped = Unavailable("etcdserver: server stopped");
  Stream after(&cluster, "/etcdserverpb.Watch/Watch");
  for (Stream* stream : {&before, &after}) {
    ASSERT_TRUE(stream->WaitDone());
    EXPECT_EQ(stream->log().status, stopped);
  }
  // Whoever has not heard of the end yet is answered until the connection goes.
  EXPECT_TRUE(Put(&cluster, {}).status.ok());
}

TEST(Services, BytesThatAreNoMessageAreInternal) {  // as gRPC's own servers say
  ApiCluster cluster;
  EXPECT_EQ(cluster.CallBytes("/etcdserverpb.KV/Put", Payload::Of("\xff\xff"), 0, {}).status.code(),
            Code::kInternal);
}

TEST(Services, AnAnswerThatComesAfterTheServicesAreGoneMeetsNothing) {
  ApiCluster cluster;
  Stream watch(&cluster, "/etcdserverpb.Watch/Watch");
  pb::PutRequest put;
  put.set_key("k");
  for (int i = 0; i < 10; ++i) {
    net::CallUnary(&cluster.server(0).channel(), {.path = "/etcdserverpb.KV/Put"},
                   net::SerializeMessage(put), [](const net::UnaryResult&) {});
  }
  for (int i = 0; i < 20; ++i) cluster.world().RunOne();
  cluster.Kill(0);
  cluster.RunFor(1'000'000);
}

}  // namespace
}  // namespace keel::api_test
