#!/usr/bin/env python3
"""Proves that the rules of the house can fail: each is given a tree that breaks it."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

import house_rules
import shape
import source

HEADER = "// What it is for.\n#pragma once\n"


def complaints(tree):
    """What the rules say about a tree given as path -> text, as "file:line" -> what to do."""
    sources = {path: source.Source(path, text) for path, text in tree.items()}
    return {f"{c.path}:{c.line}": c.text for c in house_rules.complaints_about(sources)}


def function_lengths(text):
    return [last - first + 1 for first, last in shape.functions_of(source.Source("base/x.cc", text))]


class Floors(unittest.TestCase):
    def assert_arrow(self, path, included, allowed):
        found = complaints({path: f'\n#include "{included}"\n'})
        self.assertEqual(found == {}, allowed, f"{path} -> {included}: {found}")

    def test_an_arrow_may_point_down(self):
        for path, included in (
                ("raft/raft.cc", "base/ids.h"), ("wal/log.cc", "base/status.h"),
                ("server/node/node.cc", "raft/raft.h"), ("server/node/node.cc", "kv/store.h"),
                ("server/peer/link.cc", "server/node/node.h"), ("server/main.cc", "server/api/kv.h"),
                ("client/client.cc", "net/channel.h"), ("tools/waldump.cc", "wal/log.h"),
                ("jepsen/nemesis.cc", "client/client.h"), ("tests/sim/world.cc", "raft/raft.h"),
                ("examples/three.cc", "raft/raft.h")):
            self.assert_arrow(path, included, allowed=True)

    def test_a_folder_may_look_at_itself(self):
        for path, included in (("raft/raft.cc", "raft/log.h"), ("kv/mvcc/a.cc", "kv/engine/b.h"),
                               ("tests/sim/a.cc", "tests/raft/b.h")):
            self.assert_arrow(path, included, allowed=True)

    def test_an_arrow_up_fails(self):
        for path, included in (
                ("base/ids.cc", "raft/types.h"), ("raft/raft.cc", "server/node/node.h"),
                ("server/node/node.cc", "server/peer/link.h"), ("server/api/kv.cc", "server/config.h"),
                ("kv/store.cc", "server/node/node.h")):
            self.assert_arrow(path, included, allowed=False)

    def test_an_arrow_sideways_fails(self):
        for path, included in (
                ("raft/raft.cc", "wal/log.h"), ("kv/store.cc", "net/channel.h"),
                ("base/ids.cc", "api/kv.pb.h"), ("server/api/kv.cc", "server/peer/link.h")):
            self.assert_arrow(path, included, allowed=False)

    def test_visitors_see_only_what_they_are_shown(self):
        for path, included in (
                ("client/client.cc", "raft/raft.h"), ("client/client.cc", "kv/store.h"),
                ("tools/waldump.cc", "server/node/node.h"), ("tools/waldump.cc", "raft/raft.h"),
                ("jepsen/model.cc", "server/config.h"), ("raft/raft.cc", "client/client.h"),
                ("examples/a.cc", "server/config.h")):
            self.assert_arrow(path, included, allowed=False)

    def test_nothing_but_tests_looks_at_tests(self):
        for path in ("base/ids.cc", "server/main.cc", "tools/a.cc", "examples/a.cc"):
            self.assert_arrow(path, "tests/sim/world.h", allowed=False)

    def test_the_complaint_names_the_line_and_both_folders(self):
        found = complaints({"raft/raft.cc": '#include "base/ids.h"\n\n#  include "wal/log.h"\n'})
        self.assertEqual(list(found), ["raft/raft.cc:3"])
        self.assertIn("raft/ may not know wal/", found["raft/raft.cc:3"])

    def test_a_folder_on_no_floor_fails(self):
        self.assertIn("shed/a.cc:1", complaints({"shed/a.cc": "int x;\n"}))
        self.assertIn("a.cc:1", complaints({"a.cc": "int x;\n"}))

    def test_an_include_that_is_not_from_the_root_fails(self):
        for name in ("ids.h", "../base/ids.h"):
            self.assertIn("base/a.cc:1", complaints({"base/a.cc": f'#include "{name}"\n'}))

    def test_our_own_headers_are_included_in_quotes(self):
        self.assertIn("raft/a.cc:1", complaints({"raft/a.cc": "#include <base/ids.h>\n"}))

    def test_an_include_in_a_comment_is_none(self):
        self.assertEqual(complaints({"raft/a.cc": '// #include "wal/log.h"\n/*\n#include <thread>\n*/\n'}), {})

    def test_logging_and_flags_begin_at_the_server(self):
        for folder in ("base", "wal", "kv", "net", "client"):
            self.assertIn(f"{folder}/a.cc:1", complaints({f"{folder}/a.cc": "#include <glog/logging.h>\n"}))
        self.assertEqual(complaints({"server/a.cc": "#include <gflags/gflags.h>\n"}), {})


class Mutants(unittest.TestCase):
    def test_a_header_knows_of_none(self):
        self.assertEqual(complaints({"raft/raft.h": HEADER + "bool a = KEEL_MUTANT(kLate12);\n"}).keys(), {"raft/raft.h:3"})
        self.assertEqual(complaints({"raft/raft.h": HEADER + '#include "base/mutant.h"\n'}).keys(), {"raft/raft.h:3"})

    def test_a_file_of_code_may(self):
        self.assertEqual(complaints({"raft/raft.cc": '\n#include "base/mutant.h"\nbool a = KEEL_MUTANT(kLate12);\n'}), {})


class Core(unittest.TestCase):
    def test_clocks_threads_dice_and_libraries_fail(self):
        for name in ("thread", "mutex", "random", "chrono", "condition_variable", "atomic", "iostream",
                     "fstream", "time.h", "pthread.h", "sys/time.h", "boost/asio.hpp", "glog/logging.h",
                     "gflags/gflags.h", "google/protobuf/message.h"):
            self.assertIn("raft/a.cc:1", complaints({"raft/a.cc": f"#include <{name}>\n"}), name)

    def test_generated_messages_fail(self):
        self.assertIn("raft/a.cc:1", complaints({"raft/a.cc": '#include "raft/raft.pb.h"\n'}))

    def test_what_it_needs_is_allowed(self):
        text = "".join(f"#include <{name}>\n" for name in ("vector", "optional", "span", "sstream", "string"))
        self.assertEqual(complaints({"raft/a.cc": text}), {})

    def test_the_way_through_a_lower_header_fails_too(self):
        found = complaints({
            "raft/a.cc": '\n#include "base/outer.h"\n',
            "base/outer.h": HEADER + '#include "base/inner.h"\n',
            "base/inner.h": HEADER + "#include <chrono>\n"})
        self.assertEqual(list(found), ["raft/a.cc:2"])
        self.assertIn("<chrono> by way of base/outer.h -> base/inner.h", found["raft/a.cc:2"])

    def test_the_same_header_elsewhere_is_allowed(self):
        self.assertEqual(complaints({"kv/a.cc": "#include <thread>\n"}), {})

    def test_headers_that_include_each_other_end(self):
        self.assertEqual(complaints({
            "raft/a.h": HEADER + '#include "raft/b.h"\n',
            "raft/b.h": HEADER + '#include "raft/a.h"\n'}), {})

    def test_asking_the_system_for_time_or_chance_fails(self):
        for call in ("std::rand()", "std::time(nullptr)", "std::getenv(name)", "clock_gettime(a, b)"):
            self.assertIn("raft/a.cc:2", complaints({"raft/a.cc": f"\nint x = {call};\n"}), call)
        self.assertEqual(complaints({"raft/a.cc": "// not std::rand()\nint time(int log);\n"}), {})


class Shape(unittest.TestCase):
    def test_a_header_opens_with_a_paragraph_and_the_pragma(self):
        self.assertEqual(complaints({"base/a.h": HEADER}), {})
        self.assertIn("base/a.h:1", complaints({"base/a.h": "#pragma once\n// Late.\n"}))
        self.assertIn("base/a.h:2", complaints({"base/a.h": "// For x.\n#ifndef A_H\n#define A_H\n#endif\n"}))
        self.assertIn("base/a.h:1", complaints({"base/a.h": "// For x.\n"}))
        self.assertIn("base/a.h:1", complaints({"base/a.h": ""}))

    def test_a_file_of_more_than_500_lines_fails(self):
        self.assertEqual(complaints({"base/a.cc": "int x;\n" * 500}), {})
        self.assertIn("base/a.cc:501", complaints({"base/a.cc": "int x;\n" * 501}))
        self.assertEqual(complaints({"docs/a.md": "prose\n" * 900}), {})

    def test_a_function_of_more_than_70_lines_fails(self):
        def function(lines):
            return "namespace keel {\n\nint F() {\n" + "  Step();\n" * (lines - 2) + "}\n}\n"

        self.assertEqual(complaints({"base/a.cc": function(70)}), {})
        self.assertIn("base/a.cc:3", complaints({"base/a.cc": function(71)}))

    def test_functions_are_told_from_types_namespaces_and_tables(self):
        text = """
