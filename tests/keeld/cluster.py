"""A cluster of real keeld processes on free loopback ports, in a directory of its own, for tests.

Every process that is started here is ended here, by its own pid, whatever happens in between.
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
import urllib.error
import urllib.request

import grpc

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from ports import free_ports  # noqa: E402

PATIENCE_S = 30


class Failed(Exception):
    pass


def until(what, holds, patience_s=PATIENCE_S, pause_s=0.02):
    """Waits for `holds()` and gives its answer; fails with `what` when it takes too long."""
    deadline = time.monotonic() + patience_s
    while True:
        answer = holds()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise Failed(f"in vain for {patience_s} s: {what}")
        time.sleep(pause_s)


def field(number, data):
    """A length-delimited field of a Protobuf message; lengths below 128 are all that tests need."""
    assert len(data) < 128
    return bytes([number << 3 | 2, len(data)]) + data


class Member:
    def __init__(self, cluster, name, client_port, peer_port):
        self.cluster = cluster
        self.name = name
        self.client_port = client_port
        self.peer_port = peer_port
        self.directory = os.path.join(cluster.directory, name)
        self.log = self.directory + ".log"
        self.process = None

    @property
    def endpoint(self):
        return f"127.0.0.1:{self.client_port}"

    @property
    def peer_url(self):
        return f"http://127.0.0.1:{self.peer_port}"

    def start(self, *more, **changed):
        flags = {
            "name": self.name,
            "data-dir": self.directory,
            "listen-client-urls": f"http://{self.endpoint}",
            "listen-peer-urls": self.peer_url,
            "initial-cluster": self.cluster.initial,
            "initial-cluster-token": "test",
            "heartbeat-interval": "50",
            "election-timeout": "500",
        }
        flags.update({name.replace("_", "-"): value for name, value in changed.items()})
        arguments = [f"--{name}={value}" for name, value in flags.items()]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([self.cluster.program, *arguments, *more],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def is_up(self):
        return self.process is not None and self.process.poll() is None

    def kill(self, number=signal.SIGKILL):
        self.process.send_signal(number)
        return self.process.wait(timeout=PATIENCE_S)

    def said(self):
        with open(self.log, encoding="utf-8", errors="replace") as log:
            return log.read()

    def get(self, path):
        """(status, body) of GET; (None, "") where nobody answers."""
        try:
            with urllib.request.urlopen(f"http://{self.endpoint}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return None, ""

    def is_healthy(self):
        status, body = self.get("/health")
        return status == 200 and json.loads(body)["health"] == "true"

    def leads(self):
        return "\netcd_server_is_leader 1\n" in self.get("/metrics")[1]

    def call(self, path, request, timeout_s=2.0):
        with grpc.insecure_channel(self.endpoint) as channel:
            return channel.unary_unary(path)(request, timeout=timeout_s)

    def put(self, key, value, timeout_s=2.0):
        """Whether it was acknowledged."""
        request = field(1, key.encode()) + field(2, value.encode())
        try:
            self.call("/etcdserverpb.KV/Put", request, timeout_s)
            return True
        except grpc.RpcError:
            return False

    def has(self, key, value):
        """Whether a linearizable read finds it."""
        try:
            answer = self.call("/etcdserverpb.KV/Range", field(1, key.encode()))
            return field(1, key.encode()) in answer and field(5, value.encode()) in answer
        except grpc.RpcError:
            return False


class Cluster:
    def __init__(self, program, size):
        self.program = program
        self.directory = tempfile.mkdtemp(prefix="keeld_test_")
        ports = free_ports(2 * size)
        self.members = [Member(self, f"n{i + 1}", ports[2 * i], ports[2 * i + 1])
                        for i in range(size)]
        self.initial = ",".join(f"{one.name}={one.peer_url}" for one in self.members)

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        for member in self.members:
            if member.is_up():
                member.kill()
        if kind is not None:
            for member in self.members:
                if os.path.exists(member.log):
                    print(f"---- the end of {member.name}'s log ----")
                    print("\n".join(member.said().splitlines()[-25:]))
        shutil.rmtree(self.directory, ignore_errors=True)

    def start(self):
        for member in self.members:
            member.start()
        self.wait_healthy()

    def wait_healthy(self):
        for member in self.members:
            until(f"{member.name} is healthy", member.is_healthy)

    def leader(self):
        def find():
            return next((one for one in self.members if one.is_up() and one.leads()), None)
        return until("somebody leads", find)
