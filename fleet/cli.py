# SPDX-License-Identifier: LGPL-3.0-or-later
"""`python -m fleet`: runs a mode, prints what it sold, tells by its exit code how it went."""

import logging
import signal
import sys
import time
from dataclasses import replace

from fleet import arguments, burst, history, report
from fleet.config import read
from fleet.conformance import command as conformance
from fleet.crowd import Crowd
from fleet.errors import BadConfig, JournalDamaged
from fleet.replay import Replay
from fleet.runner import Fleet

BULK = {"rate": 0.0, "start_spread": 0.0, "dispense": 0.0, "tele": 0.0, "window": 2000}


class Stop:
    """Set by SIGINT and SIGTERM: finish in an orderly way; a second one ends at once."""

    def __init__(self):
        self.asked = False
        for name in (signal.SIGINT, signal.SIGTERM):
            signal.signal(name, self._ask)

    def _ask(self, *_about):
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True


def main(argv=None):
    """Run; 0 when all is sent and acknowledged, 1 when not, 2 when it could not begin."""
    chosen = arguments.parser().parse_args(argv)
    logging.basicConfig(level=chosen.log_level, format="%(levelname)s %(message)s")
    try:
        return MODES[chosen.mode](chosen)
    except (BadConfig, JournalDamaged, OSError, KeyError) as error:
        print(f"fleet: {error}", file=sys.stderr)
        return 2


def _fleet(chosen, **defaults):
    options = arguments.options(chosen, **defaults)
    config = read(chosen.config)
    if chosen.door:
        config = replace(config, door=chosen.door, door_ca=chosen.door_ca or config.door_ca)
    return Fleet(config, chosen.state, options, chosen.machines)


def live(chosen):
    """Consumers buy until so many vends, so many seconds, or a signal."""
    stop = Stop()
    with _fleet(chosen, **arguments.LIVE) as fleet:
        if not chosen.quiet:
            fleet.listeners.append(_print_vend)
        crowd = Crowd(fleet, chosen.vends)
        fleet.actors.append(crowd)
        end = time.monotonic() + (chosen.duration or float("inf"))
        while not (stop.asked or crowd.closed or time.monotonic() >= end):
            fleet.step()
        crowd.closed = True
        return _finish(fleet, chosen, stop)


def replay(chosen):
    """Tell a history; 1 when a row could not be sent."""
    stop = Stop()
    columns = history.Columns(
        chosen.machine_column, chosen.sku_column, chosen.qty_column, chosen.price_column,
        chosen.total_column, chosen.date_column, chosen.date_format, chosen.machine_key,
    )  # fmt: skip
    rows, digest = history.read(chosen.file, columns)
    with _fleet(chosen, dispense=0.0, tele=0.0) as fleet:
        if chosen.rebase_days:
            history.rebase(rows, fleet.now(), chosen.rebase_days)
        _await_ready(fleet, chosen)
        told = Replay(fleet, digest, chosen.pay).run(rows, chosen.machine_key)
        code = _finish(fleet, chosen, stop, {"replay": told.report()})
    _print_replay(told)
    return 1 if told.unsent else code


def run_burst(chosen):
    """Tell so many events per machine as fast as the broker takes them."""
    stop = Stop()
    with _fleet(chosen, **BULK) as fleet:
        _await_ready(fleet, chosen)
        begun = time.monotonic()
        count = burst.run(fleet, chosen.events, lambda: stop.asked)
        code = _finish(fleet, chosen, stop)
        seconds = time.monotonic() - begun
        print(f"{count} events in {seconds:.1f} s, {count / seconds:.0f} per second")
    return code


def _await_ready(fleet, chosen):
    if not fleet.run_until(fleet.ready, chosen.ready_timeout):
        late = [m.serial for m in fleet.machines if not (m.online and m.version)]
        print(f"fleet: {len(late)} machines without line or planogram, such as {late[0]}",
              file=sys.stderr)  # fmt: skip


def _finish(fleet, chosen, stop, extra=None):
    """Bring every machine online, wait for acknowledgements, report."""
    for machine in fleet.machines:
        if not machine.wanted:
            machine.go_online()
    patience = min(chosen.drain_timeout, 5.0) if stop.asked else chosen.drain_timeout
    drained = fleet.run_until(lambda: fleet.drained() or _hurry(stop, chosen), patience)
    result = fleet.report() | (extra or {})
    if chosen.report:
        report.write(result, chosen.report)
    if not chosen.quiet:
        print(report.table(result))
    if not fleet.drained():
        print(f"fleet: {fleet.pending()} events are not acknowledged; they stay in the journal",
              file=sys.stderr)  # fmt: skip
    return 0 if drained and fleet.drained() else 1


def _hurry(stop, chosen):
    """A signal that comes while draining ends the wait."""
    return stop.asked and chosen.mode != "live"


def _print_vend(machine, entry):
    clock = entry["ts"][11:19]
    money = f"{entry['price']} {entry['currency']}"
    back = {True: ", money back", False: ", money kept", None: ""}[entry["refunded"]]
    what = f"{entry['qty']} × {entry['sku']}"
    print(f"{clock}  {machine.serial:12} {entry['slot']:4} {what:28} {money:>12} "
          f"{entry['pay']:8} {entry['outcome']}{back}", flush=True)  # fmt: skip


def _print_replay(told):
    print(f"replay: {told.told} vends told, {told.known} known from an earlier run, "
          f"{len(told.split)} rows whose total is not price × quantity")  # fmt: skip
    for line in told.unsent:
        print(f"not sent: {line}", file=sys.stderr)


MODES = {"live": live, "replay": replay, "burst": run_burst, "conformance": conformance.run}
