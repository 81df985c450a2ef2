"""keel-jepsen ends at any moment and leaves nothing: no process, no file, no network namespace, link, rule or
mount; and says so by its exit code."""

import argparse
import os
import pathlib
import signal
import subprocess
import tempfile
import time


def processes_with(text):
    """Those whose command line names `text`: ours alone, by the directory that they were given."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command = (entry / "cmdline").read_bytes().decode(errors="replace")
            except OSError:
                continue
            if text in command:
                found.append((int(entry.name), command))
    return found


def until(what, holds, seconds=20):
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError(f"in vain for {seconds} s: {what}")
        time.sleep(0.02)


def links():
    """What the machine has of networks and mounts, as this process sees it."""
    named = os.listdir("/run/netns") if os.path.isdir("/run/netns") else []
    mounts = pathlib.Path("/proc/self/mounts").read_text().splitlines()
    return sorted(os.listdir("/sys/class/net")) + sorted(named) + sorted(mounts)


def namespaces_of(processes):
    """The network namespaces of these processes, but for our own."""
    found = set()
    for process, _ in processes:
        try:
            found.add(os.readlink(f"/proc/{process}/ns/net"))
        except OSError:
            continue
    return found - {os.readlink("/proc/self/ns/net")}


def users_of(namespaces):
    """Processes of whatever name that are still in one of these network namespaces."""
    every = [(int(name), "") for name in os.listdir("/proc") if name.isdigit()]
    return [process for process in every if namespaces_of([process]) & namespaces]


def interrupt(options, seconds, number, code, *arguments):
    """Ends a run after so many seconds by the signal; its directory is one that nobody else uses."""
    before = links()
    with tempfile.TemporaryDirectory(prefix="keel-cleanup-") as home:
        command = [options.jepsen, "--server", options.server, "--time", "60", "--rate", "50", *arguments]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                              env=dict(os.environ, TMPDIR=home)) as tool:
            time.sleep(seconds)
            assert tool.poll() is None, f"it ended by itself: {tool.stderr.read()}"
            had = len(processes_with(home))
            namespaces = namespaces_of([*processes_with(home), (tool.pid, "")])
            tool.send_signal(number)
            tool.wait(30)
        assert tool.returncode == code, f"exit code {tool.returncode} instead of {code}"
        until("no process is left", lambda: not processes_with(home))
        until("no file is left", lambda: not os.listdir(home))
        until("no process is left in a namespace", lambda: not users_of(namespaces))
        assert links() == before, f"{before} before and {links()} after"
        print(f"ok: {signal.Signals(number).name} after {seconds} s, with {had} servers in {len(namespaces)} namespaces")


def to_the_end(options, *arguments):
    """A run that nobody interrupts: without an anomaly, and nothing is left either."""
    before = links()
    with tempfile.TemporaryDirectory(prefix="keel-cleanup-") as home:
        command = [options.jepsen, "--server", options.server, "--time", "15", "--rate", "300", *arguments]
        subprocess.run(command, check=True, env=dict(os.environ, TMPDIR=home))
        until("no file is left", lambda: not os.listdir(home))
    assert links() == before, f"{before} before and {links()} after"
    print("ok: a run to its end")


def may_make_namespaces():
    """Containers often forbid it, even to root; users may where the system allows user namespaces."""
    ways = (["unshare", "--net", "true"], ["unshare", "--user", "--map-root-user", "--net", "true"])
    may = any(subprocess.run(way, stderr=subprocess.DEVNULL, check=False).returncode == 0 for way in ways)
    if not may:
        print("this machine lets us make no network namespaces: those runs are left out")
    return may


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--jepsen", required=True)
    parser.add_argument("--server", required=True)
    options = parser.parse_args()
    interrupt(options, 0.3, signal.SIGINT, 130)
    interrupt(options, 3.0, signal.SIGINT, 130)
    interrupt(options, 5.0, signal.SIGTERM, 130)
    interrupt(options, 4.0, signal.SIGKILL, -signal.SIGKILL)
    if may_make_namespaces():
        wired = ["--network", "namespaces", "--faults", "kill,partition-halves,partition-one-way,loss,slow-links"]
        to_the_end(options, *wired)
        interrupt(options, 0.3, signal.SIGINT, 130, *wired)
        interrupt(options, 4.0, signal.SIGTERM, 130, *wired)
        interrupt(options, 4.0, signal.SIGKILL, -signal.SIGKILL, *wired)
        if os.path.exists("/dev/net/tun"):
            carried = ["--network", "packets", "--faults", "partition-halves,delay,loss,reorder,duplicate,slow-links"]
            to_the_end(options, *carried)
            interrupt(options, 0.3, signal.SIGINT, 130, *carried)
            interrupt(options, 4.0, signal.SIGTERM, 130, *carried)
            interrupt(options, 4.0, signal.SIGKILL, -signal.SIGKILL, *carried)
        else:
            print("this machine has no /dev/net/tun: those runs are left out")
    print("cleanup: passed")


if __name__ == "__main__":
    main()
