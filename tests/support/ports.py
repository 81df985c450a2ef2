"""Loopback ports for the servers of tests."""

import fcntl
import os
import pathlib
import socket
import tempfile

# Below those that the kernel gives to whoever connects, which would take one before its server has it.
FIRST, END = 10_000, 22_000
OF_ONE_BLOCK = 100

_HELD = []  # the locks on this process's blocks, which end with it
_next = _end = 0


def free_ports(count):
    """`count` ports in a row that nobody listens on. No port is given twice, and a block of them belongs to one
    process at a time: tests that run side by side do not take each other's, not even those of a server that is down."""
    global _next
    if count > OF_ONE_BLOCK:
        raise ValueError(f"{count} ports are asked for, and at most {OF_ONE_BLOCK} stand in a row")
    while True:
        if _next + count > _end:
            _take_block()
        row = list(range(_next, _next + count))
        _next += count
        if all(_is_free(port) for port in row):
            return row


def _take_block():
    global _next, _end
    directory = pathlib.Path(tempfile.gettempdir()) / f"keel-test-ports.{os.getuid()}"
    directory.mkdir(exist_ok=True)
    held = {lock.name for lock in _HELD}
    blocks = range(FIRST, END, OF_ONE_BLOCK)
    begin = os.getpid() % len(blocks)  # elsewhere than the last one, whose connections may be closing still
    for first in (*blocks[begin:], *blocks[:begin]):
        path = str(directory / str(first))
        if path in held:
            continue
        lock = open(path, "w", encoding="ascii")  # pylint: disable=consider-using-with
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            continue
        _HELD.append(lock)
        _next, _end = first, first + OF_ONE_BLOCK
        return
    raise OSError(f"other tests hold all ports between {FIRST} and {END}; {directory} has their locks")


def _is_free(port):
    with socket.socket() as one:
        try:
            one.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
