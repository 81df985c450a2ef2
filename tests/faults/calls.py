"""Calls to a cluster as etcd's Go client makes them: all members in turn, and again only what is safe.

That client asks again for a read that came back Unavailable, and for a write only where the text says that
it never left: everything else is an error that the program sees. So it is here, and a test that counts
errors counts those that such a program would have seen.
"""

import json
import time

import grpc
from etcd3 import etcdrpc as rpc

ROUND_ROBIN = json.dumps({"loadBalancingConfig": [{"round_robin": {}}]})
OPTIONS = (
    ("grpc.service_config", ROUND_ROBIN),
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.max_receive_message_length", -1),
    # All members are down within a second or two in some tests: the default would stay away for longer
    # than that. The least is also what a connection may take to come about.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 2000),
    ("grpc.max_reconnect_backoff_ms", 500),
)
# What never left the client: Go's two texts, and those of the C library for the same.
NEVER_LEFT = (
    "there is no address available",
    "there is no connection available",
    "failed to connect to all addresses",
    "connections to all backends failing",
)
PAUSE_S = 0.025
READS_MAX = 100


def is_unavailable(error):
    return error.code() == grpc.StatusCode.UNAVAILABLE


def never_left(error):
    return is_unavailable(error) and any(text in (error.details() or "") for text in NEVER_LEFT)


def describe(error):
    if isinstance(error, grpc.RpcError):
        return f"{error.code().name}: {error.details()}"
    return repr(error)


class Client:
    """One connection to each of the members; any thread."""

    def __init__(self, members, timeout_s=10.0, options=()):
        addresses = ",".join(member.endpoint for member in members)
        self.channel = grpc.insecure_channel(f"ipv4:{addresses}", options=(*OPTIONS, *options))
        self.timeout_s = timeout_s
        self.kv = rpc.KVStub(self.channel)
        self.lease = rpc.LeaseStub(self.channel)
        self.maintenance = rpc.MaintenanceStub(self.channel)
        self.cluster = rpc.ClusterStub(self.channel)
        self.watch = rpc.WatchStub(self.channel)

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self.channel.close()

    def _again(self, call, is_safe):
        for _ in range(READS_MAX):
            try:
                return call()
            except grpc.RpcError as error:
                if not is_safe(error):
                    raise
            time.sleep(PAUSE_S)
        return call()

    def put(self, key, value, lease=0):
        request = rpc.PutRequest(key=key.encode(), value=value.encode(), lease=lease)
        return self._again(lambda: self.kv.Put(request, timeout=self.timeout_s), never_left)

    def get(self, key, serializable=False):
        """The value, or None."""
        request = rpc.RangeRequest(key=key.encode(), serializable=serializable)
        answer = self._again(lambda: self.kv.Range(request, timeout=self.timeout_s), is_unavailable)
        return answer.kvs[0].value.decode() if answer.kvs else None

    def keys(self, prefix):
        """All keys that begin so, as a set of texts."""
        begin = prefix.encode()
        request = rpc.RangeRequest(key=begin, range_end=begin[:-1] + bytes([begin[-1] + 1]), keys_only=True)
        answer = self._again(lambda: self.kv.Range(request, timeout=60), is_unavailable)
        return {each.key.decode() for each in answer.kvs}

    def tries(self, key, value, timeout_s):
        """One attempt of a write: whether it was acknowledged in time."""
        request = rpc.PutRequest(key=key.encode(), value=value.encode())
        try:
            self.kv.Put(request, timeout=timeout_s)
            return True
        except grpc.RpcError:
            return False

    def status(self, timeout_s=2.0):
        return self.maintenance.Status(rpc.StatusRequest(), timeout=timeout_s)

    def hash_kv(self, revision=0):
        """(hash, revision that it is of, compacted revision)"""
        answer = self.channel.unary_unary(
            "/etcdserverpb.Maintenance/HashKV",
            request_serializer=rpc.HashKVRequest.SerializeToString,
            response_deserializer=rpc.HashKVResponse.FromString,
        )(rpc.HashKVRequest(revision=revision), timeout=60)
        return answer.hash, answer.header.revision, answer.compact_revision
