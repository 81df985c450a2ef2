#!/usr/bin/env python3
"""Pages that name flags and metrics name those that there are, and all of them.

Usage: pages_test.py PATH/TO/keeld
"""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests" / "keeld"))

from cluster import Cluster, Failed, until  # noqa: E402

# Of PromQL, and what Prometheus itself makes of a scrape.
NOT_OURS = {"up", "by", "on", "and", "sum", "min", "max", "rate", "increase", "group_right",
            "histogram_quantile", "job", "instance", "le", "alarm", "for"}


def rows(page):
    """The first cells of a page's tables."""
    for line in (ROOT / page).read_text().splitlines():
        if line.startswith("| `"):
            yield line.split("|")[1]


def compare(what, there, named, page):
    """Both ways; `there` and `named` are sets of names."""
    problems = [f"{name} is not in {page}" for name in sorted(there - named)]
    problems += [f"{page} names {name}, and there is none" for name in sorted(named - there)]
    if problems:
        raise Failed("; ".join(problems))
    print(f"ok      {len(there)} {what} are in {page}", flush=True)


def check_flags(keeld):
    text = subprocess.run([keeld, "--help"], capture_output=True, text=True, timeout=10,
                          check=True).stdout
    there = set(re.findall(r"^  --([a-z-]+)(?: \S+)?  \(", text, re.MULTILINE))
    named = set()
    for cell in rows("docs/operations.md"):
        named |= set(re.findall(r"`--([a-z-]+)`", cell))
    compare("flags", there, named, "docs/operations.md")


def exported(keeld):
    """What three members export once they have served something."""
    with Cluster(keeld, 3) as cluster:
        cluster.start()
        member = cluster.members[0]
        until("a put", lambda: member.put("a", "b"))
        size = r"^etcd_mvcc_db_total_size_in_bytes (\d+)"
        page = until("the state has a size while all of it is in the write buffer", lambda: next(
            (text for text in [member.get("/metrics")[1]]
             if int(re.search(size, text, re.MULTILINE).group(1)) > 0), None))
    return page


def check_metrics(page):
    there = dict(re.findall(r"^# TYPE (\S+) (\S+)$", page, re.MULTILINE))
    named = set()
    for cell in rows("docs/metrics.md"):
        named |= set(re.findall(r"`([a-z_]+)(?:\{[^}]*\})?`", cell))
    compare("metrics", set(there), named, "docs/metrics.md")
    for name in there:
        if not re.search(rf"^# HELP {name} \S", page, re.MULTILINE):
            raise Failed(f"{name} has no help")


def check_rules(page):
    samples = set(re.findall(r"^([a-z_]+)[{ ]", page, re.MULTILINE))
    rules = (ROOT / "deploy" / "alerts.yml").read_text()
    used = set()
    for expression in re.findall(r"expr: (.*?)\n +(?:for|labels):", rules, re.DOTALL):
        expression = re.sub(r"\"[^\"]*\"", "", expression)
        used |= set(re.findall(r"[a-z_]{2,}", expression)) - NOT_OURS
    missing = used - samples
    if missing:
        raise Failed(f"the alerts use what is not exported: {sorted(missing)}")
    print(f"ok      {len(used)} metrics of the alerts are exported", flush=True)


def main():
    keeld = sys.argv[1]
    try:
        check_flags(keeld)
        page = exported(keeld)
        check_metrics(page)
        check_rules(page)
    except (Failed, subprocess.SubprocessError) as error:
        sys.exit(f"FAILED  {error}")


if __name__ == "__main__":
    main()
