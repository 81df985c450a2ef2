#!/usr/bin/env python3
"""The continuous archive of real clusters: any moment comes back, whatever happened to the members meanwhile.

Usage: archive_suite.py PATH/TO/keeld PATH/TO/keelctl PATH/TO/keel-archive-probe [NAME...]
"""

import base64
import bisect
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time

import grpc

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "keeld"))
from calls import check, command, keelctl, succeeds, use  # noqa: E402
from cluster import Cluster, field, until  # noqa: E402

PROBE = ""


def metric(member, name):
    for line in member.get("/metrics")[1].splitlines():
        if line.startswith(name + " "):
            return float(line.split()[1])
    return None


def now_ms():
    return time.time_ns() // 1_000_000


def start(cluster, *more):
    cluster.archive = os.path.join(cluster.directory, "archive")
    os.mkdir(cluster.archive)
    cluster.flags = [f"--archive={cluster.archive}", "--auto-compaction-retention=0", *more]
    for member in cluster.members:
        member.start(*cluster.flags)
    cluster.wait_healthy()
    archived(cluster)


class Model:
    """What every revision held, by a watch on a member that lives on: nothing of it comes from the archive."""

    def __init__(self, member):
        self.changes = {}
        self.process = subprocess.Popen(
            command("watch", "--prefix", "", "--rev=1", "-w", "json", member=member),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        for line in self.process.stdout:
            for event in json.loads(line).get("Events") or []:
                kv = event["kv"]
                key = base64.b64decode(kv["key"]).decode()
                value = base64.b64decode(kv.get("value", "")).decode()
                is_put = event.get("type", 0) in (0, "PUT")
                self.changes.setdefault(int(kv["mod_revision"]), []).append((key, value if is_put else None))

    def close(self):
        self.process.kill()
        self.process.wait()

    def at(self, revision):
        keys = {}
        for changed in sorted(self.changes):
            if changed > revision:
                break
            for key, value in self.changes[changed]:
                if value is None:
                    keys.pop(key, None)
                else:
                    keys[key] = value
        return keys


class Writer:
    """Random writes, one at a time, by whichever member answers; when each was sent and acknowledged."""

    def __init__(self, cluster, seed):
        self.cluster = cluster
        self.random = random.Random(seed)
        self.writes = []  # (sent, acknowledged, revision, what it changed)
        self.number = 0

    def write(self, count):
        done = 0
        while done < count:
            self.number += 1
            key = f"k{self.random.randrange(25)}"
            value = None if self.random.randrange(5) == 0 else f"v{self.number}"
            request = field(1, key.encode())
            member = self.random.choice([one for one in self.cluster.members if one.is_up()])
            sent = now_ms()
            try:
                if value is None:
                    answer = member.call("/etcdserverpb.KV/DeleteRange", request)
                else:
                    answer = member.call("/etcdserverpb.KV/Put", request + field(2, value.encode()))
            except grpc.RpcError:
                continue
            self.writes.append((sent, now_ms(), revision_of(answer), (key, value)))
            done += 1


def revision_of(answer):
    """header.revision of a response: field 3 of its field 1."""
    def varint(at):
        value = shift = 0
        while True:
            byte = answer[at]
            value |= (byte & 0x7f) << shift
            shift += 7
            at += 1
            if byte < 0x80:
                return value, at
    _, at = varint(0)
    length, at = varint(at)
    end = at + length
    while at < end:
        tag, at = varint(at)
        value, at = varint(at)
        if tag >> 3 == 3:
            return value
    return 0


class Probe:
    def __init__(self, cluster):
        # Fifty directories that nobody keeps: in memory, where the machine has room for files there.
        memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else cluster.directory
        self.scratch = tempfile.mkdtemp(prefix="keel_points_", dir=memory)
        self.process = subprocess.Popen([PROBE, cluster.archive, self.scratch], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()
        shutil.rmtree(self.scratch, ignore_errors=True)


def make_leader(cluster, name):
    target = next(one for one in cluster.members if one.name == name)

    def moved():
        leader = cluster.leader()
        if leader is target:
            return True
        status = json.loads(succeeds("endpoint", "status", "-w", "json", member=target))
        keelctl("move-leader", f"{status[0]['Status']['header']['member_id']:x}", member=leader)
        return False
    until(f"{name} leads", moved, pause_s=0.2)
    return target


def archived(cluster):
    """All that is committed is in the archive."""
    leader = cluster.leader()
    until("the archive has everything", lambda: metric(leader, "keel_archive_exposure_seconds") == 0
          and metric(leader, "keel_archive_alarm") == 0)


def ends(cluster):
    for member in cluster.members:
        if member.is_up():
            member.kill()


def check_points(cluster, model, writer, count, seed):
    """`count` moments and revisions, restored and held to the model; what came back, by kind."""
    dice = random.Random(seed)
    acknowledged = sorted((write[1], write[2]) for write in writer.writes)
    # A deletion of nothing makes no revision, and may be told that of an earlier write.
    made = {}
    for began, _, revision, change in writer.writes:
        if change in model.changes.get(revision, []):
            made.setdefault(revision, began)
    sent = sorted((began, revision) for revision, began in made.items())
    revisions = sorted(model.changes)

    def bounds(moment):
        """The revisions between which a restore to that moment lies, by the client's own clock."""
        low = max((one[1] for one in acknowledged[:bisect.bisect_left(acknowledged, (moment, 0))]), default=0)
        high = min((one[1] for one in sent[bisect.bisect_right(sent, (moment, sys.maxsize)):]), default=sys.maxsize)
        return low, high

    with Probe(cluster) as probe:
        times = sorted(set(probe.ask("times")["times"]))
        for number in range(count):
            if number % 3 == 0:
                wanted = dice.choice(revisions[1:])
                got = probe.ask(f"revision {wanted}")
                check(got.get("revision") == wanted, f"revision {wanted}: {got}")
            else:
                # Around a commit, a millisecond before and behind it too, or anywhere between two.
                at = dice.choice(times[1:-1])
                moment = at + dice.choice((-1, 0, 1)) if number % 3 == 1 else dice.randint(times[1], times[-1])
                got = probe.ask(f"time {moment}")
                check("revision" in got, f"time {moment}: {got}")
                check(got["timeMs"] <= moment, f"time {moment}: {got}")
                later = times[bisect.bisect_right(times, moment):][:1]
                check(got["timeMs"] == times[bisect.bisect_right(times, moment) - 1],
                      f"time {moment} is up to the last entry before {later}: {got}")
                low, high = bounds(moment)
                check(low <= got["revision"] < high, f"time {moment}: {got['revision']} not in [{low}, {high})")
            check(got["keys"] == model.at(got["revision"]),
                  f"point {number}: {got} is not {model.at(got['revision'])}")
        got = probe.ask("latest")
        check(got["keys"] == model.at(revisions[-1]), f"the latest: {got}")


def test_any_moment(cluster):
    """50 moments and revisions, across killed leaders, a compaction, and a member that is lost for good."""
    start(cluster, "--archive-base-interval=1s")
    lost, second, third = cluster.members
    model = Model(third)
    writer = Writer(cluster, 1)
    try:
        writer.write(60)
        make_leader(cluster, "n1")
        writer.write(40)
        lost.kill()
        shutil.rmtree(lost.directory)  # and it never comes back
        writer.write(60)
        make_leader(cluster, "n3")
        succeeds("compaction", str(writer.writes[-1][2] - 5), member=third)
        writer.write(40)
        make_leader(cluster, "n2")
        writer.write(30)
        second.kill()
        second.start(*cluster.flags)
        until("there is a leader again", lambda: writer.write(1) is None)
        writer.write(60)
        archived(cluster)
        last = writer.writes[-1][2]
        until("the watch has come as far", lambda: max(model.changes, default=0) >= last)
        ends(cluster)
        text = succeeds("archive", "verify", cluster.archive)
        check("whole and consistent" in text and "gap" not in text, text)
        check(" 1 bases" not in text, f"bases come while writes go on: {text}")
        print(f"  {len(writer.writes)} writes\n  " + "\n  ".join(text.splitlines()[1:]), flush=True)
        check_points(cluster, model, writer, 50, 2)
    finally:
        model.close()


def test_a_whole_cluster_comes_back(cluster):
    """All members are gone; three directories are made as of a moment, and serve."""
    start(cluster)
    one = cluster.members[0]
    for number in range(20):
        until("a put", lambda: one.put(f"a{number}", "before"))
    moment = now_ms()
    time.sleep(0.01)
    until("a mistake", lambda: keelctl("del", "--prefix", "a", member=one).returncode == 0)
    archived(cluster)
    ends(cluster)
    for member in cluster.members:
        shutil.rmtree(member.directory)
        told = succeeds("restore", f"--archive={cluster.archive}", f"--to-time={moment}", f"--name={member.name}",
                        f"--data-dir={member.directory}", f"--initial-cluster={cluster.initial}",
                        "--initial-cluster-token=again")
        check("of the new cluster" in told, told)
    for member in cluster.members:
        member.start(*cluster.flags, initial_cluster_token="again")
    cluster.wait_healthy()
    for number in range(20):
        until("a key is back", lambda: one.has(f"a{number}", "before"))
    until("writes go on", lambda: one.put("after", "restore"))
    # It archives beside the old cluster's, not into it.
    until("its own archive begins", lambda: len(os.listdir(cluster.archive)) == 2)
    archived(cluster)
    which = keelctl("archive", "status", cluster.archive)
    check("--cluster-id" in which.stderr, which.stderr)
    for name in os.listdir(cluster.archive):
        succeeds("archive", "verify", cluster.archive, f"--cluster-id={name}")


def test_an_archive_that_is_gone(cluster):
    """Writes go on, the alarm is raised, the log is held up to its bound, and then there is a gap."""
    start(cluster, "--archive-hold-bytes=2000000", "--log-kept-bytes=1000000")
    one = cluster.members[0]
    until("a put", lambda: one.put("early", "x"))
    archived(cluster)
    away = cluster.archive + ".away"
    os.rename(cluster.archive, away)
    leader = cluster.leader()
    until("a put", lambda: one.put("during", "x"))
    until("the alarm", lambda: metric(leader, "keel_archive_alarm") == 1)
    # The bound holds: a little more than it is written, and the log goes although nothing was archived.
    bulk = "x" * 100
    during = now_ms()

    def log_has_gone():
        with grpc.insecure_channel(one.endpoint) as channel:
            put = channel.unary_unary("/etcdserverpb.KV/Put")
            for number in range(40):
                value = (bulk * 500).encode()
                request = field(1, b"bulk%d" % number) + b"\x12" + varint_of(len(value)) + value
                try:
                    put(request, timeout=5)
                except grpc.RpcError:
                    pass
        return metric(cluster.leader(), "keel_archive_gaps_total") >= 1
    until("the archive was given up", log_has_gone, 60)
    check(one.put("still", "serving"), "writes go on")
    os.rename(away, cluster.archive)
    until("a new base", lambda: metric(cluster.leader(), "keel_archive_alarm") == 0, 60)
    until("a put", lambda: one.put("later", "x"))
    archived(cluster)
    until("the end is archived", lambda: "gap" in keelctl("archive", "verify", cluster.archive).stdout)
    ends(cluster)
    text = succeeds("archive", "verify", cluster.archive)
    check("gap: indexes" in text, text)
    made = os.path.join(cluster.directory, "made")
    flags = [f"--archive={cluster.archive}", f"--data-dir={made}", "--name=n1", f"--initial-cluster={cluster.initial}"]
    refused = keelctl("restore", f"--to-time={during + 1}", *flags)
    check(refused.returncode != 0 and "gap" in refused.stderr, refused.stderr)
    check(not os.path.exists(made), "nothing is made")
    succeeds("restore", "--latest", *flags)


def test_what_a_lost_cluster_loses(cluster):
    """All members die at once in the middle of writes: what comes back is all that was acknowledged, but for the last."""
    start(cluster)
    leader = cluster.leader()
    exposures = []
    acknowledged = []  # (when, number)
    stopped = threading.Event()

    def put():
        number = 0
        while not stopped.is_set():
            if leader.put("counter", str(number)):
                acknowledged.append((now_ms(), number))
            number += 1
    writer = threading.Thread(target=put)
    writer.start()
    try:
        until("many writes", lambda: exposures.append(metric(leader, "keel_archive_exposure_seconds") or 0)
              or len(acknowledged) > 500, 120)
        died = now_ms()
        ends(cluster)
    finally:
        stopped.set()
        writer.join()
    acknowledged = [one for one in acknowledged if one[0] <= died]
    with Probe(cluster) as probe:
        got = probe.ask("latest")
    restored = int(got["keys"]["counter"])
    lost = [when for when, number in acknowledged if number > restored]
    check(restored <= acknowledged[-1][1] + 1, f"{restored} was written at all")
    check(restored > acknowledged[0][1], "much comes back")
    # Figures, not a check: how long a write waits depends on the machine.
    print(f"  {len(acknowledged)} writes in {died - acknowledged[0][0]} ms; the exposure was {max(exposures):.3f} s at "
          f"most in {len(exposures)} samples; lost: {len(lost)}, the oldest {died - min(lost, default=died)} ms old",
          flush=True)


def varint_of(number):
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7f | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def main():
    global PROBE  # pylint: disable=global-statement
    keeld, program, PROBE, *names = sys.argv[1:]
    use(program)
    for test in (test_any_moment, test_a_whole_cluster_comes_back, test_an_archive_that_is_gone,
                 test_what_a_lost_cluster_loses):
        if names and test.__name__ not in names:
            continue
        print(f"{test.__name__}: {test.__doc__}", flush=True)
        began = time.monotonic()
        with Cluster(keeld, 3) as cluster:
            test(cluster)
        print(f"  {time.monotonic() - began:.1f} s", flush=True)
    print("all passed")


if __name__ == "__main__":
    main()
