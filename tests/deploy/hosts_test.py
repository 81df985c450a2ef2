#!/usr/bin/env python3
"""Carries out docs/hosts.md as it stands there, on five hosts, and sees that nothing that was acknowledged is lost.

Usage: hosts_test.py PATH/TO/keeld PATH/TO/keelctl

A host is a network namespace with the page's address, and a mount namespace whose root is this machine's with a layer of
its own above: what a block installs, writes and starts is seen by that host alone. That takes root; where it is not
to be had, the test fails and says so.
"""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "faults"), str(ROOT / "tests" / "conformance")]

from harness import until  # noqa: E402
from load import Load  # noqa: E402
from network import command, enter_own_network  # noqa: E402

PAGE = ROOT / "docs" / "hosts.md"
BLOCK = re.compile(r"^```sh\n# on ([a-e ]+): ([^\n]+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TITLES = ["install", "start", "see that it is well", "add d", "join", "replace b, and leave it running", "take the place of b",
          "who is who now", "upgrade", "save", "restore", "see what there is"]
HOSTS = "abcde"
BLOCK_SECONDS = 120

# What makes the host's root, inside its namespaces; $1 is its folder. The members' files lie on a true disk.
ENTER = """
set -euo pipefail
cd "$1"
mount -t tmpfs keel-host layer
mkdir layer/upper layer/work layer/root
mount -t overlay keel-host -o lowerdir=/,upperdir=layer/upper,workdir=layer/work layer/root
mount --rbind /proc layer/root/proc
mount --rbind /dev layer/root/dev
mkdir -p layer/root/var/lib/keel
mount --bind disk layer/root/var/lib/keel
exec chroot layer/root bash -c 'echo ready; exec sleep infinity'
"""


