#!/usr/bin/env python3
"""Crowds of connections and watches, readers that do not read, clients that have gone without a word.

What a member's process has in memory before and after is printed, and bounded.

Usage: crowds_suite.py [--server PATH/TO/keeld] [--only NAME] [--slow]
"""

import contextlib
import queue
import resource
import threading
import time

from calls import Client, rpc
from harness import case, fetch, is_healthy, leads, main, mebibytes, metric, resident_bytes, until
from http2 import Connection
from load import Load

CONNECTIONS = 10_000
WATCHES = 10_000
UNFINISHED = 200
LOCKS = 2_500
# One crowd's connection or watch may cost a member this much.
CONNECTION_BYTES_MAX = 64 << 10
WATCH_BYTES_MAX = 8 << 10
# What one connection may announce is 128 MiB; the rest is room for the allocator.
UNFINISHED_BYTES_MAX = 200 << 20
EVENT_BYTES = 100 << 10
EVENTS = 1_000
# The ring of recent events, what is queued for the sockets, and the caches of 100 MB of writes.
SLOW_READER_BYTES_MAX = 160 << 20
WATCH_PATH = "/etcdserverpb.Watch/Watch"
# Shorter than the default, so that the test needs no minute and a half.
KEEPALIVE = ("--grpc-keepalive-interval=1s", "--grpc-keepalive-timeout=2s")


