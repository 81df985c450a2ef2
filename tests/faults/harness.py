"""What the suites of faults share: a cluster a case, its probes, and one closing line.

    @case(nodes=3)
    def a_leader_is_killed(cluster): ...

    main("kills")

Each case gets a cluster of its own that has started; short cases run by default, those marked `slow` with
--slow, alone. All processes are children of this one and are ended by their own pid; everything else that a case
made (mounts, namespaces) it undoes itself. The closing line is `faults: suite=NAME passed=N failed=N`, with the failed
cases behind it and why each failed.
"""

import argparse
import http.client
import json
import pathlib
import re
import sys
import time
import traceback
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "conformance"))

import cluster as processes  # noqa: E402  pylint: disable=wrong-import-position
from patience import Patience  # noqa: E402  pylint: disable=wrong-import-position
from suite import first_line  # noqa: E402  pylint: disable=wrong-import-position

CASES = []


def case(nodes=3, slow=False, begins=True, make=None, extra=()):
    """`begins`: the cluster runs when the case is called. `make` makes a cluster of another kind."""

    def note(function):
        CASES.append((function, nodes, slow, begins, make or FaultyCluster, extra))
        return function

    return note


def fetch(member, path, timeout_s=2.0):
    """(status, text) of a GET; (None, "") where nobody answers."""
    try:
        with urllib.request.urlopen(member.client_url + path, timeout=timeout_s) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except (OSError, http.client.HTTPException):
        return None, ""


def until(what, holds, patience_s=30.0, pause_s=0.02):
    """Waits for `holds()` and gives its answer; fails with `what` when it takes too long."""
    patience = Patience(patience_s)
    while True:
        answer = holds()
        if answer:
            return answer
        if patience.is_over():
            raise AssertionError(f"in vain for {patience_s} s: {what}")
        time.sleep(pause_s)


def metric(member, name, timeout_s=2.0):
    """The value of a metric without labels; None where the member does not answer."""
    found = re.search(rf"^{name} (\S+)$", fetch(member, "/metrics", timeout_s)[1], re.MULTILINE)
    return float(found[1]) if found else None


def leads(member, timeout_s=1.0):
    return metric(member, "etcd_server_is_leader", timeout_s) == 1


def is_healthy(member):
    status, body = fetch(member, "/health")
    return status == 200 and json.loads(body)["health"] == "true"


def resident_bytes(member):
    """Of the member's process: what it has in memory now."""
    text = pathlib.Path(f"/proc/{member.process.pid}/status").read_text(encoding="utf-8")
    return 1024 * int(re.search(r"VmRSS:\s+(\d+)", text)[1])


def mebibytes(size):
    return f"{size / 1048576:.0f} MiB"


class FaultyCluster(processes.Cluster):
    """The conformance tests' cluster, asked over HTTP who leads: quicker than etcdctl, and per member."""

    def leader(self, among=None, patience_s=30):
        def find():
            return next((one for one in among or self.running() if leads(one)), None)

        return until("somebody leads", find, patience_s)

    def others(self, member):
        return [one for one in self.members if one is not member]

    def wait_healthy(self, members=None, patience_s=30):
        for member in members or self.members:
            until(f"{member.name} is healthy", lambda m=member: is_healthy(m), patience_s)

    def said(self, member):
        try:
            return member.log_path.read_text(errors="replace")
        except OSError:
            return ""

    def leader_changes(self):
        """How often the members have seen a leader come, all together."""
        return sum(metric(one, "etcd_server_leader_changes_seen_total") or 0 for one in self.running())


def run_case(function, made, begins):
    if begins:
        with made:
            function(made)
        return
    try:
        function(made)
    except BaseException:
        for member in made.members:
            print(f"---- the end of {member.name}'s log\n{made.log_end(member)}")
        raise
    finally:
        made.close()


def main(name):
    parser = argparse.ArgumentParser(description=f"Faults of real processes: {name}.")
    parser.add_argument("--server", default="build/bin/keeld", help="the program to judge")
    parser.add_argument("--only", default="", help="run the cases whose name contains this")
    parser.add_argument("--slow", action="store_true", help="the long cases instead of the short ones")
    options = parser.parse_args()
    passed, failed = 0, []
    for function, nodes, slow, begins, make, extra in CASES:
        if slow != options.slow or options.only not in function.__name__:
            continue
        began = time.monotonic()
        try:
            run_case(function, make(options.server, nodes, extra), begins)
            passed += 1
            verdict = "ok"
        except Exception as error:  # pylint: disable=broad-except
            traceback.print_exc()
            failed.append(f"{function.__name__}: {first_line(error)}")
            verdict = "FAILED"
        print(f"{verdict:6} {time.monotonic() - began:6.2f} s  {function.__name__}", flush=True)
    print(f"faults: suite={name} passed={passed} failed={len(failed)} {'; '.join(failed)}".rstrip())
    sys.exit(0 if passed and not failed else 1)
