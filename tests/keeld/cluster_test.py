#!/usr/bin/env python3
"""Three keeld processes as their operator meets them: started, killed, stopped, and started wrongly.

Usage: cluster_test.py PATH/TO/keeld [NAME...]
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time

import grpc

from cluster import Cluster, Failed, Member, field, free_ports, until


def check(holds, what):
    if not holds:
        raise Failed(what)


def test_three_agree(cluster):
    """A put by one is read from all; probes say so."""
    cluster.start()
    check(cluster.members[0].put("a", "one"), "a put is acknowledged")
    for member in cluster.members:
        check(member.has("a", "one"), f"{member.name} reads what was put")
        check(member.get("/readyz?verbose")[0] == 200, "it is ready")
        check("3.6" in member.get("/version")[1], "it says which API it serves")
        check(member.get("/nothing")[0] == 404, "there is no such page")
    check(sum(one.leads() for one in cluster.members) == 1, "one leads")


def test_leader_killed(cluster):
    """kill -9 of the leader: another takes over, writes go on, and it comes back in place."""
    cluster.start()
    gaps = []
    for round_ in range(3):
        old = cluster.leader()
        others = [one for one in cluster.members if one is not old]
        until("a put before", lambda: others[0].put(f"before{round_}", "x"))
        time.sleep(1.2)
        old.kill()
        killed = time.monotonic()
        # Short deadlines: one that was on its way to the dead leader would wait for its fate.
        until("a put after", lambda: others[0].put(f"after{round_}", "y", 0.1), pause_s=0.005)
        gaps.append(time.monotonic() - killed)
        check(others[1].has(f"before{round_}", "x"), "nothing that was acknowledged is lost")
        old.start()
        cluster.wait_healthy()
        check(old.has(f"after{round_}", "y"), "it catches up")
    print(f"  time from kill -9 of the leader to the next write: "
          f"{', '.join(f'{gap * 1000:.0f} ms' for gap in gaps)}")


def test_leader_stopped(cluster):
    """SIGTERM hands leadership over, and the process ends well."""
    cluster.start()
    old = cluster.leader()
    other = next(one for one in cluster.members if one is not old)
    check(other.put("before", "x"), "a put before")
    began = time.monotonic()
    old.process.send_signal(signal.SIGTERM)
    until("a put meanwhile", lambda: other.put("meanwhile", "y", 0.2), pause_s=0.005)
    gap = time.monotonic() - began
    check(old.process.wait(timeout=20) == 0, "it ends with 0")
    check("event=stopped" in old.said(), "it says that it stopped")
    check(other.has("before", "x"), "nothing is lost")
    print(f"  time from SIGTERM of the leader to the next write: {gap * 1000:.0f} ms")


def test_all_restarted(cluster):
    """All are killed at once, and start again in place with what was acknowledged."""
    cluster.start()
    check(cluster.members[1].put("kept", "v"), "a put")
    for member in cluster.members:
        member.kill()
    for member in cluster.members:
        member.start()
    cluster.wait_healthy()
    check(cluster.members[2].has("kept", "v"), "it is there")


def refused(member, needle, *more, **changed):
    """A start that must fail within its time, and say why."""
    before = len(member.said()) if os.path.exists(member.log) else 0
    member.start(*more, **changed)
    code = member.process.wait(timeout=20)
    said = member.said()[before:]
    check(code != 0, "it ends with a failure")
    check(needle in said, f"it says {needle!r}, not: {said}")


def test_refusals(cluster):
    """Wrong tokens, names, ports and flags are refused in words."""
    cluster.start()
    member = next(one for one in cluster.members if not one.leads())
    check(member.put("a", "b"), "a put")
    member.kill(signal.SIGTERM)
    refused(member, "token", initial_cluster_token="other")
    renamed = cluster.initial.replace(member.name + "=", "other=")
    refused(member, "mend --name", name="other", initial_cluster=renamed)
    refused(member, "belongs to the member", name="nobody")
    refused(member, "--insecure", listen_client_urls="http://0.0.0.0:1")
    refused(member, "did you mean --election-timeout?", "--election-timeuot=5")
    other = next(one for one in cluster.members if one is not member)
    refused(member, "another process has the port", listen_client_urls=f"http://{other.endpoint}")
    refused(other_on(member, other), "another node runs on")
    # Unharmed by all that; and of the flags of the first start, none is looked at again.
    member.start(initial_cluster="somebody=http://127.0.0.1:1")
    cluster.wait_healthy()


def other_on(member, other):
    """A second process on the directory of `other`, at the ports of `member`."""
    twin = Member(member.cluster, other.name, member.client_port, member.peer_port)
    twin.log = member.log
    initial = member.cluster.initial.replace(other.peer_url, "http://127.0.0.1:1")
    initial = initial.replace(member.peer_url, other.peer_url).replace("http://127.0.0.1:1",
                                                                      member.peer_url)
    start = twin.start
    twin.start = lambda *more, **changed: start(*more, **{"initial_cluster": initial, **changed})
    return twin


def test_empty_directory(cluster):
    """A known member that comes back with an empty directory stops, and says what to do."""
    cluster.start()
    member = next(one for one in cluster.members if not one.leads())
    member.kill()
    shutil.rmtree(member.directory)
    refused(member, "member replace")
    check(cluster.leader().put("still", "there"), "the others go on")


def test_alone(cluster):
    """One member alone serves by itself; flags by the environment."""
    member = cluster.members[0]
    os.environ["ETCD_ELECTION_TIMEOUT"] = "700"
    try:
        member.start()
        until("it is healthy", member.is_healthy)
    finally:
        del os.environ["ETCD_ELECTION_TIMEOUT"]
    check(member.put("a", "b") and member.has("a", "b"), "it serves")
    check(member.kill(signal.SIGTERM) == 0, "it ends well")


def test_slow_call(cluster):
    """A call that waits for the others leaves a line that says so, and is counted."""
    for member in cluster.members:
        member.start(warning_unary_request_duration="100ms")
    cluster.wait_healthy()
    leader = cluster.leader()
    others = [one for one in cluster.members if one is not leader]
    for one in others:
        one.process.send_signal(signal.SIGSTOP)
    wake = threading.Timer(0.25, lambda: [one.process.send_signal(signal.SIGCONT) for one in others])
    wake.start()
    leader.put("config/a", "secret", 10.0)
    wake.join()
    line = until("a line", lambda: next((line for line in leader.said().splitlines()
                                         if "event=slow_request" in line and "KV/Put" in line), None))
    check('key="config/a"' in line and " commit_ms=" in line, line)
    check("secret" not in leader.said(), "values stay out of the log")
    check("\nkeel_slow_requests_total 0\n" not in leader.get("/metrics")[1], "it is counted")


def test_alone_without_quorum(cluster):
    """One that the others have left is alive and says what it has; it is not ready."""
    cluster.start()
    left = cluster.members[0]
    for one in cluster.members[1:]:
        one.kill()
    until("it is not healthy", lambda: left.get("/health")[0] == 503)
    check(left.get("/health?exclude=NOSPACE&serializable=true")[0] == 200, "it serves its own state")
    check(left.get("/livez?verbose") == (200, "[+]serializable_read ok\nok\n"), "it is alive")
    check(left.get("/livez/serializable_read")[0] == 200, "a check has a page")
    check(left.get("/readyz/serializable_read")[0] == 200, "readiness too")
    check(left.get("/readyz/linearizable_read")[0] == 503, "and it says no")
    check(left.get("/readyz/nothing")[0] == 404, "there is no such check")
    check('keel_role_answers{role="apply"} 1' in left.get("/metrics")[1], "roles answer")
    pages = [left.get("/metrics")[1] for _ in range(20)]
    began = {re.search(r"^process_start_time_seconds (.*)", page, re.MULTILINE)[1] for page in pages}
    check(len(began) == 1, f"a process begins once, not at {sorted(began)}")


def test_etcdctl(cluster):
    """etcd's own client writes and reads; left out where it is not installed."""
    if shutil.which("etcdctl") is None:
        print("  etcdctl is not installed: left out")
        return
    cluster.start()
    endpoints = ",".join(one.endpoint for one in cluster.members)

    def etcdctl(*arguments):
        return subprocess.run(["etcdctl", "--endpoints", endpoints, *arguments], timeout=20,
                              env={**os.environ, "ETCDCTL_API": "3"}, capture_output=True,
                              text=True, check=True).stdout
    check(etcdctl("put", "greeting", "hello") == "OK\n", "a put")
    check(etcdctl("get", "greeting") == "greeting\nhello\n", "a get")


