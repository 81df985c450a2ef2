// top: the cluster live: the status screen, and what happens a second.
#include <algorithm>
#include <chrono>
#include <thread>

#include "tools/keelctl/calls/interrupt.h"
#include "tools/keelctl/commands/all.h"
#include "tools/keelctl/commands/screens.h"
#include "tools/keelctl/output/table.h"
#include "tools/keelctl/text/units.h"

namespace keel::ctl {
namespace {

double Rate(const SurveyedMember& now, const SurveyedMember& before, std::string_view name,
            double seconds) {
  return std::max(0.0, (now.metrics.Sum(name) - before.metrics.Sum(name)) / seconds);
}

double CallRate(const SurveyedMember& now, const SurveyedMember& before, const std::string& method,
                double seconds) {
  const std::string name =
      "grpc_server_handled_total{grpc_type=\"unary\",grpc_service=\"etcdserverpb.KV\","
      "grpc_method=\"" +
      method + "\",grpc_code=\"OK\"}";
  return std::max(0.0, (now.metrics.ValueOr(name, 0) - before.metrics.ValueOr(name, 0)) / seconds);
}

std::string SyncCell(const SurveyedMember& now, const SurveyedMember& before) {
  const auto sync =
      now.metrics.Quantile("etcd_disk_wal_fsync_duration_seconds", 0.99, &before.metrics);
  return sync ? "<" + Fixed(*sync * 1000, *sync < 0.0095 ? 1 : 0) + " ms" : "-";
}

std::string RatesTable(const Survey& now, const Survey& before, double seconds) {
  Table table{.heading = {"NAME", "PUT/S", "RANGE/S", "TXN/S", "CALLS/S", "APPLIED/S", "SYNC P99",
                          "SENT/S", "CPU", "CONNECTIONS", "UNDER WAY"}};
  for (const SurveyedMember& each : now.members) {
    const auto found = std::find_if(
        before.members.begin(), before.members.end(),
        [&each](const SurveyedMember& other) { return other.member.id() == each.member.id(); });
    if (found == before.members.end() || !each.answers || found->metrics.empty()) continue;
    const auto bytes = [](double value) { return HumanBytes(static_cast<uint64_t>(value)); };
    table.rows.push_back(
        {each.name(), HumanCount(CallRate(each, *found, "Put", seconds)),
         HumanCount(CallRate(each, *found, "Range", seconds)),
         HumanCount(CallRate(each, *found, "Txn", seconds)),
         HumanCount(Rate(each, *found, "grpc_server_handled_total", seconds)),
         HumanCount(Rate(each, *found, "etcd_server_proposals_applied_total", seconds)),
         SyncCell(each, *found),
         bytes(Rate(each, *found, "etcd_network_peer_sent_bytes_total", seconds)),
         Fixed(100 * Rate(each, *found, "process_cpu_seconds_total", seconds), 0) + "%",
         HumanCount(each.metrics.ValueOr("keel_client_connections", 0)),
         HumanCount(each.metrics.ValueOr("etcd_server_proposals_pending", 0))});
  }
  return table.DrawPlain();
}

void WaitFor(uint64_t microseconds) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::microseconds(microseconds);
  while (std::chrono::steady_clock::now() < until && !interrupt::Asked()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

}  // namespace

ExitCode RunTop(Context& context) {
  const uint64_t pause_us = std::max<uint64_t>(context.flags().DurationUs("interval"), 100'000);
  int64_t left = context.flags().Integer("count");
  if (left <= 0 && !context.terminal().is_terminal()) left = 1;
  const bool forever = left <= 0;
  auto before = TakeSurvey(context.calls());
  if (!before.ok()) return context.Fail(before.status());
  auto before_at = std::chrono::steady_clock::now();
  while (!interrupt::Asked() && (forever || left-- > 0)) {
    WaitFor(pause_us);
    if (interrupt::Asked()) break;
    context.calls().Forget();
    auto now = TakeSurvey(context.calls());
    if (!now.ok()) return context.Fail(now.status());
    const auto now_at = std::chrono::steady_clock::now();
    const double seconds = std::chrono::duration<double>(now_at - before_at).count();
    std::string screen = context.terminal().is_terminal() ? "\x1b[H\x1b[2J" : "";
    screen += StatusScreen(context.terminal(), *now) + "\n" + RatesTable(*now, *before, seconds);
    context.Out(screen);
    before = std::move(now);
    before_at = now_at;
  }
  return ExitCode::kSuccess;
}

}  // namespace keel::ctl
