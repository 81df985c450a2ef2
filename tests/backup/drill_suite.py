#!/usr/bin/env python3
"""Snapshots of a cluster under load, and the disaster that they are for: every data directory gone.

Usage: drill_suite.py PATH/TO/keeld PATH/TO/keelctl [NAME...]
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "keeld"))
from calls import check, command, keelctl, succeeds, use  # noqa: E402
from cluster import Cluster, Member, free_ports, until  # noqa: E402


def contents(member):
    """Every key as it is now: value, revisions, version, lease."""
    answer = json.loads(succeeds("get", "--from-key", "", "-w", "json", member=member))
    return [tuple(sorted(kv.items())) for kv in answer.get("kvs", [])]


def hash_of(member, revision=0):
    answer = json.loads(succeeds("endpoint", "hashkv", f"--rev={revision}", "-w", "json", member=member))
    return answer[0]["HashKV"]["hash"]


def revision_of(member):
    return json.loads(succeeds("endpoint", "status", "-w", "json", member=member))[0]["Status"]["header"]["revision"]


class Load:
    """Puts as fast as they are answered, and what was acknowledged."""

    def __init__(self, member):
        self.member = member
        self.acknowledged = []
        self.stopped = False
        self.thread = threading.Thread(target=self.run)

    def run(self):
        number = 0
        while not self.stopped:
            key = f"load{number % 300}"
            if self.member.put(key, f"value{number}"):
                self.acknowledged.append((key, f"value{number}"))
            number += 1

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopped = True
        self.thread.join()


def fill(cluster):
    for number in range(200):
        until("a put", lambda: cluster.members[number % 3].put(f"k{number % 50}", f"v{number}"))
    lease = succeeds("lease", "grant", "600", member=cluster.members[0]).split()[1]
    succeeds("put", f"--lease={lease}", "leased", "x", member=cluster.members[0])
    succeeds("del", "k7", member=cluster.members[0])


def restore(cluster, path, token, *more):
    for member in cluster.members:
        text = succeeds("snapshot", "restore", path, f"--name={member.name}", f"--data-dir={member.directory}",
                        f"--initial-cluster={cluster.initial}", f"--initial-cluster-token={token}", *more)
        check("new cluster" in text, text)


def lose_everything(cluster):
    for member in cluster.members:
        if member.is_up():
            member.kill()
        shutil.rmtree(member.directory)


def test_saved_under_load(cluster):
    """A snapshot from each member, leader and followers, while puts go on: all that came before is in it."""
    cluster.start()
    with Load(cluster.members[0]) as load:
        for member in cluster.members:
            until("some puts", lambda: len(load.acknowledged) > 20, 60)
            path = os.path.join(cluster.directory, f"{member.name}.keel")
            succeeds("get", "load0", member=member)  # by way of the leader: it has caught up now
            before = revision_of(member)
            succeeds("snapshot", "save", "--rate=50MB", path, member=member)
            text = succeeds("snapshot", "verify", path)
            check("whole and consistent" in text, text)
            status = json.loads(succeeds("snapshot", "status", path, "-w", "json"))
            check(status["revision"] >= before, f"{status} is from before {before}")
            load.acknowledged.clear()


def test_everything_lost(cluster):
    """All three data directories are deleted, restored, and hold what they held."""
    cluster.start()
    fill(cluster)
    one = cluster.members[1]
    path = os.path.join(cluster.directory, "saved.keel")
    succeeds("get", "k1", member=one)
    succeeds("snapshot", "save", path, member=one)
    held, hashed, revision = contents(one), hash_of(one), revision_of(one)
    lose_everything(cluster)

    restore(cluster, path, "second")
    again = keelctl("snapshot", "restore", path, f"--name={one.name}", f"--data-dir={one.directory}",
                    f"--initial-cluster={cluster.initial}")
    check(again.returncode == 1 and "not empty" in again.stderr, again.stderr)
    for member in cluster.members:
        member.start(initial_cluster_token="second")
    cluster.wait_healthy()
    for member in cluster.members:
        check(contents(member) == held, f"{member.name} holds what was held")
    check(len({hash_of(member) for member in cluster.members}) == 1, "their hashes are one")
    check(revision_of(one) >= revision + 10**9, "revisions are behind all that the old cluster gave")
    old = keelctl("get", "k1", f"--rev={revision}", member=one)
    check("compacted" in old.stderr, f"the old history is compacted: {old.stderr}")
    watch = keelctl("watch", "k1", f"--rev={revision}", member=one)
    check("compacted" in watch.stderr, f"watchers are told: {watch.stderr}")
    check(one.put("after", "restore"), "writes go on")

    # The same state without a bump is the same to the byte.
    lose_everything(cluster)
    restore(cluster, path, "third", "--bump-revision=0", "--mark-compacted=false")
    for member in cluster.members:
        member.start(initial_cluster_token="third")
    cluster.wait_healthy()
    check({hash_of(member, revision) for member in cluster.members} == {hashed}, "the hash is the old one")


def test_joined_after(cluster):
    """A member that joins a restored cluster gets the restored data."""
    cluster.start()
    fill(cluster)
    path = os.path.join(cluster.directory, "saved.keel")
    succeeds("snapshot", "save", path, member=cluster.leader())
    held = contents(cluster.members[0])
    lose_everything(cluster)
    restore(cluster, path, "second")
    for member in cluster.members:
        member.start(initial_cluster_token="second")
    cluster.wait_healthy()
    client, peer = free_ports(2)
    late = Member(cluster, "late", client, peer)
    cluster.members.append(late)
    succeeds("member", "add", "late", f"--peer-urls={late.peer_url}", member=cluster.members[0])
    late.start(initial_cluster=f"{cluster.initial},late={late.peer_url}", initial_cluster_state="existing",
               initial_cluster_token="second")

    def answers():
        # As a learner it refuses; whatever it answers must be right.
        result = keelctl("get", "--from-key", "", "-w", "json", member=late)
        return result.returncode == 0 and result
    got = json.loads(until("it votes, and so answers", answers).stdout)
    check([tuple(sorted(kv.items())) for kv in got.get("kvs", [])] == held, "it holds what was restored")


def test_encrypted_and_refused(cluster):
    """With a key file; without it, with another, damaged, cut: refused, and nothing is left behind."""
    cluster.start()
    fill(cluster)
    one = cluster.members[0]
    key, other = (os.path.join(cluster.directory, name) for name in ("key", "other"))
    pathlib.Path(key).write_text("ab" * 32 + "\n", encoding="ascii")
    pathlib.Path(other).write_text("cd" * 32 + "\n", encoding="ascii")
    path = os.path.join(cluster.directory, "saved.keel")
    succeeds("snapshot", "save", path, f"--key-file={key}", member=one)
    succeeds("snapshot", "verify", path, f"--key-file={key}")
    flags = [f"--name={one.name}", f"--data-dir={cluster.directory}/made", f"--initial-cluster={cluster.initial}"]

    def refused(why, *more):
        for command in (["verify", path], ["restore", path, *flags]):
            result = keelctl("snapshot", *command, *more)
            check(result.returncode != 0 and why in result.stderr, f"{why}: {result.stderr}")
        check(not os.path.exists(f"{cluster.directory}/made"), "nothing is made")
        check(not os.path.exists(f"{cluster.directory}/made.restoring"), "nothing is left")

    refused("is encrypted")
    refused("another key", f"--key-file={other}")
    whole = pathlib.Path(path).read_bytes()
    for at in range(0, len(whole), max(1, len(whole) // 25)):
        damaged = bytearray(whole)
        damaged[at] ^= 1 << at % 8
        pathlib.Path(path).write_bytes(damaged)
        refused("saved.keel", f"--key-file={key}")
    pathlib.Path(path).write_bytes(whole[:-1])
    refused("cut off", f"--key-file={key}")


def test_carried_as_lines(cluster):
    """Exported and imported as JSON lines, both interrupted and resumed."""
    cluster.start()
    fill(cluster)
    one = cluster.members[0]
    path = os.path.join(cluster.directory, "keys.jsonl")
    part, note = pathlib.Path(path + ".part"), pathlib.Path(path + ".imported")
    succeeds("export", f"--output={path}", member=one)
    lines = pathlib.Path(path).read_text(encoding="utf-8").splitlines(keepends=True)
    check(len(lines) == len(contents(one)) + 2, "a line a key, one before and one behind")

    # An earlier run was killed in the middle of a line; keys have changed since, and one is new.
    part.write_text("".join(lines[:20]) + lines[20][:9], encoding="utf-8")
    check(one.put("k1", "later") and one.put("zzz", "later"), "later puts")
    resumed = keelctl("export", f"--output={path}", member=one)
    check(resumed.returncode == 0 and "goes on behind 19 keys" in resumed.stderr, resumed.stderr)
    check(pathlib.Path(path).read_text(encoding="utf-8") == "".join(lines), "it is as of the same revision")
    check(not part.exists(), "nothing is left")
    check(keelctl("export", "k1", member=one).stdout.count('"key"') == 11, "a prefix")

    succeeds("del", "--from-key", "", member=one)
    note.write_text("40\n", encoding="ascii")
    resumed = keelctl("import", path, member=one)
    check(resumed.returncode == 0 and "goes on behind line 40" in resumed.stderr, resumed.stderr)
    check(len(contents(one)) == len(lines) - 41, "what was in is not put again")
    check(not note.exists(), "nothing is left")
    check(one.put("leased", "kept"), "a key that is there")
    succeeds("import", "--only-new", path, member=one)
    check(len(contents(one)) == len(lines) - 2, "all is there")
    check(one.has("leased", "kept") and one.has("k1", "v151"), "the one that was there is as it was")
    pathlib.Path(path).write_text("".join(lines[:-1]), encoding="utf-8")
    cut = keelctl("import", path, member=one)
    check(cut.returncode == 1 and "cut off" in cut.stderr, cut.stderr)


def write_export(path, sample, count):
    """An export of `count` keys, with the header and the end of `sample`."""
    header, end = json.loads(sample[0]), json.loads(sample[-1])
    header["keys"] = end["keys"] = count
    with open(path, "w", encoding="utf-8") as file:
        file.write(json.dumps(header) + "\n")
        for number in range(count):
            file.write(json.dumps({"key": f"many{number:06}", "value": f"value {number}"}) + "\n")
        file.write(json.dumps(end) + "\n")


def test_a_member_dies_while_keys_are_carried_in(cluster):
    """Imported through the member that is killed, by the others to the end, each key once."""
    cluster.start()
    fill(cluster)
    first = cluster.leader()
    path = os.path.join(cluster.directory, "many.jsonl")
    count = 20000
    sample = succeeds("export", member=first).splitlines()
    write_export(path, sample, count)
    others = [one for one in cluster.members if one is not first]
    endpoints = ",".join(one.endpoint for one in [first, *others])
    with subprocess.Popen(command(f"--endpoints={endpoints}", "import", path), stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
        until("it has begun", lambda: others[0].has("many000999", "value 999"), pause_s=0)
        check(run.poll() is None, "the member dies while it is under way")
        first.kill()
        _, errors = run.communicate(timeout=120)
    check(run.returncode == 0, errors)
    kvs = json.loads(succeeds("get", "--prefix", "many", "-w", "json", member=others[0]))["kvs"]
    check(len(kvs) == count, f"{len(kvs)} keys are there")
    check(all(kv["version"] == 1 for kv in kvs), "each was put once")
    check(not pathlib.Path(path + ".imported").exists(), "nothing is left")


def main():
    keeld, program, *names = sys.argv[1:]
    use(program)
    for test in (test_saved_under_load, test_everything_lost, test_joined_after, test_encrypted_and_refused,
                 test_carried_as_lines, test_a_member_dies_while_keys_are_carried_in):
        if names and test.__name__ not in names:
            continue
        print(f"{test.__name__}: {test.__doc__}", flush=True)
        with Cluster(keeld, 3) as cluster:
            test(cluster)
    print("all passed")


if __name__ == "__main__":
    main()
