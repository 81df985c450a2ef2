#!/usr/bin/python3
"""The reference of libkeel, made by Doxygen of the public headers as docs/Doxyfile says: without a single warning.

    tests/client/reference_test.py [FOLDER]     leaves the pages in FOLDER/html
"""

import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
# What a user looks up first; each has a page of its own.
PAGES = ("Client", "Kv", "Txn", "Pipeline", "Pages", "Watcher", "Lease", "Leases", "Lock", "Election", "Elections", "Cluster",
         "Maintenance", "TypedKv", "RawStream")


def doxygen(docs, folder):
    settings = (docs / "Doxyfile").read_text(encoding="utf-8") + f"\nOUTPUT_DIRECTORY = {folder}\n"
    return subprocess.run(["doxygen", "-"], cwd=docs, input=settings, text=True, capture_output=True, timeout=120, check=False)


def judge(folder):
    made = doxygen(ROOT / "docs", folder)
    if made.returncode != 0 or made.stderr:
        sys.exit(f"reference: Doxygen warns:\n{made.stderr}")
    pages = {path.name for path in (folder / "html").iterdir()}
    missing = [name for name in PAGES if not any(page.endswith(f"client_1_1{name}.html") for page in pages)]
    if missing:
        sys.exit(f"reference: there are no pages of {missing}")


def prove_that_it_can_fail(folder):
    """A copy of the headers with one comment that speaks of a parameter which is not there."""
    for part in ("client", "base", "docs"):
        shutil.copytree(ROOT / part, folder / part)
    header = folder / "client" / "kv.h"
    text = header.read_text(encoding="utf-8")
    header.write_text(text.replace("  // The key, or nothing", "  // @param nobody is not there\n  // The key, or nothing", 1),
                      encoding="utf-8")
    made = doxygen(folder / "docs", folder / "out")
    if made.returncode == 0 or "nobody" not in made.stderr:
        sys.exit(f"reference: a planted fault is not seen: {made.stderr}")


def main():
    if shutil.which("doxygen") is None:
        sys.exit("reference: doxygen is missing: ./run test installs it, and so does apt-get install doxygen")
    with tempfile.TemporaryDirectory(prefix="keel_reference_") as scratch:
        folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else f"{scratch}/reference")
        folder.mkdir(parents=True, exist_ok=True)
        judge(folder)
        prove_that_it_can_fail(pathlib.Path(scratch) / "planted")
    print(f"reference: pages={len(PAGES)} warnings=0")


if __name__ == "__main__":
    main()
