#!/usr/bin/env python3
"""A registry that does not answer fails `./run conformance --current`, and is told how to be had.

The registries are set to a port of loopback where nobody listens, by the tools' own variables.
"""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import newest

HERE = pathlib.Path(__file__).resolve().parent
NOWHERE = "http://127.0.0.1:1"
SILENT = {
    "GOPROXY": NOWHERE, "GOFLAGS": "", "npm_config_registry": NOWHERE, "PYTHONDONTWRITEBYTECODE": "1",
}


class Toolchains(unittest.TestCase):
    def test_the_highest_release_is_taken_and_no_candidate(self):
        versions = [f"v0.0.1-go{v}" for v in (
            "1.9.7.linux-amd64", "1.26.10.linux-amd64", "1.26.9.linux-amd64", "1.27rc1.linux-amd64",
            "1.27.1.linux-arm64", "1.20.linux-amd64")]
        self.assertEqual(newest.newest_toolchain(versions, "linux-amd64"), "v0.0.1-go1.26.10.linux-amd64")
        self.assertEqual(newest.newest_toolchain(versions, "linux-arm64"), "v0.0.1-go1.27.1.linux-arm64")
        self.assertIsNone(newest.newest_toolchain(versions, "plan9-386"))


class SilentRegistries(unittest.TestCase):
    def run_current(self, *suites, **extra):
        with tempfile.TemporaryDirectory() as folder:
            return subprocess.run(
                [sys.executable, HERE / "current.py", "--server", "/nonexistent", "--build-dir", f"{folder}/build",
                 "--tools-dir", f"{folder}/tools", *[f"--only={suite}" for suite in suites]],
                env={**os.environ, **SILENT, **extra}, text=True, capture_output=True, timeout=120, check=False,
            )

    def check(self, done, suites, *words):
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        for word in (*words, "NOT FETCHED"):
            self.assertIn(word, done.stdout)
        self.assertTrue(done.stdout.endswith(
            f"conformance: suites={suites} passed=0 failed=0 not_fetched={suites}\n"), done.stdout)

    def test_gos_proxy_is_named_by_its_setting(self):
        self.check(self.run_current("go", "etcdctl", "keelctl", "grpcurl"), 4, "go env GOPROXY", "go env -w GOPROXY=URL")

    def test_a_toolchain_is_not_run_unchecked(self):
        self.check(self.run_current("go", GOSUMDB="off"), 1, "GOSUMDB is off")

    def test_pythons_index_is_named_by_its_setting(self):
        # Without the virtual environment, which takes longer to make than all else here.
        with self.assertRaises(newest.NotFetched) as caught:
            newest.fetch("pip", [sys.executable, "-c", "raise SystemExit('no index answers')"], HERE)
        for words in ("no index answers", "pip config set global.index-url URL"):
            self.assertIn(words, str(caught.exception))

    def test_nodes_registry_is_named_by_its_setting(self):
        self.check(self.run_current("node"), 1, "npm config set registry URL")


if __name__ == "__main__":
    unittest.main()
