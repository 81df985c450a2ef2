"""A suite that is a program in another language: it prints its cases, and asks for faults by a line.

The program gets the client URLs, prints a line for each case and `cases: passed=N failed=N` at its end. A line
that reads `kill-leader` is answered by "done" once the leader is dead; it is started again at the next
line that reads `restart`, or at the end.
"""

import argparse
import pathlib
import re
import shutil
import subprocess
import sys

from cluster import Cluster

LIMIT_SECONDS = 300


class ProgramSuite:
    name = ""
    tools = ()

    def prepare(self, build_dir):
        """Builds the pinned client below `build_dir`; gives what --client would have named."""
        raise NotImplementedError

    def command(self, client, cluster):
        raise NotImplementedError

    def main(self):
        parser = argparse.ArgumentParser(description=f"The conformance suite {self.name}.")
        parser.add_argument("--server", default="build/bin/keeld", help="the program to judge (also: etcd)")
        parser.add_argument("--build-dir", default="build/conformance", help="where clients are built")
        parser.add_argument("--client", type=pathlib.Path, help="one that is built already, instead of the pinned one")
        options = parser.parse_args()
        for tool in ("etcdctl", *self.tools):
            if shutil.which(tool) is None:
                sys.exit(f"conformance: {tool} is missing: ./run test installs it")
        with Cluster(options.server) as cluster:
            client = options.client or self.prepare(pathlib.Path(options.build_dir).resolve())
            passed, failed = self.follow(self.command(client.resolve(), cluster), cluster)
            if failed or not passed:
                for member in cluster.members:
                    print(f"---- the end of {member.name}'s log\n{cluster.log_end(member)}")
        print(f"conformance: suite={self.name} passed={passed} failed={failed}")
        sys.exit(0 if failed == 0 and passed > 0 else 1)

    def follow(self, command, cluster):
        passed, failed = 0, 1
        dead = []
        with subprocess.Popen(
            ["timeout", "--kill-after=5", str(LIMIT_SECONDS), *command],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        ) as program:
            for line in program.stdout:
                print(line, end="", flush=True)
                if line.strip() == "kill-leader":
                    dead.append(cluster.leader())
                    cluster.kill(dead[-1])
                    self.answer(program)
                elif line.strip() == "restart":
                    while dead:
                        member = dead.pop()
                        cluster.start(member)
                        cluster.wait_healthy([member])
                    self.answer(program)
                elif match := re.match(r"cases: passed=(\d+) failed=(\d+)", line):
                    passed, failed = int(match[1]), int(match[2])
            if program.wait() != 0:
                failed = max(failed, 1)
        return passed, failed

    @staticmethod
    def answer(program):
        program.stdin.write("done\n")
        program.stdin.flush()
