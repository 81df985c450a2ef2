// All commands, in the order of the help.
#include <array>

#include "tools/keelctl/command/archive_flags.h"
#include "tools/keelctl/command/backup_flags.h"
#include "tools/keelctl/command/command.h"
#include "tools/keelctl/commands/all.h"
#include "tools/keelctl/commands/requests.h"

namespace keel::ctl {
namespace {

using Kind = FlagKind;

constexpr std::array<Flag, 1> kTxnFlags = {
    {{"interactive", 'i', Kind::kSwitch, "false", "ask for the lists one after the other"}}};
constexpr std::array<Flag, 5> kWatchFlags = {{
    {"interactive", 'i', Kind::kSwitch, "false", "read what to watch from standard input"},
    {"prefix", 0, Kind::kSwitch, "false", "watch all keys that begin with the key"},
    {"rev", 0, Kind::kInteger, "0", "begin with this revision (0: what comes next)"},
    {"prev-kv", 0, Kind::kSwitch, "false", "show what each key held before, too"},
    {"progress-notify", 0, Kind::kSwitch, "false",
     "ask the server to say now and then how far it is"},
}};
constexpr std::array<Flag, 1> kCompactionFlags = {
    {{"physical", 0, Kind::kSwitch, "false",
      "wait until the old revisions are gone from the disk"}}};
constexpr std::array<Flag, 1> kTimeToLiveFlags = {
    {{"keys", 0, Kind::kSwitch, "false", "name the lease's keys, too"}}};
constexpr std::array<Flag, 1> kKeepAliveFlags = {
    {{"once", 0, Kind::kSwitch, "false", "Renew the lease once and end"}}};
constexpr std::array<Flag, 2> kMemberAddFlags = {{
    {"peer-urls", 0, Kind::kText, "", "where its peers will find it, separated by commas"},
    {"learner", 0, Kind::kSwitch, "false", "it learns, and has no vote yet"},
}};
constexpr std::array<Flag, 1> kMemberUpdateFlags = {
    {{"peer-urls", 0, Kind::kText, "",
      "where its peers find it from now on, separated by commas"}}};
constexpr std::array<Flag, 1> kClusterFlags = {
    {{"cluster", 0, Kind::kSwitch, "false",
      "ask every member of the cluster, not the endpoints alone"}}};
constexpr std::array<Flag, 2> kHashKvFlags = {{
    {"cluster", 0, Kind::kSwitch, "false",
     "ask every member of the cluster, not the endpoints alone"},
    {"rev", 0, Kind::kInteger, "0", "hash up to this revision (0: all)"},
}};
constexpr std::array<Flag, 2> kDefragFlags = {{
    {"cluster", 0, Kind::kSwitch, "false",
     "ask every member of the cluster, not the endpoints alone"},
    {"data-dir", 0, Kind::kText, "", "known for etcdctl's sake; refused"},
}};
constexpr std::array<Flag, 1> kLockFlags = {
    {{"ttl", 0, Kind::kInteger, "10", "seconds that the lock outlives a holder that dies"}}};
constexpr std::array<Flag, 1> kElectFlags = {
    {{"listen", 'l', Kind::kSwitch, "false", "tell who leads, without standing"}}};
constexpr std::array<Flag, 2> kReplaceFlags = {{
    {"name", 0, Kind::kText, "", "the new member's name, for the command that starts it"},
    {"wait", 0, Kind::kDuration, "10m", "how long the new member may take to catch up"},
}};
constexpr std::array<Flag, 2> kDoctorFlags = {{
    {"watch-for", 0, Kind::kDuration, "1s", "how long to look at the cluster"},
    {"slow-sync", 0, Kind::kDuration, "64ms", "what one in ten syncs of a log may take"},
}};
constexpr std::array<Flag, 4> kTreeFlags = {{
    {"depth", 0, Kind::kInteger, "2", "how many levels to show"},
    {"separator", 0, Kind::kText, "/", "what stands between the levels of a key"},
    {"rows", 0, Kind::kInteger, "20", "how many entries of one level to show"},
    {"by-size", 0, Kind::kSwitch, "false", "the largest first, instead of by name"},
}};
constexpr std::array<Flag, 3> kStatsFlags = {{
    {"depth", 0, Kind::kInteger, "1", "how many levels of the keys make a prefix"},
    {"separator", 0, Kind::kText, "/", "what stands between the levels of a key"},
    {"watch-for", 0, Kind::kDuration, "0", "count changes for so long, for the rates"},
}};
constexpr std::array<Flag, 2> kTopFlags = {{
    {"interval", 0, Kind::kDuration, "2s", "between two screens"},
    {"count", 0, Kind::kInteger, "0",
     "how many screens (0: until interrupted; one if it is no terminal)"},
}};
constexpr std::array<Flag, 12> kPlanFlags = {{
    {"measure", 0, Kind::kDuration, "0", "measure the rates of the cluster for so long"},
    {"writes", 0, Kind::kInteger, "0", "puts a second (0: measured, or none)"},
    {"key-size", 0, Kind::kText, "0", "bytes of a key (0: the cluster's average, or 32)"},
    {"value-size", 0, Kind::kText, "0", "bytes of a value (0: the cluster's average, or 256)"},
    {"keys", 0, Kind::kInteger, "0", "live keys now (0: the cluster's)"},
    {"new-keys", 0, Kind::kText, "0", "the part of the puts that make a new key, 0 to 1"},
    {"history", 0, Kind::kDuration, "1h", "how long old versions are kept (auto compaction)"},
    {"compression", 0, Kind::kText, "1", "what a byte of data takes on the disk (0.5: half)"},
    {"growth", 0, Kind::kText, "0", "how much more is written each month, in percent"},
    {"disk", 0, Kind::kText, "100GB", "the disk of a member"},
    {"horizon", 0, Kind::kDuration, "8760h", "how far to look ahead"},
    {"members", 0, Kind::kInteger, "3", "members, if no cluster is asked"},
}};
constexpr std::string_view kPlanDetails =
    "What is not given is taken from the cluster at --endpoints, if it answers: the number of "
    "keys,\n"
    "their sizes and, with --measure, the rate of writes. Without one, give --writes and --keys.\n"
    "The forecast is of one member; every member holds everything.\n";
constexpr std::array<Flag, 9> kMirrorFlags = {{
    {"prefix", 0, Kind::kText, "", "copy the keys that begin so"},
    {"dest-prefix", 0, Kind::kText, "", "the prefix that stands for it in the destination"},
    {"no-dest-prefix", 0, Kind::kSwitch, "false", "strip the prefix in the destination"},
    {"dest-cert", 0, Kind::kText, "", "this client's certificate for the destination"},
    {"dest-key", 0, Kind::kText, "", "the key of --dest-cert"},
    {"dest-cacert", 0, Kind::kText, "", "the certificates that the destination's is verified with"},
    {"dest-insecure-transport", 0, Kind::kSwitch, "true", "connections without TLS"},
    {"dest-user", 0, Kind::kText, "", "username[:password] for the destination"},
    {"dest-password", 0, Kind::kText, "", "the password of --dest-user"},
}};
constexpr std::array<Flag, 5> kPerfFlags = {{
    {"load", 0, Kind::kText, "s", "the workload: s(small), m(medium), l(large), xl(xLarge)"},
    {"prefix", 0, Kind::kText, "/etcdctl-check-perf/", "the prefix of the keys that are written"},
    {"duration", 0, Kind::kDuration, "60s", "how long to write"},
    {"auto-compact", 0, Kind::kSwitch, "false", "compact when the check is finished"},
    {"auto-defrag", 0, Kind::kSwitch, "false", "defragment when the check is finished"},
}};
constexpr std::array<Flag, 4> kDatascaleFlags = {{
    {"load", 0, Kind::kText, "s", "the workload: s(small), m(medium), l(large), xl(xLarge)"},
    {"prefix", 0, Kind::kText, "/etcdctl-check-datascale/",
     "the prefix of the keys that are written"},
    {"auto-compact", 0, Kind::kSwitch, "false", "compact when the check is finished"},
    {"auto-defrag", 0, Kind::kSwitch, "false", "defragment when the check is finished"},
}};
constexpr std::array<Flag, 3> kUserAddFlags = {{
    {"interactive", 0, Kind::kSwitch, "true",
     "ask for the password on the terminal; with =false it is a line of standard input"},
    {"new-user-password", 0, Kind::kText, "", "the password, for scripts"},
    {"no-password", 0, Kind::kSwitch, "false", "the user needs no password"},
}};
constexpr std::array<Flag, 1> kUserGetFlags = {
    {{"detail", 0, Kind::kSwitch, "false", "show what each of the roles may do"}}};
constexpr std::array<Flag, 1> kUserPasswordFlags = {
    {{"interactive", 0, Kind::kSwitch, "true",
      "ask for the password on the terminal; with =false it is a line of standard input"}}};
constexpr std::array<Flag, 2> kPermissionFlags = {{
    {"prefix", 0, Kind::kSwitch, "false", "the permission is of a prefix"},
    {"from-key", 0, Kind::kSwitch, "false",
     "the permission is of the key and of all that are greater, by byte compare"},
}};

constexpr std::string_view kPutDetails =
    "A value that begins with '-' is taken for a flag: write `keelctl put -- <key> <value>`.\n"
    "Without a value on the command line (and without --ignore-value) it is standard input.\n";
constexpr std::string_view kTxnDetails =
    "Reads from standard input, a line each, three lists with an empty line behind each: the\n"
    "compares, the requests if all hold, the requests otherwise.\n"
    "\n"
    "  compare   TARGET(\"KEY\") OP \"VALUE\": TARGET is ver, create, mod, val or lease, and OP is "
    "one\n"
    "            of = != < >\n"
    "  request   put, get or del with their flags, as on the command line\n"
    "\n"
    "Example:\n"
    "  keelctl txn <<'TXN'\n"
    "  mod(\"key1\") > \"0\"\n"
    "\n"
    "  put key1 \"overwrote-key1\"\n"
    "\n"
    "  put key1 \"created-key1\"\n"
    "\n"
    "  TXN\n";
constexpr std::string_view kWatchDetails =
    "A program behind -- is run for each event, with ETCD_WATCH_REVISION, ETCD_WATCH_EVENT_TYPE,\n"
    "ETCD_WATCH_KEY and ETCD_WATCH_VALUE in its environment. ETCDCTL_WATCH_KEY and\n"
    "ETCDCTL_WATCH_RANGE_END stand for the arguments. Interactively, each line of standard input\n"
    "is `watch [options] KEY [RANGE_END] [-- PROGRAM]` or `progress`. A watch goes on at another\n"
    "member when its own one fails.\n";
constexpr std::string_view kLockDetails =
    "Waits for the lock, holds it until it is interrupted, and releases it. With a program the\n"
    "lock is held while that runs (ETCD_LOCK_KEY and ETCD_LOCK_REV are in its environment), and\n"
    "its exit code is keelctl's.\n";

constexpr auto kCommands = std::to_array<Command>({
    {"status",
     "",
     "The cluster on one screen",
     "Members with their roles, lag, sizes and versions; keys, quota, alarms. The exit code is 0\n"
     "if there is a leader and a read through consensus succeeds.\n",
     {},
     RunStatus},
    {"doctor", "[options]", "Finds what is wrong with the cluster, and says what to do",
     "The exit code is 0 if there is no fault; warnings do not count.\n", kDoctorFlags, RunDoctor},
    {"top", "[options]", "The cluster live", "", kTopFlags, RunTop},
    {"tree", "[options] [prefix]", "Keys and bytes by prefix, as a tree", "", kTreeFlags, RunTree},
    {"stats", "[options] [prefix]", "Keys, bytes and rates by prefix", "", kStatsFlags, RunStats},
    {"plan", "[options]", "Forecasts disk, memory and network, and when a disk will be full",
     kPlanDetails, kPlanFlags, RunPlan},
    {"edit",
     "<key>",
     "Opens a value in $EDITOR and writes it back",
     "Written only if nobody else has changed the key meanwhile.\n",
     {},
     RunEdit},
    {"shell",
     "",
     "A prompt for all these commands, with history and completion of keys",
     "Leave it by `exit` or the end of the input.\n",
     {},
     RunShell},
    {"put",
     "[options] <key> <value> (<value> can also be given from stdin)",
     "Writes a value under a key",
     kPutDetails,
     {},
     RunPut},
    {"get", "[options] <key> [range_end]", "Reads a key, or a range of them", "", {}, RunGet},
    {"del",
     "[options] <key> [range_end]",
     "Deletes a key, or all from one up to another",
     "",
     {},
     RunDelete},
    {"txn", "[options]", "Carries out what is read from standard input as one transaction",
     kTxnDetails, kTxnFlags, RunTxn},
    {"watch", "[options] [key or prefix] [range_end] [--] [exec-command arg1 arg2 ...]",
     "Shows changes of keys as they happen", kWatchDetails, kWatchFlags, RunWatch},
    {"compaction", "[options] <revision>", "Gives up the history before a revision", "",
     kCompactionFlags, RunCompaction},
    {"lease grant", "<ttl>", "Makes a lease of so many seconds", "", {}, RunLeaseGrant},
    {"lease revoke", "<leaseID>", "Ends a lease, and deletes its keys", "", {}, RunLeaseRevoke},
    {"lease timetolive", "<leaseID> [options]", "Tells how long a lease has left, and its keys", "",
     kTimeToLiveFlags, RunLeaseTimeToLive},
    {"lease list", "", "Names the leases that live", "", {}, RunLeaseList},
    {"lease keep-alive", "[options] <leaseID>", "Renews a lease, again and again", "",
     kKeepAliveFlags, RunLeaseKeepAlive},
    {"member add", "<memberName> [options]", "Makes room in the cluster for one member more", "",
     kMemberAddFlags, RunMemberAdd},
    {"member remove",
     "<memberID>",
     "Takes a member out of the cluster, for good",
     "",
     {},
     RunMemberRemove},
    {"member update", "<memberID> [options]",
     "Changes the addresses at which its peers find a member", "", kMemberUpdateFlags,
     RunMemberUpdate},
    {"member list",
     "",
     "Shows the members, with names and addresses",
     "The simple format is ID, Status, Name, Peer Addrs, Client Addrs, Is Learner.\n",
     {},
     RunMemberList},
    {"member promote", "<memberID>", "Gives a learner its vote", "", {}, RunMemberPromote},
    {"member replace", "<old member's ID or name> <new peer URL> [options]",
     "Puts a new member in the place of an old one",
     "Adds the new member as a learner, waits until it runs, has caught up and votes, and then\n"
     "removes the old one; one that does not answer is removed first. Interrupted, it can be run\n"
     "again and goes on.\n",
     kReplaceFlags, RunMemberReplace},
    {"endpoint health", "", "Asks each endpoint whether it serves, and how fast", "", kClusterFlags,
     RunEndpointHealth},
    {"endpoint status", "", "Shows version, size, leader and log of each endpoint",
     "The simple format is endpoint, ID, version, db size, is leader, is learner, raft term, raft\n"
     "index, raft applied index, errors.\n",
     kClusterFlags, RunEndpointStatus},
    {"endpoint hashkv", "", "Shows each endpoint's hash of keys and history, to compare", "",
     kHashKvFlags, RunEndpointHashKv},
    {"alarm list", "", "Shows the alarms that stand", "", {}, RunAlarmList},
    {"alarm disarm", "", "Lowers every alarm that stands", "", {}, RunAlarmDisarm},
    {"defrag", "", "Asks members to give back room on their disks", "", kDefragFlags, RunDefrag},
    {"move-leader", "<transferee-member-id>", "Lets another member lead", "", {}, RunMoveLeader},
    {"lock", "<lockname> [exec-command arg1 arg2 ...]",
     "Holds a lock while a command runs, or until interrupted", kLockDetails, kLockFlags, RunLock},
    {"elect", "<election-name> [proposal]", "Stands for an election, or listens to one", "",
     kElectFlags, RunElect},
    {"snapshot save", "<filename>", "Saves one member's state as a file",
     "The file appears when it is complete, synced and its checksum fits. It is compressed.\n",
     kSnapshotSaveFlags, RunSnapshotSave},
    {"snapshot status", "<filename>", "Checks a snapshot's checksums and says what it holds",
     "The simple format is hash, revision, total keys (their versions counted), total size.\n",
     kSnapshotFileFlags, RunSnapshotStatus},
    {"snapshot verify", "<filename>",
     "Checks every byte of a snapshot, and all that must hold of the state in it", "",
     kSnapshotFileFlags, RunSnapshotVerify},
    {"snapshot restore", "<filename> [options]",
     "Makes the data directory of a member of a new cluster from a snapshot", kRestoreDetails,
     kRestoreFlags, RunSnapshotRestore},
    {"restore", "--archive <directory> --to-time <moment> [options]",
     "Makes the data directory of a member of a new cluster as of any archived moment",
     kArchiveRestoreDetails, kArchiveRestoreFlags, RunRestore},
    {"archive status", "<directory> [options]", "Says which moments an archive holds", "",
     kArchiveFlags, RunArchiveStatus},
    {"archive verify", "<directory> [options]",
     "Checks every byte of an archive, and that its parts are of one history",
     kArchiveVerifyDetails, kArchiveFlags, RunArchiveVerify},
    {"archive prune", "<directory> [options]", "Removes what only older moments need", "",
     kArchivePruneFlags, RunArchivePrune},
    {"export", "[options] [prefix]", "Writes all keys under a prefix as JSON lines", kExportDetails,
     kExportFlags, RunExport},
    {"import", "[options] <filename>", "Puts the keys of an export into the cluster",
     kImportDetails, kImportFlags, RunImport},
    {"make-mirror", "[options] <destination>",
     "Copies keys to another cluster, and goes on doing so", "", kMirrorFlags, RunMakeMirror},
    {"check perf", "[options]", "Puts a load on the cluster and judges how it bears it", "",
     kPerfFlags, RunCheckPerf},
    {"check datascale", "[options]", "Fills a member with data and tells what memory it takes", "",
     kDatascaleFlags, RunCheckDatascale},
    {"auth enable", "", "Lets only known users in", "", {}, RunAuthEnable},
    {"auth disable", "", "Lets everybody in again", "", {}, RunAuthDisable},
    {"auth status", "", "Tells whether only known users are let in", "", {}, RunAuthStatus},
    {"user add", "<user name or user:password> [options]", "Makes a user", "", kUserAddFlags,
     RunUserAdd},
    {"user get", "<user name> [options]", "Shows a user's roles", "", kUserGetFlags, RunUserGet},
    {"user list", "", "Names the users", "", {}, RunUserList},
    {"user delete", "<user name>", "Removes a user", "", {}, RunUserDelete},
    {"user passwd", "<user name> [options]", "Gives a user another password", "",
     kUserPasswordFlags, RunUserPassword},
    {"user grant-role",
     "<user name> <role name>",
     "Lets a user act in a role",
     "",
     {},
     RunUserGrantRole},
    {"user revoke-role",
     "<user name> <role name>",
     "Takes a role from a user",
     "",
     {},
     RunUserRevokeRole},
    {"role add", "<role name>", "Makes a role", "", {}, RunRoleAdd},
    {"role get", "<role name>", "Shows what a role may do", "", {}, RunRoleGet},
    {"role list", "", "Names the roles", "", {}, RunRoleList},
    {"role delete", "<role name>", "Removes a role", "", {}, RunRoleDelete},
    {"role grant-permission", "[options] <role name> <permission type> <key> [endkey]",
     "Lets a role read or write keys", "", kPermissionFlags, RunRoleGrant},
    {"role revoke-permission", "<role name> <key> [endkey]", "Takes keys from a role", "",
     kPermissionFlags, RunRoleRevoke},
    {"version", "", "Tells the versions of keelctl and of the API", "", {}, RunVersion},
    {"completion",
     "<bash|zsh|fish>",
     "Prints the shell's completion script",
     "bash:  source <(keelctl completion bash)\n"
     "zsh:   keelctl completion zsh > \"${fpath[1]}/_keelctl\"\n"
     "fish:  keelctl completion fish | source\n",
     {},
     RunCompletion},
    {"man", "", "Prints the manual page, as roff", "Read it: keelctl man | man -l -\n", {}, RunMan},
});

constexpr auto kGroups = std::to_array<Group>({
    {"lease", "Lease related commands"},
    {"member", "Membership related commands"},
    {"endpoint", "Endpoint related commands"},
    {"alarm", "Alarm related commands"},
    {"snapshot", "Snapshots of the store"},
    {"archive", "The continuous archive"},
    {"check", "Checks of the cluster's properties"},
    {"auth", "Enable or disable authentication"},
    {"user", "User related commands"},
    {"role", "Role related commands"},
});

// Those whose flags txn shares are filled in here.
std::vector<Command> Complete() {
  std::vector<Command> commands(kCommands.begin(), kCommands.end());
  for (Command& command : commands) {
    if (command.run == RunPut) command.flags = PutFlags();
    if (command.run == RunGet) command.flags = GetFlags();
    if (command.run == RunDelete) command.flags = DeleteFlags();
  }
  return commands;
}

}  // namespace

std::span<const Command> Commands() {
  static const std::vector<Command> commands = Complete();
  return commands;
}

std::span<const Group> Groups() { return kGroups; }

}  // namespace keel::ctl
