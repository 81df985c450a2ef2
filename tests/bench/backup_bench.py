#!/usr/bin/env python3
"""Save, verify and restore in MB/s, keelctl against keeld beside etcdctl against etcd, on the same keys; and what
a save costs the puts beside it.

Speeds: one member each, one after the other, so that neither is in the other's way; each step three times, the best
counts. Both tools sync what they write. keelctl's rate is not bounded (--rate=0). A megabyte is one of keys and
values: what the operator has, not what either format makes of it.

Puts: three members of Keel's with the same keys, and a client that always has --in-flight puts on their way. The
99th percentile of rounds without a save and with saves one after the other, in turns; the medians count. Members,
client and saves share this machine's processors, which is more than a backup elsewhere would cost.

Usage: backup_bench.py [--server PATH] [--keelctl PATH] [--client PATH] [--keys N] [--only speed|puts]
(the comparison needs Debian's etcd-server and etcd-client)
"""

import argparse
import json
import os
import pathlib
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "conformance"))

from cluster import Cluster, wait_for  # noqa: E402  pylint: disable=wrong-import-position

VALUE_BYTES = 256
RUNS = 3
QUOTA = "--quota-backend-bytes=8000000000"
SAVE_AGAIN = r'''
trap "kill \$! 2>/dev/null; exit 0" TERM
while :; do rm -f "$0"; "$@" >/dev/null 2>&1 & wait $!; done
'''
ETCDCTL = dict(os.environ, ETCDCTL_API="3")


