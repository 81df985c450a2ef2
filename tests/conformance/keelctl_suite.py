#!/usr/bin/env python3
"""keelctl beside etcdctl: the same command lines by both, and the same bytes on standard output.

Every case runs twice, once by each program, between the same steps of preparation, against one cluster. What must
differ is masked in both outputs before they are compared: the member that answered, the revision and the term in
headers, lease ids and times that were measured. Debian's etcdctl is the model; with --etcdctl another release is.
Also run against etcd itself, so that keelctl is known to work with it.
"""

import re

from cluster import wait_for
from keelctl_calls import (CODES, ETCDCTL, KEELCTL, MODERN, call, fields_masked, finish, follow, keelctl, lines, masked, run,
                           same, same_in_formats, without_revisions)
from suite import Suite, equal

SUITE = Suite("keelctl")


@SUITE.case
def puts_print_the_same(cluster):
    same_in_formats(cluster, "put", "p/a", "one")
    fresh = (("put", "p/a", "one"),)
    same_in_formats(cluster, "put", "p/a", "two", "--prev-kv", prepare=fresh, mask=without_revisions)
    same_in_formats(cluster, "put", "p/stdin", stdin="line one\nline two\n")
    same_in_formats(cluster, "put", "p/a", "--ignore-value", prepare=fresh)
    same_in_formats(cluster, "put", "p/a", "three", "--ignore-lease", prepare=fresh)
    same(cluster, "put", "p/a", "--hex", "--prev-kv", "x", prepare=fresh)
    same(cluster, "put", "--", "p/dash", "-5")
    equal(run(cluster, "get", "p/dash"), "p/dash\n-5\n")


@SUITE.case
def gets_print_the_same(cluster):
    for name in "cabed":
        run(cluster, "put", f"g/{name}", f"value <{name}> & \"quoted\" \u00e9\n")
    run(cluster, "put", "g/c", "again")
    table = (
        ("g/a",), ("g/missing",), ("g/", "--prefix"), ("g/b", "g/d"), ("g/c", "--from-key", "--limit=2"),
        ("g/", "--prefix", "--order=DESCEND", "--sort-by=KEY"), ("g/", "--prefix", "--order=ascend"),
        ("g/", "--prefix", "--sort-by=create"), ("g/", "--prefix", "--sort-by=MODIFY", "--order=DESCEND"),
        ("g/", "--prefix", "--sort-by=VERSION"), ("g/", "--prefix", "--sort-by=VALUE"),
        ("g/", "--prefix", "--keys-only"), ("g/", "--prefix", "--limit=2"), ("g/a", "--consistency=s"),
        ("--prefix", "g/"), ("--limit", "1", "g/", "--prefix"), ("g/a", "--hex"),
    )
    for arguments in table:
        same_in_formats(cluster, "get", *arguments)
        same(cluster, "get", *arguments, "-w", "fields", mask=fields_masked)
    same(cluster, "get", "g/", "--prefix", "--print-value-only")
    if MODERN:
        same(cluster, "get", "g/", "--prefix", "--count-only", "-w", "fields", mask=fields_masked)
    equal(run(cluster, "get", "g/", "--prefix", "--count-only", "-w", "json").rstrip().endswith('"count":5}'), True)


@SUITE.case
def deletes_print_the_same(cluster):
    three = tuple(("put", f"d/{name}", f"value {name}") for name in "abc")
    same_in_formats(cluster, "del", "d/a", prepare=three)
    same_in_formats(cluster, "del", "d/missing")
    same_in_formats(cluster, "del", "d/", "--prefix", prepare=three)
    same_in_formats(cluster, "del", "d/", "--prefix", "--prev-kv", prepare=three, mask=without_revisions)
    same_in_formats(cluster, "del", "d/b", "d/d", prepare=three)
    same_in_formats(cluster, "del", "d/b", "--prev-kv", prepare=three, mask=without_revisions)


@SUITE.case
def transactions_print_the_same(cluster):
    fresh = (("del", "t/", "--prefix"), ("put", "t/a", "1"))
    texts = (
        'value("t/a") = "1"\n\nput t/b yes\nget t/a\n\nput t/b no\n\n',
        'version("t/a") > "7"\n\nput t/b wrong\n\ndel t/a --prev-kv\nget t/ --prefix\n\n',
        'create("t/new") = "0"\nmod("t/a") != "0"\nver("t/a") < "9"\n\nput t/new "made of\\ntwo lines"\nget t/new\n\n\n',
        "\nget t/a --keys-only\nput 't/single quoted' x\n\n\n",
        'val("t/a") < "2"\n\nput t/c 5 --prev-kv\nput t/a 6 --prev-kv\n\n\n',
    )
    for text in texts:
        same_in_formats(cluster, "txn", stdin=text, prepare=fresh, mask=without_revisions)
    same(cluster, "txn", "-i", stdin=texts[0], prepare=fresh)


