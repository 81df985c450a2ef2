#!/usr/bin/env python3
"""The Python client etcd3 against a cluster: Debian's, or with --module pyetcd its successor.

Debian's own Python runs the former, /usr/bin/python3; the newest releases are run by the Python they are installed for.
"""

import importlib
import threading
import time

import grpc

from cluster import wait_for
from suite import Suite, equal, option

MODULE = option("--module", "etcd3")
etcd3 = importlib.import_module(MODULE)  # pyetcd is its fork, and names all alike
SUITE = Suite("python" if MODULE == "etcd3" else MODULE)


def connect(member):
    host, port = member.endpoint.split(":")
    return etcd3.client(host=host, port=int(port), timeout=10)


def once_taken(what, call):
    """The answer to `call`, once the cluster is ready for it."""

    def taken():
        try:
            return call()
        except (etcd3.exceptions.Etcd3Exception, grpc.RpcError) as error:
            raise ValueError(error) from error

    return wait_for(what, taken)


def refused(kind, call):
    try:
        call()
    except kind:
        return
    raise AssertionError(f"no {kind.__name__}")


@SUITE.case
def values_are_put_read_and_deleted(cluster):
    client = connect(cluster.members[0])
    client.put("py/a", "1")
    value, meta = client.get("py/a")
    equal((value, meta.key, meta.version), (b"1", b"py/a", 1))
    client.put("py/a", b"\x00\xff\xfe")
    equal(client.get("py/a")[0], b"\x00\xff\xfe")
    equal(client.delete("py/a"), True)
    equal(client.delete("py/a"), False)
    equal(client.get("py/a"), (None, None))
    equal(client.put("py/a", "x", prev_kv=True).prev_kv.value, b"")


@SUITE.case
def prefixes_and_ranges_are_sorted(cluster):
    client = connect(cluster.members[1])
    for name in "bca":
        client.put(f"py-range/{name}", name)
    equal([v for v, _ in client.get_prefix("py-range/")], [b"a", b"b", b"c"])
    equal([v for v, _ in client.get_prefix("py-range/", sort_order="descend")], [b"c", b"b", b"a"])
    by_age = client.get_prefix("py-range/", sort_order="ascend", sort_target="create")
    equal([v for v, _ in by_age], [b"b", b"c", b"a"])
    equal([v for v, _ in client.get_range("py-range/a", "py-range/c")], [b"a", b"b"])
    equal(client.delete_prefix("py-range/").deleted, 3)


@SUITE.case
def a_replacement_needs_the_value_it_names(cluster):
    client = connect(cluster.members[2])
    client.put("py/cas", "old")
    equal(client.replace("py/cas", "wrong", "new"), False)
    equal(client.replace("py/cas", "old", "new"), True)
    equal(client.put_if_not_exists("py/cas", "x"), False)
    equal(client.put_if_not_exists("py/fresh", "x"), True)


@SUITE.case
def a_transaction_answers_every_operation(cluster):
    client = connect(cluster.members[0])
    client.put("py/txn", "1")
    ok, answers = client.transaction(
        compare=[client.transactions.value("py/txn") == "1", client.transactions.version("py/txn") > 0],
        success=[
            client.transactions.put("py/txn", "2"),
            client.transactions.get("py/txn"),
            client.transactions.delete("py/txn-none"),
        ],
        failure=[client.transactions.delete("py/txn")],
    )
    equal(ok, True)
    equal(len(answers), 3)
    equal(answers[1][0][0], b"2")


@SUITE.case
def a_watch_sees_what_happens(cluster):
    client, writer = connect(cluster.members[0]), connect(cluster.members[1])
    events, cancel = client.watch_prefix("py-watch/")
    for number in range(100):
        writer.put(f"py-watch/{number:03}", str(number))
    writer.delete("py-watch/050")
    seen = [next(events) for _ in range(101)]
    cancel()
    equal([e.key for e in seen[:100]], [f"py-watch/{n:03}".encode() for n in range(100)])
    equal(type(seen[100]).__name__, "DeleteEvent")


@SUITE.case
def a_watch_begins_in_the_past(cluster):
    client = connect(cluster.members[2])
    first = client.put("py-past", "0").header.revision
    for number in range(1, 10):
        client.put("py-past", str(number))
    events, cancel = client.watch("py-past", start_revision=first)
    equal([next(events).value for _ in range(10)], [str(n).encode() for n in range(10)])
    cancel()


