"""How long tests wait for servers, on machines that may stand still themselves."""

import os
import pathlib
import tempfile
import time

STEPS = 20
BETWEEN_SYNCS_S = 0.25


class Patience:
    """A wait asks again and again whether it `is_over`. What passes between two questions counts up to a twentieth of
    the whole: who was not asked for longer was not run. Meanwhile the disk is synced now and then, and counts no more
    than that either. So a slow machine makes a wait longer, and what never happens is given up all the same."""

    def __init__(self, seconds):
        self.left = seconds
        self.step_max = seconds / STEPS
        self.until_sync = BETWEEN_SYNCS_S
        self.last = time.monotonic()

    def is_over(self):
        if self.until_sync <= 0:
            self.until_sync = BETWEEN_SYNCS_S
            sync_disk()
        now = time.monotonic()
        self.count(now - self.last)
        self.last = now
        return self.left <= 0

    def count(self, seconds):
        counted = min(seconds, self.step_max)
        self.left -= counted
        self.until_sync -= counted


def sync_disk():
    path = pathlib.Path(tempfile.gettempdir()) / f"keel-test-patience.{os.getpid()}"
    try:
        with open(path, "wb") as file:
            file.write(b"p")
            file.flush()
            os.fdatasync(file.fileno())
        path.unlink()
    except OSError:
        pass  # what the disk refuses, the servers will say


def wait_for_end(process, seconds, pause_s=0.02):
    """The exit code of a process; None when patience is over."""
    patience = Patience(seconds)
    while process.poll() is None and not patience.is_over():
        time.sleep(pause_s)
    return process.poll()
