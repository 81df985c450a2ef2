#!/usr/bin/env python3
"""Networks that drop and reset. Needs root for the namespaces.

Usage: network_suite.py [--server PATH/TO/keeld] [--only NAME] [--slow]
"""

import os
import tempfile
import threading
import time

from calls import Client
from harness import case, is_healthy, leads, main, metric, until
from load import Load
from network import NamespacedCluster, ProxiedCluster, enter_own_network

# Two election timeouts at the default settings are 2 s; the machine may be busy.
GAP_MAX_S = 6.0
SHORT_S = 20
LONG_S = 600


@case(make=NamespacedCluster)
def a_leader_whose_packets_are_dropped_is_replaced(cluster):
    """Nothing comes from it and nothing reaches it: others lead soon, and it follows once it is back."""
    old = cluster.leader()
    rest = cluster.others(old)
    with Client(rest) as client:
        client.put("value", "before")
        time.sleep(1.0)
        cluster.cut(old)
        began = time.monotonic()
        until("a write without the old leader", lambda: client.tries("value", "after", 0.5), pause_s=0.005)
        gap = time.monotonic() - began
        new = cluster.leader(among=rest)
        time.sleep(2.0)
        cluster.heal(old)
        until("the old leader follows", lambda: is_healthy(old) and not leads(old))
        with Client([old]) as back:
            if back.get("value") != "after":
                raise AssertionError("the old leader answers from the past")
        if not leads(new):
            raise AssertionError("the return of the old leader unseated the new one")
    print(f"  leader cut off: the next write after {1000 * gap:.0f} ms")
    if gap > GAP_MAX_S:
        raise AssertionError(f"no write for {gap:.1f} s")


@case(make=NamespacedCluster)
def a_follower_that_was_cut_off_does_not_disturb(cluster):
    """It asks for votes in vain while it is alone, and comes back without an election."""
    leader = cluster.leader()
    cut = cluster.others(leader)[0]
    reached = [one for one in cluster.members if one is not cut]
    before = metric(leader, "etcd_server_leader_changes_seen_total")
    with Load(reached, writers=2, readers=1, pause_s=0.01) as load:
        load.wait_writes(10)
        cluster.cut(cut)
        time.sleep(4.0)
        cluster.heal(cut)
        until("it is healthy", lambda: is_healthy(cut))
        load.wait_writes(10)
        if not leads(leader) or metric(leader, "etcd_server_leader_changes_seen_total") != before:
            raise AssertionError("the leader changed")
    load.demand_no_errors()
    load.demand_nothing_lost(cluster.members)


def keep_resetting(cluster, seconds):
    leader = cluster.leader()
    before = cluster.leader_changes()
    # Through the leader: what a follower has forwarded when its connection goes is in doubt by nature.
    with Load([leader], writers=2, readers=1, pause_s=0.005) as load:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            time.sleep(1.0)
            cluster.reset_all()
        load.wait_writes(10)
    print(f"  {cluster.resets} resets; {load.summary()}")
    if cluster.leader_changes() != before or not leads(leader):
        raise AssertionError("connections that were reset have cost the leader its place")
    if cluster.resets < seconds:
        raise AssertionError(f"only {cluster.resets} connections were reset")
    load.demand_no_errors()
    load.demand_nothing_lost(cluster.members)


@case(make=ProxiedCluster)
def resets_do_not_unseat_the_leader(cluster):
    """Every connection between members is reset each second."""
    keep_resetting(cluster, SHORT_S)


@case(make=ProxiedCluster, slow=True)
def resets_do_not_unseat_the_leader_for_long(cluster):
    """The same for ten minutes."""
    keep_resetting(cluster, LONG_S)


class Unrest(threading.Thread):
    """The longest that this machine kept a sleeper, or a writer that syncs, waiting beyond its due."""

    def __init__(self, folder):
        super().__init__(daemon=True)
        self.longest_s = 0.0
        self._folder = folder
        self._done = threading.Event()

    def run(self):
        with tempfile.TemporaryFile(dir=self._folder) as file:
            while not self._done.is_set():
                began = time.monotonic()
                time.sleep(0.02)
                file.write(b"x")
                file.flush()
                os.fdatasync(file.fileno())
                self.longest_s = max(self.longest_s, time.monotonic() - began - 0.02)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *unused):
        self._done.set()
        self.join()


# With the machine itself at a standstill for half an election timeout, an election is no disturbance
# but what must happen.
UNREST_S = 0.5
ATTEMPTS = 5


def stay_quiet(cluster, seconds, pause_s):
    for attempt in range(ATTEMPTS):
        before = cluster.leader_changes()
        with Unrest(tempfile.gettempdir()) as unrest:
            with Load(cluster.members, writers=4, readers=2, pause_s=pause_s) as load:
                time.sleep(seconds)
        print(f"  {load.summary()}; the machine stood still for {1000 * unrest.longest_s:.0f} ms at most")
        load.demand_nothing_lost()
        if cluster.leader_changes() == before:
            return load.demand_no_errors()
        if unrest.longest_s < UNREST_S:
            raise AssertionError("there was an election though nothing had happened")
        print(f"  that was no quiet time: attempt {attempt + 1} of {ATTEMPTS} says nothing")
    raise AssertionError(f"this machine stood still for more than {UNREST_S} s in each of {ATTEMPTS} attempts: "
                         "run this where there is less else to do")


@case()
def quiet_minutes_have_no_elections(cluster):
    """Load, and nothing else."""
    stay_quiet(cluster, SHORT_S, 0.002)


@case(slow=True)
def quiet_minutes_have_no_elections_for_long(cluster):
    """The same for ten minutes."""
    stay_quiet(cluster, LONG_S, 0.01)


if __name__ == "__main__":
    enter_own_network()
    main("network")
