# SPDX-License-Identifier: LGPL-3.0-or-later
"""`make chaos`: plays the scenarios one after the other and prints what was lost and what doubled.

`python -m tests.chaos --list` names them; the exit code is 0 when nothing was lost and nothing is
there twice in any of them.
"""

import argparse
import signal
import sys
import time
import traceback

from tests.chaos import play, report
from tools.env.paths import PROJECT

PAGE = PROJECT / "docs" / "operations" / "chaos.md"


def main(argv=None):
    """Play; the exit code."""
    chosen = _parser().parse_args(argv)
    scenarios = play.select(chosen.names, chosen.short)
    if chosen.list:
        for scenario in scenarios:
            print(f"{scenario.name}{' (short form)' if scenario.short else ''}\n  {scenario.story}")
        return 0
    events, machines = play.SHORT if chosen.short else play.WHOLE
    events, machines = chosen.events or events, chosen.machines or machines
    signal.signal(signal.SIGTERM, lambda *_about: sys.exit(143))  # and leave nothing running
    began = time.monotonic()
    results, broken = play.run(scenarios, events, machines)
    spent = time.monotonic() - began
    print(f"\n{report.printed(results)}\n")
    for error in broken:
        traceback.print_exception(error)
    failed = len(broken) + sum(not result.passed for result in results)
    print(
        f"{len(results)} scenarios counted, {failed} failed, {spent / 60:.1f} minutes", flush=True
    )
    if chosen.write and not failed:
        PAGE.write_text(report.markdown(results, machines, spent))
    return 1 if failed else 0


def _parser():
    parser = argparse.ArgumentParser(prog="tests.chaos", description=__doc__)
    parser.add_argument("names", nargs="*", help="words of the names of scenarios; all by default")
    parser.add_argument("--short", action="store_true", help="the short form, as in make test")
    parser.add_argument("--list", action="store_true", help="only name the scenarios")
    parser.add_argument("--events", type=int, help="events of each scenario")
    parser.add_argument("--machines", type=int, help="machines of the company")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.relative_to(PROJECT)}")
    return parser


if __name__ == "__main__":
    sys.exit(main())
