#!/usr/bin/env python3
"""libkeel's pipelined puts beside h2load's: the same puts, one connection, 512 on their way, one thread.

    tests/bench/client_puts.py --server build/bin/keeld --program build/bin/client-bench [--rounds 5]

One server on loopback serves both in turns. h2load sends the same bytes again and again and reads no answer, so
what it reaches is about what any client could; the last lines say how much of that libkeel does, with the very same
puts and with puts of a session, for which the server keeps its answers. What else the machine does comes and goes: each
share is of the h2load of its own round, and the median of them counts.
"""

import argparse
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "conformance"))

import cluster  # noqa: E402  pylint: disable=wrong-import-position

KEY = b"bench/0"


def put_message(value_bytes):
    """A PutRequest of KEY, framed as gRPC frames it."""
    value = b"v" * value_bytes
    message = bytes([0x0A, len(KEY)]) + KEY + bytes([0x12, len(value)]) + value
    return b"\0" + len(message).to_bytes(4, "big") + message


def h2load(endpoint, options, body):
    result = subprocess.run(
        ["h2load", f"-n{options.requests}", "-c1", f"-m{options.in_flight}", "-t1", "-d", body,
         "-H", "content-type: application/grpc", "-H", "te: trailers",
         f"http://{endpoint}/etcdserverpb.KV/Put"],
        capture_output=True, text=True, check=True,
    )
    return float(re.search(r"finished in [^,]+, ([0-9.]+) req/s", result.stdout)[1])


def libkeel(endpoint, options, once):
    result = subprocess.run(
        [options.program, f"--endpoints={endpoint}", f"--requests={options.requests}",
         f"--in_flight={options.in_flight}", "--value_bytes=64", "--keys=1", f"--exactly_once={once}"],
        capture_output=True, text=True, check=True,
    )
    found = re.search(r"per_second=(\d+) cpu_us_each=([0-9.]+)", result.stdout)
    return float(found[1]), float(found[2])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--server", default="build/bin/keeld")
    parser.add_argument("--program", default="build/bin/client-bench")
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--in_flight", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    theirs, plain, once = [], [], []
    with cluster.Cluster(options.server, nodes=1) as made, tempfile.NamedTemporaryFile() as body:
        body.write(put_message(64))
        body.flush()
        endpoint = made.members[0].endpoint
        for _ in range(options.rounds):
            theirs.append(h2load(endpoint, options, body.name))
            plain.append(libkeel(endpoint, options, "false"))
            once.append(libkeel(endpoint, options, "true"))
            print(f"h2load {theirs[-1]:6.0f}/s   libkeel {plain[-1][0]:6.0f}/s, {plain[-1][1]:5.2f} us CPU a put;   "
                  f"exactly once {once[-1][0]:6.0f}/s, {once[-1][1]:5.2f} us", flush=True)
    for name, figures in (("the same puts", plain), ("puts carried out exactly once", once)):
        rates, costs = zip(*figures)
        share = statistics.median(rate / beside for rate, beside in zip(rates, theirs))
        print(f"{name}: {share:.0%} of h2load's, {statistics.median(costs):.2f} us CPU each")


if __name__ == "__main__":
    main()