@SUITE.case
def a_watch_at_a_follower_outlives_the_leader(cluster):
    leader, follower = cluster.leader(), cluster.follower()
    client = connect(follower)
    events, cancel = client.watch_prefix("py-survive/")
    for number in range(10):
        client.put(f"py-survive/{number}", "x")
    cluster.kill(leader)

    # A client of its own for each attempt: one of them leaves a member alone for minutes that has refused it once.
    def writer():
        other = connect(follower)
        other.put("py-after", "x")
        return other

    other = once_taken("a put after the leader's death", writer)
    for number in range(10, 20):
        other.put(f"py-survive/{number}", "x")
    equal([next(events).key for _ in range(20)], [f"py-survive/{n}".encode() for n in range(20)])
    cancel()
    cluster.start(leader)
    cluster.wait_healthy()


@SUITE.case
def a_lease_takes_its_keys_along(cluster):
    client = connect(cluster.members[0])
    lease = client.lease(2)
    client.put("py-leased", "x", lease)
    equal(lease.keys, [b"py-leased"])
    for _ in range(4):
        lease.refresh()
        time.sleep(0.8)
    equal(client.get("py-leased")[0], b"x")
    wait_for("the end of the lease", lambda: client.get("py-leased")[0] is None, seconds=10)
    lease = client.lease(60)
    client.put("py-leased", "x", lease)
    lease.revoke()
    equal(client.get("py-leased")[0], None)


@SUITE.case
def a_lock_is_seen_by_all_and_passed_on(cluster):
    # Taken without contention: this client's way of waiting does not work with Debian's tenacity.
    first, second = (connect(m).lock("py-lock", ttl=20) for m in cluster.members[:2])
    for holder, other in ((first, second), (second, first)):
        equal(holder.acquire(), True)
        equal(holder.is_acquired(), True)
        equal(other.is_acquired(), False)
        equal(holder.release(), True)


@SUITE.case
def counters_add_up_under_contention(cluster):
    clients = [connect(m) for m in cluster.members[:3]]
    clients[0].put("py-counter", "0")

    def add(client):
        for _ in range(20):
            while True:
                old = client.get("py-counter")[0]
                if client.replace("py-counter", old, str(int(old) + 1)):
                    break

    threads = [threading.Thread(target=add, args=(c,)) for c in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    equal(clients[0].get("py-counter")[0], b"60")


@SUITE.case
def members_status_and_maintenance(cluster):
    client = connect(cluster.members[0])
    equal(sorted(m.name for m in client.members), sorted(m.name for m in cluster.members))
    status = client.status()
    equal(status.leader.name, cluster.leader().name)
    equal(client.hash() != 0, True)
    client.defragment()
    equal(list(client.list_alarms()), [])
    client.create_alarm()
    refused(Exception, lambda: client.put("py/alarmed", "x"))
    client.disarm_alarm()
    client.put("py/alarmed", "x")


@SUITE.case
def members_are_added_changed_and_removed(cluster):
    client = connect(cluster.members[1])
    before = {m.id for m in client.members}
    # etcd takes no change of a cluster that has been whole for less than five seconds.
    added = once_taken("another member", lambda: client.add_member(["http://127.0.0.1:1"]))
    equal(list(added.peer_urls), ["http://127.0.0.1:1"])
    equal({m.id for m in client.members}, before | {added.id})
    client.update_member(added.id, ["http://127.0.0.1:2"])
    equal([list(m.peer_urls) for m in client.members if m.id == added.id], [["http://127.0.0.1:2"]])
    client.remove_member(added.id)
    equal({m.id for m in client.members}, before)
    refused(Exception, lambda: client.remove_member(added.id))
    client.put("py/members", "x")


@SUITE.case
def history_is_compacted(cluster):
    client = connect(cluster.members[0])
    revision = client.put("py-compact", "1").header.revision
    client.put("py-compact", "2")
    client.compact(revision, physical=True)
    equal(client.get("py-compact")[0], b"2")


@SUITE.case
def errors_are_those_that_the_client_knows(cluster):
    client = connect(cluster.members[0])
    try:
        client.lease(9_000_000_001)
        raise AssertionError("a lease for centuries")
    except grpc.RpcError as error:
        equal((error.code(), error.details()), (grpc.StatusCode.OUT_OF_RANGE, "etcdserver: too large lease TTL"))
    dead = connect(type("", (), {"endpoint": "127.0.0.1:1"})())
    refused(etcd3.exceptions.ConnectionFailedError, lambda: dead.get("x"))


if __name__ == "__main__":
    SUITE.main()
