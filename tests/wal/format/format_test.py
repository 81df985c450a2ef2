"""Holds Keel's recovery, the reader that was written from the document, and the document's own bytes
against each other, on sample logs of every kind.

Usage: format_test.py WAL-SAMPLE WAL_FORMAT.MD
"""

import difflib
import os
import re
import subprocess
import sys
import tempfile

from wal_reader import Log, read_vote

KINDS = ("tiny", "sound", "closed", "torn", "damaged", "reset")


def describe(directory):
    log = Log(os.path.join(directory, "wal"))
    yield "base %d %d" % log.base
    for index in sorted(log.entries):
        entry = log.entries[index]
        yield "entry %d %d %d %s" % (index, entry.term, entry.kind, entry.payload.hex())
    yield "closed %d" % log.closed
    if log.cut:
        yield "cut %s %d %d" % log.cut
    if log.damage:
        yield "damage %s %d %d %d" % tuple(log.damage)
    yield "vote %d %d %d %d" % read_vote(os.path.join(directory, "vote"))


def differences_from_document(directory, document):
    """Lines of the document's dump that are not what the log holds."""
    with open(os.path.join(directory, "wal", "0000000000000001.wal"), "rb") as file:
        data = file.read()
    with open(document, encoding="utf-8") as file:
        lines = re.findall(r"^([0-9a-f]{8})  ((?:[0-9a-f]{2} {1,2}){15}[0-9a-f]{2})$",
                           file.read(), re.MULTILINE)
    if not lines:
        return ["the document shows no bytes"]
    return [f"{offset}  {shown}" for offset, shown in lines
            if data[int(offset, 16):int(offset, 16) + 16] != bytes.fromhex(shown)]


def main():
    failures = 0
    for kind in KINDS:
        with tempfile.TemporaryDirectory() as directory:
            told = subprocess.run([sys.argv[1], directory, kind], check=True, text=True,
                                  stdout=subprocess.PIPE).stdout
            expected = [" ".join(line.split()) for line in told.splitlines()]
            found = [" ".join(line.split()) for line in describe(directory)]
            if kind == "tiny":
                for line in differences_from_document(directory, sys.argv[2]):
                    failures += 1
                    print(f"the document is wrong: {line}")
        if expected == found:
            print(f"{kind}: {len(found)} facts agree")
            continue
        failures += 1
        print(f"{kind}: the reader and Keel disagree")
        for line in difflib.unified_diff(expected, found, "keel", "reader", lineterm="", n=1):
            print("  " + line[:160])
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
