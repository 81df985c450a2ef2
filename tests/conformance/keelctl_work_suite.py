#!/usr/bin/env python3
"""What keelctl does over time and under failures: watches, locks, elections, mirrors, snapshots, its own commands."""

import fcntl
import json
import os
import pathlib
import pty
import re
import struct
import subprocess
import termios
import time

from cluster import Cluster, wait_for
from keelctl_calls import CODES, ENVIRONMENT, ETCDCTL, KEELCTL, finish, follow, keelctl, lines, poll, run
from suite import Suite, contains, equal

SUITE = Suite("keelctl-work")


@SUITE.case
def watches_run_programs_and_take_lines(cluster):
    process = follow(KEELCTL, cluster, "watch", "wx", "--", "sh", "-c", "echo $ETCD_WATCH_EVENT_TYPE $ETCD_WATCH_KEY $ETCD_WATCH_VALUE")
    wait_for("an event", lambda: run(cluster, "put", "wx", "one") and poll(process))
    got = lines(process, 4)
    equal((got[0], got[3]), ("PUT\n", '"PUT" "wx" "one"\n'))
    finish(process)
    process = follow(KEELCTL, cluster, "watch", "-i")
    process.stdin.write("watch wi/ --prefix --rev=1\nwatch wj\nnonsense\n")
    process.stdin.flush()
    equal(process.stdout.readline(), "Invalid command nonsense (only support watch)\n")
    run(cluster, "put", "wi/a", "x")
    equal(lines(process, 3), ["PUT\n", "wi/a\n", "x\n"])
    process.stdin.close()
    contains(process.stdout.read(), "error reading watch request line: EOF")
    equal(process.wait(10), CODES["input"])


@SUITE.case
def a_watch_from_a_compacted_revision_ends(cluster):
    revision = 0
    for number in range(4):
        revision = int(re.search(r'"revision":(\d+)', run(cluster, "put", "wc", str(number), "-w", "json")).group(1))
    equal(run(cluster, "compaction", str(revision)), f"compacted revision {revision}\n")
    result = keelctl(cluster, "watch", "wc", f"--rev={revision - 2}")
    equal(result.returncode, 5, result.stderr)
    contains(result.stderr, "watch was canceled (etcdserver: mvcc: required revision has been compacted)")


@SUITE.case
def locks_and_elections_exclude_etcdctls(cluster):
    first = follow(ETCDCTL, cluster, "lock", "the-lock")
    contains(first.stdout.readline(), "the-lock/")
    second = follow(KEELCTL, cluster, "lock", "the-lock")
    wait_for("two contenders", lambda: len(run(cluster, "get", "the-lock/", "--prefix", "--keys-only").split()) == 2)
    equal(poll(second), False)
    finish(first)
    contains(second.stdout.readline(), "the-lock/")
    finish(second)
    equal(second.returncode, 0)
    equal(run(cluster, "get", "the-lock/", "--prefix"), "")
    held = keelctl(cluster, "lock", "the-lock", "--", "sh", "-c", "echo held $ETCD_LOCK_KEY; exit 7")
    equal(held.returncode, 7)
    contains(held.stdout, "held the-lock/")
    alice = follow(KEELCTL, cluster, "elect", "the-office", "alice")
    contains(alice.stdout.readline(), "the-office/")
    equal(alice.stdout.readline(), "alice\n")
    observer = follow(KEELCTL, cluster, "elect", "-l", "the-office")
    contains(observer.stdout.readline(), "the-office/")
    equal(observer.stdout.readline(), "alice\n")
    bob = follow(ETCDCTL, cluster, "elect", "the-office", "bob")
    wait_for("bob", lambda: "bob" in run(cluster, "get", "the-office/", "--prefix"))
    finish(alice)
    contains(bob.stdout.readline(), "the-office/")
    contains(observer.stdout.readline(), "the-office/")
    equal(observer.stdout.readline(), "bob\n")
    finish(bob)
    finish(observer)


@SUITE.case
def a_lease_is_kept_until_it_is_revoked(cluster):
    lease = run(cluster, "lease", "grant", "2").split()[1]
    process = follow(KEELCTL, cluster, "lease", "keep-alive", lease)
    equal(lines(process, 3), [f"lease {lease} keepalived with TTL(2)\n"] * 3)
    run(cluster, "lease", "revoke", lease)
    equal(process.stdout.read(), f"lease {lease} expired or revoked.\n")
    equal(process.wait(10), 0)


