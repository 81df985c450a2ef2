#include "server/admin/health.h"

#include <algorithm>
#include <span>
#include <utility>

#include "api/version.h"

namespace keel::admin {

namespace {

// One question under way: answered by whatever comes first, the member or the patience. The parts
// come from several roles and are put together on the client port's executor.
struct Inquiry {
  net::HttpCall call;
  std::function<net::HttpResponse(const Finding&)> format;
  Finding finding;
  int awaited = 0;
  bool answered = false;

  void Answer() {
    if (!std::exchange(answered, true)) call.Respond(format(finding));
  }
  void OnPart() {
    if (--awaited == 0) Answer();
  }
};

bool Excludes(const std::string& query, std::string_view what) {
  const std::vector<std::string> excluded = QueryValues(query, "exclude");
  return std::find(excluded.begin(), excluded.end(), what) != excluded.end();
}

// As Go's server takes it: the name alone is enough.
bool IsAsked(const std::string& query, std::string_view name) {
  const std::vector<std::string> values = QueryValues(query, name);
  return !values.empty() && values.front() != "false" && values.front() != "0";
}

struct Check {
  std::string_view name;
  bool Finding::*passes;
  bool wanted = true;  // the value that passes
};
constexpr Check kReadyChecks[] = {{"leader", &Finding::has_leader},
                                  {"linearizable_read", &Finding::reads},
                                  {"serializable_read", &Finding::reads_here},
                                  {"data_corruption", &Finding::is_corrupt, false},
                                  {"non_learner", &Finding::is_learner, false}};
constexpr Check kLiveChecks[] = {{"serializable_read", &Finding::reads_here}};

net::HttpResponse ChecksAnswer(std::span<const Check> checks, const Finding& finding,
                               const std::string& query, std::string_view only) {
  bool all_pass = true;
  std::string body;
  for (const Check& check : checks) {
    if (only.empty() ? Excludes(query, check.name) : check.name != only) continue;
    const bool passes = finding.*check.passes == check.wanted;
    all_pass = all_pass && passes;
    body += (passes ? "[+]" : "[-]") + std::string(check.name) + (passes ? " ok\n" : " failed\n");
  }
  if (!all_pass) return {.status = 503, .body = body};
  return {.body = IsAsked(query, "verbose") ? body + "ok\n" : "ok\n"};
}

// A key that need not be there, as etcd asks for it: whether the engine can read, not what.
bool CanRead(const node::StateMachine& machine) {
  const std::shared_ptr<const kv::ReadView> view = machine.view();
  return view != nullptr && view->Get("health", view->revision()).ok();
}

}  // namespace

std::vector<std::string> QueryValues(const std::string& query, std::string_view name) {
  std::vector<std::string> values;
  for (size_t begin = 0; begin < query.size();) {
    const size_t end = std::min(query.find('&', begin), query.size());
    const std::string part = query.substr(begin, end - begin);
    const size_t equals = std::min(part.find('='), part.size());
    if (part.substr(0, equals) == name)
      values.push_back(part.substr(std::min(equals + 1, part.size())));
    begin = end + 1;
  }
  return values;
}

net::HttpResponse HealthAnswer(const Finding& finding, const std::string& query) {
  std::string reason;
  if (finding.is_corrupt && !Excludes(query, "CORRUPT")) reason = "ALARM CORRUPT";
  if (finding.is_full && !Excludes(query, "NOSPACE")) reason = "ALARM NOSPACE";
  if (IsAsked(query, "serializable")) {
    if (!finding.reads_here) reason = "RANGE ERROR: this member's state could not be read in time";
  } else {
    if (!finding.reads) reason = "QGET ERROR: no linearizable read in time";
    if (!finding.has_leader) reason = "RAFT NO LEADER";
  }
  return {.status = reason.empty() ? 200 : 503,
          .content_type = "application/json",
          .body = std::string("{\"health\":\"") + (reason.empty() ? "true" : "false") +
                  "\",\"reason\":\"" + reason + "\"}"};
}

net::HttpResponse ReadyAnswer(const Finding& finding, const std::string& query,
                              std::string_view only) {
  return ChecksAnswer(kReadyChecks, finding, query, only);
}

net::HttpResponse LiveAnswer(const Finding& finding, const std::string& query,
                             std::string_view only) {
  return ChecksAnswer(kLiveChecks, finding, query, only);
}

net::HttpResponse VersionAnswer() {
  return {.content_type = "application/json",
          .body = "{\"etcdserver\":\"" + std::string(kEtcdVersion) + "\",\"etcdcluster\":\"" +
                  std::string(kEtcdVersion) + "\"}"};
}

void Health::AddTo(net::HttpTable* table) {
  AddProbesTo(table);
  table->Add({"GET", "/version"},
             [](net::HttpCall call, const net::HttpRequest&) { call.Respond(VersionAnswer()); });
}

void Health::AddProbesTo(net::HttpTable* table) {
  table->Add({"GET", "/health"}, [this](net::HttpCall call, const net::HttpRequest& request) {
    const std::string query(request.query);
    const Reach reach = IsAsked(query, "serializable") ? Reach::kHere : Reach::kCluster;
    Look(call, reach, [this, query](const Finding& finding) {
      net::HttpResponse answer = HealthAnswer(finding, query);
      ++(answer.status == 200 ? successes_ : failures_);
      return answer;
    });
  });
  const auto add = [this, table](std::string path, std::string_view only, auto answer,
                                 Reach reach) {
    table->Add({"GET", std::move(path)}, [this, only, answer, reach](
                                             net::HttpCall call, const net::HttpRequest& request) {
      Look(call, reach, [answer, only, query = std::string(request.query)](const Finding& finding) {
        return answer(finding, query, only);
      });
    });
  };
  add("/readyz", {}, ReadyAnswer, Reach::kCluster);
  add("/livez", {}, LiveAnswer, Reach::kHere);
  for (const Check& check : kReadyChecks) {
    const Reach reach = check.name == "linearizable_read" ? Reach::kCluster : Reach::kHere;
    add("/readyz/" + std::string(check.name), check.name, ReadyAnswer, reach);
  }
  for (const Check& check : kLiveChecks) {
    add("/livez/" + std::string(check.name), check.name, LiveAnswer, Reach::kHere);
  }
}

void Health::AddTo(Page* page) const {
  page->Add({"etcd_server_health_success", "Questions for /health whose answer was yes.",
             Page::Kind::kCounter},
            static_cast<double>(successes_));
  page->Add({"etcd_server_health_failures", "Questions for /health whose answer was no.",
             Page::Kind::kCounter},
            static_cast<double>(failures_));
}

void Health::Look(net::HttpCall call, Reach reach, Format format) {
  const node::NodeStatus status = seams_.node->status();
  const raft::Member* self = status.config == nullptr ? nullptr : status.config->Find(status.id);
  auto inquiry = std::make_shared<Inquiry>();
  inquiry->call = call;
  inquiry->format = std::move(format);
  inquiry->finding.has_leader = !status.leader.IsNone();
  inquiry->finding.is_learner = self != nullptr && self->learns;
  // Without a leader nobody waits for what cannot come.
  const bool asks_cluster = reach == Reach::kCluster && inquiry->finding.has_leader;
  inquiry->awaited = asks_cluster ? 2 : 1;
  Executor* const executor = seams_.executor;
  executor->PostAfter(seams_.patience_us, [inquiry] { inquiry->Answer(); });
  if (asks_cluster) {
    seams_.node->Read(
        [inquiry, executor](const node::ReadOutcome& outcome, const node::ReadTimes&) {
          const bool reads = std::holds_alternative<std::shared_ptr<const kv::ReadView>>(outcome);
          executor->Post([inquiry, reads] {
            inquiry->finding.reads = reads;
            inquiry->OnPart();
          });
        });
  }
  seams_.node->RunOnApply([inquiry, executor](const node::StateMachine& machine) {
    const bool reads_here = CanRead(machine);
    const bool is_corrupt = machine.store().alarms().IsRaised(kv::AlarmKind::kCorrupt);
    const bool is_full = machine.store().IsFull();
    executor->Post([inquiry, reads_here, is_corrupt, is_full] {
      inquiry->finding.reads_here = reads_here;
      inquiry->finding.is_corrupt = is_corrupt;
      inquiry->finding.is_full = is_full;
      inquiry->OnPart();
    });
  });
}

}  // namespace keel::admin
