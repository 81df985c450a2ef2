"""keelctl, as the suites of backups call it."""

import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "keeld"))
from cluster import Failed  # noqa: E402

_PROGRAM = []


def use(program):
    """The keelctl that is judged; once, before all else."""
    _PROGRAM[:] = [program]


def command(*arguments, member=None):
    endpoint = [f"--endpoints={member.endpoint}"] if member is not None else []
    return [*_PROGRAM, *endpoint, *arguments]


def keelctl(*arguments, member=None):
    return subprocess.run(command(*arguments, member=member), stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=60, check=False)


def check(holds, what):
    if not holds:
        raise Failed(what)


def succeeds(*arguments, member=None):
    result = keelctl(*arguments, member=member)
    check(result.returncode == 0, f"{' '.join(arguments)}: {result.stderr}")
    return result.stdout
