"""Who may include whom: the floors of the house, as data, and the rule that reads the includes.

An include may point down, never up and never sideways. docs/architecture.md draws the same picture.
"""

import re

from source import Complaint

# The floor of each folder. Folders on one floor do not know each other.
FLOORS = {
    "base": 0,
    "api": 0,
    "raft": 1,
    "wal": 1,
    "kv": 1,
    "net": 1,
    "backup": 2,
    "server/node": 2,
    "server/archive": 3,
    "server/peer": 3,
    "server/api": 3,
    "server/admin": 3,
    "server": 4,
}

# Folders beside the floors, and all that each may see.
VISITORS = {
    "client": {"base", "api", "net"},
    "tools": {"base", "api", "net", "client", "wal", "kv", "backup", "tools/restore"},
    # A restore makes what a node starts from: a member's directory, as the node's own code lays it out.
    "tools/restore": {"base", "raft", "wal", "kv", "backup", "server/node"},
    "jepsen": {"base", "api", "net", "client", "wal", "kv"},
    "examples": {"base", "api", "net", "client", "raft", "examples"},
    # Tests may look at anything; nothing else may look at tests.
    "tests": set(FLOORS) | {"client", "tools", "tools/restore", "jepsen", "examples", "tests"},
}

# What would give the core a clock, a thread, a die or a library: it must stay a pure function of its
# inputs. A name that ends in a slash stands for all that is under it.
BANNED_IN_CORE = (
    "thread", "mutex", "shared_mutex", "condition_variable", "atomic", "future", "semaphore",
    "latch", "barrier", "stop_token", "coroutine", "pthread.h",
    "random", "chrono", "ctime", "time.h",
    "iostream", "fstream", "filesystem", "unistd.h", "fcntl.h", "sys/",
    "boost/", "asio/", "asio.hpp", "glog/", "gflags/", "google/protobuf/", "leveldb/", "nghttp2/",
    "openssl/",
)
# The same by call instead of by header.
BANNED_CALLS_IN_CORE = re.compile(
    r"\b(?:std::(?:rand|srand|time|clock|getenv)|clock_gettime|gettimeofday|random_device)\b")

# Logging and flags begin at the server; the floors below report by Status and by CHECK.
BANNED_BELOW_SERVER = ("glog/", "gflags/")
BELOW_SERVER = ("base", "api", "raft", "wal", "kv", "net", "backup", "client")

INCLUDE = re.compile(r'\s*#\s*include\s*([<"])([^>"]+)[>"]')


def folder_of(path):
    """The longest folder of the tables that holds `path`, or None."""
    known = set(FLOORS) | set(VISITORS)
    parts = path.split("/")[:-1]
    for length in range(len(parts), 0, -1):
        folder = "/".join(parts[:length])
        if folder in known:
            return folder
    return None


def may_see(folder, target):
    if folder == target:
        return True
    if folder in VISITORS:
        return target in VISITORS[folder]
    return target in FLOORS and FLOORS[target] < FLOORS[folder]


def includes_of(source):
    """(line number, bracket, name) of every include."""
    # Names in quotes vanish from `code`, so the raw line is read where the code has an include.
    for number, (code, raw) in enumerate(zip(source.code_lines, source.lines), start=1):
        if "#" in code and (match := INCLUDE.match(raw)):
            yield number, match.group(1), match.group(2)


def is_banned(name, banned):
    return any(name == entry or (entry.endswith("/") and name.startswith(entry))
               for entry in banned)


def check_arrows(source):
    folder = folder_of(source.path)
    if folder is None:
        yield Complaint(source.path, 1, "this folder is on no floor: give it one in tests/lint/floors.py")
        return
    for number, bracket, name in includes_of(source):
        target = folder_of(name)
        if bracket == "<":
            if target is not None and target != "tests":
                yield Complaint(source.path, number, f"<{name}> is ours: include it in quotes")
            continue
        if target is None:
            yield Complaint(source.path, number,
                            f'"{name}" is not a path from the root of the tree: write "folder/file.h"')
        elif not may_see(folder, target):
            yield Complaint(
                source.path, number,
                f'{folder}/ may not know {target}/ ("{name}"): move what is shared to a lower floor, '
                f"or have a higher one hand it over")


def check_libraries(source):
    folder = folder_of(source.path)
    if folder not in BELOW_SERVER:
        return
    for number, _, name in includes_of(source):
        if is_banned(name, BANNED_BELOW_SERVER):
            yield Complaint(source.path, number,
                            f"<{name}> begins at server/: report by Status, or by KEEL_CHECK for a bug")


def check_core(source, sources):
    """The core, and every header that it reaches, is free of clocks, threads, dice and libraries."""
    if folder_of(source.path) != "raft":
        return
    for number, line in enumerate(source.code_lines, start=1):
        if match := BANNED_CALLS_IN_CORE.search(line):
            yield Complaint(source.path, number,
                            f"{match.group(0)} in the core: time and chance come in by its inputs")
    for number, _, name in includes_of(source):
        for chain in banned_chains(name, sources, {source.path}):
            yield Complaint(
                source.path, number,
                f"the core reaches <{chain[-1]}>{by_way_of(chain[:-1])}: it has no clock, thread, "
                f"randomness or library of its own; take it as an input, or give it as an output")


def by_way_of(headers):
    return " by way of " + " -> ".join(headers) if headers else ""


def banned_chains(name, sources, seen):
    """The ways by which including `name` leads to something that the core must not have."""
    if is_banned(name, BANNED_IN_CORE) or name.endswith((".pb.h", ".pb.cc")):
        yield [name]
    elif name in sources and name not in seen:
        seen.add(name)
        for _, _, deeper in includes_of(sources[name]):
            for chain in banned_chains(deeper, sources, seen):
                yield [name, *chain]
