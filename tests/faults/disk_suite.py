#!/usr/bin/env python3
"""A member whose disk is full. Needs root, to mount a small file system for it.

Usage: disk_suite.py [--server PATH/TO/keeld] [--only NAME] [--slow]
"""

import os
import pathlib
import shutil
import subprocess
import sys
import time

from calls import Client, rpc
from harness import FaultyCluster, case, is_healthy, leads, main, until
from load import Load

# One segment of the log is 64 MiB: two of them, and room for the state.
DISK_BYTES = 192 << 20
VALUE_BYTES = 16 << 10
PATIENCE_S = 60


class SmallDiskCluster(FaultyCluster):
    """The first member has a disk of its own, of a few megabytes."""

    def __init__(self, program, nodes=3, extra=()):
        super().__init__(program, nodes, extra)
        self.small = self.members[0]
        self.mount = pathlib.Path(self.directory) / "disk"
        self.mount.mkdir()
        result = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "keel-faults", str(self.mount)],
            capture_output=True, text=True, check=False,
        )
        if result.returncode != 0:
            shutil.rmtree(self.directory)
            raise AssertionError(f"no small disk can be mounted: {result.stderr.strip()}")
        self.small.data_dir = self.mount / self.small.name
        self.filler = self.mount / "filler"

    def fill(self):
        """Takes all the room that is left."""
        with open(self.filler, "ab", buffering=0) as file:
            for size in (1 << 20, 4096):
                try:
                    while True:
                        file.write(b"\0" * size)
                except OSError:
                    pass  # that was the last of it

    def make_room(self):
        self.filler.unlink(missing_ok=True)

    def close(self):
        for member in self.running():
            member.process.kill()
            member.process.wait()
        subprocess.run(["umount", str(self.mount)], capture_output=True, check=False)
        super().close()


def hand_over(leader, successor):
    """MoveLeader, as etcdctl asks for it."""
    with Client([leader]) as client, Client([successor]) as other:
        target = other.status().header.member_id
        client.maintenance.MoveLeader(rpc.MoveLeaderRequest(targetID=target), timeout=10)
    until("another leads", lambda: not leads(leader))


def serve_while_full(cluster, load):
    """Writes through the others until the small disk has made its member end."""
    big = "v" * VALUE_BYTES
    with Client(cluster.others(cluster.small)) as client:
        deadline = time.monotonic() + PATIENCE_S
        while cluster.small.process.poll() is None:
            if time.monotonic() > deadline:
                raise AssertionError("a member whose disk is full neither says so nor ends")
            client.put("disk", big)
    load.wait_writes(20)


def demand_clear_words(cluster, before):
    said = cluster.said(cluster.small)[before:]
    if "event=failed" not in said or "No space left on device" not in said:
        raise AssertionError(f"it does not say that its disk is full:\n{said[-2000:]}")


@case(make=SmallDiskCluster)
def a_full_disk_stops_one_member_alone(cluster):
    """The others go on without an error; it ends, says why, and is whole again once there is room.

    A process that ends is started again by whatever watches over it: in vain while the disk is full, and that must
    do no harm.
    """
    small = cluster.small
    rest = cluster.others(small)
    with Load(rest, writers=2, readers=1, pause_s=0.01) as load:
        load.wait_writes(20)
        if leads(small):
            hand_over(small, rest[0])
        before = len(cluster.said(small))
        cluster.fill()
        serve_while_full(cluster, load)
        demand_clear_words(cluster, before)
        for _ in range(3):
            before = len(cluster.said(small))
            cluster.start(small)
            cluster.fill()
            serve_while_full(cluster, load)
            demand_clear_words(cluster, before)
        cluster.make_room()
        cluster.start(small)
        until("it is healthy again", lambda: is_healthy(small), PATIENCE_S)
        load.wait_writes(20)
    print(f"  {load.summary()}")
    load.demand_no_errors()
    load.demand_nothing_lost(cluster.members)


if __name__ == "__main__":
    if os.geteuid() != 0:
        sys.exit("faults: a small disk is mounted by root alone: sudo ctest -R faults_disk, or sudo this program")
    main("disk")
