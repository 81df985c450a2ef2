"""keel-jepsen ends at any moment and leaves nothing: no process, no file; and says so by its exit code."""

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


def interrupt(options, seconds, number, code):
    """Ends a run after so many seconds by the signal; its directory is one that nobody else uses."""
    with tempfile.TemporaryDirectory(prefix="keel-cleanup-") as home:
        command = [options.jepsen, "--server", options.server, "--time", "60", "--rate", "50"]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                              env=dict(os.environ, TMPDIR=home)) as tool:
            time.sleep(seconds)
            assert tool.poll() is None, f"it ended by itself: {tool.stderr.read()}"
            had = len(processes_with(home))
            tool.send_signal(number)
            tool.wait(30)
        assert tool.returncode == code, f"exit code {tool.returncode} instead of {code}"
        until("no process is left", lambda: not processes_with(home))
        until("no file is left", lambda: not os.listdir(home))
        print(f"ok: {signal.Signals(number).name} after {seconds} s, with {had} servers")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--jepsen", required=True)
    parser.add_argument("--server", required=True)
    options = parser.parse_args()
    interrupt(options, 0.3, signal.SIGINT, 130)
    interrupt(options, 3.0, signal.SIGINT, 130)
    interrupt(options, 5.0, signal.SIGTERM, 130)
    interrupt(options, 4.0, signal.SIGKILL, -signal.SIGKILL)
    print("cleanup: passed")


if __name__ == "__main__":
    main()
