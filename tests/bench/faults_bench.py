#!/usr/bin/env python3
"""What clients feel of a fault: the 99th percentile of a put before it, the outage, and from 5 s after it.

Each line is a cluster of its own with four writers at a steady pace. The outage is the longest time in which no put
that was asked for came back. A full disk wants root, for a small file system. Nothing is judged here: `tests/faults`
holds that nothing is lost.

Usage: faults_bench.py [--server PATH/TO/keeld] [--seconds S] [--writes N] [--only NAME]
"""

import argparse
import pathlib
import signal
import statistics
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "faults"))
sys.path.insert(0, str(HERE.parent / "conformance"))

import behind_suite  # noqa: E402  pylint: disable=wrong-import-position
import disk_suite  # noqa: E402  pylint: disable=wrong-import-position
from harness import FaultyCluster, is_healthy, leads, until  # noqa: E402  pylint: disable=wrong-import-position
from load import Load  # noqa: E402  pylint: disable=wrong-import-position

SETTLE_S = 5
FAULTS = {}


def fault(make=FaultyCluster, extra=()):
    """A fault is `function(cluster, seconds, options)`, and is over when it returns."""

    def note(function):
        FAULTS[function.__name__.replace("_", "-")] = (function, make, extra)
        return function

    return note


def freeze(member, seconds):
    member.process.send_signal(signal.SIGSTOP)
    time.sleep(seconds)
    member.process.send_signal(signal.SIGCONT)


@fault()
def a_frozen_leader(cluster, options):
    freeze(cluster.leader(), options.seconds)


@fault()
def a_frozen_follower(cluster, options):
    freeze(cluster.others(cluster.leader())[0], options.seconds)


@fault()
def a_killed_leader(cluster, options):
    dead = cluster.leader()
    cluster.kill(dead)
    time.sleep(options.seconds)
    cluster.start(dead)
    cluster.wait_healthy([dead])


@fault(make=disk_suite.SmallDiskCluster)
def a_full_disk(cluster, options):
    cluster.fill()
    time.sleep(options.seconds)
    cluster.make_room()


@fault(extra=behind_suite.KEEP_LITTLE)
def a_member_behind_by_a_snapshot(cluster, _options):
    """It was killed, and missed the writes, before the load began."""
    late = next(one for one in cluster.members if one.process is None or one.process.poll() is not None)
    cluster.start(late)
    until("it is healthy", lambda: is_healthy(late), 300)


def prepare(name, cluster, options):
    leader = cluster.leader()
    if name == "a-full-disk" and leads(cluster.small):
        disk_suite.hand_over(leader, cluster.others(leader)[0])
    if name != "a-member-behind-by-a-snapshot":
        return cluster.members
    late = cluster.others(leader)[0]
    cluster.kill(late)
    print(f"  {behind_suite.write_many(cluster, leader, options.writes)}", file=sys.stderr)
    return cluster.others(late)


def p99_ms(puts):
    took = [1000 * took for _, took in puts]
    return statistics.quantiles(took, n=100)[98] if len(took) > 1 else float("nan")


def longest_gap_ms(puts, begin, end):
    back = sorted(at + took for at, took in puts if begin <= at + took <= end)
    return 1000 * max((b - a for a, b in zip([begin, *back], [*back, end])), default=0)


def run(name, options):
    function, make, extra = FAULTS[name]
    with make(options.server, 3, extra) as cluster:
        members = prepare(name, cluster, options)
        with Load(members, writers=4, readers=0, pause_s=0.004, timeout_s=2.0) as load:
            time.sleep(2)
            steady = time.monotonic() - load.began
            time.sleep(options.seconds)
            begin = time.monotonic() - load.began
            function(cluster, options)
            ended = time.monotonic() - load.began
            time.sleep(max(0, begin + SETTLE_S - ended) + options.seconds)
            over = time.monotonic() - load.began
    before = [put for put in load.puts if steady <= put[0] < begin]
    after = [put for put in load.puts if begin + SETTLE_S <= put[0]]
    gap = longest_gap_ms(load.puts, begin, over)
    print(f"{name:32}{p99_ms(before):12.1f}{gap:12.0f}{p99_ms(after):12.1f}{p99_ms(after) / p99_ms(before):8.2f}"
          f"{len(load.errors):8}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", default="build/bin/keeld")
    parser.add_argument("--seconds", type=int, default=10, help="before each fault, of it, and after it")
    parser.add_argument("--writes", type=int, default=1_000_000, help="that the member behind has missed")
    parser.add_argument("--only", default="", help="the faults whose name contains this")
    options = parser.parse_args()
    print(f"{'fault':32}{'p99 before':>12}{'outage':>12}{'p99 after':>12}{'ratio':>8}{'errors':>8}   (ms)")
    for name in FAULTS:
        if options.only in name:
            run(name, options)


if __name__ == "__main__":
    main()
