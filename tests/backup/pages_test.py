#!/usr/bin/env python3
"""Carries out the procedures of docs/backup.md and docs/recovery.md as they are written there.

Usage: pages_test.py PATH/TO/keeld PATH/TO/keelctl
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "keeld"))
from cluster import Cluster, Failed, until  # noqa: E402

BLOCK = re.compile(r"^```sh\n# carried out: (\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page):
    return BLOCK.findall((ROOT / "docs" / page).read_text(encoding="utf-8"))


def carry_out(page, expected, environment, between):
    """Runs the page's blocks in their order; `between` gives what a person does before one of them."""
    found = blocks(page)
    if [name for name, _ in found] != expected:
        raise Failed(f"{page} has the blocks {[name for name, _ in found]}, not {expected}")
    for name, text in found:
        between.get(name, lambda: None)()
        result = subprocess.run(["bash", "-euo", "pipefail", "-c", text], env=environment, capture_output=True,
                                text=True, timeout=60, check=False)
        if result.returncode != 0:
            raise Failed(f"{page}, {name}: exit code {result.returncode}\n{result.stdout}{result.stderr}")
        print(f"{page}, {name}: carried out", flush=True)


def archived(cluster):
    leader = cluster.leader()
    until("the archive has everything",
          lambda: "\nkeel_archive_exposure_seconds 0\n" in leader.get("/metrics")[1]
          and "\nkeel_archive_alarm 0\n" in leader.get("/metrics")[1])


def main():
    keeld, keelctl = sys.argv[1:]
    with Cluster(keeld, 3) as cluster, tempfile.TemporaryDirectory(prefix="keel_backups_") as backups:
        environment = dict(os.environ, BACKUPS=backups, DATA=cluster.directory, NEW_TOKEN="after-the-fire",
                           INITIAL_CLUSTER=cluster.initial, MEMBER=cluster.members[0].endpoint,
                           MEMBERS=",".join(member.endpoint for member in cluster.members),
                           PATH=f"{os.path.dirname(os.path.abspath(keelctl))}:{os.environ['PATH']}")
        archives = [os.path.join(backups, name) for name in ("archive", "later")]
        for archive in archives:
            os.mkdir(archive)
        environment.update(ARCHIVE=archives[0], NEWER_TOKEN="after-the-mistake")
        for member in cluster.members:
            member.start(f"--archive={archives[0]}")
        cluster.wait_healthy()
        for number in range(100):
            until("a put", lambda: cluster.members[0].put(f"k{number}", f"v{number}"))
        archived(cluster)
        carry_out("backup.md", ["key", "save", "archive", "export"], environment, {})

        def fire():
            for member in cluster.members:
                member.kill()
                shutil.rmtree(member.directory)

        def start():
            for member in cluster.members:
                member.start(f"--archive={archives[1]}", initial_cluster_token="after-the-fire")
            cluster.wait_healthy()

        def mistake():
            archived(cluster)
            environment.update(ARCHIVE=archives[1], MOMENT=str(time.time_ns() // 1_000_000))
            time.sleep(0.01)  # what comes now has a later millisecond
            until("a mistake", lambda: cluster.members[0].put("k7", "mistaken"))
            archived(cluster)
            fire()

        carry_out("recovery.md", ["verify", "restore", "check", "archive", "point"], environment,
                  {"verify": fire, "check": start, "archive": mistake})
        for member in cluster.members:
            member.start(f"--archive={archives[1]}", initial_cluster_token="after-the-mistake")
        cluster.wait_healthy()
        for number in range(100):
            if not cluster.members[number % 3].has(f"k{number}", f"v{number}"):
                raise Failed(f"k{number} is not what it was")
    print("all passed")


if __name__ == "__main__":
    main()
