// archive status, verify, prune: what is done with an archive, without any member.
#include <algorithm>
#include <optional>

#include "backup/archive/archive_reader.h"
#include "backup/archive/find.h"
#include "backup/archive/upkeep.h"
#include "backup/archive/verify.h"
#include "base/fs/posix_file_system.h"
#include "net/system_clock.h"
#include "tools/keelctl/calls/interrupt.h"
#include "tools/keelctl/commands/all.h"
#include "tools/keelctl/commands/archive_words.h"
#include "tools/keelctl/commands/key_file.h"
#include "tools/keelctl/output/json.h"
#include "tools/keelctl/text/go_text.h"
#include "tools/keelctl/text/moment.h"

namespace keel::ctl {
namespace {

using backup::ArchiveReport;
using backup::Catalogue;

// The archive that a command names, at hand.
struct Named {
  PosixFileSystem files;
  std::string directory;
  std::string key;
  std::unique_ptr<backup::DirectoryStore> store;
  Catalogue catalogue;
};

Result<std::unique_ptr<Named>> Name(const Context& context) {
  if (context.words().size() != 1) {
    return InvalidArgument(std::string(context.command().name) +
                           " requires one argument: the "
                           "directory that keeld's --archive named");
  }
  auto named = std::make_unique<Named>();
  KEEL_ASSIGN_OR_RETURN(named->key, KeyOf(context));
  KEEL_ASSIGN_OR_RETURN(
      named->directory,
      backup::FindArchive(&named->files, {.directory = context.words()[0],
                                          .cluster = context.flags().Text("cluster-id")}));
  named->store = std::make_unique<backup::DirectoryStore>(backup::DirectoryStore::Options{
      .files = &named->files, .directory = named->directory, .writer = "keelctl"});
  KEEL_ASSIGN_OR_RETURN(const auto objects, named->store->List());
  named->catalogue = Catalogue::Of(objects);
  return named;
}

// Before the first write the log has no time.
std::string At(Index index, uint64_t time_ms) {
  return "index " + std::to_string(index.value()) + ", " +
         (time_ms == 0 ? "before the first write" : FormatMoment(time_ms));
}

std::string GapText(const backup::ArchiveGap& gap) {
  if (gap.IsOpen()) {
    return "gap: nothing from index " + std::to_string(gap.missing.first.value()) +
           " on is archived, and no base is behind it yet; no moment behind " +
           FormatMoment(gap.begins_ms) + " can be restored";
  }
  return "gap: indexes " + std::to_string(gap.missing.first.value()) + " to " +
         std::to_string(gap.missing.last.value()) + " were not archived; no moment from " +
         FormatMoment(gap.begins_ms) + " until before " + FormatMoment(gap.ends_ms) +
         " can be restored";
}

Result<backup::Segment> Open(Named* named, const std::string& name) {
  KEEL_ASSIGN_OR_RETURN(const std::string bytes, named->store->Get(name));
  return backup::OpenSegment({.name = name, .bytes = bytes, .key = named->key});
}

// What the ends of the stretches say, without reading what is between them.
Result<ArchiveReport> Survey(Named* named) {
  ArchiveReport report;
  const Catalogue& catalogue = named->catalogue;
  report.bases = catalogue.bases.size();
  report.segments = catalogue.segments.size();
  for (const auto& base : catalogue.bases) report.size_bytes += base.size_bytes;
  for (const auto& segment : catalogue.segments) report.size_bytes += segment.size_bytes;
  if (catalogue.bases.empty()) return NotFound(named->directory + " holds no base");
  report.BeginWith(catalogue.bases.front());
  for (const backup::IndexRange& stretch : catalogue.Stretches()) {
    const auto chain = catalogue.ChainBehind(stretch.first.Prev());
    KEEL_ASSIGN_OR_RETURN(backup::Segment segment, Open(named, chain.front().name));
    report.cluster_id = segment.header.cluster_id;
    if (const auto gap = report.GapBefore(segment.header.previous); gap.has_value()) {
      report.gaps.push_back(*gap);
    }
    if (chain.size() > 1) {
      KEEL_ASSIGN_OR_RETURN(segment, Open(named, chain.back().name));
    }
    report.end = segment.trailer.last;
  }
  report.EndWith(catalogue.bases.back());
  if (catalogue.HasGapNote(report.end.index)) report.EndOpen();
  report.whole_until_ms = report.end.time_ms;
  if (catalogue.has_tip) {
    KEEL_ASSIGN_OR_RETURN(const std::string bytes,
                          named->store->Get(std::string(backup::kTipName)));
    KEEL_ASSIGN_OR_RETURN(const backup::Tip tip, backup::DecodeTip(bytes));
    if (report.cluster_id == 0) report.cluster_id = tip.cluster_id;  // no segment has said it
    report.Heed(tip);
  }
  return report;
}

std::string Findings(const ArchiveReport& report) {
  std::string text = "  of cluster " + Hex(report.cluster_id, 1) + ": " +
                     std::to_string(report.bases) + " bases, " + std::to_string(report.segments) +
                     " segments, " + HumanBytes(report.size_bytes) + "\n  from revision " +
                     std::to_string(report.begin.revision.value()) + ", " +
                     At(report.begin.index, report.begin.time_ms) + "\n  to " +
                     At(report.end.index, report.end.time_ms) + ", and whole until " +
                     FormatMoment(report.whole_until_ms) + "\n";
  for (const auto& gap : report.gaps) text += "  " + GapText(gap) + "\n";
  return text;
}

std::string Json(const ArchiveReport& report) {
  return JsonObject()
             .Unsigned("clusterId", report.cluster_id)
             .Unsigned("bases", report.bases)
             .Unsigned("segments", report.segments)
             .Unsigned("totalSize", report.size_bytes)
             .Unsigned("firstRevision", report.begin.revision.value())
             .Unsigned("firstIndex", report.begin.index.value())
             .Unsigned("firstTimeMs", report.begin.time_ms)
             .Unsigned("lastIndex", report.end.index.value())
             .Unsigned("lastTimeMs", report.end.time_ms)
             .Unsigned("wholeUntilMs", report.whole_until_ms)
             .Unsigned("gaps", report.gaps.size())
             .End() +
         "\n";
}

}  // namespace

ExitCode RunArchiveStatus(Context& context) {
  const auto named = Name(context);
  if (!named.ok()) return FailForArchive(context, named.status());
  const auto report = Survey(named->get());
  if (!report.ok()) return FailForArchive(context, report.status());
  return context.Print(Show(
      context.style(), {.simple = [&] { return (*named)->directory + "\n" + Findings(*report); },
                        .json = [&] { return Json(*report); }}));
}

ExitCode RunArchiveVerify(Context& context) {
  const auto named = Name(context);
  if (!named.ok()) return FailForArchive(context, named.status());
  Progress progress(&context.terminal(), BytesOf("verified"));
  uint64_t total_bytes = 0;
  for (const auto& base : (*named)->catalogue.bases) total_bytes += base.size_bytes;
  for (const auto& segment : (*named)->catalogue.segments) total_bytes += segment.size_bytes;
  progress.SetTotal(total_bytes);
  const auto report =
      backup::VerifyArchive({.files = &(*named)->files,
                             .store = (*named)->store.get(),
                             .key = (*named)->key,
                             .on_progress = [&](uint64_t bytes) {
                               progress.Update(bytes);
                               return interrupt::Asked() ? Cancelled("interrupted") : Status();
                             }});
  if (!report.ok()) return FailForArchive(context, report.status());
  if (!report->problems.empty()) {
    std::string words = (*named)->directory + " is damaged";
    for (const std::string& problem : report->problems) words += "\n  " + problem;
    return context.Fail(ExitCode::kError, words);
  }
  context.Out((*named)->directory + " is whole and consistent\n" + Findings(*report) + "  " +
              std::to_string(report->entries) + " entries\n");
  return ExitCode::kSuccess;
}

ExitCode RunArchivePrune(Context& context) {
  const auto named = Name(context);
  if (!named.ok()) return FailForArchive(context, named.status());
  const uint64_t keep_ms = context.flags().DurationUs("keep") / 1000;
  const uint64_t now_ms = net::SystemClock().WallMs();
  const uint64_t from_ms = now_ms - std::min(now_ms, keep_ms);
  const auto names = backup::PrunePlan((*named)->catalogue, from_ms);
  const bool is_dry = context.flags().Switch("dry-run");
  // What goes is not needed because of what stays: that must be there for sure.
  if (!is_dry && !names.empty()) {
    const Status settled = (*named)->store->Settle({});
    if (!settled.ok()) return FailForArchive(context, settled);
  }
  for (const std::string& name : names) {
    if (interrupt::Asked()) return context.Fail(ExitCode::kInterrupted, "interrupted");
    if (is_dry) {
      context.Out(name + "\n");
    } else if (const Status removed = (*named)->store->Remove(name);
               !removed.ok() && removed.code() != Code::kNotFound) {
      return FailForArchive(context, removed);
    }
  }
  context.Out(std::to_string(names.size()) + (is_dry ? " objects would go" : " objects went") +
              "; every moment from " + FormatMoment(from_ms) + " on stays restorable as before\n");
  return ExitCode::kSuccess;
}

}  // namespace keel::ctl
