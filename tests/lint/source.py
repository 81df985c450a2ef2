"""A file of the tree as the rules see it: its lines, and its lines without comments and strings."""

import dataclasses
import functools
import pathlib
import re

CPP_SUFFIXES = {".h", ".cc"}
# Everything that a person reads or writes; the rest (images, archives) is no business of the rules.
TEXT_SUFFIXES = CPP_SUFFIXES | {
    ".py", ".sh", ".cmake", ".txt", ".md", ".json", ".yaml", ".yml", ".proto", ".service", ""}
# What others make, at any depth, and what is not ours at the top.
SKIPPED_ANYWHERE = {"__pycache__", "node_modules", ".git"}
SKIPPED_AT_THE_TOP = {"build", ".cache", ".vscode", ".idea"}


@dataclasses.dataclass(frozen=True)
class Complaint:
    path: str
    line: int
    text: str

    def __str__(self):
        return f"{self.path}:{self.line}: {self.text}"


@dataclasses.dataclass(frozen=True)
class Source:
    path: str
    text: str

    @functools.cached_property
    def lines(self):
        return self.text.split("\n")[: -1 if self.text.endswith("\n") else None]

    @functools.cached_property
    def code_lines(self):
        """The lines of C++ with comments and the insides of literals blanked; positions are kept."""
        return blank(self.text).split("\n")[: len(self.lines)]

    @property
    def suffix(self):
        return pathlib.PurePosixPath(self.path).suffix

    @property
    def is_cpp(self):
        return self.suffix in CPP_SUFFIXES


# In the order in which they are tried at each place: a quote inside a comment opens nothing, and the
# quote of 1'000'000 is no character.
TOKENS = re.compile(
    r"""
      (?P<raw>R"(?P<mark>[^()\s\\]{0,16})\(.*?\)(?P=mark)")
    | (?P<line>//[^\n]*)
    | (?P<block>/\*.*?\*/)
    | (?P<string>"(?:\\.|[^"\\\n])*")
    | (?P<number>\b[0-9][0-9a-zA-Z'.]*)
    | (?P<character>'(?:\\.|[^'\\\n])+')
    """,
    re.VERBOSE | re.DOTALL)


def blank(text):
    def replace(match):
        if match.lastgroup == "number" or match.group("number"):
            return match.group(0).replace("'", "0")
        return re.sub(r"[^\n]", " ", match.group(0))

    return TOKENS.sub(replace, text)


def read_tree(root):
    """All text files under `root`, by their path from there."""
    root = pathlib.Path(root)
    sources = {}
    for path in sorted(root.rglob("*")):
        relative = path.relative_to(root)
        if relative.parts[0] in SKIPPED_AT_THE_TOP or SKIPPED_ANYWHERE & set(relative.parts):
            continue
        if path.suffix in TEXT_SUFFIXES and path.is_file() and not path.is_symlink():
            name = relative.as_posix()
            sources[name] = Source(name, path.read_text(encoding="utf-8", errors="replace"))
    return sources
