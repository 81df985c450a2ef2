#!/usr/bin/python3
"""Keel beside etcd: the same load on the same machine, in turns, with the CPU that the servers took.

Starts three servers of each kind on loopback, and loads each in turn with h2load: one is stopped (SIGSTOP)
while the other works, so that neither pays for the other. Prints a table of medians with their ratios. Ratios
mean something on a shared machine; absolute figures do not.
"""

import argparse
import os
import pathlib
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

import etcd3
import grpc

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "conformance"))

from cluster import Cluster, wait_for  # noqa: E402

VALUE_BYTES = 256
TICKS = os.sysconf("SC_CLK_TCK")
SHAPES = ((256, 1), (8, 64))
# For one attempt of a write; tests/faults/leaders_suite.py has the same two.
FAILOVER_DEADLINES_S = (0.1, 2.0)


def field(number, payload):
    """A length-delimited field of a Protobuf message."""
    size, out = len(payload), bytearray([number << 3 | 2])
    while size > 127:
        out.append(size & 127 | 128)
        size >>= 7
    return bytes(out) + bytes([size]) + payload


def grpc_frame(message):
    return b"\0" + len(message).to_bytes(4, "big") + message


REQUESTS = {
    "put": ("/etcdserverpb.KV/Put", field(1, b"bench/key") + field(2, b"v" * VALUE_BYTES)),
    "get": ("/etcdserverpb.KV/Range", field(1, b"bench/key")),
}


class Side:
    """One kind of server: its cluster, and what was measured of it."""

    def __init__(self, name, program):
        self.name = name
        self.cluster = Cluster(program)
        self.rates = {}
        self.costs = {}

    def signal(self, number):
        for member in self.cluster.running():
            member.process.send_signal(number)

    def cpu_seconds(self):
        total = 0
        for member in self.cluster.running():
            text = pathlib.Path(f"/proc/{member.process.pid}/stat").read_text()
            fields = text.rsplit(")", 1)[1].split()
            total += int(fields[11]) + int(fields[12])
        return total / TICKS

    def revision(self):
        status = self.cluster.etcdctl("endpoint", "status", "-w", "fields", endpoints=[self.cluster.leader()])
        return int(re.search(r'"Revision" : (\d+)', status.stdout)[1])

    def load(self, what, clients, streams, count, body):
        path, _ = REQUESTS[what]
        before, revision = self.cpu_seconds(), self.revision()
        result = subprocess.run(
            ["h2load", f"-n{count}", f"-c{clients}", f"-m{streams}", "-t1", "-d", body,
             "-H", "content-type: application/grpc", "-H", "te: trailers",
             self.cluster.leader().client_url + path],
            capture_output=True, text=True, timeout=600, check=True,
        )
        spent = self.cpu_seconds() - before
        rate = float(re.search(r"finished in .*?, ([\d.]+) req/s", result.stdout)[1])
        done = int(re.search(r"(\d+) succeeded", result.stdout)[1])
        wrote = self.revision() - revision
        if done != count or (what == "put" and wrote != count):
            raise SystemExit(f"compare: {self.name}: {count} asked, {done} answered, {wrote} written\n{result.stdout}")
        shape = (what, clients, streams)
        self.rates.setdefault(shape, []).append(rate)
        self.costs.setdefault(shape, []).append(1e6 * spent / count)


def throughput(sides, rounds, count):
    with tempfile.TemporaryDirectory() as folder:
        for what, (_, message) in REQUESTS.items():
            body = pathlib.Path(folder) / what
            body.write_bytes(grpc_frame(message))
            for clients, streams in SHAPES:
                for turn in range(rounds):
                    for side in sides if turn % 2 == 0 else sides[::-1]:
                        print(f"{what} {clients}x{streams} round {turn + 1}/{rounds}: {side.name}", file=sys.stderr)
                        side.signal(signal.SIGCONT)
                        wait_for("a write", lambda s=side: s.cluster.etcdctl("put", "warm", "x").returncode == 0)
                        side.load(what, clients, streams, count, str(body))
                        if len(sides) > 1:
                            side.signal(signal.SIGSTOP)
    for side in sides:
        side.signal(signal.SIGCONT)


def print_table(sides):
    print(f"{'load':14}" + "".join(f"{s.name + ' ops/s':>16}{s.name + ' µs CPU/op':>20}" for s in sides) +
          ("      rate ratio   CPU ratio" if len(sides) > 1 else ""))
    for shape in sides[0].rates:
        rates = [statistics.median(s.rates[shape]) for s in sides]
        costs = [statistics.median(s.costs[shape]) for s in sides]
        row = f"{shape[0]} {shape[1]}x{shape[2]:<6}".ljust(14)
        row += "".join(f"{r:16,.0f}{c:20.1f}" for r, c in zip(rates, costs))
        if len(sides) > 1:
            row += f"{rates[0] / rates[1]:16.2f}{costs[0] / costs[1]:12.2f}"
        print(row)


def connect(member, deadline_s):
    host, port = member.endpoint.split(":")
    return etcd3.client(host=host, port=int(port), timeout=deadline_s)


def wrote(client):
    """One attempt, which the client gives its deadline."""
    try:
        client.put("after", "x")
        return True
    except (etcd3.exceptions.Etcd3Exception, grpc.RpcError):
        return False


def gap_of(side, deadline_s):
    """The seconds from a SIGKILL of the leader to the next write through one other member."""
    cluster = side.cluster
    leader = cluster.leader()
    client = connect(next(m for m in cluster.running() if m is not leader), deadline_s)
    wait_for("a write before", lambda: wrote(client))
    began = time.monotonic()
    cluster.kill(leader)
    while not wrote(client):
        if time.monotonic() - began > 30:
            raise SystemExit(f"compare: {side.name}: no write within 30 s of the leader's death")
    gap = time.monotonic() - began
    cluster.start(leader)
    cluster.wait_healthy([leader])
    return gap


def failover(side, times):
    """With little patience for an attempt, and with some: an attempt may wait for a leader that is gone."""
    for deadline_s in FAILOVER_DEADLINES_S:
        found = [1000 * gap_of(side, deadline_s) for _ in range(times)]
        print(f"failover of {side.name}, {1000 * deadline_s:.0f} ms an attempt: median {statistics.median(found):.0f} ms, "
              f"worst {max(found):.0f} ms, of {times}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", default="build/bin/keeld")
    parser.add_argument("--peer", default="etcd", help="the program to compare with; empty for none")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--requests", type=int, default=20000)
    parser.add_argument("--failovers", type=int, default=10)
    options = parser.parse_args()
    for tool in ("h2load", "etcdctl", *([options.peer] if options.peer else [])):
        if shutil.which(tool) is None:
            sys.exit(f"compare: {tool} is missing; Debian has it in nghttp2-client, etcd-client or etcd-server")
    sides = [Side(pathlib.Path(options.server).name, options.server)]
    if options.peer:
        sides.append(Side(pathlib.Path(options.peer).name, options.peer))
    try:
        for side in sides:
            side.cluster.__enter__()
        if options.rounds:
            throughput(sides, options.rounds, options.requests)
            print_table(sides)
        if options.failovers:
            for side in sides:
                # The other stands still meanwhile, as it does under load.
                for other in sides:
                    other.signal(signal.SIGCONT if other is side else signal.SIGSTOP)
                wait_for("a write", lambda s=side: s.cluster.etcdctl("put", "warm", "x").returncode == 0)
                failover(side, options.failovers)
    finally:
        for side in sides:
            side.signal(signal.SIGCONT)
            side.cluster.close()


if __name__ == "__main__":
    main()
