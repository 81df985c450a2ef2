#!/usr/bin/env python3
"""`./run conformance --current`: the suites by the newest releases of the clients, and keelctl beside the etcdctl it follows.

Fetches and builds each client (newest.py), runs its suite against three members of --server, and closes with
a table of what was shown by which release, and one line for machines:

    conformance: suites=N passed=N failed=N not_fetched=N

A client that cannot be fetched fails the run; the others are run all the same.
"""

import argparse
import os
import pathlib
import re
import subprocess
import sys
import time

import newest

HERE = pathlib.Path(__file__).resolve().parent
SUITE_SECONDS = 400


class Run:
    """The clients that are asked for, one after the other, and what came of each."""

    def __init__(self, options):
        self.options = options
        self.build_dir = pathlib.Path(options.build_dir).resolve()
        self.build_dir.mkdir(parents=True, exist_ok=True)
        self.rows = []  # (suite, verdict, seconds, releases)
        self.passed = self.failed = self.not_fetched = 0
        self.reasons = {}  # why, and the suites that it kept from running
        self.made = {}

    def once(self, name, make):
        """What several suites need is fetched by the first, and if it fails, fails for each."""
        if name not in self.made:
            try:
                self.made[name] = make()
            except newest.NotFetched as error:
                self.made[name] = error
        if isinstance(self.made[name], newest.NotFetched):
            raise self.made[name]
        return self.made[name]

    def go(self):
        return self.once("go", lambda: newest.Go(self.options.tools_dir))

    def python(self, package):
        program, found = self.once("python", lambda: newest.python_clients(self.build_dir))
        return program, ", ".join(f"{name} {found[name]}" for name in (package, "grpcio", "protobuf"))

    def suite_go(self):
        program, releases = newest.go_client(self.go(), self.build_dir)
        return ["/usr/bin/python3", HERE / "go_suite.py", "--client", program], {}, releases

    def suite_etcdctl(self):
        program, releases = newest.etcdctl(self.go(), self.build_dir)
        path = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
        return ["/usr/bin/python3", HERE / "etcdctl_suite.py"], {"PATH": path}, releases

    def suite_keelctl(self):
        # Not the newest, but the one whose outputs keelctl has.
        program, releases = newest.etcdctl(self.go(), self.build_dir, newest.ETCDCTL_MODEL)
        suite = ["/usr/bin/python3", HERE / "keelctl_suite.py", "--keelctl", self.options.keelctl]
        return [*suite, "--etcdctl", program], {}, releases

    def suite_grpcurl(self):
        program, releases = newest.grpcurl(self.go(), self.build_dir)
        return ["/usr/bin/python3", HERE / "grpcurl_suite.py", "--grpcurl", program], {}, releases

    def suite_node(self):
        folder, releases = newest.node_client(self.build_dir)
        return ["/usr/bin/python3", HERE / "node_suite.py", "--client", folder], {}, releases

    def suite_etcd3(self):
        # Its generated code is of 2020: today's protobuf takes it only in its pure Python form.
        program, releases = self.python("etcd3")
        extra = {"PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION": "python"}
        return [program, HERE / "python_suite.py", "--module", "etcd3"], extra, releases

    def suite_pyetcd(self):
        program, releases = self.python("etcd-sdk-python")
        return [program, HERE / "python_suite.py", "--module", "pyetcd"], {}, releases

    def suite_aetcd(self):
        program, releases = self.python("aetcd")
        return [program, HERE / "aetcd_suite.py"], {}, releases

    def judge(self, name):
        print(f"-- {name}: fetching and building", flush=True)
        began = time.monotonic()
        try:
            command, extra, releases = getattr(self, f"suite_{name}")()
        except (newest.NotFetched, subprocess.SubprocessError, OSError) as error:
            print(f"-- {name}: not fetched", flush=True)
            self.not_fetched += 1
            self.reasons.setdefault(str(error), []).append(name)
            self.rows.append((name, "NOT FETCHED", time.monotonic() - began, ""))
            return
        print(f"-- {name}: {releases}", flush=True)
        passed, failed = self.run_suite([*command, "--server", self.options.server], extra)
        self.passed += passed
        self.failed += failed
        verdict = f"{passed} passed" if failed == 0 else f"{failed} FAILED"
        self.rows.append((name, verdict, time.monotonic() - began, releases))

    @staticmethod
    def run_suite(command, extra):
        """Passes the suite's output on; a suite without its closing line has failed."""
        passed, failed = 0, 1
        command = ["timeout", "--kill-after=10", str(SUITE_SECONDS), *[str(word) for word in command]]
        with subprocess.Popen(
            command, env=dict(os.environ, PYTHONDONTWRITEBYTECODE="1", **extra), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        ) as suite:
            for line in suite.stdout:
                print(line, end="", flush=True)
                if match := re.match(r"conformance: suite=\S+ passed=(\d+) failed=(\d+)", line):
                    passed, failed = int(match[1]), int(match[2])
        if suite.returncode != 0 or passed == 0:
            failed = max(failed, 1)
        return passed, failed

    def close(self):
        print(f"\n{'suite':9} {'result':12} {'seconds':>7}  releases")
        for name, verdict, seconds, releases in self.rows:
            print(f"{name:9} {verdict:12} {seconds:7.0f}  {releases}")
        for reason, names in self.reasons.items():
            print(f"\nNOT FETCHED, and so not shown: {', '.join(names)}\n{reason}")
        print(f"conformance: suites={len(self.rows)} passed={self.passed} failed={self.failed} "
              f"not_fetched={self.not_fetched}")
        return 0 if self.rows and not self.failed and not self.not_fetched else 1


def main():
    names = [name.removeprefix("suite_") for name in vars(Run) if name.startswith("suite_")]
    parser = argparse.ArgumentParser(description="The conformance suites by the newest clients.")
    parser.add_argument("--server", default="build/bin/keeld", help="the program to judge (also: etcd)")
    parser.add_argument("--keelctl", default="build/bin/keelctl", help="what is compared with etcdctl")
    parser.add_argument("--build-dir", default="build/conformance/current", help="where clients are built")
    parser.add_argument("--tools-dir", default="build/tools", help="where Go's toolchain and modules are kept")
    parser.add_argument("--only", action="append", choices=names, help="this client; repeat for more")
    run = Run(parser.parse_args())
    for name in names:
        if not run.options.only or name in run.options.only:
            run.judge(name)
    return run.close()


if __name__ == "__main__":
    sys.exit(main())