@contextlib.contextmanager
def open_files(count):
    """For this process alone: servers that run already keep what they began with."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < count:
        raise AssertionError(f"{count} open files are needed and {hard} allowed: raise the hard limit (ulimit -Hn)")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, count), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


# Servers inherit what most systems begin with.
resource.setrlimit(resource.RLIMIT_NOFILE, (1024, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))


def watch_request(key, range_end=b"", start_revision=0):
    create = rpc.WatchCreateRequest(key=key, range_end=range_end, start_revision=start_revision)
    return rpc.WatchRequest(create_request=create)


@case()
def ten_thousand_idle_connections_cost_little(cluster):
    """They are open at one follower, which began with a soft limit of 1024 files, and writes go on through it."""
    member = cluster.others(cluster.leader())[0]
    before = resident_bytes(member)
    with contextlib.ExitStack() as stack:
        stack.enter_context(open_files(CONNECTIONS + 2_000))
        with Load([member], writers=2, readers=1, pause_s=0.005) as load:
            for _ in range(CONNECTIONS):
                connection = stack.enter_context(contextlib.closing(Connection(member)))
                connection.begin()
            until("all are open", lambda: (metric(member, "keel_client_connections") or 0) >= CONNECTIONS)
            load.wait_writes(20)
            after = resident_bytes(member)
    cost = (after - before) / CONNECTIONS
    print(f"  {CONNECTIONS} connections: RSS {mebibytes(before)} -> {mebibytes(after)}, {cost:.0f} B each; {load.summary()}")
    load.demand_no_errors()
    if cost > CONNECTION_BYTES_MAX:
        raise AssertionError(f"a connection costs {cost:.0f} bytes")
    until("they are gone", lambda: (metric(member, "keel_client_connections") or 0) < 100)


@case(nodes=1, begins=False)
def more_connections_than_files_leave_the_member_alone(cluster):
    """A hard limit of 1024 files: the first are served, those beyond the bound are closed, and nothing ends."""
    member = cluster.members[0]
    member.runner = ["prlimit", "--nofile=1024:1024"]
    cluster.start(member)
    cluster.wait_healthy()
    with contextlib.ExitStack() as stack, Client([member], timeout_s=30) as client:
        stack.enter_context(open_files(4_000))
        client.put("crowd/first", "x")
        for _ in range(1_500):
            connection = stack.enter_context(contextlib.closing(Connection(member)))
            with contextlib.suppress(OSError):
                connection.begin()
        for number in range(200):
            client.put(f"crowd/{number}", "x" * 1000)
        if len(client.keys("crowd/")) != 201:
            raise AssertionError("writes are missing")
    until("there is room again", lambda: (metric(member, "keel_client_connections") or 1e9) < 100)
    refused = metric(member, "keel_client_connections_refused_total")
    print(f"  {refused:.0f} connections beyond the bound were closed")
    if refused < 1_000 or member.process.poll() is not None:
        raise AssertionError("connections have no bound")


@case()
def ten_thousand_watches_on_one_connection(cluster):
    """Each sees its own key and nothing else, through one stream."""
    member = cluster.others(cluster.leader())[0]
    before = resident_bytes(member)
    wishes = queue.Queue()
    with Client([member]) as client:
        for number in range(WATCHES):
            wishes.put(watch_request(f"watched/{number:05}".encode()))
        answers = client.watch.Watch(iter(wishes.get, None))
        created = {next(answers).watch_id for _ in range(WATCHES)}
        if len(created) != WATCHES:
            raise AssertionError(f"{len(created)} watches were made")
        after = resident_bytes(member)
        for number in range(0, WATCHES, 100):
            client.put(f"watched/{number:05}", str(number))
        seen = {}
        while len(seen) < WATCHES // 100:
            answer = next(answers)
            for event in answer.events:
                seen[event.kv.key.decode()] = (answer.watch_id, event.kv.value.decode())
        for key, (watch, value) in seen.items():
            if int(key.removeprefix("watched/")) != watch or int(value) != watch:
                raise AssertionError(f"the watch {watch} was told of {key} = {value}")
        wishes.put(None)
        answers.cancel()
    cost = (after - before) / WATCHES
    print(f"  {WATCHES} watches: RSS {mebibytes(before)} -> {mebibytes(after)}, {cost:.0f} B each")
    if cost > WATCH_BYTES_MAX:
        raise AssertionError(f"a watch costs {cost:.0f} bytes")


def read_through(connection, revision, count):
    """Everything that the watch still owes, in its order: each revision once."""
    got = 0
    while got < count:
        answer = rpc.WatchResponse.FromString(connection.read_message(1))
        if answer.canceled:
            raise AssertionError(f"the watch was cancelled: {answer}")
        for event in answer.events:
            if event.kv.mod_revision != revision + got:
                raise AssertionError(f"revision {event.kv.mod_revision} came where {revision + got} was due")
            got += 1


@case()
def watchers_that_do_not_read_cost_little(cluster):
    """100 MB of events pass them by; afterwards each reads all of them, without a gap."""
    member = cluster.others(cluster.leader())[0]
    watchers = []
    with Client([member], timeout_s=30) as client:
        revision = client.put("slow/begin", "x").header.revision
        for window_bytes in (65535, 1 << 24):
            # One that grants no room, and one that grants much and does not read its socket.
            watcher = Connection(member, receive_bytes=4096)
            watcher.begin(window_bytes)
            watcher.call(1, WATCH_PATH, watch_request(b"slow/", b"slow0", revision + 1).SerializeToString())
            if window_bytes > 65535:
                watcher.grant(1, 1 << 24)
            watchers.append(watcher)
        time.sleep(0.5)
        before = resident_bytes(member)
        value = "v" * EVENT_BYTES
        peak = before
        for number in range(EVENTS):
            client.put(f"slow/{number % 50}", value)
            if number % 50 == 0:
                peak = max(peak, resident_bytes(member))
        peak = max(peak, resident_bytes(member))
        for watcher in watchers:
            read_through(watcher, revision + 1, EVENTS)
            watcher.close()
    print(f"  {EVENTS * EVENT_BYTES / 1e6:.0f} MB of events past two watchers: RSS {mebibytes(before)}, at most "
          f"{mebibytes(peak)}, after they have read {mebibytes(resident_bytes(member))}")
    if peak - before > SLOW_READER_BYTES_MAX:
        raise AssertionError(f"it grew by {mebibytes(peak - before)}")
    if not is_healthy(member):
        raise AssertionError("it is not healthy")


@case(nodes=1)
def locks_given_up_all_at_once_are_no_attack(cluster):
    """Thousands of them wait on one connection, which serves its next call."""
    member = cluster.members[0]
    lock = b"\x0a\x04lock"
    put = rpc.PutRequest(key=b"after", value=b"x").SerializeToString()
    with contextlib.closing(Connection(member)) as connection:
        connection.begin()
        locks = range(1, 2 * LOCKS, 2)
        for stream in locks:
            connection.call(stream, "/v3lockpb.Lock/Lock", lock)
        connection.reset(locks)
        connection.call(2 * LOCKS + 1, "/etcdserverpb.KV/Put", put, ends=True)
        answer = rpc.PutResponse.FromString(connection.read_message(2 * LOCKS + 1))
    print(f"  {LOCKS} locks were given up, and a put got revision {answer.header.revision}")


@case(nodes=1)
def requests_that_are_never_finished_cost_little(cluster):
    """Puts of 1.5 MB on one connection, and of each the last bytes never come; others are served."""
    member = cluster.members[0]
    before = resident_bytes(member)
    with contextlib.closing(Connection(member)) as connection, Client([member], timeout_s=60) as client:
        connection.begin()
        for number in range(UNFINISHED):
            connection.begin_request(2 * number + 1, "/etcdserverpb.KV/Put", 1_500_000, 1_400_000)
        client.put("beside", "x")
        held = metric(member, "keel_client_requests_bytes")
        after = resident_bytes(member)
    print(f"  {UNFINISHED} half-sent puts: {held:.0f} bytes are held, RSS {mebibytes(before)} -> {mebibytes(after)}")
    if after - before > UNFINISHED_BYTES_MAX:
        raise AssertionError(f"it grew by {mebibytes(after - before)}")


@case(nodes=1)
def answers_that_are_made_reach_a_client_that_is_slow_to_take_them(cluster):
    """Six ranges of 24 MB at once on one connection, and small writes between them: none is refused."""
    with Client(cluster.members, timeout_s=60) as client:
        cluster.wait_healthy()
        value = "v" * (1 << 20)
        for number in range(24):
            client.put(f"large/{number:02}", value)
        wish = rpc.RangeRequest(key=b"large/", range_end=b"large0")
        ranges = [client.kv.Range.future(wish, timeout=120) for _ in range(6)]
        for number in range(50):
            client.put(f"small/{number}", "x")
        for answer in ranges:
            if sum(len(each.value) for each in answer.result().kvs) != 24 << 20:
                raise AssertionError(f"a range came back with {len(answer.result().kvs)} keys")
        if len(client.keys("small/")) != 50:
            raise AssertionError("writes are missing")


@case(extra=KEEPALIVE)
def clients_that_have_gone_without_a_word_are_cut_off(cluster):
    """Nothing answers a ping: not those that spoke, nor those that never did."""
    leader = cluster.leader()
    silent, mute, half = Connection(leader), Connection(leader), Connection(leader)
    silent.begin()
    silent.call(1, WATCH_PATH, watch_request(b"x").SerializeToString())
    half.socket.sendall(b"PRI * HTT")
    found, threads = {}, []
    for name, connection in (("a watcher", silent), ("one that never spoke", mute), ("half a preface", half)):
        thread = threading.Thread(target=lambda n=name, c=connection: found.update({n: c.seconds_until_closed(45)}))
        thread.start()
        threads.append(thread)
    for thread in threads:
        thread.join()
    listed = ", ".join(f"{name} after {spent if spent is None else round(spent, 1)} s" for name, spent in found.items())
    print(f"  cut off: {listed}")
    if None in found.values() or not leads(leader):
        raise AssertionError("somebody who says nothing keeps a connection for ever")
    page, log = fetch(leader, "/metrics")[1], cluster.said(leader)
    for reason, count in (("keepalive", 1), ("no_request_in_time", 2)):
        if f'keel_client_connections_cut_total{{reason="{reason}"}} {count}\n' not in page:
            raise AssertionError(f"the metrics do not say that {count} were cut off: {reason}")
    if "event=client_cut" not in log or "reason=keepalive" not in log:
        raise AssertionError("the log does not say who was cut off")


if __name__ == "__main__":
    main("crowds")
