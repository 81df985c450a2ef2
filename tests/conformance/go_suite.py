#!/usr/bin/env python3
"""The official Go client against a cluster.

Without --client it is Debian's release, built from its packages alone, without modules. What `./run conformance
--current` names is built of the same sources, but for their import paths (newest.py).
"""

import os
import pathlib
import shutil
import subprocess

from newest import GO_SOURCES, HERE
from program_suite import ProgramSuite


class GoSuite(ProgramSuite):
    name = "go"

    def prepare(self, build_dir):
        folder = build_dir / self.name
        folder.mkdir(parents=True, exist_ok=True)
        for name in GO_SOURCES:
            shutil.copy(HERE / "go" / name, folder / name)
        environment = dict(os.environ, GO111MODULE="off", GOPATH="/usr/share/gocode", GOFLAGS="", GOTOOLCHAIN="local")
        environment.setdefault("GOCACHE", str(folder / "cache"))
        subprocess.run(["/usr/bin/go", "build", "-o", "suite", *GO_SOURCES], cwd=folder, env=environment, check=True)
        return pathlib.Path(folder / "suite")

    def command(self, client, cluster):
        return [str(client), *[m.client_url for m in cluster.members]]


if __name__ == "__main__":
    GoSuite().main()
