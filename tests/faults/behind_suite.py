#!/usr/bin/env python3
"""Members that come back after the log has left them behind, are emptied, removed or replaced.

Usage: behind_suite.py [--server PATH/TO/keeld] [--only NAME] [--slow]
"""

import shutil
import subprocess
import tempfile

from calls import Client, rpc
from harness import case, is_healthy, leads, main, metric, until
from load import Load

SHORT_WRITES = 100_000
LONG_WRITES = 1_000_000
VALUE_BYTES = 100
# Little enough that the writes of the short case leave it behind.
KEEP_LITTLE = ("--log-kept-bytes=4194304",)


def write_many(cluster, member, count):
    """Puts of one key by h2load, all of which must be acknowledged."""
    if shutil.which("h2load") is None:
        raise AssertionError("h2load is missing; Debian has it in nghttp2-client")
    put = rpc.PutRequest(key=b"behind/many", value=b"v" * VALUE_BYTES).SerializeToString()
    with tempfile.NamedTemporaryFile() as body:
        body.write(b"\0" + len(put).to_bytes(4, "big") + put)
        body.flush()
        result = subprocess.run(
            ["h2load", f"-n{count}", "-c4", "-m64", "-t1", "-d", body.name,
             "-H", "content-type: application/grpc", "-H", "te: trailers",
             member.client_url + "/etcdserverpb.KV/Put"],
            capture_output=True, text=True, timeout=60 + count // 1000, check=True,
        )
    if f"{count} succeeded" not in result.stdout:
        raise AssertionError(result.stdout[-800:])
    return next(line for line in result.stdout.splitlines() if line.startswith("finished"))


def equal_hashes(cluster, members, revision):
    """Whether all have the same history up to `revision`, hashed alike."""
    found = set()
    for member in members:
        with Client([member]) as client:
            found.add(client.hash_kv(revision)[::2])
    return len(found) == 1


def come_back_by_snapshot(cluster, count):
    leader = cluster.leader()
    late = cluster.others(leader)[0]
    rest = cluster.others(late)
    cluster.kill(late)
    with Load(rest, writers=2, readers=1, pause_s=0.02) as load:
        print(f"  {write_many(cluster, leader, count)}")
        with Client(rest) as client:
            revision = client.status().header.revision
            client.kv.Compact(rpc.CompactionRequest(revision=revision - count // 2), timeout=60)
        cluster.start(late)
        until("it is healthy", lambda: is_healthy(late), 120)
        with Client(rest) as client:
            goal = client.status().header.revision
        with Client([late], timeout_s=30) as client:
            until("it has what was written", lambda: client.status().header.revision >= goal, 120)
            if client.get("behind/many") is None:
                raise AssertionError("it does not have what was written while it was down")
        load.wait_writes(20)
        until("equal hashes", lambda: equal_hashes(cluster, cluster.members, goal), 30)
    print(f"  {load.summary()}")
    load.demand_no_errors()
    load.demand_nothing_lost(cluster.members)
    if not leads(leader):
        raise AssertionError("the leader changed meanwhile")
    if not metric(late, "keel_snapshots_received_total"):
        raise AssertionError("it came back without a snapshot: the log was not gone")


@case(extra=KEEP_LITTLE)
def a_member_comes_back_after_a_hundred_thousand_writes(cluster):
    """The log it would need is gone: it gets a snapshot, and the cluster goes on meanwhile."""
    come_back_by_snapshot(cluster, SHORT_WRITES)


@case(extra=KEEP_LITTLE, slow=True)
def a_member_comes_back_after_a_million_writes(cluster):
    """The same with ten times as many."""
    come_back_by_snapshot(cluster, LONG_WRITES)


def id_of(client, name):
    return next(m.ID for m in client.cluster.MemberList(rpc.MemberListRequest(), timeout=5).members if m.name == name)


def add(cluster, joiner, voters):
    """MemberAdd by etcdctl, which says what to start the new one with; again while the cluster says it is not ready."""
    def ask():
        result = cluster.etcdctl("member", "add", joiner.name, f"--peer-urls={joiner.peer_url}", endpoints=voters)
        if result.returncode != 0 and "unhealthy cluster" not in result.stderr:
            raise AssertionError(result.stderr)
        return result.stdout

    said = until("the member is added", ask)
    line = next(line for line in said.splitlines() if line.startswith("ETCD_INITIAL_CLUSTER="))
    cluster.start(joiner, initial=line.split("=", 1)[1].strip('"'), state="existing")
    cluster.wait_healthy([joiner])


@case()
def a_running_member_is_removed(cluster):
    """It ends by itself and says why; the others do not notice."""
    leader = cluster.leader()
    gone = cluster.others(leader)[0]
    rest = cluster.others(gone)
    with Load(rest, writers=2, readers=1, pause_s=0.005) as load, Client(rest) as client:
        load.wait_writes(20)
        client.cluster.MemberRemove(rpc.MemberRemoveRequest(ID=id_of(client, gone.name)), timeout=10)
        gone.process.wait(20)
        load.wait_writes(50)
    print(f"  {load.summary()}")
    if "was removed from" not in cluster.said(gone):
        raise AssertionError(f"it does not say why it ended:\n{cluster.log_end(gone)}")
    load.demand_no_errors()
    load.demand_nothing_lost(rest)


@case()
def a_leader_that_runs_is_removed(cluster):
    """The same for the leader: another leads at once."""
    leader = cluster.leader()
    rest = cluster.others(leader)
    with Load(rest, writers=2, readers=1, pause_s=0.005) as load, Client(rest) as client:
        load.wait_writes(20)
        client.cluster.MemberRemove(rpc.MemberRemoveRequest(ID=id_of(client, leader.name)), timeout=10)
        leader.process.wait(20)
        load.wait_writes(50)
    print(f"  {load.summary()}")
    load.demand_nothing_lost(rest)


@case()
def an_emptied_member_is_refused_and_replaced(cluster):
    """Under its old id it would vote twice: it says what to do, and then that works."""
    leader = cluster.leader()
    wiped = cluster.others(leader)[0]
    rest = cluster.others(wiped)
    with Load(rest, writers=2, readers=1, pause_s=0.01) as load, Client(rest) as client:
        load.wait_writes(20)
        cluster.stop(wiped)
        shutil.rmtree(wiped.data_dir)
        before = len(cluster.said(wiped))
        cluster.start(wiped)
        code = wiped.process.wait(30)
        said = cluster.said(wiped)[before:]
        if code == 0 or "member replace" not in said:
            raise AssertionError(f"it ended with {code} and said:\n{said}")
        client.cluster.MemberRemove(rpc.MemberRemoveRequest(ID=id_of(client, wiped.name)), timeout=10)
        shutil.rmtree(wiped.data_dir, ignore_errors=True)
        add(cluster, wiped, rest)
        load.wait_writes(20)
        until("it has a voice and a name", lambda: has_joined(cluster, wiped, rest))
    print(f"  {load.summary()}")
    load.demand_no_errors()
    load.demand_nothing_lost(cluster.members)


def has_joined(cluster, member, voters):
    listed = cluster.etcdctl("member", "list", endpoints=voters).stdout.splitlines()
    ending = f"started, {member.name}, {member.peer_url}, {member.client_url}, false"
    if len(listed) != 3 or not any(line.endswith(ending) for line in listed):
        return False
    # It may learn of its voice a moment after the others.
    told = cluster.etcdctl("endpoint", "status", "-w", "json", endpoints=[member])
    return told.returncode == 0 and "isLearner" not in told.stdout


if __name__ == "__main__":
    main("behind")