def samples(member):
    """Each sample of the page as it is named there, and its value."""
    lines = [line.rsplit(" ", 1) for line in member.get("/metrics")[1].splitlines()
             if not line.startswith("#")]
    return {name: float(value) for name, value in lines}


def test_counts(cluster):
    """What clients do moves the metrics that dashboards of etcd read, each by as much as was done."""
    member = cluster.members[0]
    member.start()
    until("it is healthy", member.is_healthy)
    before = samples(member)

    def moved(name):
        return samples(member)[name] - before[name]
    check(member.put("a", "b") and member.put("a", "cd"), "two puts")
    check(member.has("a", "cd"), "a get")
    member.call("/etcdserverpb.KV/DeleteRange", field(1, b"a"))
    # Two puts; and then two ranges alone, which are not in the log.
    put = field(2, field(1, b"x") + field(2, b"1"))
    member.call("/etcdserverpb.KV/Txn", field(2, put) + field(2, put.replace(b"x", b"y")))
    get = field(1, field(1, b"x"))
    member.call("/etcdserverpb.KV/Txn", field(2, get) + field(2, get))
    member.call("/etcdserverpb.Lease/LeaseGrant", b"\x08\x3c\x10\x07")
    member.call("/etcdserverpb.Lease/LeaseRevoke", b"\x08\x07")
    member.call("/etcdserverpb.Maintenance/HashKV", b"")
    for name, count in {"etcd_mvcc_put_total": 4, "etcd_debugging_mvcc_put_total": 4,
                        "etcd_debugging_mvcc_total_put_size_in_bytes": 2 + 3 + 2 + 2,
                        "etcd_mvcc_delete_total": 1, "etcd_mvcc_range_total": 3,
                        "etcd_mvcc_txn_total": 2, "etcd_debugging_lease_granted_total": 1,
                        "etcd_debugging_lease_revoked_total": 1,
                        "etcd_mvcc_hash_rev_duration_seconds_count": 1}.items():
        check(moved(name) == count, f"{name} moved by {moved(name)}, not {count}")
    of_put = 'grpc_type="unary",grpc_service="etcdserverpb.KV",grpc_method="Put"'
    for name in ["started_total{%s}", "msg_received_total{%s}", "msg_sent_total{%s}",
                 'handled_total{%s,grpc_code="OK"}']:
        check(moved("grpc_server_" + name % of_put) == 2, name)
    for name in ["received", "sent"]:
        check(moved(f"etcd_network_client_grpc_{name}_bytes_total") > 0, f"bytes {name}")
    check(moved("etcd_disk_wal_fsync_duration_seconds_count") > 0, "syncs of the log")
    check_watch_counts(member, samples)


