// restore: a member's data directory as of any moment that an archive holds.
#include "backup/archive/find.h"
#include "base/fs/posix_file_system.h"
#include "net/system_clock.h"
#include "tools/keelctl/calls/interrupt.h"
#include "tools/keelctl/command/progress.h"
#include "tools/keelctl/commands/all.h"
#include "tools/keelctl/commands/archive_words.h"
#include "tools/keelctl/commands/key_file.h"
#include "tools/keelctl/output/json.h"
#include "tools/keelctl/text/go_text.h"
#include "tools/keelctl/text/moment.h"
#include "tools/restore/archive_restore.h"

namespace keel::ctl {
namespace {

Result<restore::Target> TargetOf(const Context& context) {
  const FlagValues& flags = context.flags();
  const int64_t revision = flags.Integer("to-revision");
  const int said = (flags.IsSet("to-time") ? 1 : 0) + (flags.IsSet("to-revision") ? 1 : 0) +
                   (flags.Switch("latest") ? 1 : 0);
  if (said != 1) return InvalidArgument("say one of --to-time, --to-revision and --latest");
  restore::Target target;
  if (flags.IsSet("to-time")) {
    target.kind = restore::Target::Kind::kTime;
    KEEL_ASSIGN_OR_RETURN(target.time_ms, ParseMoment(flags.Text("to-time")));
  } else if (flags.IsSet("to-revision")) {
    if (revision <= 0) return InvalidArgument("--to-revision is above 0");
    target.kind = restore::Target::Kind::kRevision;
    target.revision = Revision(static_cast<uint64_t>(revision));
  }
  return target;
}

std::string Told(const restore::ArchiveRestoreOptions& options,
                 const restore::RestoredPoint& point) {
  const restore::RestoreOptions& member = options.member;
  return "Restored " + member.name + ", member " + Hex(point.member_id, 1) +
         " of the new cluster " + Hex(point.cluster_id, 1) + ", in " + member.data_dir +
         "\nThe state is that of revision " + std::to_string(point.old_revision.value()) +
         ", index " + std::to_string(point.index.value()) + ", " + FormatMoment(point.time_ms) +
         "; " + std::to_string(point.entries) + " entries were applied behind a base" +
         "\nIts first revision is " + std::to_string(point.revision.value()) +
         ". Start it with --name=" + member.name + " --data-dir=" + member.data_dir +
         " --initial-cluster-token=" + member.token + "\n";
}

std::string Json(const restore::RestoredPoint& point) {
  return JsonObject()
             .Unsigned("clusterId", point.cluster_id)
             .Unsigned("memberId", point.member_id)
             .Unsigned("firstRevision", point.revision.value())
             .Unsigned("revision", point.old_revision.value())
             .Unsigned("index", point.index.value())
             .Unsigned("term", point.term.value())
             .Unsigned("timeMs", point.time_ms)
             .Unsigned("entries", point.entries)
             .End() +
         "\n";
}

}  // namespace

ExitCode RunRestore(Context& context) {
  const FlagValues& flags = context.flags();
  if (!context.words().empty() || flags.Text("archive").empty()) {
    return context.Fail(ExitCode::kBadArguments,
                        "restore takes --archive DIR and no arguments; for a snapshot file: "
                        "snapshot restore");
  }
  const auto target = TargetOf(context);
  if (!target.ok()) return context.Fail(ExitCode::kBadArguments, target.status().message());
  const auto key = KeyOf(context);
  if (!key.ok()) return context.Fail(ExitCode::kIo, key.status().message());
  PosixFileSystem files;
  net::SystemClock clock;
  const auto archive = backup::FindArchive(
      &files, {.directory = flags.Text("archive"), .cluster = flags.Text("cluster-id")});
  if (!archive.ok()) return FailForArchive(context, archive.status());
  restore::ArchiveRestoreOptions options{
      .member = {.files = &files,
                 .clock = &clock,
                 .key = *key,
                 .name = flags.Text("name"),
                 .data_dir = flags.Text("data-dir"),
                 .initial_cluster = flags.Text("initial-cluster"),
                 .token = flags.Text("initial-cluster-token"),
                 .bump_revision = static_cast<uint64_t>(flags.Integer("bump-revision")),
                 .mark_compacted = flags.Switch("mark-compacted")},
      .archive = *archive,
      .target = *target};
  if (flags.Integer("bump-revision") < 0) {
    return context.Fail(ExitCode::kBadFeature, "--bump-revision is not below 0");
  }
  restore::RestoreOptions& member = options.member;
  if (member.data_dir.empty()) member.data_dir = member.name + ".keel";
  // A member alone need not name itself twice.
  if (member.initial_cluster.empty()) {
    member.initial_cluster = member.name + "=" + flags.Text("initial-advertise-peer-urls");
  }
  auto progress = std::make_unique<Progress>(&context.terminal(), BytesOf("restored"));
  member.on_progress = [&](const restore::RestoreOptions::Progress& at) {
    if (at.total_bytes > 0) {
      progress->SetTotal(at.total_bytes);
      progress->Update(at.done_bytes);
    }
    return interrupt::Asked() ? Cancelled("interrupted; nothing was made") : Status();
  };
  const auto point = restore::RestoreArchive(options);
  progress.reset();
  if (!point.ok()) return FailForArchive(context, point.status());
  return context.Print(Show(context.style(), {.simple = [&] { return Told(options, *point); },
                                              .json = [&] { return Json(*point); }}));
}

}  // namespace keel::ctl