namespace a::b {
class C : public D<int> {
 public:
  C() : x_{1}, y_{2} {
    F();
  }
  C(const C&) = default;
  bool operator==(const C&) const {
    return true;
  }
 private:
  int x_ = 0;
};
enum class E : int { kA, kB };
constexpr std::array<int, 2> kTable = {
    1,
    2};
const std::vector<T> kCalls = {
    Make(1),
    Make(2)};
template <class T>
T F(std::vector<T> v = {}) {
  if (v.empty()) {
    return {};
  }
  for (auto& x : v) { G([&] { return x; }); }
}
const auto kLambda = [](int x) {
  return x;
};
extern "C" {
int G() { return 1; }
}
}
"""
        self.assertEqual(function_lengths(text), [3, 3, 6, 3, 1])

    def test_braces_in_comments_and_literals_do_not_count(self):
        text = "\n".join([
            "int F() {", "  // {", "  /* {{ */", '  Say("{ \\" {");', "  char c = '{';",
            '  auto raw = R"x({ " )" {)x";', "  int big = 1'000'000;", "}", "int G() {", "}"])
        self.assertEqual(function_lengths(text), [8, 2])

    def test_a_path_of_one_machine_fails_in_any_text(self):
        for folder in shape.MACHINE_FOLDERS:
            path = "/".join(["", folder, "me", "keel"])
            self.assertIn("docs/a.md:2", complaints({"docs/a.md": f"\nsee {path}\n"}), path)
            inner = f"made{path} ${{X}}{path}"  # within a path, and below a folder that a variable names
            self.assertEqual(complaints({"docs/a.md": f"{inner}\n"}), {}, inner)


class Program(unittest.TestCase):
    """The program as ctest runs it: what it prints, and above all how it exits."""

    def run_on(self, tree):
        program = pathlib.Path(__file__).with_name("house_rules.py")
        with tempfile.TemporaryDirectory() as root:
            for path, text in tree.items():
                file = pathlib.Path(root, path)
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text, encoding="utf-8")
            done = subprocess.run([sys.executable, program, root], capture_output=True, text=True, check=False)
        return done.returncode, done.stdout

    def test_a_good_tree_passes(self):
        code, output = self.run_on({"base/a.h": HEADER, "raft/a.cc": '#include "base/a.h"\n'})
        self.assertEqual((code, output), (0, "house rules: files=2 complaints=0\n"))

    def test_a_bad_tree_fails_with_file_and_line(self):
        code, output = self.run_on({"base/a.h": HEADER + '#include "raft/a.h"\n', "raft/a.h": HEADER})
        self.assertEqual(code, 1)
        self.assertIn("base/a.h:3: base/ may not know raft/", output)

    def test_what_a_build_makes_is_not_read(self):
        code, _ = self.run_on({"base/a.h": HEADER, "build/x/a.h": "bad", ".git/a.h": "bad"})
        self.assertEqual(code, 0)

    def test_a_folder_called_build_deeper_down_is_read(self):
        code, _ = self.run_on({"base/build/a.h": "bad"})
        self.assertEqual(code, 1)

    def test_a_tree_without_code_fails_since_it_is_the_wrong_tree(self):
        code, _ = self.run_on({"README.md": "nothing\n"})
        self.assertEqual(code, 1)


if __name__ == "__main__":
    unittest.main()
