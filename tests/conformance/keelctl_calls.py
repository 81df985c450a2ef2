"""How the suites of keelctl run it and its model: command lines, masks for what must differ, followed processes.

The options --keelctl PROGRAM and --etcdctl PROGRAM are taken out of the command line here; the rest is the suite's.
"""

import os
import re
import select
import subprocess
import sys

from suite import equal


def option(name, fallback):
    """Takes `name VALUE` out of the command line: the suite's own parser knows the rest."""
    if name not in sys.argv:
        return fallback
    at = sys.argv.index(name)
    value = sys.argv[at + 1]
    del sys.argv[at : at + 2]
    return value


KEELCTL = option("--keelctl", "build/bin/keelctl")
ETCDCTL = option("--etcdctl", "etcdctl")
# Debian 12 has release 3.4: its `endpoint health` and `get --count-only` were others.
MODERN = "3.4." not in subprocess.run([ETCDCTL, "version"], text=True, capture_output=True, check=False).stdout
# Nobody's settings but the suites' own.
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith(("ETCDCTL_", "KEELCTL_"))}
ENVIRONMENT.update(ETCDCTL_API="3", HOME="/nonexistent")

CODES = {"error": 1, "connection": 2, "input": 3, "feature": 4, "arguments": 128}


def call(program, cluster, arguments, stdin=None, endpoints=None, seconds=30):
    addresses = ",".join(m.endpoint for m in (endpoints or cluster.running()))
    return subprocess.run(
        [program, f"--endpoints={addresses}", *arguments],
        input=stdin, text=True, capture_output=True, timeout=seconds, check=False, env=ENVIRONMENT,
    )


def keelctl(cluster, *arguments, stdin=None, endpoints=None):
    return call(KEELCTL, cluster, arguments, stdin, endpoints)


def run(cluster, *arguments, stdin=None, endpoints=None):
    result = keelctl(cluster, *arguments, stdin=stdin, endpoints=endpoints)
    equal(result.returncode, 0, f"keelctl {' '.join(arguments)}: {result.stderr}")
    return result.stdout


def masked(text):
    """Without what differs from run to run: who answered, when, and ids that the server drew."""
    text = re.sub(r'"(member_id|raft_term|raftTerm|raftIndex|raftAppliedIndex|dbSize\w*)":\d+', r'"\1":0', text)
    text = re.sub(r'"revision":\d+', '"revision":0', text)
    text = re.sub(r'took = [0-9.mµns]+', "took = T", text)
    text = re.sub(r'"took":"[0-9.mµns]+"', '"took":"T"', text)
    text = re.sub(r'remaining\(\d+s\)', "remaining(0s)", text)
    return re.sub(r'"ttl":\d+', '"ttl":0', text)


def modern(text):
    """Debian's release names what a transaction answered by Go's names; 3.5 does by the protocol's."""
    for old, new in (("Put", "put"), ("Range", "range"), ("DeleteRange", "delete_range"), ("Txn", "txn")):
        text = text.replace(f'"Response{old}":', f'"response_{new}":')
    return text


def same(cluster, *arguments, stdin=None, prepare=(), endpoints=None, mask=masked):
    """Prepares, runs by etcdctl; prepares, runs by keelctl; compares."""
    outputs = []
    for program in (ETCDCTL, KEELCTL):
        for step in prepare:
            run(cluster, *step)
        result = call(program, cluster, arguments, stdin, endpoints)
        outputs.append((modern(mask(result.stdout)), result.returncode))
    equal(outputs[1], outputs[0], f"{' '.join(arguments)}")
    return outputs[0][0]


def same_in_formats(cluster, *arguments, formats=("simple", "json"), **rest):
    for name in formats:
        same(cluster, *arguments, "-w", name, **rest)


def without_revisions(text):
    return re.sub(r'"(mod_revision|create_revision|version|lease|ID|id)":\d+', r'"\1":0', masked(text))


def fields_masked(text):
    return re.sub(r'"(MemberID|RaftTerm|Revision|RaftIndex|RaftAppliedIndex|DBSize)" : \d+', r'"\1" : 0', text)


def follow(program, cluster, *arguments):
    """A command that goes on until it is told to stop, with its output as lines."""
    addresses = ",".join(m.endpoint for m in cluster.running())
    return subprocess.Popen(
        [program, f"--endpoints={addresses}", *arguments],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env=ENVIRONMENT,
    )


def finish(process, seconds=10):
    process.terminate()
    try:
        return process.communicate(timeout=seconds)[0]
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise


def lines(process, count):
    return [process.stdout.readline() for _ in range(count)]


def poll(process):
    """Whether the process has written something."""
    return bool(select.select([process.stdout], [], [], 0.2)[0])
