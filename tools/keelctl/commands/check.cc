// check perf: writes at a rate for a time, and whether the cluster keeps up. check datascale: what
// a number of keys costs a member in memory. Loads, limits and verdicts are etcdctl's.
#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <optional>
#include <thread>

#include "tools/keelctl/calls/interrupt.h"
#include "tools/keelctl/calls/methods.h"
#include "tools/keelctl/calls/metrics.h"
#include "tools/keelctl/command/progress.h"
#include "tools/keelctl/commands/all.h"
#include "tools/keelctl/commands/requests.h"
#include "tools/keelctl/text/go_text.h"
#include "tools/keelctl/text/units.h"

namespace keel::ctl {
namespace {

using Clock = std::chrono::steady_clock;
constexpr uint64_t kCleanupUs = 30'000'000;

struct Load {
  std::array<std::string_view, 2> names;
  size_t in_flight;
  double puts_per_second;  // perf
  size_t puts;             // datascale
};
constexpr std::array<Load, 4> kLoads = {{{{"s", "small"}, 50, 150, 10'000},
                                         {{"m", "medium"}, 200, 1000, 100'000},
                                         {{"l", "large"}, 500, 8000, 1'000'000},
                                         {{"xl", "xLarge"}, 1000, 15000, 3'000'000}}};

std::optional<Load> LoadNamed(std::string_view name) {
  for (const Load& load : kLoads) {
    if (load.names[0] == name || load.names[1] == name) return load;
  }
  return std::nullopt;
}

// Puts under way, at most so many at once, and what became of them.
class Puts {
 public:
  Puts(Calls* calls, std::string endpoint, size_t in_flight)
      : calls_(*calls), endpoint_(std::move(endpoint)), in_flight_max_(in_flight) {}

  // Waits for room, then sends.
  void Send(const std::string& key, const std::string& value) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return in_flight_ < in_flight_max_; });
      ++in_flight_;
    }
    pb::PutRequest request;
    request.set_key(key);
    request.set_value(value);
    const auto began = Clock::now();
    calls_.Later(endpoint_, method::kPut, request.SerializeAsString(),
                 [this, began](const Result<std::string>& answer) {
                   const double took = std::chrono::duration<double>(Clock::now() - began).count();
                   const std::lock_guard lock(mutex_);
                   if (answer.ok()) {
                     took_.push_back(took);
                   } else {
                     ++errors_[Words(answer.status())];
                   }
                   --in_flight_;
                   changed_.notify_all();
                 });
  }

  void WaitForAll() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return in_flight_ == 0; });
  }

  // After WaitForAll.
  [[nodiscard]] const std::map<std::string, size_t>& errors() const { return errors_; }
  [[nodiscard]] size_t count() const { return took_.size(); }
  [[nodiscard]] double Slowest() const {
    return took_.empty() ? 0 : *std::max_element(took_.begin(), took_.end());
  }
  [[nodiscard]] double Deviation() const {
    if (took_.empty()) return 0;
    double mean = 0;
    for (const double each : took_) mean += each / static_cast<double>(took_.size());
    double sum = 0;
    for (const double each : took_) sum += (each - mean) * (each - mean);
    return std::sqrt(sum / static_cast<double>(took_.size()));
  }

 private:
  Calls& calls_;
  const std::string endpoint_;
  const size_t in_flight_max_;
  std::mutex mutex_;
  std::condition_variable changed_;
  size_t in_flight_ = 0;
  std::vector<double> took_;
  std::map<std::string, size_t> errors_;
};

// True if no key begins with the prefix; else *code is what to end with.
bool IsFree(Context& context, const std::string& prefix, ExitCode* code) {
  pb::RangeRequest request;
  request.set_key(prefix);
  request.set_range_end(PrefixEnd(prefix));
  request.set_limit(1);
  const auto answer = context.calls().Any<pb::RangeResponse>(method::kRange, request);
  if (!answer.ok()) {
    *code = context.Fail(answer.status());
    return false;
  }
  if (answer->kvs().empty()) return true;
  *code = context.Fail(ExitCode::kInvalidInput,
                       "prefix " + Quote(prefix) + " has keys. Delete with 'keelctl del --prefix " +
                           prefix + "' first");
  return false;
}

