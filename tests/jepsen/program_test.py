"""keel-check as outsiders run it: verdicts, exit codes, messages, bounds and speed.

    program_test.py KEEL_CHECK [SECONDS]

SECONDS is what the longest history may take: 10, or more under a sanitizer.

Judges the histories beside this file, and those of the folder that KEEL_HISTORIES names, if it is
set: files listed with their verdicts in its file VERDICTS, and all files in folders called good and
bad, which start at 0.
"""

import html.parser
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time
import unittest

HERE = pathlib.Path(__file__).parent
KEEL_CHECK = sys.argv.pop(1) if len(sys.argv) > 1 else "keel-check"
SECONDS_MAX = float(sys.argv.pop(1)) if len(sys.argv) > 1 else 10
EXIT_CODES = {"linearizable": 0, "not-linearizable": 1, "unknown": 2}


def check(*arguments, text=None):
    return subprocess.run([KEEL_CHECK, *map(str, arguments)], input=text, capture_output=True,
                          text=True, timeout=100, check=False)


def event(process, kind, function, value, extra=""):
    return f"{{:process {process}, :type :{kind}, :f :{function}, :value {value}{extra}}}"


class Verdicts(unittest.TestCase):
    def assert_verdict(self, verdict, *arguments, text=None):
        done = check(*arguments, text=text)
        self.assertEqual(done.stdout.split("\n")[0], verdict, f"{arguments}\n{done.stdout[:2000]}{done.stderr}")
        self.assertEqual(done.returncode, EXIT_CODES[verdict], arguments)
        return done.stdout

    def test_every_history_is_judged_as_its_folder_says(self):
        judged = 0
        for verdict in ("linearizable", "not-linearizable"):
            for file in sorted((HERE / "histories" / verdict).iterdir()):
                model = file.name.split(".")[0]
                self.assert_verdict(verdict, "--model", model, file)
                inferred = self.assert_verdict(verdict, file).split("\n")[1]
                self.assertEqual(inferred.split()[1].rstrip(","), model, file.name)
                judged += 1
        self.assertGreater(judged, 15)

    def test_histories_of_a_folder_that_is_given(self):
        folder = os.environ.get("KEEL_HISTORIES")
        if not folder:
            return
        folder = pathlib.Path(folder)
        for line in (folder / "VERDICTS").read_text().splitlines():
            name, verdict = line.split()
            self.assert_verdict(verdict, folder / name)
        for kind, verdict in (("good", "linearizable"), ("bad", "not-linearizable")):
            for file in sorted(folder.glob(f"**/{kind}/*")):
                self.assert_verdict(verdict, "--initial", "0", file)

    def test_an_initial_value_is_one(self):
        read = event(0, "invoke", "read", "nil") + event(0, "ok", "read", "7")
        self.assert_verdict("linearizable", "--initial", "7", "-", text=read)
        self.assert_verdict("not-linearizable", "--initial=8", "-", text=read)

    def test_what_nil_says_can_be_told(self):
        text = "\n".join([event(0, "invoke", "write", 1), event(0, "ok", "write", 1),
                          event(0, "invoke", "read", "nil"), event(0, "ok", "read", "nil")])
        self.assert_verdict("linearizable", "-", text=text)
        self.assert_verdict("not-linearizable", "--nil", "absent", "-", text=text)

    def test_a_counterexample_is_small(self):
        lines = []
        for i in range(300):
            lines += [event(0, "invoke", "write", i), event(0, "ok", "write", i)]
        lines += [event(1, "invoke", "read", "nil"), event(1, "ok", "read", 17)]
        for i in range(300, 400):
            lines += [event(0, "invoke", "write", i), event(0, "ok", "write", i)]
        shown = self.assert_verdict("not-linearizable", "-", text="\n".join(lines))
        drawn = [line for line in shown.split("\n") if "|" in line]
        self.assertEqual(len(drawn), 3, shown)
        self.assertIn("write 17", shown)
        self.assertIn("read -> 17", shown)

    def test_nothing_is_linearizable(self):
        for text in ("", "[]", "; nothing\n"):
            self.assert_verdict("linearizable", "-", text=text)

    def test_a_process_that_comes_back_has_crashed(self):
        text = "\n".join([event(0, "invoke", "write", 1), event(0, "invoke", "read", "nil"),
                          event(0, "ok", "read", 1)])
        self.assert_verdict("linearizable", "-", text=text)
        self.assertIn("line 2", check("-", text=text).stderr)

    def test_past_its_memory_it_does_not_know(self):
        writes = [f"[[:w :x {i}] [:w :y {i}]]" for i in range(20)]
        lines = [event(i, "invoke", "txn", txn) for i, txn in enumerate(writes)]
        lines += [event(i, "ok", "txn", txn) for i, txn in enumerate(writes)]
        lines += [event(99, kind, "txn", "[[:r :x 3] [:r :y 4]]") for kind in ("invoke", "ok")]
        shown = self.assert_verdict("unknown", "--cache-mb", "4", "-", text="\n".join(lines))
        self.assertIn("--cache-mb", shown)


