#!/usr/bin/python3
"""libkeel as a user gets it: installed, found by CMake and by pkg-config, and as docs/sdk.md teaches it.

    tests/client/package_suite.py --server build/bin/keeld --build-dir build

Installs the component `sdk` below the build directory, builds every program of docs/sdk.md with
find_package(Keel), runs each against three members, and compares what it prints with what the page says. The
compilation of the programs takes most of the time; the compiler cache knows them after the first run.
"""

import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "conformance"))

import cluster  # noqa: E402  pylint: disable=wrong-import-position

PAGE = ROOT / "docs" / "sdk.md"
BLOCK = re.compile(r"^```(cpp|text) (\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ENDPOINT = '"127.0.0.1:2379"'

CONSUMER = """cmake_minimum_required(VERSION 3.25)
project(consumer LANGUAGES CXX)
find_package(Keel 0.1 REQUIRED)
foreach(program {programs})
  add_executable(${{program}} ${{program}}.cc)
  target_link_libraries(${{program}} PRIVATE Keel::keel)
endforeach()
"""


def run(*command, **options):
    result = subprocess.run(
        [str(each) for each in command], capture_output=True, text=True, check=False, timeout=600, **options
    )
    if result.returncode != 0:
        raise SystemExit(f"{command}: {result.returncode}\n{(result.stdout + result.stderr)[-4000:]}")
    return result.stdout


def page_blocks():
    """The page's programs, and what each prints."""
    programs, outputs = {}, {}
    for kind, name, text in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        (programs if kind == "cpp" else outputs)[name] = text
    assert programs and programs.keys() == outputs.keys()
    return programs, outputs


def write_if_changed(path, text):
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def build(build_dir, programs):
    """Where the programs are, built by CMake, and the first of them once more by pkg-config."""
    package = build_dir / "sdk_package"
    prefix, source, out = package / "prefix", package / "source", package / "out"
    shutil.rmtree(prefix, ignore_errors=True)
    source.mkdir(parents=True, exist_ok=True)
    run("cmake", "--install", build_dir, "--component", "sdk", "--prefix", prefix)
    for name, text in programs.items():
        assert ENDPOINT in text
        text = "#include <cstdlib>\n" + text.replace(ENDPOINT, 'std::getenv("KEEL_TEST_ENDPOINT")')
        write_if_changed(source / f"{name}.cc", text)
    write_if_changed(source / "CMakeLists.txt", CONSUMER.format(programs=" ".join(programs)))
    launcher = "ccache" if shutil.which("ccache") else ""
    run("cmake", "-G", "Ninja", "-S", source, "-B", out, f"-DCMAKE_PREFIX_PATH={prefix}",
        f"-DCMAKE_CXX_COMPILER_LAUNCHER={launcher}")
    run("cmake", "--build", out)
    found = {**os.environ, "PKG_CONFIG_PATH": str(prefix / "lib" / "pkgconfig")}
    flags = run("pkg-config", "--cflags", "--libs", "keel", env=found).split()
    by_hand = out / "first_by_pkg_config"
    run(*([launcher] if launcher else []), "g++", "-std=c++20", "-c", source / "first.cc", "-o", out / "first.o",
        *[flag for flag in flags if flag.startswith("-I")])
    run("g++", out / "first.o", "-o", by_hand, *[flag for flag in flags if not flag.startswith("-I")])
    return out, by_hand


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--server", default="build/bin/keeld")
    parser.add_argument("--build-dir", type=pathlib.Path, default=pathlib.Path("build"))
    options = parser.parse_args()
    programs, outputs = page_blocks()
    out, by_hand = build(options.build_dir.resolve(), programs)
    failed = 0
    with cluster.Cluster(options.server, nodes=3) as made:
        environment = {**os.environ, "KEEL_TEST_ENDPOINT": made.members[0].endpoint}
        for name, program in [*((name, out / name) for name in programs), ("first", by_hand)]:
            printed = run(program, env=environment)
            same = printed == outputs[name]
            failed += not same
            print(f"{'ok' if same else 'FAILED':6} {program.name}" + ("" if same else f"\n{printed}"), flush=True)
    print(f"package: programs={len(programs) + 1} failed={failed}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
