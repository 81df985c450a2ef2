// Health and reflection in memory, through the interface that every transport serves.
#include <google/protobuf/descriptor.pb.h>
#include <gtest/gtest.h>

#include "api/grpc/health/v1/health.pb.h"
#include "api/grpc/reflection/v1/reflection.pb.h"
#include "net/local_channel.h"
#include "net/services/health_service.h"
#include "net/services/proto_call.h"
#include "net/services/reflection_service.h"
#include "tests/net/manual_executor.h"
#include "tests/net/sans_io.h"

namespace keel::net {
namespace {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;
using grpc::reflection::v1::ServerReflectionRequest;
using grpc::reflection::v1::ServerReflectionResponse;

class ServicesTest : public testing::Test {
 protected:
  ServicesTest() {
    health_.AddTo(&table_);
    AddReflection(&table_);
  }

  template <class Message>
  static std::vector<Message> Parsed(const CallLog& log) {
    std::vector<Message> parsed;
    for (const std::string& bytes : log.messages) {
      EXPECT_TRUE(parsed.emplace_back().ParseFromString(bytes));
    }
    return parsed;
  }

  std::vector<int> Statuses(const CallLog& log) {
    executor_.Run();
    std::vector<int> statuses;
    for (const auto& response : Parsed<HealthCheckResponse>(log)) {
      statuses.push_back(response.status());
    }
    return statuses;
  }

  UnaryResult Check(const std::string& service) {
    HealthCheckRequest request;
    request.set_service(service);
    UnaryResult result;
    CallUnary(&channel_, {.path = "/grpc.health.v1.Health/Check"}, SerializeMessage(request),
              [&](UnaryResult given) { result = std::move(given); });
    executor_.Run();
    return result;
  }

  ClientCallId Watch(const std::string& service, CallLog* log) {
    HealthCheckRequest request;
    request.set_service(service);
    const ClientCallId call =
        channel_.Start({.path = "/grpc.health.v1.Health/Watch"}, Observe(log));
    (void)channel_.Write(call, SerializeMessage(request));
    channel_.CloseWrites(call);
    return call;
  }

  // One question to reflection, by either of its names.
  ServerReflectionResponse Reflect(const ServerReflectionRequest& request,
                                   const std::string& version = "v1") {
    CallLog log;
    const ClientCallId call = channel_.Start(
        {.path = "/grpc.reflection." + version + ".ServerReflection/ServerReflectionInfo"},
        Observe(&log));
    (void)channel_.Write(call, SerializeMessage(request));
    channel_.CloseWrites(call);
    executor_.Run();
    EXPECT_TRUE(log.status.ok()) << log.status;
    EXPECT_EQ(log.messages.size(), 1u);
    return Parsed<ServerReflectionResponse>(log).at(0);
  }

