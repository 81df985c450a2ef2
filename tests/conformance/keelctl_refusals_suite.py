#!/usr/bin/env python3
"""Every command of `keelctl --help` where it cannot work: wrong flags, no cluster, no majority.

Whatever the command, the user gets one clear line on standard error, an exit code that is not 0, nothing on standard
output, and gets them soon: nothing hangs, and nothing ends by a signal. The table below must name every command that the
help names; what one can do all the same (one member alone tells its status) is said there too.
"""

import os
import re
import subprocess
import tempfile

from keelctl_calls import ENVIRONMENT, KEELCTL
from suite import Suite, equal

SUITE = Suite("keelctl-refusals")
# What a command that hangs is given before it is killed; its own limit is a second.
HANG_SECONDS = 25
NOBODY = "127.0.0.1:1"
NO_FILE = "/nonexistent/keel"

# Each command as somebody would type it, and where it is otherwise: it works all the same; or what is wrong is what it
# is asked to show, on standard output and by its exit code; or, as by etcdctl, each endpoint that fails has a line besides.
ALONE = "works without a majority"
OFFLINE = "works without a cluster"
SHOWS = "shows that there is no majority"
EACH = "names each endpoint"
COMMANDS = {
    "status": ("", (SHOWS,)), "doctor": ("--watch-for=200ms", (SHOWS,)), "top": ("--count=1 --interval=100ms", (ALONE,)), "tree": ("", (ALONE,)),
    "stats": ("", (ALONE,)), "plan": ("", (ALONE,)), "edit": ("key", ()), "shell": ("", (OFFLINE, ALONE)), "put": ("key value", ()),
    "get": ("key", ()), "del": ("key", ()), "txn": ("", ()), "watch": ("key", ()), "compaction": ("1", ()),
    "lease grant": ("60", ()), "lease revoke": ("7b", ()), "lease timetolive": ("7b", ()), "lease list": ("", ()),
    "lease keep-alive": ("--once 7b", ()), "member add": ("name --peer-urls=http://127.0.0.1:2", ()),
    "member remove": ("7b", ()), "member update": ("7b --peer-urls=http://127.0.0.1:2", ()), "member list": ("", ()),
    "member promote": ("7b", ()), "member replace": ("name http://127.0.0.1:2", ()), "endpoint health": ("", (EACH,)),
    "endpoint status": ("", (ALONE,)), "endpoint hashkv": ("", (ALONE, EACH)), "alarm list": ("", (ALONE,)), "alarm disarm": ("", (ALONE,)),
    "defrag": ("", (ALONE,)), "move-leader": ("7b", ()), "lock": ("name", ()), "elect": ("name value", ()),
    "snapshot save": ("{folder}/saved.keel", (ALONE,)), "snapshot status": (NO_FILE, ()), "snapshot verify": (NO_FILE, ()),
    "snapshot restore": (f"{NO_FILE} --data-dir={{folder}}/restored", ()), "export": ("", ()), "import": ("{folder}/keys.jsonl", ()),
    "restore": (f"--archive={NO_FILE} --latest --data-dir={{folder}}/restored", ()), "archive status": (NO_FILE, ()),
    "archive verify": (NO_FILE, ()), "archive prune": (f"{NO_FILE} --keep=1h", ()), "make-mirror": (NOBODY, ()), "check perf": ("--duration=1s", ()), "check datascale": ("", ()), "auth enable": ("", ()),
    "auth disable": ("", ()), "auth status": ("", ()), "user add": ("name:password", ()), "user get": ("name", ()),
    "user list": ("", ()), "user delete": ("name", ()), "user passwd": ("name --interactive=false", ()), "user grant-role": ("name role", ()),
    "user revoke-role": ("name role", ()), "role add": ("role", ()), "role get": ("role", ()), "role list": ("", ()),
    "role delete": ("role", ()), "role grant-permission": ("role read key", ()), "role revoke-permission": ("role key", ()),
    "version": ("", (OFFLINE, ALONE)), "completion": ("bash", (OFFLINE, ALONE)), "man": ("", (OFFLINE, ALONE)),
}


def helped():
    """The commands that the help names."""
    text = subprocess.run([KEELCTL, "--help"], capture_output=True, text=True, check=True).stdout
    listing = text[text.index("Commands:") : text.index("Global options:")]
    return re.findall(r"^  ([a-z-]+(?: [a-z-]+)?)  +\S", listing, re.MULTILINE)


def call(endpoint, folder, command, *more):
    words = [*command.split(), *COMMANDS[command][0].format(folder=folder).split(), *more]
    try:
        return subprocess.run(
            [KEELCTL, f"--endpoints={endpoint}", "--command-timeout=1s", "--dial-timeout=1s", *words], input="\n\n\n", text=True,
            capture_output=True, timeout=HANG_SECONDS, check=False, env=dict(ENVIRONMENT, EDITOR="true"))
    except subprocess.TimeoutExpired as error:
        raise AssertionError(f"keelctl {' '.join(words)} hangs: {error.stdout!r} {error.stderr!r}") from error


def refuses(result, command, each=False):
    said = f"keelctl {command}: {result.returncode}, {result.stdout!r}, {result.stderr!r}"
    lines = 2 if each else 1
    if result.returncode <= 0 or len(result.stderr.splitlines()) != lines or result.stdout:
        raise AssertionError(said)


def shows(result, command):
    if result.returncode != 1 or result.stderr or "no-quorum" not in result.stdout:
        raise AssertionError(f"keelctl {command}: {result.returncode}, {result.stdout!r}, {result.stderr!r}")


def judge(endpoint, works, extra=()):
    """All commands against this endpoint; every failure is shown."""
    failures = []
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "keys.jsonl"), "w", encoding="utf-8") as keys:
            keys.write('{"key":"a2V5","value":"dmFsdWU="}\n')
        for command in COMMANDS:
            try:
                result = call(endpoint, folder, command, *extra)
                otherwise = COMMANDS[command][1]
                if works in otherwise:
                    equal(result.returncode, 0, f"keelctl {command}: {result.stderr}")
                elif works == ALONE and SHOWS in otherwise:
                    shows(result, command)
                else:
                    refuses(result, command, each=EACH in otherwise and not extra)
            except AssertionError as error:
                failures.append(str(error))
    equal(failures, [], "\n".join(failures))


@SUITE.case
def the_table_names_every_command(_):
    equal(sorted(COMMANDS), sorted(helped()))


@SUITE.case
def a_wrong_flag_is_told_in_one_line(cluster):
    judge(cluster.members[0].endpoint, None, ["--no-such-flag"])
    judge(cluster.members[0].endpoint, None, ["--command-timeout=nonsense"])


@SUITE.case
def nobody_there_is_told_in_one_line(_):
    judge(NOBODY, OFFLINE)


@SUITE.case
def no_majority_is_told_in_one_line(cluster):
    last, others = cluster.members[2], cluster.members[:2]
    for member in others:
        cluster.kill(member)
    judge(last.endpoint, ALONE)
    for member in others:
        cluster.start(member)
    cluster.wait_healthy()


if __name__ == "__main__":
    SUITE.main()