@SUITE.case
def a_snapshot_is_saved_whole_or_not_at_all(cluster):
    path = os.path.join(cluster.directory, "saved.db")
    one = cluster.members[:1]
    equal(run(cluster, "snapshot", "save", path, endpoints=one), f"Snapshot saved at {path}\n")
    status = keelctl(cluster, "snapshot", "status", path)
    if status.returncode == CODES["feature"]:
        contains(status.stderr, "etcdutl")
        equal(os.path.getsize(path) % 512, 32)
        return
    contains(run(cluster, "snapshot", "verify", path), "is whole and consistent")
    equal(len(status.stdout.split(", ")), 4, status.stderr)
    with open(path, "r+b") as file:
        file.seek(100)
        file.write(b"damage")
    damaged = keelctl(cluster, "snapshot", "status", path)
    equal(damaged.returncode, CODES["error"])
    contains(damaged.stderr, "damaged")
    nowhere = keelctl(cluster, "snapshot", "save", "/nonexistent/saved.db", endpoints=one)
    equal((nowhere.returncode, len(nowhere.stderr.splitlines())), (6, 1))


@SUITE.case
def a_mirror_follows_its_source(cluster):
    for number in range(3):
        run(cluster, "put", f"mirror/{number}", "x")
    to = cluster.members[-1].endpoint
    process = follow(KEELCTL, cluster, "make-mirror", "--prefix=mirror/", "--dest-prefix=copy/", to)
    wait_for("the copy", lambda: run(cluster, "get", "copy/", "--prefix", "--keys-only").split() == ["copy/0", "copy/1", "copy/2"])
    run(cluster, "put", "mirror/later", "y")
    run(cluster, "del", "mirror/0")
    wait_for("the changes", lambda: run(cluster, "get", "copy/", "--prefix", "--keys-only").split() == ["copy/1", "copy/2", "copy/later"])
    finish(process)


@SUITE.case
def the_checks_pass(cluster):
    # Whether a busy machine keeps up is not the question, but that it is judged.
    contains(keelctl(cluster, "check", "perf", "--load=s", "--duration=1s").stdout, "Throughput")
    equal(run(cluster, "get", "/etcdctl-check-perf/", "--prefix"), "")
    contains(run(cluster, "check", "datascale", "--load=s"), "PASS: Approximate system memory used : ")


@SUITE.case
def a_shell_runs_lines(cluster):
    out = run(cluster, "shell", stdin='put "shell key" "a value"\nget "shell key"\n# a comment\nexit\nget nothing\n')
    equal(out, "OK\nshell key\na value\n")


@SUITE.case
def an_edit_is_refused_when_somebody_was_faster(cluster):
    run(cluster, "put", "edited", "old")
    environment = dict(os.environ, EDITOR="sed -i s/old/new/", VISUAL="", HOME="/nonexistent")
    command = [KEELCTL, f"--endpoints={cluster.members[0].endpoint}", "edit", "edited"]
    equal(subprocess.run(command, env=environment, capture_output=True, check=False).returncode, 0)
    equal(run(cluster, "get", "edited"), "edited\nnew\n")
    faster = f"sh -c '{os.path.abspath(KEELCTL)} --endpoints={cluster.members[0].endpoint} put edited faster; echo mine > $0'"
    environment["EDITOR"] = faster
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    equal(result.returncode, CODES["error"])
    contains(result.stderr, "changed by somebody else")
    equal(run(cluster, "get", "edited"), "edited\nfaster\n")


@SUITE.case
def trees_and_stats_count(cluster):
    for number in range(30):
        run(cluster, "put", f"tree/{number % 3}/{number}", "x" * 100)
    contains(run(cluster, "tree", "tree/", "--depth=1"), "└── 2/  10    1.0 kB  33%")
    contains(run(cluster, "stats", "tree/", "--depth=2"), "tree/0/  10    1.1 kB  108 B    109 B    10")