class Host:
    """One of the page's hosts; `name` and `endpoint` are what tests/faults asks of a member."""

    def __init__(self, name, folder):
        self.name = name
        self.address = f"10.0.0.{HOSTS.index(name) + 1}"
        self.endpoint = f"{self.address}:2379"
        self.folder = pathlib.Path(folder) / name
        self.space = f"keel-{os.getpid()}-{name}"
        self.shell = None

    def make(self):
        for part in ("layer", "disk"):
            (self.folder / part).mkdir(parents=True)
        port = f"port-{self.name}"
        command("ip", "netns", "add", self.space)
        command("ip", "link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", self.space)
        command("ip", "link", "set", port, "master", "hub", "up")
        command("ip", "-n", self.space, "address", "add", f"{self.address}/24", "dev", "eth0")
        command("ip", "-n", self.space, "link", "set", "lo", "up")
        command("ip", "-n", self.space, "link", "set", "eth0", "up")
        # One shell holds the namespaces open; each block enters them.
        self.shell = subprocess.Popen(
            ["ip", "netns", "exec", self.space, "unshare", "--mount", "--propagation", "private", "bash", "-c", ENTER, "bash",
             self.folder],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        if self.shell.stdout.readline() != "ready\n":
            sys.exit("deploy: a host has no root of its own: this takes root, and a kernel with overlay file systems "
                     "(modprobe overlay; in a container: --privileged)")

    def put(self, source, target):
        self.inside("mkdir", "-p", os.path.dirname(target))
        # Through the namespace: the root is mounted in there alone.
        with open(source, "rb") as data:
            subprocess.run(self.entered("sh", "-c", f"cat > {target} && chmod 755 {target}"), stdin=data, check=True)

    def entered(self, *words):
        return ["nsenter", "--target", str(self.shell.pid), "--mount", "--net", f"--root=/proc/{self.shell.pid}/root",
                "env", "--chdir=/", *words]

    def inside(self, *words):
        return subprocess.run(self.entered(*words), capture_output=True, text=True, check=True).stdout

    def start(self, text):
        """A block of the page, by its own shell."""
        environment = [f"NAME={self.name}", f"HOST={self.address}", "HOME=/root", "PATH=/usr/local/bin:/usr/bin:/usr/sbin:/bin:/sbin"]
        return subprocess.Popen(
            self.entered("env", "-i", *environment, "bash", "-euo", "pipefail", "-c", "cd /opt/keel\n" + text),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def keeld(self):
        """The pid of its member, or None."""
        try:
            pid = int(self.inside("cat", "/run/keeld.pid"))
        except (subprocess.CalledProcessError, ValueError):
            return None
        return pid if is_running(pid) else None

    def lose(self):
        """The member, and all that it had on its disk."""
        if pid := self.keeld():
            os.kill(pid, signal.SIGKILL)
            until("it is gone", lambda: not is_running(pid))
        for path in (self.folder / "disk").iterdir():
            shutil.rmtree(path)

    def log(self):
        try:
            return self.inside("tail", "-n", "15", "/var/log/keeld.log")
        except subprocess.CalledProcessError:
            return ""

    def close(self):
        if self.shell is not None:
            if self.shell.poll() is None and (pid := self.keeld()):
                os.kill(pid, signal.SIGKILL)
            self.shell.kill()
            self.shell.wait()
        subprocess.run(["ip", "netns", "delete", self.space], capture_output=True, check=False)


def is_running(pid):
    try:
        return "\nState:\tZ" not in pathlib.Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:
        return False


def ended(process, title, output=""):
    try:
        output += process.communicate(timeout=BLOCK_SECONDS)[0]
    except subprocess.TimeoutExpired as error:
        process.kill()
        raise AssertionError(f"{title}: not within {BLOCK_SECONDS} s\n{output}{process.communicate()[0]}") from error
    if process.returncode != 0:
        raise AssertionError(f"{title}: exit code {process.returncode}\n{output}")
    return output


class Page:
    def __init__(self, hosts):
        self.hosts = hosts
        self.blocks = BLOCK.findall(PAGE.read_text(encoding="utf-8"))
        titles = [title for _, title, _ in self.blocks]
        if titles != TITLES or PAGE.read_text(encoding="utf-8").count("```sh") != len(TITLES):
            raise AssertionError(f"{PAGE.name} has the blocks {titles}, not {TITLES}")

    def block(self, title):
        return next((names.split(), text) for names, wanted, text in self.blocks if wanted == title)

    def carry_out(self, title):
        """On each of its hosts, one after the other; gives what was printed."""
        names, text = self.block(title)
        output = "".join(ended(self.hosts[name].start(text), f"{title}, on {name}") for name in names)
        print(f"carried out: {title}", flush=True)
        return output

    def replace(self):
        (name,), text = self.block("replace b, and leave it running")
        waits = self.hosts[name].start(text)
        begun = ""
        while "start it, if it does not run" not in begun:
            line = waits.stdout.readline()
            if not line:
                break
            begun += line
        self.carry_out("take the place of b")
        output = ended(waits, "replace b", begun)
        print("carried out: replace b", flush=True)
        if " votes\n" not in output:
            raise AssertionError(output)


def carry_out(page, hosts, keeld, keelctl):
    for host in hosts.values():
        for source, target in ((keeld, "/opt/keel/keeld"), (keelctl, "/opt/keel/keelctl"), (keeld, "/opt/keel/new/keeld"),
                               (keelctl, "/opt/keel/new/keelctl"), (ROOT / "deploy/keeld.service", "/opt/keel/keeld.service"),
                               (pathlib.Path(__file__).with_name("systemctl"), "/usr/local/bin/systemctl")):
            host.put(source, target)
    page.carry_out("install")
    page.carry_out("start")
    page.carry_out("see that it is well")
    started = [hosts[name] for name in "ac"]
    with Load(started, writers=2, readers=1, pause_s=0.01) as load:
        page.carry_out("add d")
        page.carry_out("join")
        load.wait_writes(20)
        hosts["b"].lose()
        page.replace()
        page.carry_out("who is who now")
        load.wait_writes(20)
        before = {name: hosts[name].keeld() for name in "acde"}
        page.carry_out("upgrade")
        load.wait_writes(20)
        if any(hosts[name].keeld() in (None, pid) for name, pid in before.items()):
            raise AssertionError("a host still runs what ran before the upgrade")
    print(f"meanwhile: {load.summary()}", flush=True)
    load.demand_nothing_lost([hosts[name] for name in "acde"])
    page.carry_out("save")
    snapshot = hosts["a"].folder / "latest.keel"
    with open(snapshot, "wb") as copy:
        subprocess.run(hosts["a"].entered("cat", "/var/backups/latest.keel"), stdout=copy, check=True)
    for name in "acde":
        hosts[name].lose()
    for name in "cd":
        hosts[name].put(snapshot, "/var/backups/latest.keel")
    page.carry_out("restore")
    if not page.carry_out("see what there is").endswith("greeting\nhello\n"):
        raise AssertionError("the greeting did not come back")
    load.demand_nothing_lost([hosts[name] for name in "acd"])


def main():
    keeld, keelctl = (pathlib.Path(each).resolve() for each in sys.argv[1:])
    enter_own_network()
    command("ip", "address", "add", "10.0.0.254/24", "dev", "hub")
    failed = True
    with tempfile.TemporaryDirectory(prefix="keel_hosts_") as folder:
        hosts = {name: Host(name, folder) for name in HOSTS}
        try:
            for host in hosts.values():
                host.make()
            carry_out(Page(hosts), hosts, keeld, keelctl)
            failed = False
        finally:
            for host in hosts.values():
                if failed and host.shell is not None:
                    print(f"---- the end of {host.name}'s log\n{host.log()}")
                host.close()
    print("all passed")


if __name__ == "__main__":
    main()
