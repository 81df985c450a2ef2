// The functions of the commands; the table in command_table.cc gives them their names.
#pragma once

#include "tools/keelctl/command/command.h"

namespace keel::ctl {

ExitCode RunPut(Context& context);
ExitCode RunGet(Context& context);
ExitCode RunDelete(Context& context);
ExitCode RunTxn(Context& context);
ExitCode RunWatch(Context& context);
ExitCode RunCompaction(Context& context);

ExitCode RunLeaseGrant(Context& context);
ExitCode RunLeaseRevoke(Context& context);
ExitCode RunLeaseTimeToLive(Context& context);
ExitCode RunLeaseList(Context& context);
ExitCode RunLeaseKeepAlive(Context& context);

ExitCode RunMemberAdd(Context& context);
ExitCode RunMemberRemove(Context& context);
ExitCode RunMemberUpdate(Context& context);
ExitCode RunMemberList(Context& context);
ExitCode RunMemberPromote(Context& context);
ExitCode RunMemberReplace(Context& context);

ExitCode RunEndpointHealth(Context& context);
ExitCode RunEndpointStatus(Context& context);
ExitCode RunEndpointHashKv(Context& context);

ExitCode RunAlarmList(Context& context);
ExitCode RunAlarmDisarm(Context& context);
ExitCode RunDefrag(Context& context);
ExitCode RunMoveLeader(Context& context);
ExitCode RunLock(Context& context);
ExitCode RunElect(Context& context);

ExitCode RunSnapshotSave(Context& context);
ExitCode RunSnapshotStatus(Context& context);
ExitCode RunSnapshotVerify(Context& context);
ExitCode RunSnapshotRestore(Context& context);
ExitCode RunRestore(Context& context);
ExitCode RunArchiveStatus(Context& context);
ExitCode RunArchiveVerify(Context& context);
ExitCode RunArchivePrune(Context& context);
ExitCode RunExport(Context& context);
ExitCode RunImport(Context& context);
ExitCode RunMakeMirror(Context& context);
ExitCode RunCheckPerf(Context& context);
ExitCode RunCheckDatascale(Context& context);

ExitCode RunAuthEnable(Context& context);
ExitCode RunAuthDisable(Context& context);
ExitCode RunAuthStatus(Context& context);
ExitCode RunUserAdd(Context& context);
ExitCode RunUserGet(Context& context);
ExitCode RunUserList(Context& context);
ExitCode RunUserDelete(Context& context);
ExitCode RunUserPassword(Context& context);
ExitCode RunUserGrantRole(Context& context);
ExitCode RunUserRevokeRole(Context& context);
ExitCode RunRoleAdd(Context& context);
ExitCode RunRoleGet(Context& context);
ExitCode RunRoleList(Context& context);
ExitCode RunRoleDelete(Context& context);
ExitCode RunRoleGrant(Context& context);
ExitCode RunRoleRevoke(Context& context);

ExitCode RunStatus(Context& context);
ExitCode RunDoctor(Context& context);
ExitCode RunTree(Context& context);
ExitCode RunStats(Context& context);
ExitCode RunTop(Context& context);
ExitCode RunEdit(Context& context);
ExitCode RunShell(Context& context);
ExitCode RunPlan(Context& context);

ExitCode RunVersion(Context& context);
ExitCode RunCompletion(Context& context);
ExitCode RunMan(Context& context);

}  // namespace keel::ctl
