// member replace OLD NEW-URL: a new member takes the place of an old one, in one step: added as a
// learner, waited for until it has caught up and votes, and only then the old one goes. One that
// does not answer goes first: servers add nobody while a voter is down, and it helps nobody.
#include <algorithm>
#include <chrono>
#include <optional>
#include <thread>

#include "tools/keelctl/calls/interrupt.h"
#include "tools/keelctl/calls/methods.h"
#include "tools/keelctl/commands/all.h"
#include "tools/keelctl/commands/endpoints.h"
#include "tools/keelctl/text/go_text.h"
#include "tools/keelctl/text/units.h"

namespace keel::ctl {
namespace {

constexpr std::chrono::milliseconds kLook(200);
constexpr std::chrono::seconds kSettling(20);

// By its id in hexadecimal, or by its name.
const pb::Member* MemberNamed(const pb::MemberListResponse& list, const std::string& text) {
  for (const pb::Member& member : list.members()) {
    if (member.name() == text || Hex(member.id()) == text || Hex(member.id(), 16) == text) {
      return &member;
    }
  }
  return nullptr;
}

// By one of its peer URLs.
const pb::Member* MemberAt(const pb::MemberListResponse& list, const std::string& url) {
  for (const pb::Member& member : list.members()) {
    const auto& urls = member.peerurls();
    if (std::find(urls.begin(), urls.end(), url) != urls.end()) return &member;
  }
  return nullptr;
}

bool Answers(Context& context, const pb::Member& member) {
  constexpr uint64_t kPatienceUs = 2'000'000;
  for (const std::string& endpoint : member.clienturls()) {
    const auto status = context.calls().At<pb::StatusResponse>(
        endpoint, method::kStatus, pb::StatusRequest(), {.timeout_us = kPatienceUs});
    if (status.ok()) return true;
  }
  return false;
}

std::string StartCommand(const pb::MemberListResponse& list, const pb::Member& added,
                         const std::string& name, const std::string& url) {
  std::vector<std::string> cluster;
  for (const pb::Member& member : list.members()) {
    for (const std::string& peer : member.peerurls()) {
      cluster.push_back((member.id() == added.id() ? name : member.name()) + "=" + peer);
    }
  }
  return "  keeld --name=" + name + " --data-dir=DIRECTORY \\\n    --listen-peer-urls=" + url +
         " --initial-advertise-peer-urls=" + url +
         " \\\n    --listen-client-urls=CLIENT-URL --advertise-client-urls=CLIENT-URL \\\n"
         "    --initial-cluster-state=existing \\\n    --initial-cluster=" +
         Join(cluster, ",") + "\n";
}

class Replacement {
 public:
  Replacement(Context* context, std::string url) : context_(*context), url_(std::move(url)) {}

  // The member at the new address: added now, or by an earlier run that was interrupted.
  Status Add(const pb::MemberListResponse& list) {
    if (const pb::Member* known = MemberAt(list, url_)) {
      added_ = *known;
      return {};
    }
    pb::MemberAddRequest request;
    request.add_peerurls(url_);
    request.set_islearner(true);
    return UntilSettled([&] {
      const auto answer = context_.calls().Any<pb::MemberAddResponse>(method::kMemberAdd, request);
      if (answer.ok()) {
        added_ = answer->member();
        return Status();
      }
      return IsPassing(answer.status()) && IsThere() ? Status() : answer.status();
    });
  }

  // Until it votes: it must be started, and catch up. Servers that promote by themselves do.
  Status WaitUntilItVotes(uint64_t patience_us) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::microseconds(patience_us);
    std::string told;
    while (std::chrono::steady_clock::now() < deadline) {
      if (interrupt::Asked()) return Cancelled("interrupted");
      const auto list = MembersOf(context_.calls());
      const pb::Member* now = nullptr;
      for (int i = 0; list.ok() && i < list->members_size(); ++i) {
        if (list->members(i).id() == added_.id()) now = &list->members(i);
      }
      if (list.ok() && now == nullptr) return NotFound("the new member was removed meanwhile");
      if (now != nullptr && !now->islearner()) return {};
      const std::string state =
          now == nullptr || now->name().empty() ? "waiting until it starts" : "catching up";
      if (state != told) context_.Out(state + "\n");
      told = state;
      if (now != nullptr && !now->name().empty()) Promote();
      std::this_thread::sleep_for(kLook);
    }
    return DeadlineExceeded(
        "the new member has not caught up in time; it stays a learner, nothing "
        "is removed: run the same command again to go on");
  }