  ManualExecutor executor_;
  HealthService health_;
  MethodTable table_;
  // Of calls that are still running at the end: outlives the channel.
  CallLog log_;
  LocalChannel channel_{{.methods = &table_, .executor = &executor_, .clock = &executor_}};
};

TEST_F(ServicesTest, CheckTellsTheStatusNow) {
  const auto status = [&](const std::string& service) {
    HealthCheckResponse response;
    EXPECT_TRUE(response.ParseFromString(Check(service).response));
    return response.status();
  };
  EXPECT_EQ(status(""), HealthCheckResponse::NOT_SERVING);
  health_.Set("", true);
  EXPECT_EQ(status(""), HealthCheckResponse::SERVING);
  EXPECT_EQ(Check("etcdserverpb.KV").status, NotFound("unknown service etcdserverpb.KV"));
  health_.Set("etcdserverpb.KV", true);
  EXPECT_EQ(status("etcdserverpb.KV"), HealthCheckResponse::SERVING);
}

TEST_F(ServicesTest, WatchTellsEachChangeOnce) {
  CallLog& log = log_;
  Watch("some.Service", &log);
  EXPECT_EQ(Statuses(log), std::vector<int>{HealthCheckResponse::SERVICE_UNKNOWN});
  health_.Set("some.Service", true);
  health_.Set("some.Service", true);
  health_.Set("other.Service", false);
  EXPECT_EQ(Statuses(log), (std::vector<int>{3, 1}));
  health_.SetAll(false);
  EXPECT_EQ(Statuses(log), (std::vector<int>{3, 1, 2}));
  EXPECT_EQ(health_.watchers(), 1u);
}

TEST_F(ServicesTest, AWatcherThatLeavesIsForgotten) {
  CallLog log;
  const ClientCallId call = Watch("", &log);
  executor_.Run();
  EXPECT_EQ(health_.watchers(), 1u);
  channel_.Cancel(call);
  executor_.Run();
  EXPECT_EQ(health_.watchers(), 0u);
  health_.Set("", true);
}

TEST_F(ServicesTest, ASlowWatcherGetsTheLastStateAndNoQueue) {
  CallLog& log = log_;
  log.pause_after = 1;
  const ClientCallId call = Watch("", &log);
  executor_.Run();
  for (int i = 0; i < 400'000; ++i) health_.Set("", i % 2 == 0);
  health_.Set("", true);
  log.pause_after = SIZE_MAX;
  channel_.ResumeReads(call);
  executor_.Run();
  EXPECT_EQ(Statuses(log).back(), HealthCheckResponse::SERVING);
  EXPECT_LT(log.messages.size(), 200'000u);
}

TEST_F(ServicesTest, RequestsThatAreNoMessagesAreRefused) {
  UnaryResult result;
  CallUnary(&channel_, {.path = "/grpc.health.v1.Health/Check"}, Payload::Of("\xff\xff"),
            [&](UnaryResult given) { result = std::move(given); });
  executor_.Run();
  EXPECT_EQ(result.status,
            Internal("the request is not a valid grpc.health.v1.HealthCheckRequest"));
}

TEST_F(ServicesTest, ReflectionListsTheServices) {
  ServerReflectionRequest request;
  request.set_list_services("");
  for (const char* version : {"v1", "v1alpha"}) {
    std::vector<std::string> names;
    const ServerReflectionResponse response = Reflect(request, version);
    for (const auto& service : response.list_services_response().service()) {
      names.push_back(service.name());
    }
    EXPECT_EQ(names, (std::vector<std::string>{"grpc.health.v1.Health",
                                               "grpc.reflection.v1.ServerReflection",
                                               "grpc.reflection.v1alpha.ServerReflection"}));
  }
}

TEST_F(ServicesTest, ReflectionGivesFilesByNameAndBySymbol) {
  const auto file_of = [&](const ServerReflectionRequest& request) {
    const ServerReflectionResponse response = Reflect(request);
    google::protobuf::FileDescriptorProto file;
    EXPECT_EQ(response.file_descriptor_response().file_descriptor_proto_size(), 1);
    EXPECT_TRUE(file.ParseFromString(response.file_descriptor_response().file_descriptor_proto(0)));
    return file.name();
  };
  ServerReflectionRequest request;
  request.set_file_by_filename("grpc/health/v1/health.proto");
  EXPECT_EQ(file_of(request), "grpc/health/v1/health.proto");
  for (const char* symbol : {"grpc.health.v1.Health", "grpc.health.v1.Health.Check",
                             "grpc.health.v1.HealthCheckResponse.ServingStatus"}) {
    request.set_file_containing_symbol(symbol);
    EXPECT_EQ(file_of(request), "grpc/health/v1/health.proto");
  }
  request.set_file_containing_symbol("grpc.reflection.v1alpha.ServerReflection");
  EXPECT_EQ(file_of(request), "grpc/reflection/v1alpha/reflection.proto");
}

TEST_F(ServicesTest, ReflectionSaysWhatItDoesNotKnow) {
  ServerReflectionRequest request;
  request.set_file_by_filename("nope.proto");
  EXPECT_EQ(Reflect(request).error_response().error_code(), 5);
  request.set_file_containing_symbol("no.Such");
  EXPECT_EQ(Reflect(request).error_response().error_code(), 5);
  request.set_all_extension_numbers_of_type("no.Such");
  EXPECT_EQ(Reflect(request).error_response().error_code(), 5);
  request.mutable_file_containing_extension()->set_containing_type("no.Such");
  EXPECT_EQ(Reflect(request).error_response().error_code(), 5);
  EXPECT_EQ(Reflect({}).error_response().error_code(), 3);
  request.set_all_extension_numbers_of_type("grpc.health.v1.HealthCheckRequest");
  EXPECT_EQ(Reflect(request).all_extension_numbers_response().base_type_name(),
            "grpc.health.v1.HealthCheckRequest");
}

}  // namespace
}  // namespace keel::net
