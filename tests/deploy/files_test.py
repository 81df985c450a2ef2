#!/usr/bin/env python3
"""The files of deploy/ do what they say: the alerts by promtool, the unit by systemd, the flags by keeld.

Usage: files_test.py PATH/TO/keeld [NAME...]
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
# Where `./run` unpacks what it does not install.
UNPACKED = ROOT / "build" / "tools" / "usr" / "bin"


class Failed(Exception):
    pass


def check(holds, what):
    if not holds:
        raise Failed(what)


def run(*command):
    ended = subprocess.run(command, cwd=DEPLOY, capture_output=True, text=True, timeout=60)
    return ended.returncode, ended.stdout + ended.stderr


def promtool(*arguments):
    path = f"{os.environ.get('PATH', '')}:{UNPACKED}"
    program = shutil.which("promtool", path=path)
    check(program, "promtool is not there: ./run test unpacks it, Debian's package is prometheus")
    code, said = run(program, *arguments)
    check(code == 0, said)


def test_rules_are_well_formed(_keeld):
    promtool("check", "rules", "alerts.yml")


def test_alerts_fire_on_bad_series_alone(_keeld):
    promtool("test", "rules", "alerts_test.yml")


def test_each_alert_has_a_test_with_a_good_series_and_a_summary(_keeld):
    rules = (DEPLOY / "alerts.yml").read_text().split("- alert: ")[1:]
    tests = (DEPLOY / "alerts_test.yml").read_text().split("  - name: ")[1:]
    tested = {text.split()[0]: text for text in tests}
    for rule in rules:
        name = rule.split()[0]
        text = tested.get(name, "")
        check(f"alertname: {name}" in text and "- exp_labels:" in text, f"{name} is not tested")
        series = set(re.findall(r"(?:instance|job)=\"([\w-]+)\"", text))
        check(series & {"good", "keel-same"}, f"{name} is not tested on a good series")
        check(re.search(r"summary: >-\n +\S", rule), f"{name} has no summary")
        check(re.search(r"severity: (warning|critical)", rule), f"{name} has no severity")


def test_the_unit_is_one_that_systemd_takes(keeld):
    program = shutil.which("systemd-analyze")
    if program is None:
        print("  systemd-analyze is not installed: left out")
        return
    unit = (DEPLOY / "keeld.service").read_text()
    check("/usr/bin/keeld " in unit, "it starts keeld")
    with tempfile.TemporaryDirectory(prefix="keeld_unit_") as directory:
        copy = pathlib.Path(directory, "keeld.service")
        copy.write_text(unit.replace("/usr/bin/keeld ", f"{keeld} "))
        code, said = run(program, "verify", str(copy))
    complaints = [line for line in said.splitlines() if "keeld.service" in line]
    check(code == 0 and not complaints, said)


def test_the_example_of_flags_is_one_that_keeld_takes(keeld):
    code, said = run(keeld, "--flagfile", "keeld.flags", "--help")
    check(code == 0, said)
    # The example names its own addresses consistently, and only flags that mean something.
    named = re.findall(r"^--([a-z-]+)=", (DEPLOY / "keeld.flags").read_text(), re.MULTILINE)
    for name in named:
        check(f"  --{name} " in said, f"--{name} is in no group of the help")


def main():
    keeld, chosen = os.path.abspath(sys.argv[1]), sys.argv[2:]
    failed = []
    for name, test in list(globals().items()):
        if not name.startswith("test_") or (chosen and name not in chosen):
            continue
        try:
            test(keeld)
            print(f"ok      {name}", flush=True)
        except (Failed, subprocess.SubprocessError) as error:
            print(f"FAILED  {name}: {error}", flush=True)
            failed.append(name)
    if failed:
        sys.exit(f"{len(failed)} failed: {' '.join(failed)}")


if __name__ == "__main__":
    main()
