#!/usr/bin/env python3
"""The etcdctl on the path (Debian's, unless one is put before it) against a cluster: every command that people type, through its exit code and output."""

import json
import subprocess
import time
import os

from cluster import ENVIRONMENT, wait_for
from suite import Suite, contains, equal

SUITE = Suite("etcdctl")


def run(cluster, *arguments, stdin=None, endpoints=None):
    result = cluster.etcdctl(*arguments, stdin=stdin, endpoints=endpoints)
    equal(result.returncode, 0, f"etcdctl {' '.join(arguments)}: {result.stderr}")
    return result.stdout


def fails(cluster, *arguments, stdin=None):
    result = cluster.etcdctl(*arguments, stdin=stdin)
    if result.returncode == 0:
        raise AssertionError(f"etcdctl {' '.join(arguments)} succeeded: {result.stdout}")
    return result.stderr


def follow(cluster, *arguments):
    """A command that goes on until it is told to stop, with its output as lines."""
    addresses = ",".join(m.endpoint for m in cluster.running())
    return subprocess.Popen(
        ["etcdctl", f"--endpoints={addresses}", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=ENVIRONMENT,
    )


def finish(process, seconds=10):
    process.terminate()
    try:
        return process.communicate(timeout=seconds)[0]
    except subprocess.TimeoutExpired:
        process.kill()
        return process.communicate()[0]


def as_json(cluster, *arguments):
    return json.loads(run(cluster, *arguments, "-w", "json"))


@SUITE.case
def a_put_is_read_back_through_every_member(cluster):
    equal(run(cluster, "put", "plain", "value one"), "OK\n")
    for member in cluster.members:
        equal(run(cluster, "get", "plain", endpoints=[member]), "plain\nvalue one\n")
    equal(run(cluster, "get", "plain", "--print-value-only"), "value one\n")
    equal(run(cluster, "get", "missing"), "")


@SUITE.case
def puts_have_all_their_options(cluster):
    run(cluster, "put", "opt", "first")
    equal(run(cluster, "put", "opt", "second", "--prev-kv"), "OK\nopt\nfirst\n")
    lease = as_json(cluster, "lease", "grant", "100")["ID"]
    run(cluster, "put", "opt", "third", f"--lease={lease:x}")
    run(cluster, "put", "opt", "--ignore-value", f"--lease={lease:x}")
    run(cluster, "put", "opt", "fourth", "--ignore-lease")
    equal(as_json(cluster, "get", "opt")["kvs"][0]["lease"], lease)
    run(cluster, "put", "opt", "fifth")
    equal("lease" in as_json(cluster, "get", "opt")["kvs"][0], False)
    contains(fails(cluster, "put", "opt-none", "--ignore-value"), "key not found")
    contains(fails(cluster, "put", "opt", "x", "--lease=123"), "requested lease not found")
    contains(fails(cluster, "put", "", "x"), "key is not provided")
    equal(run(cluster, "put", "opt-stdin", stdin="from stdin"), "OK\n")
    equal(run(cluster, "get", "opt-stdin", "--print-value-only"), "from stdin\n")


@SUITE.case
def gets_have_all_their_options(cluster):
    for name in "cabed":
        run(cluster, "put", f"range/{name}", f"value {name}")
    everything = [f"range/{name}" for name in "abcde"]

    def keys(*arguments):
        return [line for line in run(cluster, "get", *arguments, "--keys-only").split("\n") if line]

    equal(keys("range/", "--prefix"), everything)
    equal(keys("range/b", "range/d"), ["range/b", "range/c"])
    equal(keys("range/c", "--from-key", "--limit=2"), ["range/c", "range/d"])
    equal(keys("range/", "--prefix", "--order=DESCEND", "--sort-by=KEY"), everything[::-1])
    equal(keys("range/", "--prefix", "--order=ASCEND", "--sort-by=CREATE"), [f"range/{n}" for n in "cabed"])
    equal(keys("range/", "--prefix", "--sort-by=VALUE", "--order=DESCEND"), everything[::-1])
    equal(keys("range/", "--prefix", "--consistency=s"), everything)
    first = as_json(cluster, "get", "range/c")["kvs"][0]["mod_revision"]
    run(cluster, "put", "range/c", "later")
    equal(run(cluster, "get", "range/c", f"--rev={first}", "--print-value-only"), "value c\n")
    contains(fails(cluster, "get", "range/c", "--rev=99999999"), "future revision")
    equal(as_json(cluster, "get", "range/", "--prefix", "--limit=2")["more"], True)
    equal(as_json(cluster, "get", "range/", "--prefix", "--limit=2")["count"], 5)


@SUITE.case
def gets_come_as_streams_of_the_same(cluster):
    """As far as etcdctl knows of streams: from 3.7 on."""
    for name in "abcdefgh":
        run(cluster, "put", f"stream/{name}", stdin=name * 100_000)
    first = as_json(cluster, "get", "stream/a")["kvs"][0]["mod_revision"]
    asked = [["get", "stream/", "--prefix", *more] for more in ([], ["--limit=3"], ["--keys-only"], [f"--rev={first + 2}"])]
    whole = [as_json(cluster, *arguments) for arguments in asked]
    equal([len(answer["kvs"]) for answer in whole], [8, 3, 8, 3])
    if "--stream" not in run(cluster, "get", "--help"):
        return
    for arguments, answer in zip(asked, whole):
        stream = as_json(cluster, *arguments, "--stream")
        for part in ("kvs", "count", "more"):
            equal(stream.get(part), answer.get(part), f"{part} of {arguments}")
        equal(stream["header"]["revision"], answer["header"]["revision"])
    refusal = fails(cluster, "get", "stream/", "--prefix", "--stream", "--order=DESCEND", "--sort-by=KEY")
    contains(refusal, "RangeStream does not support custom sort orders")


@SUITE.case
def deletes_count_and_show(cluster):
    for name in "abc":
        run(cluster, "put", f"del/{name}", name)
    equal(run(cluster, "del", "del/a", "--prev-kv"), "1\ndel/a\na\n")
    equal(run(cluster, "del", "del/", "--prefix"), "2\n")
    equal(run(cluster, "del", "del/a"), "0\n")


@SUITE.case
def transactions_take_the_branch_that_holds(cluster):
    run(cluster, "put", "txn/a", "1")
    text = 'value("txn/a") = "1"\n\nput txn/b yes\nget txn/a\n\nput txn/b no\n\n'
    out = run(cluster, "txn", stdin=text)
    contains(out, "SUCCESS")
    equal(run(cluster, "get", "txn/b", "--print-value-only"), "yes\n")
    text = 'version("txn/a") > "7"\n\nput txn/b wrong\n\ndel txn/a\n\n'
    contains(run(cluster, "txn", stdin=text), "FAILURE")
    equal(run(cluster, "get", "txn/a"), "")
    text = 'create("txn/new") = "0"\nmod("txn/b") > "0"\n\nput txn/new made\n\n\n'
    contains(run(cluster, "txn", stdin=text), "SUCCESS")
    contains(fails(cluster, "txn", stdin="\nput txn/d 1\nput txn/d 2\n\n\n"), "duplicate key")


@SUITE.case
def watches_see_puts_and_deletes_in_order(cluster):
    began = as_json(cluster, "put", "watch/0", "x")["header"]["revision"]
    process = follow(cluster, "watch", "watch/", "--prefix", f"--rev={began}", "--prev-kv")
    for number in range(1, 4):
        run(cluster, "put", f"watch/{number}", f"v{number}")
    run(cluster, "del", "watch/2")
    time.sleep(0.5)
    out = finish(process)
    want = ["PUT", "watch/0", "x", "PUT", "watch/1", "v1", "PUT", "watch/2", "v2", "PUT", "watch/3", "v3"]
    want += ["DELETE", "watch/2", "v2", "watch/2"]
    equal([line for line in out.split("\n") if line], want)


@SUITE.case
def a_watch_from_a_compacted_revision_says_so(cluster):
    revision = 0
    for number in range(5):
        revision = as_json(cluster, "put", "old", str(number))["header"]["revision"]
    run(cluster, "compaction", str(revision - 1))
    contains(fails(cluster, "get", "old", f"--rev={revision - 3}"), "compacted")
    equal(run(cluster, "get", "old", f"--rev={revision - 1}", "--print-value-only"), "3\n")
    contains(fails(cluster, "compaction", str(revision - 1)), "compacted")
    contains(fails(cluster, "compaction", "99999999"), "future revision")
    result = cluster.etcdctl("watch", "old", f"--rev={revision - 3}")
    contains(result.stdout + result.stderr, "compacted")


@SUITE.case
def leases_live_and_die(cluster):
    out = run(cluster, "lease", "grant", "2")
    contains(out, "granted with TTL(2s)")
    lease = out.split()[1]
    run(cluster, "put", "leased", "x", f"--lease={lease}")
    contains(run(cluster, "lease", "timetolive", lease, "--keys"), "attached keys([leased])")
    contains(run(cluster, "lease", "list"), lease)
    contains(run(cluster, "lease", "keep-alive", "--once", lease), "keepalived with TTL(2)")
    equal(run(cluster, "get", "leased", "--print-value-only"), "x\n")
    wait_for("the lease's end", lambda: run(cluster, "get", "leased") == "", seconds=10)
    contains(run(cluster, "lease", "timetolive", lease), "already expired")
    lease = run(cluster, "lease", "grant", "100").split()[1]
    run(cluster, "put", "leased", "x", f"--lease={lease}")
    contains(run(cluster, "lease", "revoke", lease), "revoked")
    equal(run(cluster, "get", "leased"), "")
    contains(fails(cluster, "lease", "revoke", lease), "requested lease not found")


@SUITE.case
def a_lease_is_kept_alive_through_any_member(cluster):
    lease = run(cluster, "lease", "grant", "2").split()[1]
    run(cluster, "put", "kept", "x", f"--lease={lease}")
    for _ in range(3):
        for member in cluster.members:
            contains(run(cluster, "lease", "keep-alive", "--once", lease, endpoints=[member]), "TTL(2)")
        time.sleep(1)
    equal(run(cluster, "get", "kept", "--print-value-only"), "x\n")
    run(cluster, "lease", "revoke", lease)


@SUITE.case
def a_lock_is_held_by_one(cluster):
    contains(run(cluster, "lock", "the-lock", "--", "echo", "held"), "held")
    first = follow(cluster, "lock", "the-lock")
    contains(first.stdout.readline(), "the-lock/")
    second = follow(cluster, "lock", "the-lock")
    time.sleep(0.5)
    equal(len(run(cluster, "get", "the-lock/", "--prefix", "--keys-only").split()), 2)
    finish(first)
    contains(second.stdout.readline(), "the-lock/")
    finish(second)


@SUITE.case
def an_election_has_one_leader(cluster):
    first = follow(cluster, "elect", "the-office", "alice")
    contains(first.stdout.readline(), "the-office/")
    equal(first.stdout.readline(), "alice\n")
    observer = follow(cluster, "elect", "-l", "the-office")
    contains(observer.stdout.readline(), "the-office/")
    equal(observer.stdout.readline(), "alice\n")
    second = follow(cluster, "elect", "the-office", "bob")
    finish(first)
    contains(second.stdout.readline(), "the-office/")
    equal(second.stdout.readline(), "bob\n")
    finish(second)
    finish(observer)


@SUITE.case
def endpoints_tell_their_state(cluster):
    result = cluster.etcdctl("endpoint", "health")
    equal(result.returncode, 0)
    equal((result.stdout + result.stderr).count("is healthy"), 3)
    statuses = as_json(cluster, "endpoint", "status")
    equal(len(statuses), 3)
    equal(len({s["Status"]["leader"] for s in statuses}), 1)
    equal(len({s["Status"]["header"]["cluster_id"] for s in statuses}), 1)
    for status in statuses:
        contains(status["Status"]["version"], "3.")
    run(cluster, "put", "hashed", "x")

    def same():
        hashes = as_json(cluster, "endpoint", "hashkv")
        return len({h["HashKV"]["hash"] for h in hashes}) == 1

    wait_for("equal hashes", same)


@SUITE.case
def members_are_listed(cluster):
    out = run(cluster, "member", "list")
    equal(len(out.splitlines()), 3)
    for member in cluster.members[:3]:
        contains(out, f"started, {member.name}, {member.peer_url}, {member.client_url}, false")


@SUITE.case
def alarms_and_defragmentation(cluster):
    equal(run(cluster, "alarm", "list"), "")
    equal(run(cluster, "alarm", "disarm"), "")
    contains(run(cluster, "defrag"), "Finished defragmenting")


@SUITE.case
def a_snapshot_is_saved(cluster):
    path = os.path.join(cluster.directory, "backup.db")
    run(cluster, "put", "in-the-snapshot", "x")
    run(cluster, "snapshot", "save", path, endpoints=[cluster.members[0]])
    equal(os.path.getsize(path) % 512, 32)


@SUITE.case
def leadership_moves_when_told(cluster):
    leader = cluster.leader()
    target = cluster.follower()
    status = as_json_of(cluster, target)
    run(cluster, "move-leader", f"{status['header']['member_id']:x}", endpoints=[leader])
    wait_for("the new leader", lambda: cluster.leader() is target)
    result = cluster.etcdctl(
        "move-leader", f"{status['header']['member_id']:x}", endpoints=[m for m in cluster.running() if m is not target]
    )
    if result.returncode == 0:
        raise AssertionError("a follower moved the leader")


def as_json_of(cluster, member):
    return json.loads(run(cluster, "endpoint", "status", "-w", "json", endpoints=[member]))[0]["Status"]


@SUITE.case
def a_put_survives_the_leaders_death(cluster):
    leader = cluster.leader()
    run(cluster, "put", "survivor", "x")
    cluster.kill(leader)
    wait_for("a put", lambda: cluster.etcdctl("put", "survivor-2", "y").returncode == 0)
    equal(run(cluster, "get", "survivor", "--print-value-only"), "x\n")
    cluster.start(leader)
    cluster.wait_healthy([leader])
    equal(run(cluster, "get", "survivor-2", "--print-value-only", endpoints=[leader]), "y\n")


def added(cluster, member, *options):
    """What `member add` prints; etcd refuses for some seconds after a member was away."""

    def add():
        result = cluster.etcdctl(
            "member", "add", member.name, f"--peer-urls={member.peer_url}", *options,
            endpoints=cluster.members[:3],
        )
        if result.returncode != 0:
            contains(result.stderr, "unhealthy cluster")
        return result.stdout

    return wait_for("the addition", add)


@SUITE.case
def a_member_joins_and_leaves(cluster):
    joiner = cluster.new_member("joiner")
    out = added(cluster, joiner)
    contains(out, "added to cluster")
    identity = out.split()[1]
    initial = next(line for line in out.splitlines() if line.startswith("ETCD_INITIAL_CLUSTER="))
    cluster.start(joiner, initial=initial.split("=", 1)[1].strip('"'), state="existing")
    cluster.wait_healthy([joiner])
    # Until it votes it refuses to read; etcd's reads when it has caught up.
    wait_for(
        "a read by it",
        lambda: cluster.etcdctl("get", "survivor", "--print-value-only", endpoints=[joiner]).stdout == "x\n",
    )
    wait_for("its name", lambda: f"{identity}, started, joiner" in run(cluster, "member", "list"))
    contains(run(cluster, "member", "remove", identity, endpoints=cluster.members[:3]), "removed from cluster")
    equal(len(run(cluster, "member", "list", endpoints=cluster.members[:3]).splitlines()), 3)
    joiner.process.wait(20)
    contains(fails_on(cluster, cluster.members[:3], "member", "remove", identity), "member not found")
    cluster.members.remove(joiner)


def fails_on(cluster, endpoints, *arguments):
    result = cluster.etcdctl(*arguments, endpoints=endpoints)
    if result.returncode == 0:
        raise AssertionError(f"etcdctl {' '.join(arguments)} succeeded: {result.stdout}")
    return result.stderr


@SUITE.case
def a_learner_is_promoted(cluster):
    learner = cluster.new_member("learner")
    out = added(cluster, learner, "--learner")
    identity = out.split()[1]
    initial = next(line for line in out.splitlines() if line.startswith("ETCD_INITIAL_CLUSTER="))
    cluster.start(learner, initial=initial.split("=", 1)[1].strip('"'), state="existing")
    voters = cluster.members[:3]

    def promoted():
        result = cluster.etcdctl("member", "promote", identity, endpoints=voters)
        return result.returncode == 0 or "can only promote a learner" in result.stderr

    wait_for("the promotion", promoted)
    wait_for("its name", lambda: "started, learner" in run(cluster, "member", "list", endpoints=voters))
    run(cluster, "member", "remove", identity, endpoints=voters)
    learner.process.wait(20)
    cluster.members.remove(learner)


@SUITE.case
def the_checks_of_etcdctl_pass(cluster):
    # The verdict comes last, after the progress: it is what a failure has to show.
    out = cluster.etcdctl("check", "datascale", "--load=s", endpoints=cluster.members[:3], seconds=120)
    contains(out.stderr + out.stdout, "PASS")
    out = cluster.etcdctl("check", "perf", "--load=s", endpoints=cluster.members[:3], seconds=120)
    contains(out.stderr + out.stdout, "PASS: Throughput")


if __name__ == "__main__":
    SUITE.main()
