# SPDX-License-Identifier: LGPL-3.0-or-later
"""The parts of `make test`, and which of them a path belongs to."""

import os
import re
import subprocess
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

from . import database, odoo, settings
from .errors import EnvError
from .paths import ADDONS, LOGS, PROJECT, PYTHON, RUN, ensure

REPORTS = RUN / "reports"
RESULT = re.compile(rb"(\d+) failed, (\d+) error\(s\) of (\d+) tests")


@dataclass
class Score:
    """How many tests passed, failed and were skipped, and whether the runner itself is content."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    sound: bool = True

    def __add__(self, other):
        sums = (self.passed + other.passed, self.failed + other.failed)
        return Score(*sums, self.skipped + other.skipped, self.sound and other.sound)


@dataclass
class PytestSuite:
    """Tests that pytest runs: pure ones, and those that start processes of their own."""

    name: str
    paths: tuple
    options: tuple = ()
    needs_database: bool = False

    def run(self):
        """Run the suite and return its Score."""
        report = ensure(REPORTS) / f"{self.name}.xml"
        report.unlink(missing_ok=True)
        command = [PYTHON, "-m", "pytest", f"--junitxml={report}", *self.options, *self.paths]
        # 5: pytest found no test, which is a failure only when nothing else ran
        code = subprocess.call(list(map(str, command)), cwd=PROJECT, env=_environment())
        if not report.exists():
            return Score(failed=1, sound=False)
        score = _read(report)
        return Score(score.passed, score.failed, score.skipped, code in (0, 1, 5))


@dataclass
class OdooSuite:
    """Tests of addons that Odoo runs in the test database."""

    tags: tuple
    name: str = "odoo"
    needs_database: bool = True

    def run(self):
        """Run the suite and return its Score; no test at all counts as a failure."""
        port = settings.free_port()
        conf = odoo.write_conf(RUN / "odoo-test.conf", http_port=port, max_cron_threads=0)
        log = ensure(LOGS) / "odoo-test.log"
        tags = ",".join(self.tags)
        arguments = ["-d", settings.TEST_DATABASE, "--test-tags", tags, "--stop-after-init"]
        command = odoo.command("server", *arguments, f"--logfile={log}", conf=conf)
        log.unlink(missing_ok=True)
        code = subprocess.call(command, cwd=PROJECT, env=odoo.environment(conf))
        return self._score(log, code)

    def _score(self, log, code):
        text = log.read_bytes() if log.exists() else b""
        found = RESULT.findall(text)
        failed, errors, total = map(int, found[-1]) if found else (0, 0, 0)
        skipped = len(re.findall(rb" skipped .* : ", text))
        bad = failed + errors
        for line in _complaints(text):
            print(line)
        if not total:
            print(f"No test matches {', '.join(self.tags)}: see {log}")
            return Score(failed=1, sound=False)
        print(f"odoo: {total - bad} of {total} tests passed, log in {log}")
        return Score(max(total - bad - skipped, 0), bad, skipped, code == 0 or bad > 0)


def select(target=None):
    """Return the suites to run, all of them or the one that the path `target` belongs to."""
    if not target:
        return _everything()
    path, _, rest = target.partition("::")
    full = Path(os.path.abspath(PROJECT / path))
    if not full.exists():
        raise EnvError(f"T={target}: there is no {path} in this project.")
    relative = full.relative_to(PROJECT)
    if relative.parts[0] == "addons" and "pure" not in relative.parts:
        return [*_pure_of(relative), OdooSuite((_tag(relative, rest),))]
    whole = target.replace(path, str(relative), 1)
    crossing = relative.parts[0] == "tests" and "pure" not in relative.parts
    return [PytestSuite(_label(relative), (whole,), _IMPORT, crossing)]


def _everything():
    suites = []
    pure = [path for path in (PROJECT / "fleet", PROJECT / "tests" / "pure") if path.exists()]
    pure += sorted(ADDONS.glob("*/tests/pure"))
    if pure:
        suites.append(PytestSuite("pure", tuple(pure), _IMPORT))
    if odoo.modules():
        suites.append(OdooSuite(tuple(f"/{name}" for name in odoo.modules())))
    if list((PROJECT / "tests").rglob("test_*.py")):
        ignored = ("--ignore=tests/bench", "--ignore=tests/pure")
        suites.append(PytestSuite("end-to-end", ("tests",), (*_IMPORT, *ignored), True))
    return suites


def _pure_of(relative):
    pure = PROJECT / relative / "tests" / "pure"
    return [PytestSuite("pure", (pure,), _IMPORT)] if pure.exists() else []


def _tag(relative, rest):
    """Return Odoo's test tag of a path below addons/, with pytest's Class::method behind it."""
    if len(relative.parts) == 1:
        return ",".join(f"/{name}" for name in odoo.modules())
    tag = f"/{relative}" if relative.suffix == ".py" else f"/{relative.parts[1]}"
    names = [name for name in rest.split("::") if name]
    return tag + (":" + names[0] if names else "") + ("." + names[1] if len(names) > 1 else "")


def _complaints(text):
    """Yield the log lines of failures, with their tracebacks."""
    inside = False
    for line in text.decode(errors="replace").splitlines():
        if re.match(r"\d{4}-\d\d-\d\d ", line):
            inside = bool(re.match(r"\S+ \S+ \d+ (ERROR|CRITICAL) ", line))
        if inside:
            yield line


def _read(report):
    suites = ElementTree.parse(report).getroot().iter("testsuite")  # noqa: S314 - our own file
    total = Score()
    for suite in suites:
        count = {key: int(suite.get(key, 0)) for key in ("tests", "failures", "errors", "skipped")}
        bad = count["failures"] + count["errors"]
        total += Score(count["tests"] - bad - count["skipped"], bad, count["skipped"])
    return total


def _environment():
    started = database.STATE.exists()
    variables = odoo.environment(odoo.SETUP_CONF) if started else os.environ
    return {**variables, "PYTHONPATH": str(PROJECT)}


def _label(relative):
    return "-".join(relative.parts)


_IMPORT = ("-p", "no:odoo", "--import-mode=importlib")
