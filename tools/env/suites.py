# SPDX-License-Identifier: LGPL-3.0-or-later
"""The parts of `make test`, and which of them a path belongs to."""

import os
import subprocess
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

from . import database, odoo
from .errors import EnvError
from .odoo_suite import OdooSuite
from .paths import ADDONS, PROJECT, PYTHON, RUN, ensure
from .score import Score

REPORTS = RUN / "reports"


@dataclass
class PytestSuite:
    """Tests that pytest runs: pure ones, and those that start processes of their own."""

    name: str
    paths: tuple
    options: tuple = ()
    needs_database: bool = False
    lanes: int = 1

    def run(self):
        """Run the suite and return its Score."""
        report = ensure(REPORTS) / f"{self.name}.xml"
        report.unlink(missing_ok=True)
        options = (*self.options, *side_by_side(self.lanes))
        command = [PYTHON, "-m", "pytest", f"--junitxml={report}", *options, *self.paths]
        # 5: pytest found no test, which is a failure only when nothing else ran
        code = subprocess.call(list(map(str, command)), cwd=PROJECT, env=_environment())
        if not report.exists():
            return Score(failed=1, sound=False)
        score = _read(report)
        return Score(score.passed, score.failed, score.skipped, code in (0, 1, 5))


def side_by_side(lanes, cores=None):
    """Return pytest's options for so many files at once; on a machine with one core none."""
    if lanes < 2 or (cores or os.cpu_count() or 1) < 2:
        return ()
    return ("-n", str(lanes), "--dist", "loadfile", "--no-loadscope-reorder")


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
        # most of them wait most of their time
        suites.append(PytestSuite("pure", tuple(pure), _IMPORT, lanes=3))
    if odoo.modules():
        suites.append(OdooSuite(tuple(f"/{name}" for name in odoo.modules())))
    if list((PROJECT / "tests").rglob("test_*.py")):
        options = (*_IMPORT, "--ignore=tests/bench", "--ignore=tests/pure")
        busy, alone = (*options, "-m", "not alone"), (*options, "-m", "alone")
        suites.append(PytestSuite("end-to-end", ("tests",), busy, True, lanes=2))
        suites.append(PytestSuite("end-to-end-alone", ("tests",), alone, True))
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
