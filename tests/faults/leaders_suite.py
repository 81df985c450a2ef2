#!/usr/bin/env python3
"""Leaders that are restarted, killed and frozen while clients read and write.

Usage: leaders_suite.py [--server PATH/TO/keeld] [--only NAME] [--slow]
"""

import signal
import statistics
import time

from calls import Client, rpc
from harness import case, is_healthy, leads, main, until
from load import Load

KILLS = 10
# Half of the clients give an attempt little time, and half have patience.
DEADLINES_S = (0.1, 2.0)
GAP_MAX_S = 5.0


@case()
def a_rolling_restart_is_not_noticed(cluster):
    """Each member is stopped and started again, the leader last: no client sees an error."""
    leader = cluster.leader()
    with Load(cluster.members) as load:
        load.wait_writes(100)
        for member in [*cluster.others(leader), leader]:
            code = cluster.stop(member)
            if code != 0:
                raise AssertionError(f"{member.name} ended with {code}")
            cluster.start(member)
            cluster.wait_healthy([member])
            load.wait_writes(100)
    print(f"  {load.summary()}")
    load.demand_no_errors()
    load.demand_nothing_lost()


def write_again(cluster, dead, deadline_s):
    """Kills the leader; the seconds until a client of another member has written again."""
    rest = cluster.others(dead)
    with Client(rest[:1]) as client:
        client.put("failover", "before")
        began = time.monotonic()
        cluster.kill(dead)
        until("a write after the kill", lambda: client.tries("failover", "after", deadline_s), pause_s=0.002)
        return time.monotonic() - began


@case()
def the_leader_is_killed_again_and_again(cluster):
    """kill -9 under load, and the time to the next write; nothing acknowledged is lost."""
    gaps = {deadline: [] for deadline in DEADLINES_S}
    with Load(cluster.members, writers=2, readers=1, pause_s=0.002) as load:
        for number in range(KILLS):
            leader = cluster.leader()
            load.wait_writes(20)
            deadline = DEADLINES_S[number % 2]
            gaps[deadline].append(write_again(cluster, leader, deadline))
            cluster.start(leader)
            cluster.wait_healthy([leader])
    print(f"  {load.summary()}")
    for deadline, found in gaps.items():
        listed = " ".join(f"{1000 * gap:.0f}" for gap in found)
        print(f"  next write, {1000 * deadline:.0f} ms an attempt: median "
              f"{1000 * statistics.median(found):.0f} ms, of {listed}")
        if max(found) > GAP_MAX_S:
            raise AssertionError(f"no write for {max(found):.1f} s")
    load.demand_nothing_lost()


@case()
def a_frozen_leader_is_replaced_and_follows(cluster):
    """SIGSTOP, another leads; SIGCONT, and it neither answers from the past nor ends a lease."""
    old = cluster.leader()
    rest = cluster.others(old)
    with Client(cluster.members) as client, Client(rest) as living, Client([old]) as frozen:
        lease = client.lease.LeaseGrant(rpc.LeaseGrantRequest(TTL=60), timeout=10).ID
        client.put("leased", "x", lease)
        client.put("value", "before")
        frozen.get("value")  # it is connected
        old.process.send_signal(signal.SIGSTOP)
        try:
            began = time.monotonic()
            new = cluster.leader(among=rest)
            until("a write", lambda: living.tries("value", "after", 1.0))
            gap = time.monotonic() - began
            # Asked once that is written, and answered after the thaw: a leader that still thought to lead would
            # say "before".
            asked = frozen.kv.Range.future(rpc.RangeRequest(key=b"value"), timeout=30)
            time.sleep(1.0)
        finally:
            old.process.send_signal(signal.SIGCONT)
        answer = asked.result().kvs[0].value
        if answer != b"after":
            raise AssertionError(f"a linearizable read gave {answer!r}, which had been overwritten")
        until("the old leader follows", lambda: not leads(old) and is_healthy(old))
        if frozen.get("value") != "after" or frozen.get("leased") != "x":
            raise AssertionError("the old leader does not have what was written meanwhile")
        if not leads(new):
            raise AssertionError("the return of the old leader unseated the new one")
    print(f"  frozen leader: the next write after {1000 * gap:.0f} ms")


if __name__ == "__main__":
    main("leaders")
