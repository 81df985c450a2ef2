#!/usr/bin/env python3
"""The Node client `etcd3` against a cluster: installs it below the build directory, and runs node/suite.js."""

import pathlib
import shutil
import subprocess

from program_suite import ProgramSuite

HERE = pathlib.Path(__file__).resolve().parent


def install(build_dir):
    """Gives the folder with the suite and its packages; the packages are fetched once."""
    folder = build_dir / "node"
    folder.mkdir(parents=True, exist_ok=True)
    wanted = (HERE / "node" / "package.json").read_text()
    have = folder / "package.json"
    if not (folder / "node_modules" / "etcd3").is_dir() or have.read_text() != wanted:
        have.write_text(wanted)
        subprocess.run(
            ["npm", "install", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts"],
            cwd=folder, check=True, timeout=300,
        )
    shutil.copy(HERE / "node" / "suite.js", folder / "suite.js")
    return folder


class NodeSuite(ProgramSuite):
    name = "node"
    tools = ("node", "npm")

    def command(self, build_dir, cluster):
        return ["node", str(install(build_dir) / "suite.js"), *[m.client_url for m in cluster.members]]


if __name__ == "__main__":
    NodeSuite().main()
