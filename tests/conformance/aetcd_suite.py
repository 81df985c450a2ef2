#!/usr/bin/env python3
"""The asynchronous Python client aetcd against a cluster, run by the Python that it is installed for."""

import asyncio
import functools

import aetcd

from suite import Suite, equal

SUITE = Suite("aetcd")
LIMIT_SECONDS = 60


def case(work):
    """A case whose body is a coroutine, given a client of each of the first three members."""

    @functools.wraps(work)
    def run(cluster):
        async def connected():
            clients = []
            try:
                for member in cluster.members[:3]:
                    host, port = member.endpoint.split(":")
                    clients.append(aetcd.Client(host=host, port=int(port), timeout=10))
                    await clients[-1].connect()
                await asyncio.wait_for(work(*clients), LIMIT_SECONDS)
            finally:
                for client in clients:
                    await client.close()

        asyncio.run(connected())

    return SUITE.case(run)


async def until(what, condition, seconds=10):
    for _ in range(seconds * 20):
        if await condition():
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"{what}: not within {seconds} s")


@case
async def values_are_put_read_and_deleted(first, second, third):
    await first.put(b"aio/a", b"1")
    got = await second.get(b"aio/a")
    equal((got.key, got.value, got.version), (b"aio/a", b"1", 1))
    await second.put(b"aio/a", b"\x00\xff\xfe")
    equal((await third.get(b"aio/a")).value, b"\x00\xff\xfe")
    equal((await first.delete(b"aio/a", prev_kv=True)).prev_kv.value, b"\x00\xff\xfe")
    equal(await first.get(b"aio/a"), None)


@case
async def prefixes_and_ranges_are_sorted(first, second, third):
    await asyncio.gather(*(first.put(b"aio-range/" + name, name) for name in (b"b", b"c", b"a")))
    equal([kv.value for kv in await second.get_prefix(b"aio-range/")], [b"a", b"b", b"c"])
    down = await third.get_prefix(b"aio-range/", sort_order="descend")
    equal([kv.value for kv in down], [b"c", b"b", b"a"])
    equal([kv.value for kv in await first.get_range(b"aio-range/a", b"aio-range/c")], [b"a", b"b"])
    equal((await second.delete_prefix(b"aio-range/")).deleted, 3)


@case
async def a_transaction_takes_the_branch_that_holds(first, second, _):
    await first.put(b"aio/txn", b"1")
    make = second.transactions
    for wanted, expected in ((b"1", True), (b"1", False)):
        ok, answers = await second.transaction(
            compare=[make.value(b"aio/txn") == wanted, make.version(b"aio/txn") > 0],
            success=[make.put(b"aio/txn", b"2"), make.get(b"aio/txn"), make.delete(b"aio/txn-none")],
            failure=[make.get(b"aio/txn")],
        )
        equal((ok, len(answers)), (expected, 3 if expected else 1))
    equal(await first.replace(b"aio/txn", b"wrong", b"x"), False)
    equal(await first.replace(b"aio/txn", b"2", b"3"), True)


@case
async def counters_add_up_under_contention(*clients):
    await clients[0].put(b"aio-counter", b"0")

    async def add(client):
        for _ in range(20):
            while True:
                old = (await client.get(b"aio-counter")).value
                if await client.replace(b"aio-counter", old, b"%d" % (int(old) + 1)):
                    break

    await asyncio.gather(*(add(client) for client in clients))
    equal((await clients[0].get(b"aio-counter")).value, b"60")


@case
async def a_watch_sees_what_happens(first, second, _):
    start = (await second.put(b"aio-watch/start", b"x")).header.revision + 1
    watch = await first.watch_prefix(b"aio-watch/", start_revision=start)
    for number in range(100):
        await second.put(b"aio-watch/%03d" % number, b"%d" % number)
    await second.delete(b"aio-watch/050")
    seen = []
    async for event in watch:
        seen.append((event.kind, event.kv.key))
        if len(seen) == 101:
            break
    await watch.cancel()
    wanted = [(aetcd.EventKind.PUT, b"aio-watch/%03d" % n) for n in range(100)]
    equal(seen, [*wanted, (aetcd.EventKind.DELETE, b"aio-watch/050")])


@case
async def a_watch_from_a_compacted_revision_says_so(first, second, _):
    old = (await first.put(b"aio-compact", b"1")).header.revision
    new = (await first.put(b"aio-compact", b"2")).header.revision
    await first.compact(new, physical=True)
    try:
        async for event in await second.watch(b"aio-compact", start_revision=old):
            raise AssertionError(f"an event of the past: {event}")
    except aetcd.RevisionCompactedError as error:
        equal(error.compacted_revision, new)
        return
    raise AssertionError("the watch ended without a reason")


@case
async def a_lease_takes_its_keys_along(first, second, _):
    lease = await first.lease(2)
    await first.put(b"aio-leased", b"x", lease)
    equal(list(await lease.keys()), [b"aio-leased"])
    for _ in range(4):
        equal((await lease.refresh()).TTL, 2)
        await asyncio.sleep(0.8)
    equal((await second.get(b"aio-leased")).value, b"x")

    async def gone():
        return await second.get(b"aio-leased") is None

    await until("the end of the lease", gone)
    lease = await first.lease(60)
    await first.put(b"aio-leased", b"x", lease)
    await lease.revoke()
    equal(await gone(), True)


@case
async def a_lock_is_waited_for(*clients):
    inside = []

    async def hold(client):
        for _ in range(3):
            lock = client.lock(b"aio-lock", ttl=20)
            equal(await lock.acquire(timeout=30), True)
            inside.append(client)
            await asyncio.sleep(0.02)
            equal(inside, [client], "holders")
            inside.clear()
            equal(await lock.release(), True)

    await asyncio.gather(*(hold(client) for client in clients))


@case
async def members_status_and_maintenance(first, second, _):
    names = [member.name async for member in first.members()]
    equal(sorted(names), ["m1", "m2", "m3"])
    status = await second.status()
    equal((status.leader.name in names, status.db_size > 0, status.version[:2]), (True, True, "3."))
    await first.defragment()
    equal(await first.hash() != 0, True)


@case
async def errors_are_those_that_the_client_knows(first, *_):
    try:
        await first.put(b"", b"x")
    except aetcd.ClientError as error:
        equal(type(error).__name__, "InvalidArgumentError")
    else:
        raise AssertionError("a key without a name")
    dead = aetcd.Client(host="127.0.0.1", port=1, timeout=5)
    try:
        await dead.get(b"x")
    except aetcd.ConnectionFailedError:
        pass
    else:
        raise AssertionError("a member where nobody listens")
    finally:
        await dead.close()


if __name__ == "__main__":
    SUITE.main()