@SUITE.case
def leases_print_the_same(cluster):
    def ids_masked(text):
        text = re.sub(r"lease [0-9a-f]{16}", "lease L", text)
        return re.sub(r"^[0-9a-f]{16}$", "L", without_revisions(text), flags=re.M)

    same_in_formats(cluster, "lease", "grant", "100", mask=ids_masked)
    lease = run(cluster, "lease", "grant", "200").split()[1]
    run(cluster, "put", "l/a", "x", f"--lease={lease}")
    run(cluster, "put", "l/b", "x", f"--lease={lease}")
    same_in_formats(cluster, "lease", "timetolive", lease)
    # etcd lists the keys in no order.
    same_in_formats(cluster, "lease", "timetolive", lease, "--keys", mask=lambda t: "".join(sorted(masked(t))))
    same_in_formats(cluster, "lease", "timetolive", "123")
    def sorted_ids(text):
        ids = sorted(re.findall(r'"id":\d+|^[0-9a-f]{16}$', text, flags=re.M))
        return re.sub(r'\[.*\]|^[0-9a-f]{16}\n', "", masked(text), flags=re.M) + " ".join(ids)

    same_in_formats(cluster, "lease", "list", mask=sorted_ids)
    same_in_formats(cluster, "lease", "keep-alive", "--once", lease)
    same(cluster, "lease", "keep-alive", "--once", "7b")
    same(cluster, "lease", "timetolive", lease, "-w", "fields", mask=lambda t: re.sub(r'"TTL" : \d+', "", fields_masked(t)))
    for name in ("simple", "json"):
        outputs = []
        for program in (ETCDCTL, KEELCTL):
            lease = run(cluster, "lease", "grant", "200").split()[1]
            outputs.append(ids_masked(call(program, cluster, ("lease", "revoke", lease, "-w", name)).stdout))
        equal(outputs[1], outputs[0], "lease revoke")
    same(cluster, "lease", "revoke", "7b")


@SUITE.case
def members_and_endpoints_print_the_same(cluster):
    same_in_formats(cluster, "member", "list", formats=("simple", "json", "table"))
    same_in_formats(cluster, "endpoint", "status", formats=("json",))
    same_in_formats(cluster, "endpoint", "status", "--cluster", formats=("json",))
    same_in_formats(cluster, "endpoint", "hashkv", formats=("simple", "json", "table"))
    one = cluster.members[:1]
    if MODERN:
        same_in_formats(cluster, "endpoint", "health", endpoints=one)
    same_in_formats(cluster, "alarm", "list")
    same_in_formats(cluster, "alarm", "disarm")
    same(cluster, "defrag")
    identity = run(cluster, "member", "list").split(",")[0]
    url = next(m.peer_url for m in cluster.members if m.peer_url in run(cluster, "member", "list").splitlines()[0])
    same_in_formats(cluster, "member", "update", identity, f"--peer-urls={url}")


@SUITE.case
def a_member_joins_and_leaves_by_keelctl(cluster):
    if len(cluster.members) == 1:
        return  # etcd alone refuses a second member that is not there
    def shape(text):
        return re.sub(r" *[0-9a-f]{14,16}|127\.0\.0\.1:\d+", "X", re.sub(r'"(ID|member_id|cluster_id|raft_term|revision)":\d+', "", text))
    for name in ("simple", "json"):
        outputs = []
        for program in (ETCDCTL, KEELCTL):
            voters = cluster.members[:3]
            added = wait_for("the addition", lambda p=program: (lambda r: r if r.returncode == 0 else None)(
                call(p, cluster, ("member", "add", "joiner", "--peer-urls=http://127.0.0.1:1", "--learner", "-w", name),
                     endpoints=voters)))
            listed = run(cluster, "member", "list", endpoints=voters)
            identity = next(line.split(",")[0] for line in listed.splitlines() if "unstarted" in line)
            removed = call(program, cluster, ("member", "remove", identity, "-w", name), endpoints=voters)
            equal(removed.returncode, 0, removed.stderr)
            outputs.append((shape(added.stdout).replace("[,", "["), shape(removed.stdout)))
        # JSON orders members by their ids, which are drawn: what is there is compared, not where.
        words = [sorted(re.findall(r'"[a-zA-Z]+"|[A-Z]{2,}\w*', text)) for text, _ in outputs]
        equal(words[1], words[0], "member add")
        equal(outputs[1][1], outputs[0][1], "member remove")


