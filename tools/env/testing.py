# SPDX-License-Identifier: LGPL-3.0-or-later
"""`make test`: the set-up, then every suite, then one line that sums up."""

import os

from . import apt, database, lease, suites
from .errors import EnvError
from .score import Score
from .shell import is_root, say, step

BROWSER = ("chromium", "fonts-wqy-microhei")


def run(target=None):
    """Run the suites of `target` (all by default) and return the exit code."""
    chosen = suites.select(target)
    if not chosen:
        raise EnvError("There is no test in this checkout.")
    if not any(suite.needs_database for suite in chosen):
        return _report(_run_all(chosen))
    ensure_browser()
    with lease.cluster():
        database.ensure_test_database()
        return _report(_run_all(chosen))


def ensure_browser():
    """Have chromium and what prints PDF, as far as this machine allows it."""
    if not apt.available():
        return
    missing = [name for name in BROWSER if not apt.installed(name)]
    if missing and not is_root():
        say(
            f"{', '.join(missing)} not installed: browser tests are skipped. Install them with apt."
        )
    elif missing:
        with step("Browser for the tests: installing it"):
            apt.install(*missing)
    if is_root() and not apt.installed("wkhtmltopdf"):
        _install_pdf()


def _install_pdf():
    apt.refresh()
    if not apt.candidate("wkhtmltopdf"):
        say("apt carries no wkhtmltopdf here: tests that print PDF are skipped")
        return
    with step("wkhtmltopdf: installing it"):
        apt.install("wkhtmltopdf")


def _run_all(chosen):
    total = Score()
    for suite in chosen:
        say(f"Tests: {suite.name}")
        total += suite.run()
    return total


def _report(score):
    skipped = f", {score.skipped} skipped" if score.skipped else ""
    if not score.sound and not score.failed:
        print("A runner ended with an error of its own: see above", flush=True)
    print(f"{score.passed} passed, {score.failed} failed{skipped}", flush=True)
    return os.EX_OK if score.sound and not score.failed and score.passed else 1
