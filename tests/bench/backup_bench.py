#!/usr/bin/env python3
"""Save, verify and restore in MB/s, keelctl against keeld beside etcdctl against etcd, on the same keys.

Usage: backup_bench.py PATH/TO/keeld PATH/TO/keelctl [KEYS]     (needs Debian's etcd-server and etcd-client)

One member each, one after the other, so that neither is in the other's way; each step three times, the best counts.
A megabyte is one of keys and values: what the operator has, not what either format makes of it.
"""

import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "keeld"))
from cluster import free_ports, until  # noqa: E402

VALUE_BYTES = 256
RUNS = 3


def write_keys(path, keys):
    """An export of `keys` keys: half of each value is random, as of many real ones."""
    generator = random.Random(1)
    size = 0
    with open(path, "w", encoding="ascii") as file:
        file.write(f'{{"keel_export":1,"prefix":"","revision":1,"keys":{keys}}}\n')
        for number in range(keys):
            key = f"/registry/things/{generator.getrandbits(32):08x}/{number}"
            value = generator.randbytes(VALUE_BYTES // 4).hex() + "x" * (VALUE_BYTES // 2)
            size += len(key) + len(value)
            file.write(json.dumps({"key": key, "value": value}) + "\n")
        file.write(f'{{"end":true,"keys":{keys}}}\n')
    return size


def timed(command, **more):
    began = time.monotonic()
    result = subprocess.run(command, capture_output=True, text=True, check=False, **more)
    if result.returncode != 0:
        sys.exit(f"{' '.join(command)}: {result.stderr[-2000:]}")
    return time.monotonic() - began


def best(step):
    return min(step() for _ in range(RUNS))


def measure(server, tool, keelctl, directory, keys_path):
    """(save, verify, restore) in seconds."""
    client, peer = free_ports(2)
    data = os.path.join(directory, "data")
    url, peer_url = f"http://127.0.0.1:{client}", f"http://127.0.0.1:{peer}"
    flags = ["--name=one", f"--data-dir={data}", f"--listen-client-urls={url}", f"--advertise-client-urls={url}",
             f"--listen-peer-urls={peer_url}", f"--initial-advertise-peer-urls={peer_url}",
             f"--initial-cluster=one={peer_url}", "--quota-backend-bytes=8000000000"]
    environment = dict(os.environ, ETCDCTL_API="3")
    with open(os.path.join(directory, "log"), "ab") as log:
        process = subprocess.Popen([server, *flags], stdout=log, stderr=log)
    try:
        endpoint = f"--endpoints=127.0.0.1:{client}"
        until("it serves", lambda: subprocess.run([keelctl, endpoint, "endpoint", "health"], capture_output=True,
                                                  check=False).returncode == 0)
        timed([keelctl, endpoint, "import", keys_path, "--restart"])
        saved = os.path.join(directory, "saved")

        def save():
            if os.path.exists(saved):
                os.remove(saved)
            return timed([tool, endpoint, "snapshot", "save", saved], env=environment)
        seconds = [best(save)]
    finally:
        process.terminate()
        process.wait(60)
    verb = "verify" if tool == keelctl else "status"
    seconds.append(best(lambda: timed([tool, "snapshot", verb, saved], env=environment)))
    made = os.path.join(directory, "made")

    def restore():
        shutil.rmtree(made, ignore_errors=True)
        return timed([tool, "snapshot", "restore", saved, "--name=one", f"--data-dir={made}",
                      f"--initial-cluster=one={peer_url}", f"--initial-advertise-peer-urls={peer_url}"],
                     env=environment)
    seconds.append(best(restore))
    print(f"{os.path.basename(tool)}: file {os.path.getsize(saved) / 1e6:.0f} MB", flush=True)
    return seconds


def main():
    keeld, keelctl = (os.path.abspath(path) for path in sys.argv[1:3])
    keys = int(sys.argv[3]) if len(sys.argv) > 3 else 300_000
    etcd, etcdctl = shutil.which("etcd"), shutil.which("etcdctl")
    with tempfile.TemporaryDirectory(prefix="keel_backup_bench_") as directory:
        keys_path = os.path.join(directory, "keys.jsonl")
        megabytes = write_keys(keys_path, keys) / 1e6
        rows = {}
        for name, server, tool in (("keel", keeld, keelctl), ("etcd", etcd, etcdctl)):
            if server is None or tool is None:
                continue
            own = os.path.join(directory, name)
            os.mkdir(own)
            rows[name] = measure(server, tool, keelctl, own, keys_path)
    print(f"{keys} keys, {megabytes:.0f} MB; MB/s")
    print(f"{'':8}{'save':>10}{'verify':>10}{'restore':>10}")
    for name, seconds in rows.items():
        print(f"{name:8}" + "".join(f"{megabytes / each:10.0f}" for each in seconds))
    if len(rows) == 2:
        print(f"{'ratio':8}" + "".join(f"{b / a:10.1f}" for a, b in zip(*rows.values())))


if __name__ == "__main__":
    main()
