#!/usr/bin/python3
"""libkeel against three real members: while they are well, and while they are killed and frozen.

    tests/client/sdk_suite.py --server build/bin/keeld --programs build/bin [--slow] [--only WORD]

The programs that use the library judge what they see themselves (tests/client/load.h); this starts the members,
hurts them, and passes on the verdict. --slow is the same at full scale, by hand.
"""

import itertools
import pathlib
import random
import signal
import re
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "faults"))

import harness  # noqa: E402  pylint: disable=wrong-import-position
from patience import wait_for_end  # noqa: E402  pylint: disable=wrong-import-position
from suite import option  # noqa: E402  pylint: disable=wrong-import-position

PROGRAMS = pathlib.Path(option("--programs", "build/bin"))
# For what takes seconds. The programs wait for ten minutes themselves before they say what is amiss.
PATIENCE_S = 700


def endpoints(cluster):
    return ",".join(member.endpoint for member in cluster.members)


def said_in_short(output):
    """The first tests that failed, or the program's own last word."""
    failed = re.findall(r"^(\S+: Failure\n.*(?:\n.*){0,2})", output, re.MULTILINE)
    return " / ".join((failed[:1] or output.strip().splitlines()[-2:] or ["(nothing)"])[0:2]).replace("\n", " ")


class Program:
    """One of ours, running; its output is shown when it ends."""

    def __init__(self, name, *arguments, env=None):
        self.name = name
        command = [str(PROGRAMS / name), *arguments]
        self.process = subprocess.Popen(  # pylint: disable=consider-using-with
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=env
        )
        self.output = ""
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self):
        self.output = self.process.stdout.read()

    def runs(self):
        return self.process.poll() is None

    def expect_success(self, patience_s=PATIENCE_S):
        code = wait_for_end(self.process, patience_s)
        if code is None:
            self.process.kill()
        self.reader.join()
        print(self.output.strip()[-3000:], flush=True)
        if code != 0:
            ended = "was still running" if code is None else f"ended with {code}"
            raise AssertionError(f"{self.name} {ended}: {said_in_short(self.output)}")


def kill_in_turn(cluster, program, period_s):
    """kill -9 of one member after the other, the leader first, while the program runs."""
    kills = 0
    for turn in itertools.count():
        if not program.runs():
            break
        member = cluster.leader() if turn % 2 == 0 else cluster.members[turn % len(cluster.members)]
        cluster.kill(member)
        kills += 1
        time.sleep(period_s / 2)
        cluster.start(member)
        until = time.monotonic() + period_s
        while time.monotonic() < until and program.runs():
            time.sleep(0.05)
        try:
            cluster.wait_healthy()
        except AssertionError:
            if program.runs():
                raise
    print(f"kills={kills}", flush=True)
    assert kills > 0, "the program was over before anybody was killed"


def trouble(cluster, program, seed):
    """Now a kill, now a freeze of a few seconds: for the others, a freeze is a partition."""
    dice = random.Random(seed)
    troubles = 0
    while program.runs():
        member = dice.choice(cluster.members)
        troubles += 1
        if dice.random() < 0.5:
            cluster.kill(member)
            time.sleep(dice.uniform(0.2, 1.5))
            cluster.start(member)
        else:
            member.process.send_signal(signal.SIGSTOP)
            time.sleep(dice.uniform(0.5, 3.0))
            member.process.send_signal(signal.SIGCONT)
        until = time.monotonic() + dice.uniform(1.0, 3.0)
        while time.monotonic() < until and program.runs():
            time.sleep(0.05)
        cluster.wait_healthy()
    print(f"troubles={troubles}", flush=True)
    assert troubles > 0, "the program was over before there was any trouble"


def load(cluster, mode, *arguments):
    return Program("client_load", f"--mode={mode}", f"--endpoints={endpoints(cluster)}", *arguments)


@harness.case(nodes=3)
def every_view_works_on_members_that_are_well(cluster):
    env = {"KEEL_ENDPOINTS": endpoints(cluster)}
    Program("client_live_test", "--gtest_brief=1", env=env).expect_success()


@harness.case(nodes=3)
def no_error_surfaces_while_members_die(cluster):
    program = load(cluster, "coroutines", "--seconds=8")
    kill_in_turn(cluster, program, 2.0)
    program.expect_success()


@harness.case(nodes=3)
def a_put_is_carried_out_once(cluster):
    program = load(cluster, "once", "--count=4000", "--in_flight=64")
    kill_in_turn(cluster, program, 2.0)
    program.expect_success()


@harness.case(nodes=3)
def a_lock_has_one_holder_whoever_dies(cluster):
    program = load(cluster, "locks", "--seconds=8")
    kill_in_turn(cluster, program, 2.0)
    program.expect_success()


@harness.case(nodes=3)
def a_watch_misses_nothing_and_repeats_nothing(cluster):
    program = load(cluster, "watch", "--count=30000", "--in_flight=64")
    trouble(cluster, program, seed=1)
    program.expect_success()


@harness.case(nodes=3, slow=True)
def no_error_surfaces_in_a_million_operations(cluster):
    program = load(cluster, "coroutines", "--seconds=0", "--count=1000000", "--in_flight=64")
    kill_in_turn(cluster, program, 5.0)
    program.expect_success()


@harness.case(nodes=3, slow=True)
def a_hundred_thousand_puts_are_carried_out_once(cluster):
    program = load(cluster, "once", "--count=100000", "--in_flight=64")
    kill_in_turn(cluster, program, 4.0)
    program.expect_success(900)


@harness.case(nodes=3, slow=True)
def a_watch_of_a_million_misses_nothing(cluster):
    program = load(cluster, "watch", "--count=1000000", "--in_flight=512")
    trouble(cluster, program, seed=2)
    program.expect_success(900)


if __name__ == "__main__":
    harness.main("sdk")
