# SPDX-License-Identifier: LGPL-3.0-or-later
"""The table of a run: printed, and written as Markdown where that is asked for."""

import os
import platform
from datetime import datetime, timezone
from pathlib import Path

COUNTS = ("events", "sales", "authorised", "lost", "duplicated", "unused", "quarantined")
HEAD = ("scenario", *COUNTS, "catch-up")


def row(result):
    """The cells of one Result."""
    verdict = result.verdict
    counts = (len(verdict.lost), len(verdict.duplicated), len(verdict.unused), result.quarantined)
    return (
        result.name,
        f"{result.events:,}",
        f"{result.vends:,}",
        f"{result.asked:,}",
        *map(str, counts),
        f"{result.catch_up:.1f} s",
    )


def fallen_short(result):
    """What to say where a scenario had fewer events than it was to have."""
    if result.events >= result.wanted:
        return []
    return [f"short: {result.events:,} events of {result.wanted:,}"]


def printed(results):
    """The table as text, with what was found and noted below each row that has something."""
    rows = [HEAD, *map(row, results)]
    widths = [max(len(cells[at]) for cells in rows) for at in range(len(HEAD))]
    lines = [_line(HEAD, widths), "  ".join("-" * width for width in widths)]
    for result in results:
        lines.append(_line(row(result), widths))
        lines += [f"    · {note}" for note in result.notes]
        lines += [f"    ! {line}" for line in fallen_short(result) + result.verdict.lines()]
    return "\n".join(lines)


def _line(cells, widths):
    first, *rest = (
        cell.ljust(width) if at == 0 else cell.rjust(width)
        for at, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return "  ".join((first, *rest))


def markdown(results, machines, seconds):
    """The page docs/operations/chaos.md."""
    total = sum(result.events for result in results)
    parts = [
        "# Broken on purpose",
        "`make chaos` breaks a running company in every way that we could think of and counts at"
        " both ends: in the journals of the machines, and in inbox, vends, orders, payments, share"
        " ledger, slot counters and stock; what consumers paid at the platform for is counted at"
        " their end as well. The broker keeps who may speak with its dynamic-security plugin, as in"
        " production. This page is written by the run"
        " (`make chaos WRITE=1`); nobody edits it.",
        f"Last run: {datetime.now(timezone.utc):%Y-%m-%d}, {len(results)} scenarios with"
        f" {machines} machines, {total:,} events, {seconds / 60:.0f} minutes, on {_machine()}.",
        "**Lost**: journalled by a machine, and neither stored nor in its journal any more, or"
        " stored and not booked. **Duplicated**: stored or booked a second time, or without having"
        " been told. **Unused**: stored and not used in the end, or a vend left open."
        " **Authorised**: those of"
        " the sales that were paid at the platform first (reserve, authorise, command to the"
        " machine, result; a few of them taken back at once); what came of them is said with each"
        " scenario. **Catch-up**: from the end of the"
        " trouble until every event was used and acknowledged, those included that were journalled"
        " meanwhile.",
        "\n".join(_table(results)),
        "## What happens in each",
        "\n".join(f"- **{result.name}**: {_story(result)}" for result in results),
    ]
    return "\n\n".join(parts) + "\n"


def _table(results):
    yield f"| {' | '.join(HEAD)} |"
    yield f"|---|{'---:|' * (len(HEAD) - 1)}"
    for result in results:
        yield f"| {' | '.join(row(result))} |"


def _story(result):
    notes = "".join(f" ({note})" for note in result.notes)
    return f"{result.story}{notes}"


def _machine():
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} × {_processor()}, {memory:.0f} GiB, {platform.system()}"


def _processor():
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
