"""Writers and readers beside a fault, and the judgement of what they saw.

Each writer puts keys that nobody else puts, one after the other, and notes which were acknowledged. Each
reader asks for keys that have been acknowledged, and must find them. What a program would have seen as an
error (calls.py) is noted with the time; at the end every member must have all that was acknowledged.
"""

import random
import threading
import time

import grpc

from calls import Client, describe

VALUE = "v" * 100
JOIN_S = 60


class Load:
    """`with Load(members) as load:` runs until the end of the block; then ask it what came of it."""

    def __init__(self, members, writers=4, readers=2, prefix="load/", timeout_s=10.0, pause_s=0.0):
        self.members = list(members)
        self.prefix = prefix
        self.timeout_s = timeout_s
        self.pause_s = pause_s
        self.acknowledged = [[] for _ in range(writers)]
        self.reads = [0] * readers
        self.errors = []  # (seconds since the begin, what)
        self.lost = []  # keys that were acknowledged and not found
        self.puts = []  # of those acknowledged: (seconds since the begin when it was asked, seconds that it took)
        self.ends = threading.Event()
        self.began = time.monotonic()
        self.threads = [threading.Thread(target=self._write, args=(i,), daemon=True) for i in range(writers)]
        self.threads += [threading.Thread(target=self._read, args=(i,), daemon=True) for i in range(readers)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, kind, error, trace):
        self.ends.set()
        for thread in self.threads:
            thread.join(JOIN_S)
            if thread.is_alive():
                raise AssertionError("a client hangs: its call has outlived its deadline")

    def _note(self, what):
        self.errors.append((time.monotonic() - self.began, what))

    def _write(self, writer):
        with Client(self.members, self.timeout_s) as client:
            number = 0
            while not self.ends.is_set():
                key = f"{self.prefix}{writer}/{number:07}"
                number += 1
                began = time.monotonic()
                try:
                    client.put(key, VALUE)
                    self.acknowledged[writer].append(key)
                    self.puts.append((began - self.began, time.monotonic() - began))
                except grpc.RpcError as error:
                    self._note(f"put: {describe(error)}")
                time.sleep(self.pause_s)

    def _read(self, reader):
        choose = random.Random(reader)
        with Client(self.members, self.timeout_s) as client:
            while not self.ends.is_set():
                written = choose.choice(self.acknowledged)
                if not written:
                    time.sleep(0.01)
                    continue
                # Mostly the newest: that is what a member that is behind does not have.
                key = written[-1] if choose.random() < 0.7 else choose.choice(written)
                try:
                    if client.get(key) != VALUE:
                        self.lost.append(key)
                    self.reads[reader] += 1
                except grpc.RpcError as error:
                    self._note(f"get: {describe(error)}")
                time.sleep(self.pause_s)

    def writes(self):
        return sum(len(keys) for keys in self.acknowledged)

    def wait_writes(self, more, patience_s=30):
        """Until so many more writes were acknowledged."""
        target, deadline = self.writes() + more, time.monotonic() + patience_s
        while self.writes() < target:
            if time.monotonic() > deadline:
                raise AssertionError(f"no {more} writes within {patience_s} s; errors: {self.errors[-3:]}")
            time.sleep(0.01)

    def summary(self):
        slowest_s = max((took for _, took in self.puts), default=0)
        return (f"{self.writes()} puts, {sum(self.reads)} gets, {len(self.errors)} errors, "
                f"the slowest put took {1000 * slowest_s:.0f} ms")

    def demand_nothing_lost(self, members=None):
        """Every member has everything that was acknowledged, and no read missed anything."""
        if self.lost:
            raise AssertionError(f"reads did not find what was acknowledged: {self.lost[:5]} of {len(self.lost)}")
        for member in members or self.members:
            with Client([member]) as client:
                found = client.keys(self.prefix)
            for keys in self.acknowledged:
                missing = [key for key in keys if key not in found]
                if missing:
                    raise AssertionError(f"{member.name} lost {len(missing)} writes, of them {missing[:5]}")

    def demand_no_errors(self):
        if self.errors:
            listed = "\n".join(f"  after {at:.2f} s: {what}" for at, what in self.errors[:10])
            raise AssertionError(f"{len(self.errors)} errors reached a client:\n{listed}")
