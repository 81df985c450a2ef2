#include "jepsen/chaos/attach.h"

#include "jepsen/workload/workload.h"

namespace keel::jepsen {
namespace {

constexpr uint64_t kTimeoutUs = 5'000'000;

// Of any node that answers.
template <class Response, class Request>
Result<Response> AskAny(Arena* arena, std::string_view path, const Request& request) {
  Result<Response> answer = Unavailable("no node runs");
  for (const size_t node : arena->cluster()->RunningNodes()) {
    answer = arena->Ask<Response>(
        {.node = node, .path = path, .timeout_us = kTimeoutUs, .metadata = {}}, request);
    if (answer.ok()) break;
  }
  return answer;
}

}  // namespace

Status CheckNoKeys(const ChaosArguments& arguments, Arena* arena) {
  for (const std::string& name : arguments.workloads) {
    const std::string prefix = PrefixOf(name);
    etcdserverpb::RangeRequest request = RangeOfPrefix(prefix);
    request.set_count_only(true);
    KEEL_ASSIGN_OR_RETURN(const auto found, AskAny<etcdserverpb::RangeResponse>(
                                                arena, "/etcdserverpb.KV/Range", request));
    if (found.count() > 0) {
      return FailedPrecondition("there are " + std::to_string(found.count()) + " keys below " +
                                prefix +
                                ", which the workload wants for itself: delete them first");
    }
  }
  return {};
}

Status RemoveKeys(const ChaosArguments& arguments, Arena* arena) {
  for (const std::string& name : arguments.workloads) {
    const etcdserverpb::RangeRequest range = RangeOfPrefix(PrefixOf(name));
    etcdserverpb::DeleteRangeRequest request;
    request.set_key(range.key());
    request.set_range_end(range.range_end());
    KEEL_RETURN_IF_ERROR(
        AskAny<etcdserverpb::DeleteRangeResponse>(arena, "/etcdserverpb.KV/DeleteRange", request)
            .status());
  }
  return {};
}

}  // namespace keel::jepsen
