# SPDX-License-Identifier: LGPL-3.0-or-later
from dataclasses import replace
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL, LazyTranslate

from ..core import gaps
from ..core.gaps import Gap, Step
from .wine_bridge_projection import CONFLICTS

_lt = LazyTranslate(__name__)

#: seconds that a gap stands before the machine is asked; a system parameter of this name
PATIENCE = ("wine_device_bridge.gap_seconds", 60)
#: a machine that has just come back may still hold its journal back (docs/protocol §4)
START_DELAY = ("wine_device_bridge.gap_start_delay", 300)
#: what a machine answers that does not hold all of what it was asked for
REFUSALS = ("failed", "rejected")


class WineCase(models.Model):
    _inherit = "wine.case"

    kind = fields.Selection(
        selection_add=[("missing", "Events missing")], ondelete={"missing": "cascade"}
    )


class WineBridgeGap(models.Model):
    """Events of a machine that were announced by their numbers and have not come.

    **open** → **asked** (``event.resend``, four times at most, each time waited for twice as long)
    → **filled**, by itself, when they have come; or → **missing**: the machine does not hold them,
    or its board is gone. A case then says what that means, the machine's counters are asked for,
    and a person compares. Should the events come after all, gap and case close by themselves.
    """

    _name = "wine.bridge.gap"
    _description = "Missing events of a machine"
    _order = "ended_at desc, id desc"
    _rec_name = "first"

    machine_id = fields.Many2one(
        "wine.machine", required=True, readonly=True, index=True, ondelete="cascade"
    )
    region_id = fields.Many2one(related="machine_id.region_id")
    epoch = fields.Integer(required=True, readonly=True)
    first = fields.Float("From number", digits=(16, 0), required=True, readonly=True)
    last = fields.Float("To number", digits=(16, 0), required=True, readonly=True)
    missing = fields.Float("Events missing", digits=(16, 0), required=True, readonly=True)
    state = fields.Selection(
        [("open", "Open"), ("asked", "Asked for"), ("missing", "Missing"), ("filled", "Filled")],
        required=True,
        readonly=True,
        default="open",
    )
    since = fields.Datetime("Nothing came since", required=True, readonly=True)
    tries = fields.Integer("Times asked", readonly=True)
    asked_at = fields.Datetime("Asked last", readonly=True)
    command = fields.Char("Last command", readonly=True)
    ended_at = fields.Datetime("Filled at", readonly=True)
    case_id = fields.Many2one("wine.case", readonly=True, ondelete="set null")

    _open = models.Index("(machine_id, epoch) WHERE ended_at IS NULL")

    # === BUSINESS: FOLLOWING JOURNALS === #

    @api.model
    def _cron_watch(self):
        """Look at every journal with gaps, and at every gap that was open at the last look."""
        now = fields.Datetime.now()
        open_gaps = self.search([("ended_at", "=", False)], order="id")
        known = open_gaps.grouped(lambda gap: (gap.machine_id.id, gap.epoch))
        missing = self._missing()
        answers = open_gaps._answers()
        for key in sorted(known.keys() | missing.keys()):
            try:
                with self.env.cr.savepoint():
                    rows, journal = known.get(key, self.browse()), missing.get(key, ([], []))
                    self._watch(key, rows, journal, answers, now)
            except CONFLICTS:  # its journal grows at this moment: the next look sees it
                self.env.invalidate_all()

    def _watch(self, key, rows, journal, answers, now):
        """One journal and its gaps."""
        rows |= rows._compare(key, *journal, answers, now)
        for gap in rows.filtered(lambda gap: not gap.ended_at):
            gap._decide(answers, now)

    @api.model
    def _missing(self):
        """(machine id, epoch) → (missing, given up): [[first, last]], of journals with gaps."""
        self.env["wine.bridge.journal"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """SELECT machine_id, epoch, gaps, lost FROM wine_bridge_journal
                    WHERE gaps IS NOT NULL AND gaps <> '[]'::jsonb
                    ORDER BY machine_id, epoch"""
            )
        )
        return {(machine, epoch): (gaps, lost or []) for machine, epoch, gaps, lost in rows}

    def _answers(self):
        """Command id → whether the machine has said that it does not hold what was asked for."""
        commands = self.env["wine.bridge.command"].search(
            [("uuid", "in", self.filtered("command").mapped("command"))]
        )
        return {
            command.uuid: command.state in REFUSALS or command.code == "partly"
            for command in commands
        }

    def _compare(self, key, ranges, lost, answers, now):
        """Bring the gaps of one journal up to date; returns the one that is new, if any."""
        known = [gap._read_gap(answers) for gap in self]
        standing, new = gaps.seen(known, ranges, now, lost)
        for gap, before, after in zip(self, known, standing, strict=True):
            if after is None:
                gap._fill(now)
            elif after != before:
                gap._write_gap(after)
        if not new:
            return self.browse()
        machine_id, epoch = key
        return self.create({"machine_id": machine_id, "epoch": epoch, **_values(new)})

    def _read_gap(self, answers):
        return Gap(
            int(self.first),
            int(self.last),
            int(self.missing),
            self.since,
            self.tries,
            self.asked_at or None,
            answers.get(self.command, False),
            self.state == "missing",
        )

    def _write_gap(self, gap):
        values = _values(gap)
        if gap.tries == 0 and not gap.lost:
            values.update(state="open", command=False)
        self.write(values)

    # === BUSINESS: WHAT FOLLOWS === #

    def _decide(self, answers, now):
        """Ask, wait or give up, as ``core/gaps.py`` says."""
        gap = self._read_gap(answers)
        machine = self.machine_id
        online_for = None
        if machine.connection_state == "online":
            online_for = now - (machine.connection_since or self.since)
            online_for -= timedelta(seconds=self._seconds(START_DELAY))
        todo = gaps.step(
            gap,
            now,
            patience=timedelta(seconds=self._seconds(PATIENCE)),
            askable=self.epoch == machine.bridge_epoch and machine.state != "retired",
            online_for=online_for,
        )
        if todo is not Step.WAIT and self.state == "asked" and self._is_unsent():
            # nobody has asked the machine: silence says nothing of what it holds
            self._ask(replace(gap, tries=gap.tries - 1), now)
        elif todo is Step.ASK:
            self._ask(gap, now)
        elif todo is Step.GIVE_UP:
            self._give_up()

    def _is_unsent(self):
        """Whether the last question never left: the bridge was down, or had no broker."""
        commands = self.env["wine.bridge.command"].search([("uuid", "=", self.command)])
        return any(
            command.state == "queued" or (command.state, command.code) == ("expired", "not_sent")
            for command in commands
        )

    def _seconds(self, parameter):
        return int(self.env["ir.config_parameter"].sudo().get_param(*parameter))

    def _ask(self, gap, now):
        patience = self._seconds(PATIENCE) * 2**gap.tries
        args = {"epoch": self.epoch, "from_seq": gap.first, "to_seq": gap.last}
        command = self.machine_id._send(
            "event.resend", args, now + timedelta(seconds=max(patience, 30))
        )
        self._write_gap(gaps.asked(gap, now))
        self.write({"state": "asked", "command": command})

    def _give_up(self):
        """A person compares; the counters of the machine are what there is to compare with."""
        machine = self.machine_id
        self.case_id = self.env["wine.case"]._open_case(
            "missing",
            machine=machine,
            reference=f"gap-{self.id}",
            text=_lt(
                "%(count)s events of %(machine)s never came: numbers %(first)s to %(last)s of "
                "epoch %(epoch)s. The machine was asked %(tries)s times. Sales may be among them: "
                "compare its counters with its sales (a reading has been asked for), then close "
                "this case. It closes by itself should the events still come.",
                count=int(self.missing),
                machine=machine.name,
                first=int(self.first),
                last=int(self.last),
                epoch=self.epoch,
                tries=self.tries,
            ),
        )
        self.state = "missing"
        self.env["wine.bridge.journal"]._give_up(machine, self.epoch, self.first, self.last)
        if machine.connection_state == "online":
            machine._send("counter.request", {}, fields.Datetime.now() + timedelta(days=1))

    def _fill(self, now):
        """They have come: nothing is left to ask, of the machine or of a person."""
        self.write({"state": "filled", "missing": 0, "ended_at": now})
        case = self.case_id
        if case.state == "open":
            case._close(self.env._("The missing events have come"))


def _values(gap):
    return {
        "first": gap.first,
        "last": gap.last,
        "missing": gap.missing,
        "since": gap.since,
        "tries": gap.tries,
        "asked_at": gap.asked_at,
    }
