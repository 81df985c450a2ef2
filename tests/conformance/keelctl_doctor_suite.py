#!/usr/bin/env python3
"""keelctl doctor against clusters of real processes with a fault in each: it names the fault, and nothing on a healthy one."""

import argparse
import concurrent.futures
import json
import resource
import signal
import subprocess
import sys
import time

from keelctl_calls import KEELCTL
from cluster import Cluster, wait_for
from suite import equal

CASES = []


def case(nodes=3, extra=()):
    def add(function):
        CASES.append((function, nodes, extra))
        return function

    return add


def doctor(cluster, *arguments, endpoints=None, watch_for="300ms"):
    """The names of its findings."""
    addresses = ",".join(m.endpoint for m in (endpoints or cluster.running()))
    command = [KEELCTL, f"--endpoints={addresses}", "--command-timeout=2s", "doctor", f"--watch-for={watch_for}", "-w", "json"]
    result = subprocess.run([*command, *arguments], capture_output=True, text=True, timeout=60, check=False)
    findings = json.loads(result.stdout)
    faults = [each["name"] for each in findings if each["gravity"] == "fault"]
    equal(result.returncode, 1 if faults else 0, result.stdout + result.stderr)
    return sorted({each["name"] for each in findings})


def keelctl(cluster, *arguments, stdin=None):
    addresses = ",".join(m.endpoint for m in cluster.running())
    return subprocess.run([KEELCTL, f"--endpoints={addresses}", *arguments], input=stdin, capture_output=True, text=True,
                          timeout=60, check=False)


# A disk of a busy machine may be slow in truth: only the case that is about it judges it.
PATIENT = "--slow-sync=20s"


@case()
def a_healthy_cluster_has_no_findings(cluster):
    for _ in range(3):
        equal(doctor(cluster, PATIENT), [])


@case()
def a_dead_member(cluster):
    cluster.kill(cluster.follower())
    wait_for("calm", lambda: doctor(cluster, PATIENT) == ["member-down"])


@case()
def no_majority(cluster):
    for member in cluster.members[:2]:
        cluster.kill(member)
    equal(doctor(cluster, PATIENT), ["member-down", "no-quorum"])


@case()
def a_frozen_member(cluster):
    cluster.follower().process.send_signal(signal.SIGSTOP)
    wait_for("the finding", lambda: doctor(cluster, PATIENT, endpoints=cluster.members) == ["member-down"])


@case(nodes=1)
def endpoints_of_two_clusters(cluster):
    with Cluster(cluster.program, nodes=1) as other:
        wait_for("the other one", lambda: other.leader() is not None)
        equal("two-clusters" in doctor(cluster, PATIENT, endpoints=[*cluster.members, *other.members]), True)


@case()
def a_member_that_was_never_started(cluster):
    wait_for("the addition", lambda: keelctl(cluster, "member", "add", "late", "--peer-urls=http://127.0.0.1:1", "--learner").returncode == 0)
    equal(doctor(cluster, PATIENT), ["member-unstarted"])


@case(nodes=2)
def a_cluster_of_two(cluster):
    equal(doctor(cluster, PATIENT), ["even-size"])


@case(nodes=1, extra=("--quota-backend-bytes=100000",))
def a_quota_that_is_nearly_used(cluster):
    equal(keelctl(cluster, "put", "large", stdin="x" * 85000).returncode, 0)
    wait_for("the finding", lambda: doctor(cluster, PATIENT) == ["near-quota"])


def raise_alarm(cluster, kind):
    """No command does: the request is written by hand, {action: ACTIVATE, memberID, alarm}."""
    import grpc  # pylint: disable=import-outside-toplevel

    with grpc.insecure_channel(cluster.members[0].endpoint) as channel:
        status = channel.unary_unary("/etcdserverpb.Maintenance/Status")(b"")
        header = status[2 : 2 + status[1]]
        member = varint_field(header, 2)
        channel.unary_unary("/etcdserverpb.Maintenance/Alarm")(b"\x08\x01\x10" + varint(member) + b"\x18" + bytes([kind]))


@case(nodes=1)
def a_quota_that_is_used_up(cluster):
    raise_alarm(cluster, 1)
    equal(doctor(cluster, PATIENT), ["alarm-nospace"])


@case(nodes=1)
def a_corrupt_alarm(cluster):
    raise_alarm(cluster, 2)
    equal(doctor(cluster, PATIENT), ["alarm-corrupt"])


def varint(number):
    out = b""
    while number >= 0x80:
        out += bytes([number & 0x7F | 0x80])
        number >>= 7
    return out + bytes([number])


def varint_field(message, wanted):
    """The number in field `wanted` of a message of numbers."""
    at = 0
    while at < len(message):
        field = message[at] >> 3
        at, number, shift = at + 1, 0, 0
        while True:
            byte = message[at]
            number |= (byte & 0x7F) << shift
            at, shift = at + 1, shift + 7
            if byte < 0x80:
                break
        if field == wanted:
            return number
    raise AssertionError("no such field")


@case(nodes=1)
def descriptors_that_run_out(cluster):
    open_now = int(next(line.split()[1] for line in metrics(cluster).splitlines() if line.startswith("process_open_fds")))
    bound = open_now + 4
    resource.prlimit(cluster.members[0].process.pid, resource.RLIMIT_NOFILE, (bound, bound))
    equal(doctor(cluster, PATIENT), ["descriptors"])


def metrics(cluster):
    import urllib.request  # pylint: disable=import-outside-toplevel

    with urllib.request.urlopen(cluster.members[0].client_url + "/metrics", timeout=5) as page:
        return page.read().decode()


@case(nodes=1)
def a_disk_that_is_slower_than_is_borne(cluster):
    for number in range(30):
        equal(keelctl(cluster, "put", f"k{number}", "x").returncode, 0)
    equal(doctor(cluster, "--slow-sync=1us"), ["slow-disk"])


@case()
def a_leader_that_is_lost_while_we_look(cluster):
    leader = cluster.leader()
    command = [KEELCTL, "--endpoints=" + ",".join(m.endpoint for m in cluster.members), "doctor", "--watch-for=5s", "-w", "json", PATIENT]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        time.sleep(1.5)
        cluster.kill(leader)
        findings = [each["name"] for each in json.loads(process.communicate(timeout=60)[0])]
    equal("elections" in findings and "member-down" in findings, True, str(findings))


def judge(server, function, nodes, extra):
    began = time.monotonic()
    verdict = "ok"
    try:
        with Cluster(server, nodes=nodes, extra=extra) as cluster:
            wait_for("a healthy cluster", lambda: cluster.leader() is not None)
            function(cluster)
    except Exception as error:  # pylint: disable=broad-except
        print(f"{function.__name__}: {error!r}")
        verdict = "FAILED"
    print(f"{verdict:6} {time.monotonic() - began:6.2f} s  {function.__name__}", flush=True)
    return verdict == "ok"


def main():
    parser = argparse.ArgumentParser(description="keelctl doctor against faults.")
    parser.add_argument("--server", default="build/bin/keeld")
    parser.add_argument("--only", default="", help="run the cases whose name contains this")
    options = parser.parse_args()
    chosen = [each for each in CASES if options.only in each[0].__name__]
    # Most of a case is a cluster that starts: they run three at a time.
    with concurrent.futures.ThreadPoolExecutor(max_workers=3) as pool:
        passed = list(pool.map(lambda each: judge(options.server, *each), chosen))
    failed = passed.count(False)
    print(f"conformance: suite=keelctl-doctor cases={len(chosen)} failed={failed}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
