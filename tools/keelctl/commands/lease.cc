// lease grant, revoke, timetolive, list, keep-alive.
#include <algorithm>
#include <chrono>
#include <thread>

#include "tools/keelctl/calls/interrupt.h"
#include "tools/keelctl/calls/methods.h"
#include "tools/keelctl/commands/all.h"
#include "tools/keelctl/commands/requests.h"
#include "tools/keelctl/text/go_text.h"

namespace keel::ctl {
namespace {

constexpr uint64_t kSecondUs = 1'000'000;
constexpr std::chrono::milliseconds kBeforeAnother(200);

// The lease that the only argument names; its failure is told already when there is none.
bool TakeLease(Context& context, std::string_view complaint, int64_t* lease, ExitCode* code) {
  if (context.words().size() != 1) {
    *code = context.Fail(ExitCode::kBadArguments, complaint);
    return false;
  }
  const auto id = LeaseOf(context.words()[0]);
  if (!id.ok()) {
    *code = context.Fail(ExitCode::kBadArguments, id.status().message());
    return false;
  }
  *lease = *id;
  return true;
}

std::string ExpiredLine(int64_t lease) {
  return "lease " + SignedHex16(lease) + " expired or revoked.\n";
}

// One renewal, and what the server says to it.
Result<pb::LeaseKeepAliveResponse> Renew(Context& context, Stream* stream, int64_t lease) {
  pb::LeaseKeepAliveRequest request;
  request.set_id(lease);
  stream->Send(request);
  pb::LeaseKeepAliveResponse answer;
  switch (stream->Next(&answer, context.settings().calls.command_timeout_us)) {
    case Stream::Outcome::kMessage:
      break;
    case Stream::Outcome::kEnded:
      return stream->status().ok() ? Unavailable("the server has closed the stream")
                                   : stream->status();
    case Stream::Outcome::kTimeout:
      return DeadlineExceeded("context deadline exceeded");
    case Stream::Outcome::kInterrupted:
      return Cancelled("interrupted");
  }
  return answer;
}

// Waits for a third of the lease's time; false when the user has interrupted.
bool Pause(Stream* stream, int64_t ttl_seconds) {
  pb::LeaseKeepAliveResponse ignored;
  const uint64_t wait_us = std::max<uint64_t>(
      static_cast<uint64_t>(std::max<int64_t>(ttl_seconds, 1)) * kSecondUs / 3, kSecondUs / 4);
  return stream->Next(&ignored, wait_us) != Stream::Outcome::kInterrupted;
}

}  // namespace

ExitCode RunLeaseGrant(Context& context) {
  if (context.words().size() != 1) {
    return context.Fail(ExitCode::kBadArguments, "lease grant command needs TTL argument");
  }
  const auto ttl = ParseInt(context.words()[0], 10);
  if (!ttl.ok()) {
    return context.Fail(ExitCode::kBadArguments,
                        "bad TTL (" + std::string(ttl.status().message()) + ")");
  }
  pb::LeaseGrantRequest request;
  request.set_ttl(*ttl);
  const auto answer = context.calls().Any<pb::LeaseGrantResponse>(method::kLeaseGrant, request);
  if (!answer.ok()) {
    return context.Fail(ExitCode::kError, "failed to grant lease (" + Words(answer.status()) + ")");
  }
  return context.Print(PrintGrant(context.style(), *answer));
}

ExitCode RunLeaseRevoke(Context& context) {
  int64_t lease = 0;
  ExitCode code{};
  if (!TakeLease(context, "lease revoke command needs 1 argument", &lease, &code)) return code;
  pb::LeaseRevokeRequest request;
  request.set_id(lease);
  const auto answer = context.calls().Any<pb::LeaseRevokeResponse>(method::kLeaseRevoke, request);
  if (!answer.ok()) {
    return context.Fail(ExitCode::kError,
                        "failed to revoke lease (" + Words(answer.status()) + ")");
  }
  return context.Print(PrintRevoke(context.style(), lease, *answer));
}

ExitCode RunLeaseTimeToLive(Context& context) {
  int64_t lease = 0;
  ExitCode code{};
  if (!TakeLease(context, "lease timetolive command needs lease ID as argument", &lease, &code)) {
    return code;
  }
  pb::LeaseTimeToLiveRequest request;
  request.set_id(lease);
  request.set_keys(context.flags().Switch("keys"));
  const auto answer =
      context.calls().Any<pb::LeaseTimeToLiveResponse>(method::kLeaseTimeToLive, request);
  if (!answer.ok()) return context.Fail(ExitCode::kBadConnection, Words(answer.status()));
  return context.Print(PrintTimeToLive(context.style(), *answer, request.keys()));
}

ExitCode RunLeaseList(Context& context) {
  const auto answer =
      context.calls().Any<pb::LeaseLeasesResponse>(method::kLeaseLeases, pb::LeaseLeasesRequest());
  if (!answer.ok()) return context.Fail(ExitCode::kBadConnection, Words(answer.status()));
  return context.Print(PrintLeases(context.style(), *answer));
}

ExitCode RunLeaseKeepAlive(Context& context) {
  int64_t lease = 0;
  ExitCode code{};
  if (!TakeLease(context, "lease keep-alive command needs lease ID as argument", &lease, &code)) {
    return code;
  }
  const bool once = context.flags().Switch("once");
  const bool simple = context.style().format == Format::kSimple;
  int failures = 0;
  while (true) {
    auto stream = context.calls().Open(method::kLeaseKeepAlive);
    if (!stream.ok()) return context.Fail(stream.status());
    while (true) {
      const auto answer = Renew(context, stream->get(), lease);
      if (!answer.ok()) {
        // A renewal may be repeated: elsewhere, when this member has gone.
        const bool gone = answer.status().code() == Code::kUnavailable && !once;
        if (!gone || ++failures > 10) {
          return interrupt::Asked()
                     ? context.Fail(answer.status())
                     : context.Fail(ExitCode::kBadConnection, Words(answer.status()));
        }
        context.calls().Forget();
        std::this_thread::sleep_for(kBeforeAnother);
        break;
      }
      failures = 0;
      if (answer->ttl() <= 0) {
        if (once) {
          return context.Fail(ExitCode::kBadConnection, "etcdserver: requested lease not found");
        }
        if (simple) context.Out(ExpiredLine(lease));
        return ExitCode::kSuccess;
      }
      if (const ExitCode printed = context.Print(PrintKeepAlive(context.style(), *answer));
          once || printed != ExitCode::kSuccess) {
        return printed;
      }
      if (!Pause(stream->get(), answer->ttl())) return ExitCode::kInterrupted;
    }
  }
}

}  // namespace keel::ctl