// Removes what was written; compacts and defragments if that is wanted.
Status CleanUp(Context& context, const std::string& prefix) {
  const Limits limits = {.timeout_us = kCleanupUs, .uninterruptible = true};
  pb::DeleteRangeRequest erase;
  erase.set_key(prefix);
  erase.set_range_end(PrefixEnd(prefix));
  const auto erased = context.calls().Any<pb::DeleteRangeResponse>(method::kDelete, erase, limits);
  if (!erased.ok()) return erased.status();
  if (context.flags().Switch("auto-compact")) {
    pb::CompactionRequest compact;
    compact.set_revision(erased->header().revision());
    compact.set_physical(true);
    context.Out("Compacting with revision " + std::to_string(compact.revision()) + "\n");
    KEEL_RETURN_IF_ERROR(
        context.calls().Any<pb::CompactionResponse>(method::kCompact, compact, limits).status());
    context.Out("Compacted with revision " + std::to_string(compact.revision()) + "\n");
  }
  if (!context.flags().Switch("auto-defrag")) return {};
  for (const std::string& endpoint : context.endpoints()) {
    context.Out("Defragmenting " + Quote(endpoint) + "\n");
    KEEL_RETURN_IF_ERROR(context.calls()
                             .At<pb::DefragmentResponse>(endpoint, method::kDefragment,
                                                         pb::DefragmentRequest(), limits)
                             .status());
    context.Out("Defragmented " + Quote(endpoint) + "\n");
  }
  return {};
}

bool ShowErrors(Context& context, const Puts& puts) {
  if (puts.errors().empty()) return false;
  context.Out("FAIL: too many errors\n");
  for (const auto& [words, count] : puts.errors()) {
    context.Out("FAIL: ERROR(" + words + ") -> " + std::to_string(count) + "\n");
  }
  return true;
}

ExitCode JudgePerf(Context& context, const Puts& puts, double rate, double wanted) {
  bool passed = !ShowErrors(context, puts);
  const auto say = [&](bool good, const std::string& well, const std::string& badly) {
    context.Out((good ? "PASS: " + well : badly) + "\n");
    passed = passed && good;
  };
  const std::string writes = std::to_string(static_cast<int64_t>(rate) + 1) + " writes/s";
  say(rate / wanted > 0.9, "Throughput is " + writes, "FAIL: Throughput too low: " + writes);
  const std::string slowest = Fixed(puts.Slowest(), 6) + "s";
  say(puts.Slowest() <= 0.5, "Slowest request took " + slowest,
      "Slowest request took too long: " + slowest);
  const std::string deviation = Fixed(puts.Deviation(), 6) + "s";
  say(puts.Deviation() <= 0.1, "Stddev is " + deviation, "Stddev too high: " + deviation);
  context.Out(passed ? "PASS\n" : "FAIL\n");
  return passed ? ExitCode::kSuccess : ExitCode::kError;
}

// Puts at a steady rate until the time is over; gives the seconds that it took.
double PutSteadily(Context& context, Puts* puts, const Load& load, double seconds) {
  Progress progress(&context.terminal(), {.what = "written", .write = HumanCount});
  const auto total = static_cast<size_t>(load.puts_per_second * seconds);
  progress.SetTotal(total);
  const std::string prefix = context.flags().Text("prefix");
  const std::string value(1024, '\0');
  const auto began = Clock::now();
  for (size_t i = 0; i < total && !interrupt::Asked(); ++i) {
    const std::chrono::duration<double> due(static_cast<double>(i) / load.puts_per_second);
    const auto due_at = began + std::chrono::duration_cast<Clock::duration>(due);
    if (due.count() >= seconds || Clock::now() - began > std::chrono::duration<double>(seconds)) {
      break;
    }
    std::this_thread::sleep_until(due_at);
    puts->Send(prefix + Hex(i * 0x9E3779B97F4A7C15ULL, 16) + std::string(240, 'k'), value);
    progress.Update(i);
  }
  puts->WaitForAll();
  return std::chrono::duration<double>(Clock::now() - began).count();
}

