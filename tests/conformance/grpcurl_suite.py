#!/usr/bin/env python3
"""grpcurl against a cluster: a client that knows nothing of Keel beforehand, and asks by reflection.

--grpcurl names the program; `./run conformance --current` builds the newest.
"""

import base64
import json
import re
import subprocess

from suite import Suite, contains, equal, option

SUITE = Suite("grpcurl")
GRPCURL = option("--grpcurl", "grpcurl")

SERVICES = {
    "etcdserverpb.KV", "etcdserverpb.Watch", "etcdserverpb.Lease", "etcdserverpb.Cluster", "etcdserverpb.Maintenance",
    "v3lockpb.Lock", "v3electionpb.Election", "grpc.health.v1.Health",
}


def text(value):
    return base64.b64encode(value.encode()).decode()


def call(member, *arguments):
    return subprocess.run(
        [GRPCURL, "-plaintext", "-max-time=20", *arguments[:-1], member.endpoint, *arguments[-1].split()],
        text=True, capture_output=True, timeout=30, check=False,
    )


def ask(member, *arguments):
    result = call(member, *arguments)
    equal(result.returncode, 0, result.stderr)
    return result.stdout


def invoke(member, method, **request):
    return json.loads(ask(member, "-d", json.dumps(request), method))


@SUITE.case
def every_member_lists_its_services(cluster):
    for member in cluster.members:
        listed = set(ask(member, "list").split())
        equal(SERVICES - listed, set(), "services that are not listed")


@SUITE.case
def every_service_is_described(cluster):
    member = cluster.members[0]
    for service in ask(member, "list").split():
        described = ask(member, f"describe {service}")
        contains(described, f"{service} is a service:")
        methods = re.findall(r"rpc (\w+)", described)
        equal(sorted(f"{service}.{name}" for name in methods), sorted(ask(member, f"list {service}").split()))


@SUITE.case
def messages_are_described(cluster):
    described = ask(cluster.members[1], "describe etcdserverpb.RangeRequest")
    for field in ("bytes key = 1;", "bytes range_end = 2;", "int64 limit = 3;", "int64 revision = 4;"):
        contains(described, field)
    # Of another package, which the services' own files import.
    contains(ask(cluster.members[1], "describe mvccpb.KeyValue"), "int64 mod_revision = 3;")


@SUITE.case
def a_put_is_read_through_every_member(cluster):
    put = invoke(cluster.members[0], "etcdserverpb.KV/Put", key=text("grpcurl/a"), value=text("one"))
    for member in cluster.members:
        got = invoke(member, "etcdserverpb.KV/Range", key=text("grpcurl/a"))
        equal((got["count"], got["kvs"][0]["value"]), ("1", text("one")))
        equal(got["kvs"][0]["mod_revision"], put["header"]["revision"])


@SUITE.case
def a_transaction_takes_its_branch(cluster):
    key = text("grpcurl/txn")
    answer = invoke(
        cluster.members[1], "etcdserverpb.KV/Txn",
        compare=[{"key": key, "target": "VERSION", "result": "EQUAL", "version": 0}],
        success=[{"requestPut": {"key": key, "value": text("made")}}, {"requestRange": {"key": key}}],
    )
    equal(answer["succeeded"], True)
    equal(answer["responses"][1]["response_range"]["kvs"][0]["value"], text("made"))


@SUITE.case
def a_watch_streams_what_has_been(cluster):
    member, key = cluster.members[2], text("grpcurl/watched")
    first = invoke(member, "etcdserverpb.KV/Put", key=key, value=text("0"))["header"]["revision"]
    invoke(member, "etcdserverpb.KV/Put", key=key, value=text("1"))
    requests = json.dumps({"createRequest": {"key": key, "startRevision": first}})
    result = call(member, "-max-time=3", "-d", requests, "etcdserverpb.Watch/Watch")
    equal(re.findall(r'"value": "(\S+)"', result.stdout), [text("0"), text("1")], result.stdout + result.stderr)


@SUITE.case
def errors_have_their_code_and_words(cluster):
    member = cluster.members[0]
    for request, code, words in (
        ({"value": text("x")}, "InvalidArgument", "etcdserver: key is not provided"),
        ({"key": text("x"), "lease": 77}, "NotFound", "etcdserver: requested lease not found"),
    ):
        result = call(member, "-d", json.dumps(request), "etcdserverpb.KV/Put")
        contains(result.stderr, f"Code: {code}")
        contains(result.stderr, f"Message: {words}")
    contains(call(member, "describe etcdserverpb.Nobody").stderr, "Symbol not found")


@SUITE.case
def health_is_told(cluster):
    for member in cluster.members:
        equal(invoke(member, "grpc.health.v1.Health/Check"), {"status": "SERVING"})


if __name__ == "__main__":
    SUITE.main()
