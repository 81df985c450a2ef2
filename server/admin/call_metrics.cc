#include "server/admin/call_metrics.h"

#include <google/protobuf/descriptor.h>

#include <algorithm>
#include <cctype>
#include <string_view>
#include <variant>
#include <vector>

namespace keel::admin {

namespace {

// By which a method is told in labels.
struct Labels {
  std::vector<Page::Label> labels;
  const net::CallCounts::OfMethod* counts = nullptr;
};

// As gRPC's Go library names the kinds of methods; by their description, where there is one.
std::string TypeOf(std::string_view path, const net::MethodTable::Method* method) {
  std::string name(path.substr(1));
  std::replace(name.begin(), name.end(), '/', '.');
  const auto* described =
      google::protobuf::DescriptorPool::generated_pool()->FindMethodByName(name);
  if (described == nullptr) {
    return std::holds_alternative<net::UnaryMethod>(*method) ? "unary" : "bidi_stream";
  }
  if (described->client_streaming()) {
    return described->server_streaming() ? "bidi_stream" : "client_stream";
  }
  return described->server_streaming() ? "server_stream" : "unary";
}

std::vector<Labels> LabelsOf(const net::CallCounts& counts, const net::MethodTable& methods) {
  std::vector<Labels> all;
  const auto add = [&all](const net::CallCounts::OfMethod& of, std::string type,
                          std::string_view path) {
    // "/package.Service/Method"
    const size_t slash = path.find('/', 1);
    all.push_back({{{"grpc_type", std::move(type)},
                    {"grpc_service", std::string(path.substr(1, slash - 1))},
                    {"grpc_method", std::string(path.substr(slash + 1))}},
                   &of});
  };
  for (const std::string_view path : methods.Paths()) {
    const net::MethodTable::Method* const method = methods.Find(path);
    add(counts.Of(method), TypeOf(path, method), path);
  }
  // What has no method here is not listed by its name, which is a stranger's to choose.
  const net::CallCounts::OfMethod& unknown = counts.Of(nullptr);
  if (unknown.started > 0) add(unknown, "unary", "/unknown/unknown");
  return all;
}

void AddHandled(const std::vector<Labels>& methods, Page* page) {
  for (const Labels& method : methods) {
    for (size_t code = 0; code < net::CallCounts::kCodes; ++code) {
      const uint64_t count = method.counts->ended.at(code);
      if (count == 0 && code != 0) continue;
      std::vector<Page::Label> labels = method.labels;
      labels.push_back({"grpc_code", CodeLabel(static_cast<Code>(code))});
      page->Add(
          {"grpc_server_handled_total", "Calls that ended, by their status.", Page::Kind::kCounter},
          static_cast<double>(count), labels);
    }
  }
}

}  // namespace

std::string CodeLabel(Code code) {
  if (code == Code::kOk) return "OK";
  if (code == Code::kCancelled) return "Canceled";
  std::string label;
  bool is_first = true;
  for (const char c : CodeName(code)) {
    if (c == '_') {
      is_first = true;
      continue;
    }
    label += is_first ? c : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    is_first = false;
  }
  return label;
}

void AddCalls(const net::CallCounts& counts, const net::MethodTable& methods, Page* page) {
  const std::vector<Labels> all = LabelsOf(counts, methods);
  const auto add = [&all, page](const Page::Name& name,
                                uint64_t net::CallCounts::OfMethod::*value) {
    for (const Labels& method : all) {
      page->Add(name, static_cast<double>(method.counts->*value), method.labels);
    }
  };
  add({"grpc_server_started_total", "Calls that began.", Page::Kind::kCounter},
      &net::CallCounts::OfMethod::started);
  AddHandled(all, page);
  add({"grpc_server_msg_received_total", "Messages of clients.", Page::Kind::kCounter},
      &net::CallCounts::OfMethod::received);
  add({"grpc_server_msg_sent_total", "Messages for clients.", Page::Kind::kCounter},
      &net::CallCounts::OfMethod::sent);
  const Page::Name requests{"etcd_server_client_requests_total",
                            "Calls that began, by the API's version that the client says.",
                            Page::Kind::kCounter};
  for (const auto& [version, of] : counts.kinds()) {
    for (const auto& [type, count] :
         {std::pair("unary", of.unary), std::pair("stream", of.streaming)}) {
      if (count == 0) continue;
      page->Add(requests, static_cast<double>(count),
                {{"type", type}, {"client_api_version", version}});
    }
  }
  page->Add({"etcd_network_client_grpc_received_bytes_total",
             "Bytes of clients' messages, without what frames them.", Page::Kind::kCounter},
            static_cast<double>(counts.received_bytes()));
  page->Add({"etcd_network_client_grpc_sent_bytes_total",
             "Bytes of messages for clients, without what frames them.", Page::Kind::kCounter},
            static_cast<double>(counts.sent_bytes()));
}

}  // namespace keel::admin