def on_a_terminal(cluster, *arguments):
    """What is shown on a screen of 200 columns."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 200, 0, 0))
    addresses = ",".join(m.endpoint for m in cluster.running())
    with subprocess.Popen([KEELCTL, f"--endpoints={addresses}", *arguments], stdin=theirs, stdout=theirs, stderr=theirs, env=ENVIRONMENT):
        os.close(theirs)
        shown = b""
        try:
            while part := os.read(ours, 65536):
                shown += part
        except OSError:
            pass  # the other end is closed
    os.close(ours)
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode()).replace("\r", "")


@SUITE.case
def the_screens_of_the_page_are_todays(cluster):
    if os.path.basename(cluster.program) == "etcd":
        return
    page = (pathlib.Path(__file__).resolve().parents[2] / "docs" / "keelctl.md").read_text(encoding="utf-8")

    def heads(text):
        """The lines that name columns, and the words that stand before numbers."""
        return [tuple(line.split()) for line in text.splitlines() if re.fullmatch(r"[A-Z][A-Z0-9/ ]{8,}", line)]

    def block(begin):
        return page[page.index(begin) :].split("```")[0]

    equal(heads(on_a_terminal(cluster, "status")), heads(block("$ keelctl status\n")), "status")
    live = page[page.index("### top: the cluster live") :].split("```")[1]
    screens = on_a_terminal(cluster, "top", "--count=2", "--interval=200ms")
    equal(set(heads(screens)), set(heads(live)), "top")
    equal(heads(on_a_terminal(cluster, "tree"))[:1], heads(block("$ keelctl tree --rows 5\n"))[:1], "tree")
    plan = ("plan", "--keys", "1000000", "--writes", "500", "--new-keys", "0.2", "--key-size", "32", "--value-size", "512", "--disk", "200GB")
    equal(on_a_terminal(cluster, *plan), block("$ keelctl " + " ".join(plan)).split("\n", 1)[1], "plan")
    healthy = re.search(r"healthy: .*", page)[0]
    wait_for("a healthy cluster", lambda: on_a_terminal(cluster, "doctor", "--slow-sync=20s") == healthy + "\n")
    contains(page, f"by {healthy.split()[3]} checks")


@SUITE.case
def a_forecast_lands_within_a_fifth_of_a_fill(cluster):
    if os.path.basename(cluster.program) == "etcd":
        return  # its file grows by other rules
    with Cluster(cluster.program, nodes=1) as fresh:
        for number in range(90):  # 3,000 keys, and two more versions of each
            puts = "".join(f"put fill/{number % 30:04}{key:04} {os.urandom(250).hex()}\n" for key in range(100))
            run(fresh, "txn", stdin=f"\n{puts}\n\n")

        def forecast():
            status = json.loads(run(fresh, "endpoint", "status", "-w", "json"))[0]["Status"]
            plan = json.loads(run(fresh, "plan", "--writes=100", "--history=60s", "--key-size=13", "--value-size=500", "-w", "json"))
            return abs(plan["forecast"][1]["stateBytes"] / status["dbSize"] - 1) < 0.2

        wait_for("a forecast near the fill", forecast)


@SUITE.case
def a_forecast_made_before_the_fill_comes_true(cluster):
    if os.path.basename(cluster.program) == "etcd":
        return
    keys = 10_000
    plan = json.loads(run(cluster, "plan", f"--keys={keys}", "--writes=1", "--key-size=13", "--value-size=500", "-w", "json"))
    expected = plan["forecast"][0]["stateBytes"]
    with Cluster(cluster.program, nodes=1) as fresh:
        for number in range(keys // 100):
            puts = "".join(f"put fill/{number:04}{key:04} {os.urandom(250).hex()}\n" for key in range(100))
            run(fresh, "txn", stdin=f"\n{puts}\n\n")
        status = json.loads(run(fresh, "endpoint", "status", "-w", "json"))[0]["Status"]
    print(f"  forecast {expected}, measured {status['dbSize']}")
    equal(abs(expected / status["dbSize"] - 1) < 0.2, True, f"forecast {expected}, measured {status['dbSize']}")


@SUITE.case
def nobody_there_is_told_at_once(cluster):
    dead = type("Dead", (), {"endpoint": "127.0.0.1:1"})()
    for arguments in (("get", "a"), ("put", "a", "x"), ("watch", "a"), ("lock", "a"), ("elect", "a", "b"), ("status",),
                      ("doctor",), ("tree",), ("top",), ("member", "list"), ("lease", "list"), ("snapshot", "save", "/tmp/none"),
                      ("auth", "status"), ("defrag",), ("endpoint", "health"), ("check", "perf"), ("edit", "a")):
        for endpoints in ([dead], [dead, dead]):
            if arguments[0] == "snapshot" and len(endpoints) == 2:
                continue
            began = time.monotonic()
            result = keelctl(cluster, *arguments, endpoints=endpoints)
            if result.returncode in (0, None) or result.stdout:
                raise AssertionError(f"{arguments}: {result}")
            equal(len(result.stderr.splitlines()) in (1, 2, 3), True, result.stderr)
            equal(time.monotonic() - began < 6, True, f"{arguments} took too long")


@SUITE.case
def a_watch_goes_on_when_its_member_dies(cluster):
    if len(cluster.members) == 1:
        return
    process = follow(KEELCTL, cluster, "watch", "goes-on")
    wait_for("an event", lambda: run(cluster, "put", "goes-on", "0") and poll(process))
    lines(process, 3)
    seen = set()
    for number in range(3):
        victim = cluster.members[number]
        cluster.kill(victim)
        wait_for("a put", lambda: keelctl(cluster, "put", "goes-on", "now").returncode == 0)
        run(cluster, "put", "goes-on", f"while {victim.name} is dead")
        line = ""
        while line != f"while {victim.name} is dead\n":
            line = process.stdout.readline()
            equal(bool(line), True, "the watch has ended")
        seen.add(line)
        cluster.start(victim)
        cluster.wait_healthy([victim])
    equal(len(seen), 3)
    finish(process)


def replace(cluster, old, name):
    """Runs `member replace` and starts the new member as it says; gives the member and what was printed."""
    fresh = cluster.new_member(name)
    process = follow(KEELCTL, cluster, "member", "replace", old.name, fresh.peer_url, f"--name={name}", "--wait=200s")
    said = ""
    while "--initial-cluster=" not in said:
        line = process.stdout.readline()
        equal(bool(line), True, said)
        said += line
    cluster.start(fresh, initial=said.split("--initial-cluster=")[1].strip(), state="existing")
    said += process.communicate(timeout=240)[0]
    equal(process.returncode, 0, said)
    cluster.members.remove(old)
    cluster.wait_healthy([fresh])
    equal(len(run(cluster, "member", "list", endpoints=[fresh]).splitlines()), 3)
    return fresh, said


def identity_of(cluster, member):
    listed = run(cluster, "member", "list").splitlines()
    return next(line.split(",")[0] for line in listed if f", {member.name}, " in line)


@SUITE.case
def a_dead_member_is_replaced_in_one_step(cluster):
    dead = cluster.members[0]
    identity = identity_of(cluster, dead)
    run(cluster, "put", "before", "x")
    cluster.kill(dead)
    wait_for("a leader", lambda: keelctl(cluster, "put", "meanwhile", "x").returncode == 0)
    fresh, said = replace(cluster, dead, "fresh")
    # It goes first: nobody is added while a voter is down.
    equal(said.startswith(f"removed {identity}\nadded "), True, said)
    equal(said.endswith(" votes\n"), True, said)
    equal(run(cluster, "get", "before", endpoints=[fresh]), "before\nx\n")


@SUITE.case
def a_live_member_is_replaced_in_one_step_even_if_it_leads(cluster):
    if len(cluster.members) == 1:
        return
    for number in range(2):
        old = cluster.leader()
        identity = identity_of(cluster, old)
        run(cluster, "put", "moved", str(number))
        fresh, said = replace(cluster, old, f"moved{number}")
        # It goes last: the cluster never has less to lose than before.
        equal(said.startswith("added "), True, said)
        equal(said.endswith(f" votes\nremoved {identity}\n"), True, said)
        equal(run(cluster, "get", "moved", endpoints=[fresh]), f"moved\n{number}\n")
        equal(identity in run(cluster, "member", "list", endpoints=[fresh]), False)
        # It was told that it is no member any more.
        wait_for("the end of the old one", lambda o=old: o.process.poll() is not None)


@SUITE.case
def without_a_majority_commands_end_in_time(cluster):
    if len(cluster.members) == 1:
        return
    for member in cluster.members[:2]:
        cluster.kill(member)
    last = cluster.members[2:3]
    for arguments in (("get", "a"), ("put", "a", "x"), ("lease", "grant", "5"), ("endpoint", "health"), ("status",)):
        began = time.monotonic()
        result = keelctl(cluster, "--command-timeout=1s", *arguments, endpoints=last)
        equal(result.returncode != 0, True, f"{arguments}: {result}")
        equal(time.monotonic() - began < 8, True, f"{arguments} took too long")
    contains(keelctl(cluster, "--command-timeout=1s", "doctor", endpoints=last).stdout, "no-quorum")
    for member in cluster.members[:2]:
        cluster.start(member)
    cluster.wait_healthy()


if __name__ == "__main__":
    SUITE.main()
