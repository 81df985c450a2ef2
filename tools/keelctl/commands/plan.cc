// plan: what a workload will take, from given figures or from the cluster's own.
#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <thread>

#include "base/numbers.h"
#include "tools/keelctl/calls/interrupt.h"
#include "tools/keelctl/commands/all.h"
#include "tools/keelctl/commands/forecast.h"
#include "tools/keelctl/commands/survey.h"
#include "tools/keelctl/output/json.h"
#include "tools/keelctl/output/table.h"
#include "tools/keelctl/text/go_text.h"
#include "tools/keelctl/text/units.h"

namespace keel::ctl {
namespace {

constexpr double kDay = 86400;
constexpr std::array<double, 5> kMoments = {0, kDay, 30 * kDay, 182 * kDay, 365 * kDay};

Result<double> NumberOf(const Context& context, std::string_view flag) {
  const std::string& text = context.flags().Text(flag);
  const auto number = ParseNumber<double>(text);
  if (!number.has_value() || *number < 0) {
    return InvalidArgument("--" + std::string(flag) + ": " + Quote(text) + " is not a number");
  }
  return *number;
}

Result<double> BytesOf(const Context& context, std::string_view flag) {
  const auto bytes = ParseBytes(context.flags().Text(flag));
  if (bytes.ok()) return static_cast<double>(*bytes);
  return InvalidArgument("--" + std::string(flag) + ": " + std::string(bytes.status().message()));
}

// What the command line says.
Result<Workload> GivenWorkload(const Context& context) {
  const FlagValues& flags = context.flags();
  Workload workload;
  const auto key = BytesOf(context, "key-size");
  const auto value = BytesOf(context, "value-size");
  const auto part = NumberOf(context, "new-keys");
  const auto compression = NumberOf(context, "compression");
  const auto growth = NumberOf(context, "growth");
  for (const auto* each : {&key, &value, &part, &compression, &growth}) {
    if (!each->ok()) return each->status();
  }
  if (*part > 1) return InvalidArgument("--new-keys: a part is at most 1");
  workload.key_bytes = *key;
  workload.value_bytes = *value;
  workload.new_keys_part = *part;
  workload.compression = *compression;
  workload.growth_per_month = *growth / 100;
  workload.keys = static_cast<double>(flags.Integer("keys"));
  workload.puts_per_second = static_cast<double>(flags.Integer("writes"));
  workload.history_seconds = static_cast<double>(flags.DurationUs("history")) / 1e6;
  workload.members = static_cast<double>(flags.Integer("members"));
  return workload;
}

const SurveyedMember* SourceOf(const Survey& survey) {
  if (const SurveyedMember* leader = survey.leader()) return leader;
  for (const SurveyedMember& each : survey.members) {
    if (each.answers && !each.metrics.empty()) return &each;
  }
  return nullptr;
}

struct Rates {
  double puts = 0;
  double new_keys = 0;  // a second
};

// Revisions and keys a second, by two looks at the metrics of one member.
Result<Rates> MeasureRates(Context& context, const SurveyedMember& source) {
  const uint64_t duration_us = context.flags().DurationUs("measure");
  const auto began = std::chrono::steady_clock::now();
  while (std::chrono::steady_clock::now() - began < std::chrono::microseconds(duration_us)) {
    if (interrupt::Asked()) return Cancelled("interrupted");
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  const auto now = MetricsOf(source.endpoint, 2'000'000);
  if (!now.ok()) return now.status();
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  const auto rate = [&](std::string_view name) {
    return std::max(0.0, (now->ValueOr(name, 0) - source.metrics.ValueOr(name, 0)) / seconds);
  };
  return Rates{.puts = rate("etcd_debugging_mvcc_current_revision"),
               .new_keys = rate("etcd_debugging_mvcc_keys_total")};
}

// Fills in what was not given from what the cluster says.
Status FillFromCluster(Context& context, const SurveyedMember& source, double voters,
                       Workload* workload) {
  const double keys = source.metrics.ValueOr("etcd_debugging_mvcc_keys_total", 0);
  const double live = UsedBytes(source);
  if (!context.flags().IsSet("members")) workload->members = std::max(1.0, voters);
  if (workload->keys == 0) workload->keys = keys;
  if (workload->key_bytes == 0 && workload->value_bytes == 0 && keys > 0) {
    // The average of both together is known; keys are taken for a tenth of it, 32 at most.
    workload->key_bytes = std::min(32.0, live / keys / 10);
    workload->value_bytes = live / keys - workload->key_bytes;
  }
  if (context.flags().DurationUs("measure") == 0) return {};
  const auto rates = MeasureRates(context, source);
  if (!rates.ok()) return rates.status();
  if (workload->puts_per_second == 0) workload->puts_per_second = rates->puts;
  if (!context.flags().IsSet("new-keys") && rates->puts > 0) {
    workload->new_keys_part = std::min(1.0, rates->new_keys / rates->puts);
  }
  return {};
}

std::string Bytes(double bytes) { return HumanBytes(static_cast<uint64_t>(bytes)); }

std::string When(double seconds) { return seconds == 0 ? "now" : "in " + HumanSeconds(seconds); }

std::string AsText(const Workload& workload, double disk_bytes, double horizon) {
  std::string out =
      HumanCount(workload.keys) + " keys of " + Fixed(workload.key_bytes, 0) + " + " +
      Fixed(workload.value_bytes, 0) + " bytes, " + Fixed(workload.puts_per_second, 1) +
      " puts/s (" + Fixed(100 * workload.new_keys_part, 0) + "% new keys), history of " +
      HumanSeconds(workload.history_seconds) + ", " + Fixed(workload.members, 0) + " members\n\n";
  Table table{
      .heading = {"WHEN", "KEYS", "STATE", "LOG", "DISK", "MEMORY", "LEADER SENDS", "DISK WRITES"}};
  for (const double moment : kMoments) {
    if (moment > horizon) break;
    const Needs needs = NeedsAfter(workload, moment);
    table.rows.push_back({When(moment), HumanCount(needs.keys), Bytes(needs.state_bytes),
                          Bytes(needs.log_bytes), Bytes(needs.disk_bytes()),
                          Bytes(needs.memory_bytes), Bytes(needs.network_bytes_per_second) + "/s",
                          Bytes(needs.disk_bytes_per_second) + "/s"});
  }
  out += table.DrawPlain();
  const auto full = FullAfter(workload, disk_bytes, horizon);
  out += "\na disk of " + Bytes(disk_bytes) +
         (full ? *full == 0 ? " is too small now" : " is full in " + HumanSeconds(*full)
               : " is not full within " + HumanSeconds(horizon)) +
         "\n";
  // Room for merging tables, for a snapshot that is received beside the state, and for surprises.
  const Needs end = NeedsAfter(workload, horizon);
  return out + "advice for " + HumanSeconds(horizon) + ": disk " +
         Bytes(2 * end.state_bytes + end.log_bytes) + ", memory " + Bytes(2 * end.memory_bytes) +
         ", network " + Bytes(4 * end.network_bytes_per_second) + "/s for each member\n";
}

std::string AsJson(const Workload& workload, double disk_bytes, double horizon) {
  JsonArray moments;
  for (const double moment : kMoments) {
    if (moment > horizon) break;
    const Needs needs = NeedsAfter(workload, moment);
    moments.Add(JsonObject()
                    .Real("seconds", moment)
                    .Real("keys", needs.keys)
                    .Real("stateBytes", needs.state_bytes)
                    .Real("logBytes", needs.log_bytes)
                    .Real("memoryBytes", needs.memory_bytes)
                    .Real("networkBytesPerSecond", needs.network_bytes_per_second)
                    .Real("diskBytesPerSecond", needs.disk_bytes_per_second)
                    .End());
  }
  const auto full = FullAfter(workload, disk_bytes, horizon);
  return JsonObject()
             .Real("keys", workload.keys)
             .Real("keyBytes", workload.key_bytes)
             .Real("valueBytes", workload.value_bytes)
             .Real("putsPerSecond", workload.puts_per_second)
             .Real("newKeysPart", workload.new_keys_part)
             .Raw("forecast", moments.End())
             .Raw("fullInSeconds", full ? Fixed(*full, 0) : "null")
             .End() +
         "\n";
}

}  // namespace

ExitCode RunPlan(Context& context) {
  auto workload = GivenWorkload(context);
  if (!workload.ok()) return context.Fail(ExitCode::kBadArguments, workload.status().message());
  const auto disk = BytesOf(context, "disk");
  if (!disk.ok()) return context.Fail(ExitCode::kBadArguments, disk.status().message());
  const bool all_given = workload->keys > 0 && workload->puts_per_second > 0 &&
                         workload->value_bytes > 0 && !context.flags().IsSet("measure");
  if (!all_given) {
    const auto survey = TakeSurvey(context.calls());
    const SurveyedMember* source = survey.ok() ? SourceOf(*survey) : nullptr;
    if (source != nullptr) {
      const Status status =
          FillFromCluster(context, *source, static_cast<double>(survey->voters()), &*workload);
      if (!status.ok()) return context.Fail(status);
    } else if (workload->puts_per_second == 0) {
      return context.Fail(survey.ok() ? Unavailable("no member shows its metrics")
                                      : survey.status());
    }
  }
  if (workload->key_bytes == 0) workload->key_bytes = 32;
  if (workload->value_bytes == 0) workload->value_bytes = 256;
  const double horizon = static_cast<double>(context.flags().DurationUs("horizon")) / 1e6;
  return context.Print(
      Show(context.style(), {.simple = [&] { return AsText(*workload, *disk, horizon); },
                             .json = [&] { return AsJson(*workload, *disk, horizon); }}));
}

}  // namespace keel::ctl