def check_watch_counts(member, samples_of):
    """Streams and watchers are counted while they are there, and events as they are told."""
    open_streams = "etcd_debugging_mvcc_watch_stream_total"
    of_watch = 'grpc_type="bidi_stream",grpc_service="etcdserverpb.Watch",grpc_method="Watch"'
    before = samples_of(member)
    with grpc.insecure_channel(member.endpoint) as channel:
        asked = threading.Event()

        def ask():
            yield field(1, field(1, b"w"))
            asked.wait()
        answers = channel.stream_stream("/etcdserverpb.Watch/Watch")(ask())
        next(answers)
        check(samples_of(member)[open_streams] == 1, "a stream is open")
        check(samples_of(member)["etcd_debugging_mvcc_watcher_total"] == 1, "with a watcher")
        for value in ["1", "2"]:
            check(member.put("w", value), "a put")
            next(answers)
        asked.set()
        answers.cancel()
    until("the stream is gone", lambda: samples_of(member)[open_streams] == 0)
    after = samples_of(member)
    check(after["etcd_debugging_mvcc_watcher_total"] == 0, "and its watcher")
    check(after["etcd_debugging_mvcc_slow_watcher_total"] == 0, "nobody is behind")
    events = "etcd_debugging_mvcc_events_total"
    check(after[events] - before[events] == 2, "two events were told")
    started = f"grpc_server_started_total{{{of_watch}}}"
    ended = sum(value for name, value in after.items()
                if name.startswith(f"grpc_server_handled_total{{{of_watch}"))
    check(after[started] == ended == 1, "what began has ended, given up or not")


