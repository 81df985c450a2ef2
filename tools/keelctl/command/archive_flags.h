// The flags and the details of restore and of archive's commands, for the table of commands.
#pragma once

#include <array>
#include <string_view>

#include "tools/keelctl/command/backup_flags.h"

namespace keel::ctl {

inline constexpr Flag kClusterIdFlag = {
    "cluster-id", 0, FlagKind::kText, "",
    "which cluster's archive, where the directory holds several (hexadecimal)"};
inline constexpr std::array<Flag, 2> kArchiveFlags = {kClusterIdFlag, kKeyFileFlag};
inline constexpr std::array<Flag, 4> kArchivePruneFlags = {{
    {"keep", 0, FlagKind::kDuration, "168h", "the time up to now that stays restorable"},
    {"dry-run", 0, FlagKind::kSwitch, "false", "say what would go, and remove nothing"},
    kClusterIdFlag,
    kKeyFileFlag,
}};
inline constexpr std::array<Flag, 13> kArchiveRestoreFlags = {{
    {"archive", 0, FlagKind::kText, "", "the directory that keeld's --archive named"},
    {"to-time", 0, FlagKind::kText, "",
     "every write up to this moment: 2026-11-21T12:00:00.123Z, or milliseconds since 1970"},
    {"to-revision", 0, FlagKind::kInteger, "0", "every write up to this revision"},
    {"latest", 0, FlagKind::kSwitch, "false", "everything that the archive holds"},
    kClusterIdFlag,
    kRestoreFlags[0],
    kRestoreFlags[1],
    kRestoreFlags[2],
    kRestoreFlags[3],
    kRestoreFlags[4],
    kRestoreFlags[5],
    kRestoreFlags[6],
    kRestoreFlags[7],
}};
inline constexpr std::string_view kArchiveRestoreDetails =
    "Run it for each member with the same target, --initial-cluster and token, and that member's\n"
    "--name; then start all of them. The old cluster must not run: with --latest, what it still\n"
    "archived between two runs would make two clusters. The moment is the log's, which is that of\n"
    "the leader's clock and never goes back.\n";
inline constexpr std::string_view kArchiveVerifyDetails =
    "Reads all of it. A gap that was marked when it came about is told and is no damage: restores\n"
    "before and behind it work.\n";

}  // namespace keel::ctl
