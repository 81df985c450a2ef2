// tree: the keys by prefix, as a tree with counts and sizes. stats: the same as a table, and how
// often they change.
#include <algorithm>
#include <chrono>
#include <map>

#include "tools/keelctl/calls/interrupt.h"
#include "tools/keelctl/calls/watcher.h"
#include "tools/keelctl/command/progress.h"
#include "tools/keelctl/commands/all.h"
#include "tools/keelctl/commands/prefixes.h"
#include "tools/keelctl/commands/walk.h"
#include "tools/keelctl/output/json.h"
#include "tools/keelctl/output/table.h"
#include "tools/keelctl/text/go_text.h"
#include "tools/keelctl/text/units.h"

namespace keel::ctl {
namespace {

// The walk over the prefix that the command's argument names, with a bar.
Result<Walked> WalkShown(Context& context,
                         const std::function<void(const mvccpb::KeyValue&)>& take) {
  const std::string prefix = context.words().empty() ? "" : context.words()[0];
  Progress progress(&context.terminal(), {.what = "read", .write = HumanCount});
  uint64_t done = 0;
  return WalkPrefix(
      context.calls(), prefix, [&progress](uint64_t total) { progress.SetTotal(total); },
      [&](const mvccpb::KeyValue& kv) {
        take(kv);
        progress.Update(++done);
        return true;
      });
}

char SeparatorOf(const Context& context) {
  const std::string& text = context.flags().Text("separator");
  return text.empty() ? '/' : text.front();
}

size_t DepthOf(const Context& context) {
  return static_cast<size_t>(std::clamp<int64_t>(context.flags().Integer("depth"), 1, 64));
}

std::string JsonNode(const std::string& name, const PrefixTree::Node& node) {
  JsonArray children;
  for (const auto& [child, below] : node.children) children.Add(JsonNode(child, *below));
  return JsonObject()
      .Text("name", name)
      .Unsigned("keys", node.totals.keys)
      .Unsigned("bytes", node.totals.bytes)
      .Unsigned("largest", node.totals.largest)
      .Unsigned("writes", node.totals.writes)
      .Raw("children", children.End())
      .End();
}

struct Changes {
  uint64_t puts = 0;
  uint64_t deletes = 0;
  uint64_t bytes = 0;
};

// Counts what changes below the prefix for a time.
Status CountChanges(Context& context, uint64_t duration_us,
                    const std::function<Changes*(const std::string&)>& changes_of) {
  const std::string prefix = context.words().empty() ? "" : context.words()[0];
  Watcher watcher(&context.calls());
  pb::WatchCreateRequest request;
  request.set_key(prefix.empty() ? std::string(1, '\0') : prefix);
  request.set_range_end(PrefixEnd(prefix));
  watcher.Add(request);
  const auto began = std::chrono::steady_clock::now();
  pb::WatchResponse answer;
  while (true) {
    const auto passed = static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(
                                                  std::chrono::steady_clock::now() - began)
                                                  .count());
    if (passed >= duration_us) return {};
    switch (watcher.Next(&answer, duration_us - passed)) {
      case Watcher::Outcome::kTimeout:
        return {};
      case Watcher::Outcome::kInterrupted:
        return Cancelled("interrupted");
      case Watcher::Outcome::kFailed:
        return watcher.failure();
      case Watcher::Outcome::kAnswer:
        break;
    }
    for (const mvccpb::Event& event : answer.events()) {
      Changes* changes = changes_of(event.kv().key());
      const bool put = event.type() == mvccpb::Event::PUT;
      ++(put ? changes->puts : changes->deletes);
      changes->bytes += event.kv().key().size() + event.kv().value().size();
    }
  }
}

using Rows = std::map<std::string, std::pair<KeyTotals, Changes>>;

std::string StatsTable(const Rows& rows, double seconds) {
  Table table{.heading = {"PREFIX", "KEYS", "BYTES", "AVERAGE", "LARGEST", "WRITES"}};
  if (seconds > 0) {
    for (const char* name : {"PUTS/S", "DELETES/S", "BYTES/S"}) table.heading.emplace_back(name);
  }
  for (const auto& [prefix, row] : rows) {
    const auto& [totals, changes] = row;
    table.rows.push_back(
        {prefix.empty() ? "(none)" : prefix, HumanCount(static_cast<double>(totals.keys)),
         HumanBytes(totals.bytes), HumanBytes(totals.bytes / std::max<uint64_t>(totals.keys, 1)),
         HumanBytes(totals.largest), HumanCount(static_cast<double>(totals.writes))});
    if (seconds <= 0) continue;
    auto& cells = table.rows.back();
    cells.push_back(Fixed(static_cast<double>(changes.puts) / seconds, 1));
    cells.push_back(Fixed(static_cast<double>(changes.deletes) / seconds, 1));
    cells.push_back(
        HumanBytes(static_cast<uint64_t>(static_cast<double>(changes.bytes) / seconds)));
  }
  return table.DrawPlain();
}

std::string StatsJson(const Rows& rows, double seconds) {
  JsonArray array;
  for (const auto& [prefix, row] : rows) {
    const auto& [totals, changes] = row;
    JsonObject object;
    object.Text("prefix", prefix)
        .Unsigned("keys", totals.keys)
        .Unsigned("bytes", totals.bytes)
        .Unsigned("largest", totals.largest)
        .Unsigned("writes", totals.writes);
    if (seconds > 0) {
      object.Real("putsPerSecond", static_cast<double>(changes.puts) / seconds)
          .Real("deletesPerSecond", static_cast<double>(changes.deletes) / seconds)
          .Real("bytesPerSecond", static_cast<double>(changes.bytes) / seconds);
    }
    array.Add(object.End());
  }
  return array.End() + "\n";
}

}  // namespace

