#!/usr/bin/env python3
"""The official Go client against a cluster: Debian's release, or with --current the newest one.

Debian's is built from its packages alone, without modules; the current one is fetched through the module proxy by
the newest `go` on the path. The source is the same but for its import paths.
"""

import os
import pathlib
import shutil
import subprocess
import sys

from program_suite import ProgramSuite

HERE = pathlib.Path(__file__).resolve().parent
SOURCES = ("main.go", "cases.go", "watches.go")
RENAMED = (
    ("go.etcd.io/etcd/clientv3/concurrency", "go.etcd.io/etcd/client/v3/concurrency"),
    ("go.etcd.io/etcd/clientv3", "go.etcd.io/etcd/client/v3"),
    ("go.etcd.io/etcd/etcdserver/api/v3rpc/rpctypes", "go.etcd.io/etcd/api/v3/v3rpc/rpctypes"),
)


def build_debian(folder):
    for name in SOURCES:
        shutil.copy(HERE / "go" / name, folder / name)
    environment = dict(os.environ, GO111MODULE="off", GOPATH="/usr/share/gocode", GOFLAGS="", GOTOOLCHAIN="local")
    environment.setdefault("GOCACHE", str(folder / "cache"))
    subprocess.run(["/usr/bin/go", "build", "-o", "suite", *SOURCES], cwd=folder, env=environment, check=True)


def build_current(folder):
    for name in SOURCES:
        text = (HERE / "go" / name).read_text()
        for old, new in RENAMED:
            text = text.replace(f'"{old}"', f'"{new}"')
        (folder / name).write_text(text)
    if not (folder / "go.mod").exists():
        subprocess.run(["go", "mod", "init", "conformance"], cwd=folder, check=True)
    subprocess.run(["go", "get", "go.etcd.io/etcd/client/v3@latest"], cwd=folder, check=True)
    subprocess.run(["go", "mod", "tidy"], cwd=folder, check=True)
    subprocess.run(["go", "build", "-o", "suite", "."], cwd=folder, check=True)


class GoSuite(ProgramSuite):
    name = "go"
    tools = ("go",)

    def __init__(self, current):
        self.current = current
        self.name = "go-current" if current else "go"

    def command(self, build_dir, cluster):
        folder = build_dir / self.name
        folder.mkdir(parents=True, exist_ok=True)
        (build_current if self.current else build_debian)(folder)
        return [str(folder / "suite"), *[m.client_url for m in cluster.members]]


if __name__ == "__main__":
    CURRENT = "--current" in sys.argv
    sys.argv = [argument for argument in sys.argv if argument != "--current"]
    GoSuite(CURRENT).main()
