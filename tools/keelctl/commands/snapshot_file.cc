// snapshot status, verify, restore: what is done with a snapshot file, without any member.
#include <filesystem>

#include "backup/chunk_source.h"
#include "backup/snapshot_check.h"
#include "base/coding.h"
#include "base/fs/posix_file_system.h"
#include "net/system_clock.h"
#include "tools/keelctl/calls/interrupt.h"
#include "tools/keelctl/command/progress.h"
#include "tools/keelctl/commands/all.h"
#include "tools/keelctl/commands/key_file.h"
#include "tools/keelctl/output/json.h"
#include "tools/keelctl/output/table.h"
#include "tools/keelctl/text/go_text.h"
#include "tools/keelctl/text/units.h"
#include "tools/restore/restore.h"

namespace keel::ctl {
namespace {

Progress::Options Bytes(std::string what) {
  return {.what = std::move(what),
          .write = [](double bytes) { return HumanBytes(static_cast<uint64_t>(bytes)); }};
}

struct Looked {
  backup::FileSummary file;
  backup::SnapshotFindings found;
};

// Reads and checks all of the file that the command names.
Result<Looked> Look(Context& context, const std::string& path) {
  PosixFileSystem files;
  KEEL_ASSIGN_OR_RETURN(const std::string key, KeyOf(context));
  KEEL_ASSIGN_OR_RETURN(auto source,
                        backup::OpenSnapshotFile({.files = &files, .path = path, .key = key}));
  Progress progress(&context.terminal(), Bytes("verified"));
  progress.SetTotal(source->summary().file_bytes);
  auto found = backup::CheckSnapshot(source.get(), [&](const std::string& /*chunk*/) {
    progress.Update(source->offset());
    return interrupt::Asked() ? Cancelled("interrupted") : Status();
  });
  if (!found.ok()) return found.status();
  return Looked{.file = source->summary(), .found = *found};
}

// Where no error of ours says so, the file at fault is named.
ExitCode FailFor(Context& context, const std::string& path, const Status& status) {
  const std::string words(status.message());
  const std::string named = words.find(path) == std::string::npos ? path + ": " + words : words;
  switch (status.code()) {
    case Code::kNotFound:
    case Code::kPermissionDenied:
      return context.Fail(ExitCode::kIo, named);
    case Code::kCancelled:
      return context.Fail(ExitCode::kInterrupted, status.message());
    case Code::kUnimplemented:
      return context.Fail(ExitCode::kBadFeature, named);
    default:
      return context.Fail(ExitCode::kError, named);
  }
}

uint64_t ShortHash(const std::string& sum) {
  uint64_t hash = 0;
  for (size_t i = 0; i < 4; ++i) hash = hash << 8 | static_cast<uint8_t>(sum[i]);
  return hash;
}

Printed PrintSummary(const Style& style, const Looked& looked) {
  const uint64_t hash = ShortHash(looked.file.sum);
  const std::vector<std::string> row = {
      Hex(hash, 8), std::to_string(looked.found.header.revision.value()),
      std::to_string(looked.found.versions), HumanBytes(looked.file.file_bytes)};
  return Show(style,
              {.simple = [&] { return Join(row, ", ") + "\n"; },
               .json =
                   [&] {
                     return JsonObject()
                                .Unsigned("hash", hash)
                                .Unsigned("revision", looked.found.header.revision.value())
                                .Unsigned("totalKey", looked.found.versions)
                                .Unsigned("totalSize", looked.file.file_bytes)
                                .Unsigned("appliedIndex", looked.found.header.applied.value())
                                .Unsigned("appliedTerm", looked.found.header.applied_term.value())
                                .Unsigned("compactedRevision", looked.found.state.compacted.value())
                                .Unsigned("liveKeys", looked.found.state.live_keys)
                                .Unsigned("leases", looked.found.leases)
                                .Unsigned("clusterId", looked.file.cluster_id)
                                .Unsigned("memberId", looked.file.member_id)
                                .Unsigned("savedMs", looked.file.saved_ms)
                                .End() +
                            "\n";
                   },
               .table =
                   [&] {
                     return Table{.heading = {"hash", "revision", "total keys", "total size"},
                                  .rows = {row}}
                         .Draw();
                   }});
}

std::string Findings(const Looked& looked) {
  const kv::StoreState& state = looked.found.state;
  std::string text;
  if (!looked.file.is_stream) {
    text += "  of cluster " + Hex(looked.file.cluster_id, 1) + ", member " +
            Hex(looked.file.member_id, 1) + (looked.file.is_encrypted ? ", encrypted" : "") + "\n";
  }
  return text + "  revision " + std::to_string(state.revision.value()) + ", compacted at " +
         std::to_string(state.compacted.value()) + "; index " +
         std::to_string(state.applied.value()) + ", term " +
         std::to_string(state.applied_term.value()) + "\n  " + std::to_string(state.live_keys) +
         " keys in " + std::to_string(looked.found.versions) + " versions, " +
         std::to_string(looked.found.leases) + " leases; " + HumanBytes(looked.file.raw_bytes) +
         " in " + HumanBytes(looked.file.file_bytes) + "\n";
}

}  // namespace

ExitCode RunSnapshotStatus(Context& context) {
  if (context.words().size() != 1) {
    return context.Fail(ExitCode::kBadArguments, "snapshot status requires exactly one argument");
  }
  const auto looked = Look(context, context.words()[0]);
  if (!looked.ok()) return FailFor(context, context.words()[0], looked.status());
  return context.Print(PrintSummary(context.style(), *looked));
}

ExitCode RunSnapshotVerify(Context& context) {
  if (context.words().size() != 1) {
    return context.Fail(ExitCode::kBadArguments, "snapshot verify requires exactly one argument");
  }
  const auto looked = Look(context, context.words()[0]);
  if (!looked.ok()) return FailFor(context, context.words()[0], looked.status());
  context.Out(context.words()[0] + " is whole and consistent\n" + Findings(*looked));
  return ExitCode::kSuccess;
}

ExitCode RunSnapshotRestore(Context& context) {
  if (context.words().size() != 1) {
    return context.Fail(ExitCode::kBadArguments, "snapshot restore requires exactly one argument");
  }
  const FlagValues& flags = context.flags();
  const int64_t bump = flags.Integer("bump-revision");
  if (bump < 0) return context.Fail(ExitCode::kBadFeature, "--bump-revision is not below 0");
  const auto key = KeyOf(context);
  if (!key.ok()) return context.Fail(ExitCode::kIo, key.status().message());
  PosixFileSystem files;
  net::SystemClock clock;
  restore::RestoreOptions options{.files = &files,
                                  .clock = &clock,
                                  .snapshot = context.words()[0],
                                  .key = *key,
                                  .name = flags.Text("name"),
                                  .data_dir = flags.Text("data-dir"),
                                  .initial_cluster = flags.Text("initial-cluster"),
                                  .token = flags.Text("initial-cluster-token"),
                                  .bump_revision = static_cast<uint64_t>(bump),
                                  .mark_compacted = flags.Switch("mark-compacted")};
  const std::string& urls = flags.Text("initial-advertise-peer-urls");
  if (options.data_dir.empty()) options.data_dir = options.name + ".keel";
  // A member alone need not name itself twice.
  if (options.initial_cluster.empty()) options.initial_cluster = options.name + "=" + urls;
  auto progress = std::make_unique<Progress>(&context.terminal(), Bytes("restored"));
  options.on_progress = [&](const restore::RestoreOptions::Progress& at) {
    progress->SetTotal(at.total_bytes);
    progress->Update(at.done_bytes);
    return interrupt::Asked() ? Cancelled("interrupted; nothing was made") : Status();
  };
  const auto restored = restore::Restore(options);
  progress.reset();
  if (!restored.ok()) return FailFor(context, options.snapshot, restored.status());
  context.Out("Restored " + options.name + ", member " + Hex(restored->member_id, 1) +
              " of the new cluster " + Hex(restored->cluster_id, 1) + ", in " + options.data_dir +
              "\nIts first revision is " + std::to_string(restored->revision.value()) +
              ". Start it with --name=" + options.name + " --data-dir=" + options.data_dir +
              " --initial-cluster-token=" + options.token + "\n");
  return ExitCode::kSuccess;
}

}  // namespace keel::ctl
