"""Clusters of real processes on loopback, for the conformance suites.

A Cluster starts `nodes` servers on free ports below a temporary directory, and knows how to hurt them: by
their own process ids, never by name. It speaks only what etcd and Keel share (flags, etcdctl), so that
the same suites run against both, and a suite that etcd fails is a wrong suite.
"""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from patience import Patience, wait_for_end  # noqa: E402
from ports import free_ports  # noqa: E402

START_SECONDS = 30
# Nobody's settings but the suites' own: etcdctl takes flags from there, and warns of those it does not know.
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("ETCDCTL_")}


class ClusterError(Exception):
    """The cluster did not do what it was told; the text says what its log ends with."""


def wait_for(what, condition, seconds=START_SECONDS):
    """Asks `condition` until it holds; its last exception says why it never did."""
    patience = Patience(seconds)
    reason = None
    while not patience.is_over():
        try:
            result = condition()
            if result:
                return result
        except (subprocess.SubprocessError, OSError, ValueError, KeyError) as error:
            reason = error
        time.sleep(0.05)
    raise ClusterError(f"{what}: not within {seconds} s ({reason})")


class Member:
    """One server: its name, its addresses, and its process while it runs."""

    def __init__(self, name, directory, client_port, peer_port):
        self.name = name
        self.data_dir = pathlib.Path(directory) / name
        self.log_path = pathlib.Path(directory) / f"{name}.log"
        self.client_url = f"http://127.0.0.1:{client_port}"
        self.peer_url = f"http://127.0.0.1:{peer_port}"
        self.listen_peer_url = self.peer_url
        self.joined = None  # the cluster and the state of its first start, where it came later
        self.runner = []  # what starts the program, if it is not started directly
        self.process = None

    @property
    def endpoint(self):
        return self.client_url.removeprefix("http://")


class Cluster:
    """`with Cluster("build/bin/keeld", nodes=3) as cluster:`; all is stopped and removed at the end."""

    def __init__(self, program, nodes=3, extra=()):
        self.program = str(program)
        self.extra = list(extra)
        self.directory = tempfile.mkdtemp(prefix="keel-conformance-")
        ports = free_ports(2 * nodes)
        self.members = [
            Member(f"m{i + 1}", self.directory, ports[2 * i], ports[2 * i + 1]) for i in range(nodes)
        ]
        self.initial = ",".join(f"{m.name}={m.peer_url}" for m in self.members)

    def __enter__(self):
        try:
            for member in self.members:
                self.start(member)
            self.wait_healthy()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind, value, traceback):
        if kind is not None:
            for member in self.members:
                print(f"---- the end of {member.name}'s log")
                print(self.log_end(member))
        self.close()

    def start(self, member, initial=None, state="new"):
        """One that joined says so again each time that it is started, as its unit would."""
        if initial:
            member.joined = (initial, state)
        initial, state = member.joined or (self.initial, state)
        command = [
            *member.runner,
            self.program,
            f"--name={member.name}",
            f"--data-dir={member.data_dir}",
            f"--listen-client-urls={member.client_url}",
            f"--advertise-client-urls={member.client_url}",
            f"--listen-peer-urls={member.listen_peer_url}",
            f"--initial-advertise-peer-urls={member.peer_url}",
            f"--initial-cluster={initial}",
            f"--initial-cluster-state={state}",
            "--initial-cluster-token=conformance",
            *self.extra,
        ]
        with open(member.log_path, "ab") as log:
            member.process = subprocess.Popen(  # pylint: disable=consider-using-with
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def new_member(self, name):
        """A member that is not started yet, and not in anybody's configuration."""
        ports = free_ports(2)
        member = Member(name, self.directory, ports[0], ports[1])
        self.members.append(member)
        return member

    def kill(self, member):
        member.process.send_signal(signal.SIGKILL)
        member.process.wait()

    def stop(self, member, seconds=20):
        """Asks it to end, and gives its exit code."""
        member.process.send_signal(signal.SIGTERM)
        code = wait_for_end(member.process, seconds)
        if code is None:
            raise ClusterError(f"{member.name} has not ended {seconds} s after SIGTERM")
        return code

    def wait_healthy(self, members=None):
        for member in members or self.members:
            wait_for(
                f"{member.name} is healthy\n{self.log_end(member)}",
                lambda m=member: self.etcdctl("endpoint", "health", endpoints=[m]).returncode == 0,
            )

    def etcdctl(self, *arguments, endpoints=None, stdin=None, seconds=20):
        """Runs the etcdctl on the path; gives the finished process, with its output as text."""
        addresses = ",".join(m.endpoint for m in (endpoints or self.running()))
        return subprocess.run(
            ["etcdctl", f"--endpoints={addresses}", *arguments],
            input=stdin,
            text=True,
            capture_output=True,
            timeout=seconds,
            check=False,
            env=ENVIRONMENT,
        )

    def running(self):
        return [m for m in self.members if m.process is not None and m.process.poll() is None]

    def leader(self):
        """The member that a running one believes to lead; waits for there to be one."""

        def ask():
            result = self.etcdctl("endpoint", "status", "-w", "json")
            for status in json.loads(result.stdout):
                if status["Status"]["leader"] == status["Status"]["header"]["member_id"]:
                    return next(m for m in self.members if m.endpoint == status["Endpoint"])
            return None

        return wait_for("a leader", ask)

    def follower(self):
        leader = self.leader()
        return next(m for m in self.running() if m is not leader)

    def log_end(self, member, lines=15):
        try:
            text = member.log_path.read_text(errors="replace")
        except OSError:
            return "(no log)"
        return "\n".join(text.splitlines()[-lines:])

    def close(self):
        for member in self.running():
            member.process.send_signal(signal.SIGKILL)
            member.process.wait()
        shutil.rmtree(self.directory, ignore_errors=True)
