# SPDX-License-Identifier: LGPL-3.0-or-later
"""Tests that Odoo runs, side by side where the machine has more than one core."""

import os
import re
import subprocess
from contextlib import ExitStack
from dataclasses import dataclass

from . import database, odoo, settings
from .paths import ADDONS, LOGS, PROJECT, RUN, ensure
from .score import Score

RESULT = re.compile(rb"(\d+) failed, (\d+) error\(s\) of (\d+) tests")


@dataclass
class OdooSuite:
    """Tests of addons that Odoo runs: each half in a database of its own, both at once."""

    tags: tuple
    name: str = "odoo"
    needs_database: bool = True

    def run(self):
        """Run the suite and return its Score; no test at all counts as a failure."""
        halves = [_Half(number, tags) for number, tags in enumerate(halve(self.tags), 1)]
        with ExitStack() as stack:
            for half in halves:
                stack.callback(half.end)
                half.prepare()
            for half in halves:
                half.start()
            return sum((half.finish() for half in halves), Score())


class _Half:
    """One Odoo process with the tests of some tags."""

    def __init__(self, number, tags):
        self.tags = tags
        self.copied = number > 1
        self.database = settings.TEST_DATABASE + (f"_{number}" if self.copied else "")
        self.conf = RUN / f"odoo-test-{number}.conf"
        self.log = ensure(LOGS) / f"odoo-test-{number}.log"
        self.process = None

    def prepare(self):
        """Have the database, before anybody is in the one that it is copied from."""
        if self.copied:
            database.copy(settings.TEST_DATABASE, self.database)

    def start(self):
        conf = odoo.write_conf(self.conf, http_port=settings.free_port(), max_cron_threads=0)
        arguments = ["-d", self.database, "--test-tags", ",".join(self.tags), "--stop-after-init"]
        command = odoo.command("server", *arguments, f"--logfile={self.log}", conf=conf)
        self.log.unlink(missing_ok=True)
        self.process = subprocess.Popen(command, cwd=PROJECT, env=odoo.environment(conf))

    def finish(self):
        """Wait for the end, count, and print what went wrong."""
        code = self.process.wait()
        text = self.log.read_bytes() if self.log.exists() else b""
        found = RESULT.findall(text)
        failed, errors, total = map(int, found[-1]) if found else (0, 0, 0)
        skipped = len(re.findall(rb" skipped .* : ", text))
        bad = failed + errors
        for line in _complaints(text):
            print(line)
        if not total:
            print(f"No test matches {', '.join(self.tags)}: see {self.log}")
            return Score(failed=1, sound=False)
        print(f"odoo: {total - bad} of {total} tests passed, log in {self.log}", flush=True)
        return Score(max(total - bad - skipped, 0), bad, skipped, code == 0 or bad > 0)

    def end(self):
        """Leave nothing behind, whatever happened."""
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self.copied:
            database.drop(self.database)


def halve(tags, cores=None):
    """Split tags of whole addons in two by how many tests they hold, if there are two cores.

    :return: list of one or two tuples of tags
    """
    cores = cores or os.cpu_count() or 1
    if cores < 2 or len(tags) < 2 or any(":" in tag or tag.count("/") > 1 for tag in tags):
        return [tuple(tags)]
    halves = [[0, []], [0, []]]
    for size, tag in sorted(((_size(tag), tag) for tag in tags), reverse=True):
        half = min(halves)
        half[0] += size
        half[1].append(tag)
    return [tuple(tags) for _size, tags in halves if tags]


def _size(tag):
    files = (ADDONS / tag.strip("/") / "tests").glob("test_*.py")
    return sum(len(re.findall(r"^    def test_", file.read_text(), re.M)) for file in files)


def _complaints(text):
    """Yield the log lines of failures, with their tracebacks."""
    inside = False
    for line in text.decode(errors="replace").splitlines():
        if re.match(r"\d{4}-\d\d-\d\d ", line):
            inside = bool(re.match(r"\S+ \S+ \d+ (ERROR|CRITICAL) ", line))
        if inside:
            yield line