@SUITE.case
def failures_have_one_line_and_the_right_code(cluster):
    table = (
        (("get",), "arguments"), (("put",), "arguments"), (("del",), "arguments"), (("del", "a", "b", "c"), "arguments"),
        (("get", "a", "--prefix", "--from-key"), "arguments"), (("get", "a", "--consistency=x"), "feature"),
        (("get", "a", "--order=x"), "feature"), (("get", "a", "--sort-by=x"), "feature"),
        (("get", "a", "-w", "table"), "feature"), (("get", "a", "-w", "nonsense"), "feature"),
        (("get", "a", "--limit=x"), "error"), (("get", "a", "--no-such-flag"), "error"),
        (("get", "a", "--rev=99999999"), "error"), (("put", "", "x"), "error"), (("put", "a", "x", "--lease=7b"), "error"),
        (("put", "a", "x", "--lease=zz"), "arguments"), (("nonsense",), "error"), (("compaction",), "arguments"),
        (("compaction", "x"), "error"), (("compaction", "99999999"), "error"), (("lease", "grant"), "arguments"),
        (("lease", "grant", "x"), "arguments"), (("lease", "revoke", "7b"), "error"), (("lease", "revoke", "zz"), "arguments"),
        (("lease", "keep-alive", "--once", "7b"), "connection"), (("member", "add"), "arguments"),
        (("member", "add", "x"), "arguments"), (("member", "remove", "7b"), "error"), (("member", "remove", "zz"), "arguments"),
        (("member", "update", "7b"), "arguments"), (("member", "promote", "7b"), "error"), (("move-leader",), "arguments"),
        (("move-leader", "zz"), "arguments"), (("alarm", "list", "x"), "arguments"), (("lock",), "arguments"),
        (("elect",), "arguments"), (("elect", "x"), "arguments"), (("elect", "-l", "x", "y"), "arguments"),
        (("watch",), "arguments"), (("watch", "a", "--"), "arguments"), (("watch", "a", "b", "--prefix"), "arguments"),
        (("snapshot", "save"), "arguments"), (("txn", "x"), "arguments"), (("make-mirror",), "arguments"),
        (("user", "add"), "arguments"), (("role", "get"), "arguments"), (("check", "perf", "--load=x"), "feature"),
    )
    for arguments, code in table:
        mine = keelctl(cluster, *arguments, stdin="")
        equal(mine.returncode, CODES[code], f"keelctl {' '.join(arguments)}: {mine.stdout}{mine.stderr}")
        theirs = call(ETCDCTL, cluster, arguments, stdin="")
        equal(theirs.returncode, CODES[code], f"etcdctl {' '.join(arguments)}: {theirs.stdout}{theirs.stderr}")
        equal(mine.stdout, "", " ".join(arguments))
        equal(len(mine.stderr.splitlines()), 1, f"{' '.join(arguments)}: {mine.stderr}")
    for text in ("nonsense\n", 'mod("a") > "x"\n', 'mod("a"\n', '\nnonsense a\n', 'foo("a") = "1"\n'):
        mine = keelctl(cluster, "txn", stdin=text)
        equal((mine.returncode, len(mine.stderr.splitlines())), (CODES["input"], 1), mine.stderr)


@SUITE.case
def servers_errors_are_worded_alike(cluster):
    table = (
        ("get", "a", "--rev=99999999"), ("put", "", "x"), ("put", "a", "x", "--lease=7b"), ("compaction", "99999999"),
        ("lease", "revoke", "7b"), ("member", "remove", "7b"), ("put", "nowhere", "--ignore-value"),
        ("lease", "grant", "99999999999"),
    )
    for arguments in table:
        mine = keelctl(cluster, *arguments).stderr.splitlines()
        theirs = call(ETCDCTL, cluster, arguments).stderr.splitlines()
        equal(mine[-1], theirs[-1], " ".join(arguments))


def events_of(process, name):
    """What a watch prints of seven changes, however many answers they come in."""
    if name == "simple":
        return "".join(lines(process, 27))
    out = []
    if name == "json":
        while sum(text.count('"kv":') for text in out) < 7:
            line = masked(process.stdout.readline())
            head, events = line.split('"Events":[')
            equal(re.sub(r"\d+", "", head), '{"Header":{"cluster_id":,"member_id":,"revision":,"raft_term":},')
            events, tail = events.rsplit("],", 1)
            equal(tail, '"CompactRevision":0,"Canceled":false,"Created":false}\n')
            out.append(events)
        return ",".join(out)
    while len(out) < 56:
        line = process.stdout.readline()
        if not line.startswith(('"ClusterID"', '"MemberID"', '"Revision"', '"RaftTerm"')):
            out.append(line)
    return "".join(out)


@SUITE.case
def watches_print_the_same(cluster):
    for name in ("simple", "json", "fields"):
        outputs = []
        began = int(re.search(r'"revision":(\d+)', run(cluster, "put", "w/0", "x", "-w", "json")).group(1))
        for number in range(1, 4):
            run(cluster, "put", f"w/{number}", f"value {number}")
        run(cluster, "del", "w/2")
        run(cluster, "txn", stdin="\nput w/1 again\ndel w/3\n\n\n")
        for program in (ETCDCTL, KEELCTL):
            process = follow(program, cluster, "watch", "w/", "--prefix", f"--rev={began}", "--prev-kv", "-w", name)
            outputs.append(events_of(process, name))
            finish(process)
        equal(outputs[1], outputs[0], f"watch -w {name}")


if __name__ == "__main__":
    SUITE.main()
