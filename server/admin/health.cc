#include "server/admin/health.h"

#include <utility>

#include "api/version.h"

namespace keel::admin {

namespace {

// One question under way: answered by whatever comes first, the member or the patience. The parts
// come from several roles and are put together on the client port's executor.
struct Inquiry {
  net::HttpCall call;
  std::string query;
  Finding finding;
  int awaited = 2;  // the read, and the alarms
  bool answered = false;
};

void Answer(Inquiry* inquiry, net::HttpResponse (*format)(const Finding&, const std::string&)) {
  if (std::exchange(inquiry->answered, true)) return;
  inquiry->call.Respond(format(inquiry->finding, inquiry->query));
}

bool Excludes(const std::string& query, std::string_view what) {
  return query.find("exclude=" + std::string(what)) != std::string::npos;
}

}  // namespace

net::HttpResponse HealthAnswer(const Finding& finding, const std::string& query) {
  std::string reason;
  if (finding.is_corrupt && !Excludes(query, "CORRUPT")) reason = "ALARM CORRUPT";
  if (finding.is_full && !Excludes(query, "NOSPACE")) reason = "ALARM NOSPACE";
  if (!finding.reads) reason = "QGET ERROR: no linearizable read in time";
  if (!finding.has_leader) reason = "RAFT NO LEADER";
  return {.status = reason.empty() ? 200 : 503,
          .content_type = "application/json",
          .body = std::string("{\"health\":\"") + (reason.empty() ? "true" : "false") +
                  "\",\"reason\":\"" + reason + "\"}"};
}

net::HttpResponse ReadyAnswer(const Finding& finding, const std::string& query) {
  const struct {
    std::string_view name;
    bool passed;
  } checks[] = {{"leader", finding.has_leader},
                {"linearizable_read", finding.reads},
                {"data_corruption", !finding.is_corrupt}};
  bool ready = true;
  std::string body;
  for (const auto& check : checks) {
    if (Excludes(query, check.name)) continue;
    ready = ready && check.passed;
    body += (check.passed ? "[+]" : "[-]") + std::string(check.name) +
            (check.passed ? " ok\n" : " failed\n");
  }
  const bool verbose = query.starts_with("verbose") || query.find("&verbose") != std::string::npos;
  if (ready) return {.body = verbose ? body + "ok\n" : "ok\n"};
  return {.status = 503, .body = body};
}

net::HttpResponse LiveAnswer(const std::string& query) {
  const bool verbose = query.starts_with("verbose");
  return {.body = verbose ? "[+]serializable_read ok\nok\n" : "ok\n"};
}

net::HttpResponse VersionAnswer() {
  return {.content_type = "application/json",
          .body = "{\"etcdserver\":\"" + std::string(kEtcdVersion) + "\",\"etcdcluster\":\"" +
                  std::string(kEtcdVersion) + "\"}"};
}

void Health::AddTo(net::HttpTable* table) {
  table->Add({"GET", "/health"}, [this](net::HttpCall call, const net::HttpRequest& request) {
    Look(call, std::string(request.query), HealthAnswer);
  });
  table->Add({"GET", "/readyz"}, [this](net::HttpCall call, const net::HttpRequest& request) {
    Look(call, std::string(request.query), ReadyAnswer);
  });
  table->Add({"GET", "/livez"}, [](net::HttpCall call, const net::HttpRequest& request) {
    call.Respond(LiveAnswer(std::string(request.query)));
  });
  table->Add({"GET", "/version"},
             [](net::HttpCall call, const net::HttpRequest&) { call.Respond(VersionAnswer()); });
}

void Health::Look(net::HttpCall call, std::string query, Format format) {
  auto inquiry = std::make_shared<Inquiry>();
  inquiry->call = call;
  inquiry->query = std::move(query);
  inquiry->finding.has_leader = !seams_.node->status().leader.IsNone();
  if (!inquiry->finding.has_leader) return Answer(inquiry.get(), format);
  Executor* const executor = seams_.executor;
  executor->PostAfter(seams_.patience_us, [inquiry, format] { Answer(inquiry.get(), format); });
  seams_.node->Read(
      [inquiry, format, executor](const node::ReadOutcome& outcome, const node::ReadTimes&) {
        const bool reads = std::holds_alternative<std::shared_ptr<const kv::ReadView>>(outcome);
        executor->Post([inquiry, format, reads] {
          inquiry->finding.reads = reads;
          if (--inquiry->awaited == 0) Answer(inquiry.get(), format);
        });
      });
  seams_.node->RunOnApply([inquiry, format, executor](const node::StateMachine& machine) {
    const bool is_corrupt = machine.store().alarms().IsRaised(kv::AlarmKind::kCorrupt);
    const bool is_full = machine.store().IsFull();
    executor->Post([inquiry, format, is_corrupt, is_full] {
      inquiry->finding.is_corrupt = is_corrupt;
      inquiry->finding.is_full = is_full;
      if (--inquiry->awaited == 0) Answer(inquiry.get(), format);
    });
  });
}

}  // namespace keel::admin
