"""The pages of a run, looked at by a real browser: what a person would see is there, and nothing complains.

A short run makes the pages. The browser gives back the document as it has built it, a picture of it, and what its
console was told."""

import argparse
import html.parser
import os
import pathlib
import shutil
import struct
import subprocess
import tempfile

# A picture of an empty page of this size is smaller.
LEAST_BYTES = 20_000
WIDTH, HEIGHT = 1200, 1600


class Seen(html.parser.HTMLParser):
    """Counts elements, and keeps the text."""

    def __init__(self, document):
        super().__init__()
        self.count = {}
        self.links = []
        self.text = ""
        self.feed(document)

    def handle_starttag(self, tag, attributes):
        self.count[tag] = self.count.get(tag, 0) + 1
        if tag == "a":
            self.links.append(dict(attributes).get("href", ""))

    def handle_data(self, data):
        self.text += data


def browse(options, home, page, *what):
    """Runs the browser on a page; what it prints, after making sure that the console was silent."""
    command = [options.browser, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
               f"--user-data-dir={home}/profile", "--enable-logging=stderr", "--hide-scrollbars",
               f"--window-size={WIDTH},{HEIGHT}", *what, page.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True,
                          env=dict(os.environ, HOME=home))
    said = [line for line in done.stderr.splitlines() if ":CONSOLE" in line]
    assert not said, f"{page.name} complains: {said}"
    return done.stdout


def size_of(picture):
    """Width and height of a PNG, by its header."""
    head = picture.read_bytes()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n", "not a picture"
    return struct.unpack(">II", head[16:24])


def look(options, home, page, tables, charts):
    seen = Seen(browse(options, home, page, "--dump-dom"))
    assert seen.count.get("h1") == 1, f"{page.name} has {seen.count.get('h1', 0)} headings"
    assert seen.count.get("table", 0) >= tables, f"{page.name} lacks a table"
    assert seen.count.get("svg", 0) >= charts, f"{page.name} lacks a chart"
    assert seen.count.get("path", 0) + seen.count.get("polyline", 0) >= charts, f"{page.name} draws no line"
    picture = pathlib.Path(home) / (page.stem + ".png")
    browse(options, home, page, f"--screenshot={picture}")
    assert size_of(picture) == (WIDTH, HEIGHT), f"a picture of {size_of(picture)}"
    assert picture.stat().st_size > LEAST_BYTES, f"an empty picture of {page.name}: {picture.stat().st_size} bytes"
    print(f"ok: {page.name}, {sum(seen.count.values())} elements, a picture of {picture.stat().st_size} bytes")
    return seen


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--jepsen", required=True)
    parser.add_argument("--server", required=True)
    parser.add_argument("--browser", default=shutil.which("chromium"))
    options = parser.parse_args()
    assert options.browser, "no browser: apt-get install chromium"
    with tempfile.TemporaryDirectory(prefix="keel-page-") as home:
        out = pathlib.Path(home) / "out"
        subprocess.run([options.jepsen, "--server", options.server, "--time", "8", "--rate", "200", "--seed", "1",
                        "--faults", "kill,partition-leader", "--workload", "register,set", "--out", str(out)],
                       check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        index = look(options, home, out / "index.html", tables=1, charts=2)
        for word in ("seed 1", "partition-leader", "register", "linearizable"):
            assert word in index.text, f"the index does not say {word}"
        for link in index.links:
            assert (out / link).is_file(), f"the index links to {link}, which is not there"
        page = look(options, home, out / "register.html", tables=1, charts=2)
        assert "Answers" in page.text and "Latency" in page.text, "the charts have no titles"
    print("page: passed")


if __name__ == "__main__":
    main()