  // The one that goes may be the one that was asked, or that leads: its end can come before its
  // answer, so that the list of members has the last word.
  Status Remove(const pb::Member& old) {
    pb::MemberRemoveRequest request;
    request.set_id(old.id());
    return UntilSettled([&] {
      const auto answer =
          context_.calls().Any<pb::MemberRemoveResponse>(method::kMemberRemove, request);
      if (!answer.ok() && !HasGone(old)) return answer.status();
      context_.Out("removed " + Hex(old.id()) + "\n");
      return Status();
    });
  }

  [[nodiscard]] const pb::Member& added() const { return added_; }

 private:
  // A leader that dies takes along what was on its way to it: it may have been carried out, and if
  // not it can be asked for again.
  static bool IsPassing(const Status& status) {
    return status.code() == Code::kUnavailable || status.code() == Code::kDeadlineExceeded;
  }

  // Asks again while the cluster has a loss behind it: for some seconds it takes no change.
  template <typename Ask>
  Status UntilSettled(const Ask& ask) {
    const auto deadline = std::chrono::steady_clock::now() + kSettling;
    while (true) {
      const Status status = ask();
      const bool settling =
          IsPassing(status) || status.message().find("unhealthy cluster") != std::string_view::npos;
      if (!settling || std::chrono::steady_clock::now() >= deadline) return status;
      if (interrupt::Asked()) return Cancelled("interrupted");
      std::this_thread::sleep_for(kLook);
    }
  }

  // By whoever answers now, for the one that was asked may be gone.
  Result<pb::MemberListResponse> MembersNow() {
    context_.calls().Forget();
    return MembersOf(context_.calls());
  }

  // The answer to an earlier question may have been lost.
  bool IsThere() {
    const auto list = MembersNow();
    const pb::Member* known = list.ok() ? MemberAt(*list, url_) : nullptr;
    if (known != nullptr) added_ = *known;
    return known != nullptr;
  }

  bool HasGone(const pb::Member& member) {
    const auto list = MembersNow();
    return list.ok() &&
           std::none_of(list->members().begin(), list->members().end(),
                        [&](const pb::Member& one) { return one.id() == member.id(); });
  }

  void Promote() {
    pb::MemberPromoteRequest request;
    request.set_id(added_.id());
    // Refused until it has caught up.
    (void)context_.calls().Any<pb::MemberPromoteResponse>(method::kMemberPromote, request);
  }

  Context& context_;
  const std::string url_;
  pb::Member added_;
};

}  // namespace

ExitCode RunMemberReplace(Context& context) {
  if (context.words().size() != 2) {
    return context.Fail(ExitCode::kBadArguments,
                        "member replace needs the old member (id or name) and the new peer URL");
  }
  const std::string& url = context.words()[1];
  if (!url.starts_with("http://")) {
    return context.Fail(ExitCode::kBadArguments,
                        "the new peer URL " + Quote(url) + " is not http://HOST:PORT");
  }
  const auto list = MembersOf(context.calls());
  if (!list.ok()) return context.Fail(list.status());
  const pb::Member* old = MemberNamed(*list, context.words()[0]);
  if (old == nullptr && MemberAt(*list, url) == nullptr) {
    return context.Fail(ExitCode::kBadArguments,
                        "no member is called " + Quote(context.words()[0]));
  }
  Replacement replacement(&context, url);
  // An interrupted run may have removed it already.
  const bool first = old != nullptr && !Answers(context, *old);
  const bool last = old != nullptr && !first;
  if (first) {
    if (const Status status = replacement.Remove(*old); !status.ok()) return context.Fail(status);
  }
  if (const Status status = replacement.Add(*list); !status.ok()) return context.Fail(status);
  const auto now = MembersOf(context.calls());
  std::string name = context.flags().Text("name");
  if (name.empty()) name = (old == nullptr ? "member" : old->name()) + "-new";
  context.Out("added " + Hex(replacement.added().id()) +
              " as a learner; start it, if it does not run:\n" +
              StartCommand(now.ok() ? *now : *list, replacement.added(), name, url));
  if (const Status status = replacement.WaitUntilItVotes(context.flags().DurationUs("wait"));
      !status.ok()) {
    return status.code() == Code::kCancelled ? context.Fail(status)
                                             : context.Fail(ExitCode::kError, status.message());
  }
  context.Out(Hex(replacement.added().id()) + " votes\n");
  if (!last) return ExitCode::kSuccess;
  const Status status = replacement.Remove(*old);
  return status.ok() ? ExitCode::kSuccess : context.Fail(status);
}

}  // namespace keel::ctl
