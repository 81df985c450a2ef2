#!/usr/bin/python3
"""The examples against three real members: the walk as it is printed, and the shop while leaders are killed.

    tests/examples/examples_suite.py --server build/bin/keeld --programs build/bin
"""

import pathlib
import re
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "faults"))

import harness  # noqa: E402  pylint: disable=wrong-import-position
from suite import option  # noqa: E402  pylint: disable=wrong-import-position

PROGRAMS = pathlib.Path(option("--programs", "build/bin"))


def endpoints(cluster):
    return [member.endpoint for member in cluster.members]


@harness.case(nodes=3)
def the_walk_through_the_shop_prints_what_its_page_says(cluster):
    result = subprocess.run(
        [PROGRAMS / "orders", *endpoints(cluster)], capture_output=True, text=True, timeout=60, check=False
    )
    print(result.stdout + result.stderr, flush=True)
    assert result.returncode == 0
    first = "orders/alice/00000001"
    assert f"ordered {first}; again: {first}\n" in result.stdout
    assert result.stdout.endswith(f"{first}: 1 teapot, sent\n2 teapots are left\n")
    assert re.search(r"the order is sent\n", result.stdout)


@harness.case(nodes=3)
def the_shop_keeps_its_promises_while_leaders_are_killed(cluster):
    with subprocess.Popen([PROGRAMS / "orders_load", "10", *endpoints(cluster)]) as program:
        try:
            kills = 0
            while program.poll() is None and kills < 3:
                time.sleep(1)
                leader = cluster.leader()
                cluster.kill(leader)
                kills += 1
                time.sleep(1)
                cluster.start(leader)
                cluster.wait_healthy()
            assert program.wait(60) == 0
        finally:
            program.kill()
    assert kills > 0


if __name__ == "__main__":
    harness.main("examples")