def write_keys(path, keys):
    """An export of `keys` keys: half of each value is random, as of many real ones."""
    generator = random.Random(1)
    size = 0
    with open(path, "w", encoding="ascii") as file:
        file.write(f'{{"keel_export":1,"prefix":"","revision":1,"keys":{keys}}}\n')
        for number in range(keys):
            key = f"/registry/things/{generator.getrandbits(32):08x}/{number}"
            value = generator.randbytes(VALUE_BYTES // 4).hex() + "x" * (VALUE_BYTES // 2)
            size += len(key) + len(value)
            file.write(json.dumps({"key": key, "value": value}) + "\n")
        file.write(f'{{"end":true,"keys":{keys}}}\n')
    return size


def timed(command):
    began = time.monotonic()
    result = subprocess.run(command, capture_output=True, text=True, check=False, env=ETCDCTL)
    if result.returncode != 0:
        sys.exit(f"{' '.join(command)}: {result.stderr[-2000:]}")
    return time.monotonic() - began


def best(step):
    return min(step() for _ in range(RUNS))


def fill(cluster, keelctl, keys_path):
    seconds = timed([keelctl, f"--endpoints={cluster.members[0].endpoint}", "--command-timeout=60s", "import",
                     keys_path, "--restart"])
    print(f"filled in {seconds:.0f} s", file=sys.stderr, flush=True)


def speeds(server, tool, options, keys_path):
    """(save, verify, restore) in seconds."""
    is_ours = tool == options.keelctl
    with Cluster(server, nodes=1, extra=[QUOTA]) as cluster:
        member = cluster.members[0]
        fill(cluster, options.keelctl, keys_path)
        saved = os.path.join(cluster.directory, "saved")

        def save():
            if os.path.exists(saved):
                os.remove(saved)
            return timed([tool, f"--endpoints={member.endpoint}", "snapshot", "save", saved,
                          *(["--rate=0"] if is_ours else [])])
        seconds = [best(save)]
        cluster.stop(member, 60)
        seconds.append(best(lambda: timed([tool, "snapshot", "verify" if is_ours else "status", saved])))
        made = os.path.join(cluster.directory, "made")

        def restore():
            shutil.rmtree(made, ignore_errors=True)
            return timed([tool, "snapshot", "restore", saved, "--name=one", f"--data-dir={made}",
                          f"--initial-cluster=one={member.peer_url}",
                          f"--initial-advertise-peer-urls={member.peer_url}"])
        seconds.append(best(restore))
        return (*seconds, os.path.getsize(saved) / 1e6)


def compare_speeds(options, keys_path, megabytes):
    rows = {"keel": speeds(options.server, options.keelctl, options, keys_path)}
    etcd, etcdctl = shutil.which("etcd"), shutil.which("etcdctl")
    if etcd and etcdctl:
        rows["etcd"] = speeds(etcd, etcdctl, options, keys_path)
    print(f"{options.keys} keys, {megabytes:.0f} MB; MB/s")
    print(f"{'':8}{'save':>10}{'verify':>10}{'restore':>10}{'file MB':>10}")
    for name, (*seconds, file_mb) in rows.items():
        print(f"{name:8}" + "".join(f"{megabytes / each:10.0f}" for each in seconds) + f"{file_mb:10.0f}")
    if len(rows) == 2:
        ratios = [theirs / ours for ours, theirs in zip(rows["keel"][:3], rows["etcd"][:3])]
        print(f"{'ratio':8}" + "".join(f"{ratio:10.1f}" for ratio in ratios), flush=True)


def puts(cluster, options):
    """(99th percentile in ms, puts a second) of one round."""
    result = subprocess.run(
        [options.client, f"--endpoints={cluster.leader().endpoint}", f"--requests={options.requests}",
         f"--in_flight={options.in_flight}", "--value_bytes=256", "--keys=1000000"],
        capture_output=True, text=True, check=True)
    found = re.search(r"errors=0 per_second=(\d+) .*p99_ms=([0-9.]+)", result.stdout)
    if not found:
        sys.exit(f"puts failed: {result.stdout}")
    return float(found[2]), float(found[1])


class Saves:
    """Saves one after the other, until the block ends."""

    def __init__(self, cluster, options, rate):
        self.path = os.path.join(cluster.directory, "beside.keel")
        leader = cluster.leader()
        member = next(one for one in cluster.members if (one is leader) != options.follower)
        self.command = [options.keelctl, f"--endpoints={member.endpoint}", "snapshot", "save", self.path,
                        *([f"--rate={rate}"] if rate else [])]

    def __enter__(self):
        # A shell's loop: nothing of it is in the way of what is measured.
        self.process = subprocess.Popen(  # pylint: disable=consider-using-with
            ["sh", "-c", SAVE_AGAIN, self.path, *self.command])
        wait_for("a save has begun", lambda: os.path.exists(self.path + ".part"))
        return self

    def __exit__(self, kind, error, trace):
        self.process.terminate()
        self.process.wait()


def beside_saves(options, keys_path):
    rows = {"without": [], "with": [], "--rate=0": []}
    with Cluster(options.server, nodes=3, extra=[QUOTA]) as cluster:
        fill(cluster, options.keelctl, keys_path)
        puts(cluster, options)
        for _ in range(options.rounds):
            rows["without"].append(puts(cluster, options))
            with Saves(cluster, options, None):
                rows["with"].append(puts(cluster, options))
            with Saves(cluster, options, "0"):
                rows["--rate=0"].append(puts(cluster, options))
    print(f"puts of 256 bytes beside saves of {'a follower' if options.follower else 'the leader'}, "
          f"{options.in_flight} on their way; medians of {options.rounds} rounds of {options.requests}")
    print(f"{'':12}{'p99 ms':>10}{'puts/s':>10}{'ratio':>10}")
    middle = {name: [statistics.median(values) for values in zip(*rounds)] for name, rounds in rows.items()}
    for name, (p99, rate) in middle.items():
        print(f"{name:12}{p99:10.1f}{rate:10.0f}{p99 / middle['without'][0]:10.2f}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", default="build/bin/keeld")
    parser.add_argument("--keelctl", default="build/bin/keelctl")
    parser.add_argument("--client", default="build/bin/client-bench")
    parser.add_argument("--keys", type=int, default=1_000_000)
    parser.add_argument("--only", choices=["speed", "puts"], help="one of the two tables")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=300_000,
                        help="puts in a round, which is to be longer than a save")
    parser.add_argument("--in-flight", type=int, default=256)
    parser.add_argument("--follower", action="store_true", help="the saves ask a follower instead of the leader")
    options = parser.parse_args()
    options.keelctl = os.path.abspath(options.keelctl)
    with tempfile.TemporaryDirectory(prefix="keel_backup_bench_") as directory:
        keys_path = os.path.join(directory, "keys.jsonl")
        megabytes = write_keys(keys_path, options.keys) / 1e6
        if options.only != "puts":
            compare_speeds(options, keys_path, megabytes)
        if options.only != "speed":
            beside_saves(options, keys_path)


if __name__ == "__main__":
    main()
