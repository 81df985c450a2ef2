#!/usr/bin/env python3
"""./run up and ./run down as a newcomer types them, on free ports and in a directory of its own.

Usage: up_test.py PATH/TO/keeld
"""

import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
from ports import free_ports  # noqa: E402

PATIENCE_S = 90


class Failed(Exception):
    pass


def check(holds, what):
    if not holds:
        raise Failed(what)


class Door:
    def __init__(self, keeld, directory):
        self.directory = directory
        self.port = free_ports(10)[0]
        self.environment = {**os.environ, "KEEL_CLUSTER_DIRECTORY": directory,
                            "KEEL_CLUSTER_PORT": str(self.port), "KEEL_CLUSTER_PROGRAM": keeld}

    def run(self, *arguments):
        return subprocess.run([ROOT / "run", *arguments], env=self.environment, text=True,
                              capture_output=True, timeout=PATIENCE_S)

    def works(self, *arguments):
        done = self.run(*arguments)
        check(done.returncode == 0, f"{arguments} works: {done.stdout}{done.stderr}")
        return done.stdout

    def refuses(self, words, *arguments):
        done = self.run(*arguments)
        check(done.returncode != 0 and words in done.stderr, f"{words!r}, not: {done.stderr}")

    def pids(self):
        return sorted(path.read_text() for path in pathlib.Path(self.directory).glob("n*/pid"))


def try_all(door):
    check("n3" in door.works("up"), "three members by default")
    began = door.pids()
    check(len(began) == 3, "three processes")
    door.works("up")
    check(door.pids() == began, "a second time, they are left as they are")
    door.refuses("there is a cluster of 3 here", "up", "--nodes", "5")
    check("n3 is down" in door.works("down"), "down")
    check("Nothing" in door.works("down"), "a second time, there is nothing")
    door.works("down", "--wipe")
    check(not os.path.exists(door.directory), "it is forgotten")
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", door.port + 2))
        taken.listen()
        door.refuses(f"port {door.port + 2} is taken", "up")
        check(door.pids() == [], "nobody was started")
    check("n5" in door.works("up", "--nodes=5"), "five")
    door.works("down")
    check("n5" in door.works("up"), "it keeps the size that it was made with")
    check(len(door.pids()) == 5, "five processes")
    door.works("down", "--wipe")
    door.refuses("between 1 and 5", "up", "--nodes", "6")
    door.works("up", "--nodes", "1")
    check(len(door.pids()) == 1, "one process")


def main():
    parent = tempfile.mkdtemp(prefix="keel_up_")
    door = Door(sys.argv[1], os.path.join(parent, "cluster"))
    try:
        try_all(door)
    except (Failed, subprocess.SubprocessError) as error:
        sys.exit(f"FAILED  {error}")
    finally:
        door.run("down", "--wipe")
        shutil.rmtree(parent, ignore_errors=True)
    print("ok      ./run up and ./run down")


if __name__ == "__main__":
    main()