class Refusals(unittest.TestCase):
    def assert_refused(self, *words, arguments=("-",), text=""):
        done = check(*arguments, text=text)
        self.assertEqual(done.returncode, 3, done.stdout + done.stderr)
        self.assertEqual(done.stdout, "")
        for word in words:
            self.assertIn(word, done.stderr)

    def test_bad_input_is_told_with_line_and_column(self):
        good = event(0, "invoke", "read", "nil")
        self.assert_refused("line 2, column 5", text=f"{good}\n    }}")
        self.assert_refused("line 1, column 1", "never closed", text=f"[{good}\n")
        self.assert_refused("line 2, column 1", ":type", text=good + "\n{:process 0, :f :read}")
        self.assert_refused("line 2, column 1", text=good + '\n"no map"')
        self.assert_refused("line 1, column 1", text="what is this")
        self.assert_refused("line 2", "is answered about", text=good + "\n" + event(0, "ok", "write", 1))
        self.assert_refused("line 1", "has not made", text=event(0, "ok", "write", 1))
        self.assert_refused("line 1, column 36", text="INFO  jepsen.util - 4\t:invoke\t:cas\t[1 2")
        self.assert_refused("line 1, column 23", text="INFO  jepsen.util - 4\t:began\t:cas\t[1 2]")

    def test_an_operation_that_the_model_has_not_is_refused(self):
        text = event(3, "invoke", "cas", "[1 2]") + "\n" + event(3, "ok", "cas", "[1 2]")
        self.assert_refused("line 1", "cas-register", arguments=("--model", "register", "-"), text=text)
        text = event(3, "invoke", "fly", "1") + "\n" + event(3, "ok", "fly", "1")
        self.assert_refused("fly", "--model", text=text)

    def test_flags_are_read_strictly(self):
        self.assert_refused("queue", "register", arguments=("--model", "queue", "-"))
        self.assert_refused("--speed", arguments=("--speed", "-"))
        self.assert_refused("--initial", arguments=("--initial", "[1", "-"))
        self.assert_refused("FILE", arguments=())
        self.assert_refused("one file", arguments=("a", "b"))
        self.assert_refused("nowhere.edn", arguments=("/nowhere.edn",))

    def test_help_tells_exit_codes_and_models(self):
        done = check("--help")
        self.assertEqual(done.returncode, 0)
        for word in ("exit code 3", "cas-register", "multi-register", "mutex", "append", "--initial"):
            self.assertIn(word, done.stdout)


class Balance(html.parser.HTMLParser):
    """Collects a page's text, and fails where a tag is closed that was not opened last."""

    def __init__(self):
        super().__init__()
        self.open, self.text = [], ""

    def handle_starttag(self, tag, attrs):
        if tag != "meta":
            self.open.append(tag)
        for name, value in attrs:
            assert name not in ("src", "href"), f"the page needs {value}"

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, tag

    def handle_data(self, data):
        self.text += data


class Page(unittest.TestCase):
    def page_of(self, lines):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "page.html"
            done = check("--html", file, "-", text="\n".join(lines))
            self.assertIn(done.returncode, (0, 1), done.stderr)
            balance = Balance()
            balance.feed(file.read_text())
        self.assertEqual(balance.open, [])
        return balance.text

    def test_a_page_tells_verdict_faults_and_what_they_cost(self):
        lines = []
        for i in range(100):
            lines.append(event(0, "invoke", "write", i, f", :time {i * 10_000_000}"))
            if i in (30, 50):
                name = "start-partition" if i == 30 else "stop-partition"
                lines.append(event(":nemesis", "info", name, "nil", f", :time {i * 10_000_000 + 1}"))
            kind = "fail" if 30 <= i < 55 else "ok"
            lines.append(event(0, kind, "write", i, f", :time {i * 10_000_000 + 2_000_000}"))
        lines.append(event(1, "invoke", "read", "nil", ", :time 2000000000"))
        lines.append(event(1, "ok", "read", 3, ", :time 2001000000"))
        text = self.page_of(lines)
        for words in ("not-linearizable", "read -> 3", "partition", "0 %", "252 ms", "52 ms", "Latency", "acknowledged"):
            self.assertIn(words, text)

    def test_a_page_of_a_history_without_times_or_events(self):
        self.assertIn("linearizable", self.page_of([event(0, "invoke", "write", '"<&>"')]))
        self.assertIn("linearizable", self.page_of(["[]"]))

    def test_a_page_that_cannot_be_written_is_an_error(self):
        done = check("--html", "/nowhere/page.html", "-", text="[]")
        self.assertEqual(done.returncode, 3)
        self.assertIn("/nowhere/page.html", done.stderr)


class Speed(unittest.TestCase):
    def test_a_hundred_thousand_operations_on_a_hundred_keys_take_seconds(self):
        with tempfile.NamedTemporaryFile("w", suffix=".edn") as file:
            file.write("\n".join(long_history(100_000, 100, 20)))
            file.flush()
            begun = time.monotonic()
            done = check(file.name)
            took = time.monotonic() - begun
        self.assertEqual(done.stdout.split("\n")[0], "linearizable", done.stdout[:500])
        print(f"100,000 operations: {took:.2f} s")
        self.assertLess(took, SECONDS_MAX)


def long_history(operations, keys, processes):
    """What processes see of registers, with calls that overlap and some that are never answered."""
    chance = random.Random(7)
    values, open_calls, next_process = {}, {}, processes
    alive = list(range(processes))
    for _ in range(operations):
        slot = chance.randrange(processes)
        if slot in open_calls:
            process, function, key, value = open_calls.pop(slot)
            if chance.random() < 0.002:
                yield event(process, "info", function, f"[{key} {value}]")
                alive[slot], next_process = next_process, next_process + 1
            else:
                yield event(process, "ok", function, f"[{key} {value}]")
        process, key = alive[slot], chance.randrange(keys)
        function = chance.choice(("read", "write", "cas"))
        asked = value = chance.randrange(5)
        current = values.get(key, "nil")
        if function == "read":
            asked, value = "nil", current
        elif function == "cas":
            asked = value = f"[{current} {value}]"
            values[key] = value.strip("[]").split()[1]
        else:
            values[key] = value
        yield event(process, "invoke", function, f"[{key} {asked}]")
        open_calls[slot] = (process, function, key, value)
    for process, function, key, value in open_calls.values():
        yield event(process, "ok", function, f"[{key} {value}]")


if __name__ == "__main__":
    unittest.main()
