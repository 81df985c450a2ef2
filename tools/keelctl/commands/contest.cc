// lock and elect, by the server's own services; a lease of this process stands behind both.
#include <memory>

#include "api/v3electionpb/v3election.pb.h"
#include "api/v3lockpb/v3lock.pb.h"
#include "tools/keelctl/calls/interrupt.h"
#include "tools/keelctl/calls/keeper.h"
#include "tools/keelctl/calls/methods.h"
#include "tools/keelctl/calls/program.h"
#include "tools/keelctl/commands/all.h"

namespace keel::ctl {
namespace {

constexpr int64_t kElectionTtlSeconds = 60;
constexpr std::chrono::milliseconds kLook(20);
// No bound: a lock is waited for until it is there.
constexpr Limits kForever = {.timeout_us = 0};

Result<std::unique_ptr<LeaseKeeper>> KeepLease(Context& context, int64_t ttl_seconds) {
  return LeaseKeeper::Grant(std::make_unique<Calls>(context.calls().options()), ttl_seconds);
}

// Prints the key; false, with *code set, when it is not there any more.
bool ShowKey(Context& context, const std::string& key, std::string_view lost, ExitCode* code) {
  pb::RangeRequest read;
  read.set_key(key);
  const auto answer = context.calls().Any<pb::RangeResponse>(method::kRange, read);
  if (!answer.ok()) {
    *code = context.Fail(answer.status());
    return false;
  }
  if (answer->kvs().empty()) {
    *code = context.Fail(ExitCode::kError, lost);
    return false;
  }
  *code = context.Print(PrintGet(context.style(), *answer));
  return *code == ExitCode::kSuccess;
}

// True when the user has interrupted; false when the lease was lost.
bool WaitForInterrupt(const LeaseKeeper& keeper) {
  while (!interrupt::Asked()) {
    if (keeper.Lost()) return false;
    std::this_thread::sleep_for(kLook);
  }
  return true;
}

Status Unlock(Context& context, const std::string& key) {
  v3lockpb::UnlockRequest request;
  request.set_key(key);
  return context.calls()
      .Any<v3lockpb::UnlockResponse>(method::kUnlock, request, {.uninterruptible = true})
      .status();
}

// Runs the program that holds the lock while it runs; its exit code is ours.
ExitCode RunHolding(Context& context, const v3lockpb::LockResponse& lock) {
  const std::vector<std::string> program(context.words().begin() + 1, context.words().end());
  const auto ended = RunProgram(
      program,
      {"ETCD_LOCK_KEY=" + lock.key(), "ETCD_LOCK_REV=" + std::to_string(lock.header().revision())});
  const Status unlocked = Unlock(context, lock.key());
  if (!ended.ok()) return context.Fail(ExitCode::kError, ended.status().message());
  if (*ended != 0) {
    context.terminal().Note("Error: exit status " + std::to_string(*ended));
    return static_cast<ExitCode>(*ended);
  }
  return unlocked.ok() ? ExitCode::kSuccess : context.Fail(unlocked);
}

ExitCode Observe(Context& context, const std::string& election) {
  while (true) {
    auto stream = context.calls().Open(method::kObserve);
    if (!stream.ok()) return context.Fail(stream.status());
    v3electionpb::LeaderRequest request;
    request.set_name(election);
    (*stream)->Send(request);
    (*stream)->CloseSend();
    v3electionpb::LeaderResponse leader;
    bool heard = false;
    Stream::Outcome outcome{};
    while ((outcome = (*stream)->Next(&leader)) == Stream::Outcome::kMessage) {
      heard = true;
      pb::RangeResponse shown;
      *shown.mutable_header() = leader.header();
      *shown.add_kvs() = leader.kv();
      if (const auto code = context.Print(PrintGet(context.style(), shown));
          code != ExitCode::kSuccess) {
        return code;
      }
    }
    if (outcome == Stream::Outcome::kInterrupted) return ExitCode::kSuccess;
    const Status status = (*stream)->status();
    context.calls().Forget();
    if (!heard || (!status.ok() && status.code() != Code::kUnavailable)) {
      return status.ok() ? context.Fail(ExitCode::kError, "elect: observer lost")
                         : context.Fail(status);
    }
  }
}

ExitCode Campaign(Context& context, const std::string& election, const std::string& proposal) {
  const auto keeper = KeepLease(context, kElectionTtlSeconds);
  if (!keeper.ok()) return context.Fail(keeper.status());
  v3electionpb::CampaignRequest request;
  request.set_name(election);
  request.set_lease((*keeper)->lease());
  request.set_value(proposal);
  const auto elected =
      context.calls().Any<v3electionpb::CampaignResponse>(method::kCampaign, request, kForever);
  if (!elected.ok()) return context.Fail(elected.status());
  ExitCode code{};
  if (!ShowKey(context, elected->leader().key(), "elect: lost on init", &code)) return code;
  if (!WaitForInterrupt(**keeper)) {
    return context.Fail(ExitCode::kError, "elect: session expired");
  }
  v3electionpb::ResignRequest resign;
  *resign.mutable_leader() = elected->leader();
  const auto resigned = context.calls().Any<v3electionpb::ResignResponse>(
      method::kResign, resign, {.uninterruptible = true});
  return resigned.ok() ? ExitCode::kSuccess : context.Fail(resigned.status());
}

}  // namespace

ExitCode RunLock(Context& context) {
  if (context.words().empty()) {
    return context.Fail(ExitCode::kBadArguments,
                        "lock takes a lock name argument and an optional command to execute");
  }
  const auto keeper = KeepLease(context, context.flags().Integer("ttl"));
  if (!keeper.ok()) return context.Fail(keeper.status());
  v3lockpb::LockRequest request;
  request.set_name(context.words()[0]);
  request.set_lease((*keeper)->lease());
  const auto lock = context.calls().Any<v3lockpb::LockResponse>(method::kLock, request, kForever);
  if (!lock.ok()) return context.Fail(lock.status());
  if (context.words().size() > 1) return RunHolding(context, *lock);
  ExitCode code{};
  if (!ShowKey(context, lock->key(), "lock lost on init", &code)) return code;
  if (!WaitForInterrupt(**keeper)) return context.Fail(ExitCode::kError, "session expired");
  const Status unlocked = Unlock(context, lock->key());
  return unlocked.ok() ? ExitCode::kSuccess : context.Fail(unlocked);
}

ExitCode RunElect(Context& context) {
  const auto& words = context.words();
  const bool listen = context.flags().Switch("listen");
  if (words.empty() || words.size() > 2) {
    return context.Fail(ExitCode::kBadArguments,
                        "elect takes one election name argument and an optional proposal argument");
  }
  if (words.size() == 1) {
    if (listen) return Observe(context, words[0]);
    return context.Fail(ExitCode::kBadArguments, "no proposal argument but -l not set");
  }
  if (listen) return context.Fail(ExitCode::kBadArguments, "proposal given but -l is set");
  return Campaign(context, words[0], words[1]);
}

}  // namespace keel::ctl
