#include "net/services/reflection_service.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "api/grpc/reflection/v1/reflection.pb.h"
#include "api/grpc/reflection/v1alpha/reflection.pb.h"
#include "base/check.h"
#include "net/services/proto_call.h"

namespace keel::net {

using google::protobuf::DescriptorPool;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;
using grpc::reflection::v1::ServerReflectionRequest;
using grpc::reflection::v1::ServerReflectionResponse;

namespace {

const DescriptorPool& Pool() { return *DescriptorPool::generated_pool(); }

class Conversation final : public CallHandler {
 public:
  Conversation(const MethodTable* table, ServerCall call) : table_(table), call_(call) {}

  Flow OnMessage(std::string_view bytes) override {
    const Result<ServerReflectionRequest> request = ParseMessage<ServerReflectionRequest>(bytes);
    if (!request.ok()) {
      call_.Finish(request.status());
      return Flow::kMore;
    }
    const WriteResult result = call_.Write(SerializeMessage(Answer(*request)));
    // An answer is short, and at most one is written past the bound: pausing keeps it so.
    return result == WriteResult::kMore ? Flow::kMore : Flow::kPause;
  }
  void OnHalfClose() override { call_.Finish(Status()); }
  void OnWritable() override { call_.ResumeReads(); }

 private:
  ServerReflectionResponse Answer(const ServerReflectionRequest& request) {
    ServerReflectionResponse response;
    response.set_valid_host(request.host());
    *response.mutable_original_request() = request;
    switch (request.message_request_case()) {
      case ServerReflectionRequest::kFileByFilename:
        GiveFile(Pool().FindFileByName(request.file_by_filename()), &response);
        break;
      case ServerReflectionRequest::kFileContainingSymbol:
        GiveFile(Pool().FindFileContainingSymbol(request.file_containing_symbol()), &response);
        break;
      case ServerReflectionRequest::kFileContainingExtension:
        GiveFile(FileOfExtension(request), &response);
        break;
      case ServerReflectionRequest::kAllExtensionNumbersOfType:
        GiveExtensions(request.all_extension_numbers_of_type(), &response);
        break;
      case ServerReflectionRequest::kListServices:
        for (const std::string& name : table_->Services()) {
          response.mutable_list_services_response()->add_service()->set_name(name);
        }
        break;
      case ServerReflectionRequest::MESSAGE_REQUEST_NOT_SET:
        Fail(InvalidArgument("the request asks for nothing"), &response);
    }
    return response;
  }

  static void Fail(const Status& status, ServerReflectionResponse* response) {
    response->mutable_error_response()->set_error_code(static_cast<int>(status.code()));
    response->mutable_error_response()->set_error_message(std::string(status.message()));
  }

  static const FileDescriptor* FileOfExtension(const ServerReflectionRequest& request) {
    const auto& wanted = request.file_containing_extension();
    const auto* type = Pool().FindMessageTypeByName(wanted.containing_type());
    if (type == nullptr) return nullptr;
    const auto* extension = Pool().FindExtensionByNumber(type, wanted.extension_number());
    return extension == nullptr ? nullptr : extension->file();
  }

  static void GiveExtensions(const std::string& name, ServerReflectionResponse* response) {
    const auto* type = Pool().FindMessageTypeByName(name);
    if (type == nullptr) return Fail(NotFound("unknown message"), response);
    std::vector<const FieldDescriptor*> extensions;
    Pool().FindAllExtensions(type, &extensions);
    auto* answer = response->mutable_all_extension_numbers_response();
    answer->set_base_type_name(name);
    for (const FieldDescriptor* extension : extensions) {
      answer->add_extension_number(extension->number());
    }
  }

  // The file and all that it imports, each once a conversation; the file itself always.
  void GiveFile(const FileDescriptor* file, ServerReflectionResponse* response) {
    if (file == nullptr) return Fail(NotFound("no such file or symbol"), response);
    auto* answer = response->mutable_file_descriptor_response();
    std::vector<const FileDescriptor*> waiting = {file};
    sent_.erase(file);
    while (!waiting.empty()) {
      const FileDescriptor* next = waiting.back();
      waiting.pop_back();
      if (!sent_.insert(next).second) continue;
      google::protobuf::FileDescriptorProto proto;
      next->CopyTo(&proto);
      answer->add_file_descriptor_proto(proto.SerializeAsString());
      for (int i = 0; i < next->dependency_count(); ++i) waiting.push_back(next->dependency(i));
    }
  }

  const MethodTable* table_;
  ServerCall call_;
  std::set<const FileDescriptor*> sent_;
};

}  // namespace

void AddReflection(MethodTable* table) {
  // Its name in the program makes the linker keep the older version's description.
  KEEL_CHECK(grpc::reflection::v1alpha::ServerReflectionRequest::descriptor() != nullptr);
  for (const char* path : {"/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
                           "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"}) {
    table->AddStreaming(path, [table](ServerCall call, const CallContext&) {
      return std::make_unique<Conversation>(table, call);
    });
  }
}

}  // namespace keel::net
