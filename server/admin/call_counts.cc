#include "server/admin/call_counts.h"

#include <cctype>

namespace keel::admin {

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

void CallCounts::AddTo(const net::MethodTable& methods, Page* page) const {
  for (const auto& [ended, count] : counts_) {
    const auto& [method, code] = ended;
    // "/package.Service/Method"; what has no method here is not listed by its name, which is a
    // stranger's to choose.
    const std::string path(method == nullptr ? "/unknown/unknown" : methods.PathOf(method));
    const size_t slash = path.find('/', 1);
    const bool is_unary = method == nullptr || std::holds_alternative<net::UnaryMethod>(*method);
    page->Add(
        {"grpc_server_handled_total", "Calls that ended, by their status.", Page::Kind::kCounter},
        static_cast<double>(count),
        {{"grpc_type", is_unary ? "unary" : "bidi_stream"},
         {"grpc_service", path.substr(1, slash - 1)},
         {"grpc_method", path.substr(slash + 1)},
         {"grpc_code", CodeLabel(code)}});
  }
}

}  // namespace keel::admin
