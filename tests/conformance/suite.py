"""What the suites share: cases that are functions, one after the other, and one closing line.

    SUITE = Suite("etcdctl")

    @SUITE.case
    def a_put_is_read_back(cluster): ...

    SUITE.main()

Each case gets the same cluster and cleans up nothing: it uses keys of its own. The closing line is
`conformance: suite=NAME passed=N failed=N`, with the failed cases behind it and why each failed; the exit code is 0
only if all passed.
"""

import argparse
import shutil
import sys
import time
import traceback

from cluster import Cluster


class Suite:
    def __init__(self, name):
        self.name = name
        self.cases = []

    def case(self, function):
        self.cases.append(function)
        return function

    def main(self, needs=()):
        parser = argparse.ArgumentParser(description=f"The conformance suite {self.name}.")
        parser.add_argument("--server", default="build/bin/keeld", help="the program to judge (also: etcd)")
        parser.add_argument("--only", default="", help="run the cases whose name contains this")
        options = parser.parse_args()
        for tool in ("etcdctl", *needs):
            if shutil.which(tool) is None:
                sys.exit(f"conformance: {tool} is missing: ./run test installs it")
        passed, failed = 0, []
        with Cluster(options.server) as cluster:
            for case in self.cases:
                if options.only not in case.__name__:
                    continue
                began = time.monotonic()
                try:
                    case(cluster)
                    passed += 1
                    verdict = "ok"
                except Exception as error:  # pylint: disable=broad-except
                    traceback.print_exc()
                    failed.append(f"{case.__name__}: {first_line(error)}")
                    verdict = "FAILED"
                print(f"{verdict:6} {time.monotonic() - began:6.2f} s  {case.__name__}", flush=True)
            if failed:
                for member in cluster.members:
                    print(f"---- the end of {member.name}'s log\n{cluster.log_end(member)}")
        print(f"conformance: suite={self.name} passed={passed} failed={len(failed)} {'; '.join(failed)}".rstrip())
        sys.exit(0 if not failed and passed > 0 else 1)


def first_line(error):
    """Of what went wrong, for a closing line."""
    return (str(error).splitlines() or [type(error).__name__])[0][:200]


def option(name, fallback):
    """Takes `name VALUE` out of the command line, before the suite's own parser reads the rest."""
    if name not in sys.argv[:-1]:
        return fallback
    at = sys.argv.index(name)
    value = sys.argv[at + 1]
    del sys.argv[at : at + 2]
    return value


def equal(got, want, what=""):
    if got != want:
        raise AssertionError(f"{what[:2000]}: got {got!r}, want {want!r}")


def contains(text, part):
    if part not in text:
        raise AssertionError(f"{part!r} is not in {text[-2000:]!r}")