Result<double> MemoryOf(const std::string& endpoint) {
  const auto metrics = MetricsOf(endpoint, 2'000'000);
  if (!metrics.ok()) return metrics.status();
  const auto bytes = metrics->Find("process_resident_memory_bytes");
  if (!bytes || *bytes == 0) return NotFound("could not find: process_resident_memory_bytes");
  return *bytes;
}

}  // namespace

ExitCode RunCheckPerf(Context& context) {
  const FlagValues& flags = context.flags();
  const auto load = LoadNamed(flags.Text("load"));
  if (!load) {
    return context.Fail(ExitCode::kBadFeature, "unknown load option " + flags.Text("load"));
  }
  ExitCode code{};
  if (!IsFree(context, flags.Text("prefix"), &code)) return code;
  const auto endpoint = context.calls().LiveEndpoint();
  if (!endpoint.ok()) return context.Fail(endpoint.status());
  const double seconds = static_cast<double>(flags.DurationUs("duration")) / 1e6;
  Puts puts(&context.calls(), *endpoint, load->in_flight);
  const double took = PutSteadily(context, &puts, *load, seconds);
  if (const Status status = CleanUp(context, flags.Text("prefix")); !status.ok()) {
    context.Out("FAIL: Cleanup failed during key deletion: ERROR(" + Words(status) + ")\n");
  }
  if (interrupt::Asked()) return context.Fail(ExitCode::kInterrupted, "interrupted");
  return JudgePerf(context, puts, static_cast<double>(puts.count()) / took, load->puts_per_second);
}

ExitCode RunCheckDatascale(Context& context) {
  const FlagValues& flags = context.flags();
  const auto load = LoadNamed(flags.Text("load"));
  if (!load) {
    return context.Fail(ExitCode::kBadFeature, "unknown load option " + flags.Text("load"));
  }
  const std::string& prefix = flags.Text("prefix");
  ExitCode code{};
  if (!IsFree(context, prefix, &code)) return code;
  const std::string endpoint = context.endpoints().front();
  const auto before = MemoryOf(endpoint);
  if (!before.ok()) return context.Fail(before.status());
  context.Out("Start data scale check for work load [" + std::to_string(load->puts) +
              " key-value pairs, 1024 bytes per key-value, " + std::to_string(load->in_flight) +
              " concurrent clients].\n");
  Puts puts(&context.calls(), endpoint, load->in_flight);
  {
    Progress progress(&context.terminal(), {.what = "written", .write = HumanCount});
    progress.SetTotal(load->puts);
    const std::string value(512, '\0');
    for (size_t i = 0; i < load->puts && !interrupt::Asked(); ++i) {
      puts.Send(prefix + Hex(i * 0x9E3779B97F4A7C15ULL, 16) + std::string(496, 'k'), value);
      progress.Update(i);
    }
    puts.WaitForAll();
  }
  const auto after = MemoryOf(endpoint);
  if (const Status status = CleanUp(context, prefix); !status.ok()) return context.Fail(status);
  if (interrupt::Asked()) return context.Fail(ExitCode::kInterrupted, "interrupted");
  if (!after.ok()) return context.Fail(after.status());
  if (ShowErrors(context, puts)) return ExitCode::kError;
  context.Out("PASS: Approximate system memory used : " +
              Fixed((*after - *before) / (1024 * 1024), 2) + " MB.\n");
  return ExitCode::kSuccess;
}

}  // namespace keel::ctl
