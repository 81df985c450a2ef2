"""The shape of a file: how a header opens, how long files and functions may be, and what no file says."""

import re

from source import Complaint

FILE_LINES_MAX = 500
FUNCTION_LINES_MAX = 70
# Texts that people read from end to end may be as long as they need.
LENGTH_BOUND_SUFFIXES = {".h", ".cc", ".py", ".sh", ".cmake"}


def check_header(source):
    """A header says what it is for before anything else: comment, then #pragma once."""
    if source.suffix != ".h":
        return
    if not source.lines or not source.lines[0].startswith("//"):
        yield Complaint(source.path, 1,
                        "a header opens with a paragraph: what it is for, who owns what, which thread")
    for number, line in enumerate(source.lines, start=1):
        if line.startswith("//") or not line.strip():
            continue
        if line != "#pragma once":
            yield Complaint(source.path, number, "#pragma once comes first after the opening paragraph")
        return
    yield Complaint(source.path, max(1, len(source.lines)), "#pragma once is missing")


MUTANT_HEADERS = {"base/mutant.h", "base/mutant_list.h"}


def check_mutants(source):
    """Only files with a mutant are compiled twice: a header with one would leave the others wrong."""
    if source.suffix != ".h" or str(source.path) in MUTANT_HEADERS:
        return
    for number, line in enumerate(source.lines, start=1):
        if "KEEL_MUTANT" in line or '"base/mutant.h"' in line:
            yield Complaint(source.path, number, "a header knows of no mutant: move what it changes into the .cc file")


def check_file_length(source):
    if source.suffix in LENGTH_BOUND_SUFFIXES and len(source.lines) > FILE_LINES_MAX:
        yield Complaint(source.path, FILE_LINES_MAX + 1,
                        f"{len(source.lines)} lines: past {FILE_LINES_MAX} a file has more than one "
                        f"reason to change; split it")


def check_function_length(source):
    if not source.is_cpp:
        return
    for first, last in functions_of(source):
        length = last - first + 1
        if length > FUNCTION_LINES_MAX:
            yield Complaint(source.path, first,
                            f"a function of {length} lines: past {FUNCTION_LINES_MAX} it no longer fits "
                            f"on a screen; name its parts")


SCOPE = re.compile(r"\b(?:namespace|class|struct|union|enum)\b|\bextern\s*$")
# An assignment, but not a comparison, an operator's name or a defaulted template argument's <=.
ASSIGNMENT = re.compile(r"(?<![=!<>+\-*/%&|^r])=(?![=\]])")
# The end of a constructor's head that is about to initialise a member with braces.
MEMBER_TO_INITIALISE = re.compile(r"(?<!:):(?!:)[^:]*\b(?!noexcept\b|try\b)\w+\s*$")


def functions_of(source):
    """(first line, last line) of each outermost block of code, from its opening brace to its closing.

    A rough count of braces, on code without comments and literals: what is neither a namespace nor a
    type nor a table is a function.
    """
    stack = []  # (kind, line of the opening brace, text before it) of every open block
    head = ""
    for number, line in enumerate(source.code_lines, start=1):
        if line.lstrip().startswith("#"):
            continue
        for character in line:
            if character == "{":
                inside_code = any(kind != "scope" for kind, _, _ in stack)
                stack.append(("inner" if inside_code else kind_of(head), number, head))
                head = ""
            elif character == "}" and stack:
                kind, first, before = stack.pop()
                if kind == "function":
                    yield first, number
                # After `: member_{1}` or `(v = {}` the head goes on.
                head = before + "{}" if kind == "value" else ""
            elif character == ";":
                head = ""
            else:
                head += character
        head += " "


def kind_of(head):
    outside = without_brackets(head)
    if "(" in outside or ("(" in head and MEMBER_TO_INITIALISE.search(outside)):
        return "value"
    is_table = ASSIGNMENT.search(outside) and "[" not in head
    if "(" in head and not is_table:
        return "function"
    return "scope" if SCOPE.search(outside) else "table"


def without_brackets(text):
    """`text` without what stands in round or angle brackets: `template <class T>` names no class."""
    while True:
        shorter = re.sub(r"\([^()]*\)|<[^<>]*>", " ", text)
        if shorter == text:
            return text
        text = shorter


# Folders in which one person's machine keeps things. A tree that names them works only there.
MACHINE_FOLDERS = ("home", "root", "Users", "mnt", "work", "farm")
MACHINE_PATH = re.compile(r"(?<![\w.~}$*-])/(?:" + "|".join(MACHINE_FOLDERS) + r")/")


def check_machine_paths(source):
    for number, line in enumerate(source.lines, start=1):
        if match := MACHINE_PATH.search(line):
            yield Complaint(source.path, number,
                            f"{match.group(0)} is a path of one machine: name it from the root of the tree")
