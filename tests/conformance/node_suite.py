#!/usr/bin/env python3
"""The Node client `etcd3` against a cluster, by node/suite.js.

The pinned release is installed below the build directory; --client names a folder that has packages already.
"""

import pathlib
import shutil
import subprocess

from program_suite import ProgramSuite

HERE = pathlib.Path(__file__).resolve().parent


def install(build_dir):
    """Gives the folder with the client's packages, which are fetched once."""
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
    return folder


class NodeSuite(ProgramSuite):
    name = "node"
    tools = ("node", "npm")

    def prepare(self, build_dir):
        return install(build_dir)

    def command(self, client, cluster):
        shutil.copy(HERE / "node" / "suite.js", client / "suite.js")
        return ["node", str(client / "suite.js"), *[m.client_url for m in cluster.members]]


if __name__ == "__main__":
    NodeSuite().main()
