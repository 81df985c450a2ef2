#!/usr/bin/env python3
"""Holds the tree to the rules of the house; prints file:line and what to do about each breach.

    python3 tests/lint/house_rules.py [ROOT]
"""

import pathlib
import sys

import floors
import shape
import source


def complaints_about(sources):
    for file in sources.values():
        if file.is_cpp:
            yield from floors.check_arrows(file)
            yield from floors.check_libraries(file)
            yield from floors.check_core(file, sources)
        yield from shape.check_header(file)
        yield from shape.check_mutants(file)
        yield from shape.check_file_length(file)
        yield from shape.check_function_length(file)
        yield from shape.check_machine_paths(file)


def main():
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2]
    sources = source.read_tree(root)
    if not any(file.is_cpp for file in sources.values()):
        print(f"house rules: no C++ under {root}")
        return 1
    complaints = list(complaints_about(sources))
    for complaint in complaints:
        print(complaint)
    print(f"house rules: files={len(sources)} complaints={len(complaints)}")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
