// The flags and the details of snapshot, export and import, for the table of commands.
#pragma once

#include <array>
#include <string_view>

#include "tools/keelctl/command/flags.h"

namespace keel::ctl {

inline constexpr std::array<Flag, 2> kExportFlags = {{
    {"output", 0, FlagKind::kText, "", "the file to write; without it, standard output"},
    {"restart", 0, FlagKind::kSwitch, "false", "begin anew instead of going on"},
}};
inline constexpr std::array<Flag, 2> kImportFlags = {{
    {"only-new", 0, FlagKind::kSwitch, "false", "leave alone what is there"},
    {"restart", 0, FlagKind::kSwitch, "false", "begin anew instead of going on"},
}};
inline constexpr std::string_view kExportDetails =
    "The newest versions as of one revision. Interrupted, the same command goes on behind what is\n"
    "in FILE.part; the file gets its name when it is complete.\n";
inline constexpr std::string_view kImportDetails =
    "Keys come without their leases. FILE.imported says how far it came: interrupted, the same\n"
    "command goes on from there.\n";
inline constexpr Flag kKeyFileFlag = {"key-file", 0, FlagKind::kText, "",
                                      "a file with the key that snapshots are encrypted with"};
inline constexpr std::array<Flag, 2> kSnapshotSaveFlags = {{
    {"rate", 0, FlagKind::kText, "64MB",
     "the most bytes a second that are taken, before they are compressed; 0: no bound"},
    kKeyFileFlag,
}};
inline constexpr std::array<Flag, 1> kSnapshotFileFlags = {kKeyFileFlag};
inline constexpr std::array<Flag, 8> kRestoreFlags = {{
    {"name", 0, FlagKind::kText, "default", "the member's name"},
    {"data-dir", 0, FlagKind::kText, "", "the directory to make (NAME.keel)"},
    {"initial-cluster", 0, FlagKind::kText, "",
     "all members: NAME=PEER-URL, separated by commas (this member alone)"},
    {"initial-cluster-token", 0, FlagKind::kText, "keel-cluster",
     "a token of its own for each restore: it is part of the new cluster's identity"},
    {"initial-advertise-peer-urls", 0, FlagKind::kText, "http://localhost:2380",
     "the peer URL of a member that is alone"},
    {"bump-revision", 0, FlagKind::kInteger, "1000000000",
     "how far the new cluster's revisions begin behind the snapshot's"},
    {"mark-compacted", 0, FlagKind::kSwitch, "true",
     "watchers and readers of the history before are told that it is compacted"},
    kKeyFileFlag,
}};
inline constexpr std::string_view kRestoreDetails =
    "Run it for each member with the same file, --initial-cluster and token, and that member's\n"
    "--name; then start all of them. The members agree on who they are because they are given the\n"
    "same: a second restore of the same file wants another --initial-cluster-token.\n";

}  // namespace keel::ctl
