#!/usr/bin/env python3
"""All members are killed at the same moment, again and again, under load: nothing acknowledged is lost.

Usage: outage_suite.py [--server PATH/TO/keeld] [--only NAME] [--slow]
"""

import random
import signal
import time

import grpc

from calls import Client, rpc
from harness import case, main, until
from load import VALUE, Load

ROUNDS = 10
ROUNDS_SLOW = 200
WRITES_BETWEEN = 60
PATIENCE_S = 120
SPOT_CHECKS = 20
PREFIX = "outage/"


class Ledger(Load):
    """Writers of two kinds, and what they were promised: value, revision and version of each key.

    Even ones put keys that are put once. Odd ones count: the key's value goes up by one in a transaction that
    compares it, so its version is its value if and only if each step was done exactly once.
    """

    def __init__(self, members):
        super().__init__(members, writers=4, readers=2, prefix=PREFIX, timeout_s=2.0, pause_s=0.001)
        self.promised = [{} for _ in range(4)]  # by writer: key to (value, revision)
        self.unknown = 0

    def _each_connection(self, act):
        """`act(client)` again and again; after an error with a new client: one whose members were all away at once
        may stay without any for long."""
        while not self.ends.is_set():
            with Client(self.members, self.timeout_s) as client:
                try:
                    while not self.ends.is_set():
                        act(client)
                        time.sleep(self.pause_s)
                except grpc.RpcError:
                    time.sleep(0.05)

    def _write(self, writer):
        step = self._count if writer % 2 else self._put
        number = 0

        def act(client):
            nonlocal number
            # What is known when this one fails: a key that was tried is not tried again, a count is read anew.
            asked, number = number, -1 if writer % 2 else number + 1
            try:
                number = step(client, writer, asked)
            except grpc.RpcError:
                self.unknown += 1
                raise

        self._each_connection(act)

    def _put(self, client, writer, number):
        key = f"{self.prefix}{writer}/{number:07}"
        request = rpc.PutRequest(key=key.encode(), value=VALUE.encode())
        answer = client.kv.Put(request, timeout=self.timeout_s)
        self._promise(writer, key, VALUE, answer.header.revision)
        return number + 1

    def _count(self, client, writer, number):
        """One step from `number`; below 0, it is not known where the count stands."""
        key = f"{self.prefix}{writer}/count"
        if number < 0:
            found = client.kv.Range(rpc.RangeRequest(key=key.encode()), timeout=self.timeout_s).kvs
            return int(found[0].value) if found else 0
        compare = rpc.Compare(key=key.encode(), target=rpc.Compare.VALUE, result=rpc.Compare.EQUAL,
                              value=str(number).encode())
        if number == 0:
            compare = rpc.Compare(key=key.encode(), target=rpc.Compare.VERSION, result=rpc.Compare.EQUAL, version=0)
        put = rpc.RequestOp(request_put=rpc.PutRequest(key=key.encode(), value=str(number + 1).encode()))
        answer = client.kv.Txn(rpc.TxnRequest(compare=[compare], success=[put]), timeout=self.timeout_s)
        if not answer.succeeded:
            return -1  # one whose outcome was not known came late
        self._promise(writer, key, str(number + 1), answer.header.revision)
        return number + 1

    def _promise(self, writer, key, value, revision):
        self.promised[writer][key] = (value, revision)
        self.acknowledged[writer].append(key)

    def _read(self, reader):
        """Finds what was promised before it asked, or newer."""
        choose = random.Random(reader)

        def act(client):
            writer = choose.randrange(4)
            if self.acknowledged[writer]:
                key = self.acknowledged[writer][-1]
                self._hold(client, key, self.promised[writer][key])
                self.reads[reader] += 1

        self._each_connection(act)

    def _hold(self, client, key, promised):
        answer = client.kv.Range(rpc.RangeRequest(key=key.encode()), timeout=self.timeout_s)
        wrong = self._wrong(key, answer.kvs[0] if answer.kvs else None, promised)
        if wrong:
            self.lost.append(wrong)

    @staticmethod
    def _wrong(key, found, promised):
        """What is wrong about what was found for a key: empty where it keeps the promise."""
        value, revision = promised
        if found is None:
            return f"{key} is gone, promised at revision {revision}"
        if found.mod_revision < revision or (found.mod_revision == revision and found.value.decode() != value):
            return f"{key} is {found.value[:20]!r} of {found.mod_revision}, promised {value[:20]} of {revision}"
        if key.endswith("/count") and found.version != int(found.value):
            return f"{key} was counted to {int(found.value)} in {found.version} writes"
        if not key.endswith("/count") and (found.version != 1 or found.mod_revision != revision):
            return f"{key} has version {found.version} of {found.mod_revision}, promised 1 of {revision}"
        return ""

    def spot_check(self, members):
        """The newest promise to each writer, and some of any age, by a linearizable read of each member."""
        wanted = [(keys[-1], writer) for writer, keys in enumerate(self.acknowledged) if keys]
        for _ in range(SPOT_CHECKS):
            writer = random.randrange(0, 4, 2)
            if self.acknowledged[writer]:
                wanted.append((random.choice(self.acknowledged[writer]), writer))
        for number, (key, writer) in enumerate(wanted):
            promised = self.promised[writer][key]
            with Client([members[number % len(members)]], 10.0) as client:
                self._hold(client, key, promised)
        self.demand_no_loss()

    def demand_no_loss(self):
        if self.lost:
            raise AssertionError(f"{len(self.lost)} promises were broken: {self.lost[:5]}")

    def demand_every_promise(self):
        """Each member has each key as it was promised, in a read of its own copy."""
        self.demand_no_loss()
        for member in self.members:
            with Client([member]) as client:
                client.get(self.prefix + "0/")  # linearizable: from here on its copy has everything
                begin = self.prefix.encode()
                request = rpc.RangeRequest(key=begin, range_end=begin[:-1] + b"0", serializable=True)
                found = {each.key.decode(): each for each in client.kv.Range(request, timeout=60).kvs}
            for promised in self.promised:
                for key, promise in promised.items():
                    wrong = self._wrong(key, found.get(key), promise)
                    if wrong:
                        raise AssertionError(f"{member.name}: {wrong}")


def kill_all(cluster):
    """No member outlives the others by more than a few system calls."""
    for member in cluster.members:
        member.process.send_signal(signal.SIGKILL)
    for member in cluster.members:
        member.process.wait()


def writes(cluster):
    with Client(cluster.members) as client:
        return client.tries("probe", "x", 2.0)


def outages(cluster, rounds):
    longest_s = 0
    with Ledger(cluster.members) as load:
        for _ in range(rounds):
            load.wait_writes(WRITES_BETWEEN, patience_s=PATIENCE_S)
            kill_all(cluster)
            began = time.monotonic()
            for member in cluster.members:
                cluster.start(member)
            until("a write", lambda: writes(cluster), patience_s=PATIENCE_S)
            longest_s = max(longest_s, time.monotonic() - began)
            cluster.wait_healthy(patience_s=PATIENCE_S)
            load.spot_check(cluster.members)
    print(f"  {rounds} outages, {load.writes()} writes acknowledged, {load.unknown} of unknown outcome, "
          f"{sum(load.reads)} reads; from the start to the next write {longest_s:.1f} s at most")
    load.demand_every_promise()


@case()
def all_members_are_killed_at_once(cluster):
    outages(cluster, ROUNDS)


@case(slow=True)
def all_members_are_killed_at_once_two_hundred_times(cluster):
    outages(cluster, ROUNDS_SLOW)


if __name__ == "__main__":
    main("outage")