def test_metrics_port(cluster):
    """A port of its own has the probes and the metrics, and nothing else."""
    member = cluster.members[0]
    other = Member(cluster, member.name, free_ports(1)[0], member.peer_port)
    member.start(listen_metrics_urls=f"http://{other.endpoint}")
    until("it is healthy", member.is_healthy)
    for page in ["/health", "/livez", "/readyz", "/readyz/non_learner"]:
        check(other.get(page)[0] == 200, page)
    check(other.leads(), "/metrics")
    check(other.get("/version")[0] == 404, "no other page")
    check(not other.put("a", "b"), "and no service")
    check(member.put("a", "b"), "which the clients' port has")


def test_waits_aloud(cluster):
    """A member whose peers are not there says for whom it waits, and why."""
    member = cluster.members[0]
    member.start()
    absent = cluster.members[1]
    until("it says so", lambda: f"event=bootstrap_waits member={absent.name} reason=\"" in
          member.said())


def test_foreign_directories(cluster):
    """What is no directory of Keel's is refused in words, and left as it is."""
    member = cluster.members[0]
    os.makedirs(os.path.join(member.directory, "member", "snap"))
    refused(member, "etcd's data")
    check(os.listdir(member.directory) == ["member"], "nothing was changed")
    shutil.rmtree(member.directory)
    with open(member.directory, "w", encoding="utf-8") as file:
        file.write("a file")
    refused(member, "is a file")
    os.remove(member.directory)
    os.makedirs(member.directory)
    with open(os.path.join(member.directory, 'a "b"'), "w", encoding="utf-8"):
        pass
    refused(member, r'holds a \"b\" and no VERSION')


def member_add(member, url):
    """MemberAdd by RPC, as etcdctl does it."""
    member.call("/etcdserverpb.Cluster/MemberAdd", field(1, url.encode()), timeout_s=10)


def test_join(cluster):
    """An added member finds out who it is, catches up and serves; it does not come back emptied."""
    joiner = cluster.members.pop()
    everybody = cluster.initial
    cluster.initial = ",".join(part for part in everybody.split(",")
                               if not part.startswith(joiner.name + "="))
    cluster.start()
    check(cluster.members[0].put("before", "x"), "a put before")
    member_add(cluster.members[0], joiner.peer_url)
    cluster.members.append(joiner)
    cluster.initial = everybody
    joiner.start(initial_cluster_state="existing")
    until("the new member is healthy", joiner.is_healthy)
    until("it reads what was put before", lambda: joiner.has("before", "x"))
    until("it is named", lambda: b"\x12\x02" + joiner.name.encode() in
          cluster.members[0].call("/etcdserverpb.Cluster/MemberList", b""))
    # In place, whatever the flags say of how it began.
    check(joiner.kill(signal.SIGTERM) == 0, "it ends well")
    joiner.start(initial_cluster_state="existing")
    until("it is healthy again", joiner.is_healthy)
    joiner.kill()
    shutil.rmtree(joiner.directory)
    refused(joiner, "must not come back", initial_cluster_state="existing")


SIZES = {"test_alone": 1, "test_counts": 1, "test_metrics_port": 1, "test_foreign_directories": 1}


def main():
    program, chosen = sys.argv[1], sys.argv[2:]
    failed = []
    tests = {name: test for name, test in globals().items() if name.startswith("test_")}
    for name, test in tests.items():
        if chosen and name not in chosen:
            continue
        began = time.monotonic()
        try:
            with Cluster(program, SIZES.get(name, 3)) as cluster:
                test(cluster)
            print(f"ok      {name} ({time.monotonic() - began:.1f} s): {test.__doc__}", flush=True)
        except (Failed, subprocess.SubprocessError) as error:
            print(f"FAILED  {name}: {error}", flush=True)
            failed.append(name)
    if failed:
        sys.exit(f"{len(failed)} failed: {' '.join(failed)}")


if __name__ == "__main__":
    main()
