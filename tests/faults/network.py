"""Networks that a test may break: members in namespaces of their own, or with a proxy before each.

Namespaces need root. They hang off one bridge in a namespace that this process alone is in, so that nothing
of it is seen by anybody else and nothing but the names of the members' namespaces is left to remove.
"""

import asyncio
import ctypes
import os
import socket
import struct
import subprocess
import sys
import threading

from harness import FaultyCluster, processes

CLONE_NEWNET = 0x40000000
# What closes a socket with a reset instead of an orderly end.
NO_LINGER = struct.pack("ii", 1, 0)
CHUNK_BYTES = 65536


def command(*words):
    result = subprocess.run(words, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise AssertionError(f"{' '.join(words)}: {result.stderr.strip()}")


def enter_own_network():
    """This process leaves the machine's network, before it starts any thread."""
    if os.geteuid() != 0:
        sys.exit("faults: network namespaces need root: sudo ctest -R faults_network, or sudo this program")
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET) != 0:
        error = os.strerror(ctypes.get_errno())
        sys.exit(f"faults: no network namespace can be made ({error}): the kernel needs CONFIG_NET_NS, and this "
                 "process CAP_SYS_ADMIN")
    command("ip", "link", "set", "lo", "up")
    command("ip", "link", "add", "hub", "type", "bridge")
    command("ip", "address", "add", "10.77.0.254/24", "dev", "hub")
    command("ip", "link", "set", "hub", "up")


class NamespacedCluster(FaultyCluster):
    """Each member on a machine of its own, as far as its packets go."""

    def __init__(self, program, nodes=3, extra=()):
        super().__init__(program, nodes, [*extra, "--insecure"])
        self.spaces = []
        try:
            for number, member in enumerate(self.members, start=1):
                self._connect(member, number)
        except BaseException:
            self.close()
            raise
        self.initial = ",".join(f"{m.name}={m.peer_url}" for m in self.members)

    def _connect(self, member, number):
        space, port = f"keel-{os.getpid()}-{member.name}", f"port{number}"
        command("ip", "netns", "add", space)
        self.spaces.append(space)
        command("ip", "link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", space)
        command("ip", "link", "set", port, "master", "hub", "up")
        command("ip", "-n", space, "address", "add", f"10.77.0.{number}/24", "dev", "eth0")
        command("ip", "-n", space, "link", "set", "lo", "up")
        command("ip", "-n", space, "link", "set", "eth0", "up")
        member.port = port
        member.runner = ["ip", "netns", "exec", space]
        member.client_url = f"http://10.77.0.{number}:2379"
        member.peer_url = member.listen_peer_url = f"http://10.77.0.{number}:2380"

    def cut(self, member):
        """Everything to and from it is dropped in silence: no reset, no lost carrier."""
        command("bridge", "link", "set", "dev", member.port, "state", "0")

    def heal(self, member):
        command("bridge", "link", "set", "dev", member.port, "state", "3")

    def close(self):
        super().close()
        for space in self.spaces:
            subprocess.run(["ip", "netns", "delete", space], capture_output=True, check=False)
        for member in self.members:
            if hasattr(member, "port"):
                subprocess.run(["ip", "link", "delete", member.port], capture_output=True, check=False)


class ProxiedCluster(FaultyCluster):
    """Before each member's peer port stands a proxy, whose connections can be reset."""

    def __init__(self, program, nodes=3, extra=()):
        super().__init__(program, nodes, extra)
        self.pairs = set()
        self.resets = 0
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        for member, port in zip(self.members, processes.free_ports(nodes)):
            asyncio.run_coroutine_threadsafe(self._listen(port, member.peer_url), self.loop).result(10)
            member.peer_url = f"http://127.0.0.1:{port}"
        self.initial = ",".join(f"{m.name}={m.peer_url}" for m in self.members)

    async def _listen(self, port, target):
        host, target_port = target.removeprefix("http://").split(":")

        async def serve(reader, writer):
            try:
                far_reader, far_writer = await asyncio.open_connection(host, int(target_port))
            except OSError:
                reset(writer)
                return
            pair = (writer, far_writer)
            self.pairs.add(pair)
            await asyncio.gather(pump(reader, far_writer), pump(far_reader, writer))
            self.pairs.discard(pair)

        await asyncio.start_server(serve, "127.0.0.1", port)

    def reset_all(self):
        """Cuts every connection between members that is open now."""

        async def cut():
            for pair in list(self.pairs):
                self.resets += 1
                for writer in pair:
                    reset(writer)

        asyncio.run_coroutine_threadsafe(cut(), self.loop).result(10)

    def close(self):
        super().close()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)


def reset(writer):
    try:
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
        writer.transport.abort()
    except OSError:
        pass  # it was closed already


async def pump(reader, writer):
    """One direction, until either end is gone; then both are."""
    try:
        while data := await reader.read(CHUNK_BYTES):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    reset(writer)
