"""Loopback ports for the servers of tests."""

import os
import socket

# Below those that the kernel gives to whoever connects, which would take one before its server has it.
FIRST, END = 10_000, 22_000
OF_ONE_PROCESS = 100

_next = FIRST + os.getpid() * OF_ONE_PROCESS % (END - FIRST)


def free_ports(count):
    """`count` ports in a row that nobody listens on. No port is given twice, and each process begins elsewhere: tests
    that run side by side do not take each other's."""
    global _next
    for _ in range((END - FIRST) // count):
        first = _next if _next + count <= END else FIRST
        _next = first + count
        row = list(range(first, _next))
        if all(_is_free(port) for port in row):
            return row
    raise OSError(f"there are no {count} free ports in a row between {FIRST} and {END}")


def _is_free(port):
    with socket.socket() as one:
        try:
            one.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