ExitCode RunTree(Context& context) {
  if (context.words().size() > 1) {
    return context.Fail(ExitCode::kBadArguments, "tree takes at most one argument, a prefix");
  }
  PrefixTree tree(SeparatorOf(context), DepthOf(context));
  const std::string prefix = context.words().empty() ? "" : context.words()[0];
  const auto walked = WalkShown(context, [&](const mvccpb::KeyValue& kv) {
    tree.Add({.key = std::string_view(kv.key()).substr(prefix.size()),
              .value_bytes = kv.value().size(),
              .version = static_cast<uint64_t>(kv.version())});
  });
  if (!walked.ok()) return context.Fail(walked.status());
  const std::string name = prefix.empty() ? "(all)" : prefix;
  const auto rows = static_cast<size_t>(std::max<int64_t>(2, context.flags().Integer("rows")));
  return context.Print(Show(
      context.style(), {.simple =
                            [&] {
                              return tree.Draw({.root_name = name,
                                                .children_max = rows,
                                                .by_size = context.flags().Switch("by-size")}) +
                                     "as of revision " + std::to_string(walked->revision) + "\n";
                            },
                        .json = [&] { return JsonNode(prefix, tree.root()) + "\n"; }}));
}

ExitCode RunStats(Context& context) {
  if (context.words().size() > 1) {
    return context.Fail(ExitCode::kBadArguments, "stats takes at most one argument, a prefix");
  }
  const char separator = SeparatorOf(context);
  const size_t depth = DepthOf(context);
  Rows rows;
  const auto walked = WalkShown(context, [&](const mvccpb::KeyValue& kv) {
    rows[PrefixTree::PrefixOf(kv.key(), separator, depth)].first.Add(
        kv.key().size() + kv.value().size(), static_cast<uint64_t>(kv.version()));
  });
  if (!walked.ok()) return context.Fail(walked.status());
  const uint64_t duration_us = context.flags().DurationUs("watch-for");
  if (duration_us > 0) {
    const Status status = CountChanges(context, duration_us, [&](const std::string& key) {
      return &rows[PrefixTree::PrefixOf(key, separator, depth)].second;
    });
    if (!status.ok()) return context.Fail(status);
  }
  const double seconds = static_cast<double>(duration_us) / 1e6;
  return context.Print(Show(context.style(), {.simple = [&] { return StatsTable(rows, seconds); },
                                              .json = [&] { return StatsJson(rows, seconds); }}));
}

}  // namespace keel::ctl
