# SPDX-License-Identifier: LGPL-3.0-or-later
import logging
from dataclasses import dataclass, field

from psycopg2 import InterfaceError, OperationalError
from psycopg2.errors import (
    DeadlockDetected,
    LockNotAvailable,
    ProgramLimitExceeded,
    SerializationFailure,
    StatementTooComplex,
    TooManyArguments,
    TooManyColumns,
)

from odoo import api, models
from odoo.addons.wine_vending.core.facts import Fact, RetryLater
from odoo.tools import SQL, LazyTranslate

from ..core.logs import about

_logger = logging.getLogger(__name__)
_lt = LazyTranslate(__name__)

MAX_ATTEMPTS = 3
#: another transaction was faster: no message's fault
CONFLICTS = (SerializationFailure, DeadlockDetected, LockNotAvailable)
#: the database is away or full, this computer is short of something: no message's fault either
SURROUNDINGS = (OperationalError, InterfaceError, OSError, MemoryError)
#: but these "operational" errors are: what it says is too large for an index or a statement
LIMITS = (ProgramLimitExceeded, StatementTooComplex, TooManyArguments, TooManyColumns)
#: pg_try_advisory_xact_lock(number): one projector at a time asks about contradictions
ALARM_LOCK = 7412
#: channels of the protocol that are facts about the machine itself
CHANNEL_FACTS = {
    "birth": "machine.birth",
    "state": "machine.state",
    "reported": "machine.reported",
}


def is_from_outside(error):
    """Whether no message is to blame: trying the same again may help."""
    return isinstance(error, (*CONFLICTS, *SURROUNDINGS)) and not isinstance(error, LIMITS)


@dataclass(slots=True)
class Round:
    """What one round of projection did: rows used, and machines that must wait a moment."""

    taken: int = 0
    held: set = field(default_factory=set)


class WineBridgeEvent(models.Model):
    """From stored messages to facts: in batches, each machine's in its own order.

    A round hands the oldest stored messages of some machines over in one call and marks them, all
    in one transaction. Which machines is the caller's choice, who has locked them before this
    transaction began (``process/claims.py``), so that several projectors share no machine. Where a
    round fails, the caller rolls back and its machines are tried one by one, then message by
    message: the one that fails alone is counted and, the third time, put aside with a case, and
    what follows it goes on. Without locks nothing is used twice either: marking a message that
    somebody else has marked since fails the whole transaction.
    """

    _inherit = "wine.bridge.event"

    @api.model
    def _project_round(self, limit=500, claimed=None):
        """One round in this transaction; the caller commits.

        :param dict claimed: machine id → how many of its oldest messages to use; without it, the
            ``limit`` oldest messages of all
        :return: :class:`Round`
        :raise Exception: whatever the facts raised; call :meth:`_project_isolated` after a rollback
        """
        rows = self._take(limit) if claimed is None else self._take_claimed(claimed)
        if rows:
            self._use(rows)
        return Round(taken=len(rows))

    @api.model
    def _project_isolated(self, machine_id, limit=500):
        """The same for one machine after its batch failed: message by message until one fails.

        :return: :class:`Round`; a message that fails is counted, and held back or put aside
        """
        outcome = Round()
        for row in self._take_claimed({machine_id: limit}):
            try:
                with self.env.cr.savepoint():
                    self._use([row])
                    self.env.flush_all()
            except RetryLater:
                outcome.held.add(machine_id)
                break
            except Exception as error:
                if is_from_outside(error):
                    raise
                self.env.invalidate_all()
                if not self._count_failure(row, error):
                    outcome.held.add(machine_id)
                    break
            outcome.taken += 1
        return outcome

    def _take(self, limit):
        """The oldest stored messages of all machines."""
        self.flush_model(["state", "machine_id"])
        return self.browse(
            row
            for (row,) in self.env.execute_query(
                SQL(
                    "SELECT id FROM wine_bridge_event WHERE state = 'new' ORDER BY id LIMIT %s",
                    limit,
                )
            )
        )

    def _take_claimed(self, claimed):
        """The oldest stored messages of each of these machines, in the order of arrival."""
        self.flush_model(["state", "machine_id"])
        rows = self.env.execute_query(
            SQL(
                """SELECT waiting.id FROM unnest(%s::int[], %s::int[]) AS claim (machine, share)
                    CROSS JOIN LATERAL (
                          SELECT id FROM wine_bridge_event
                           WHERE state = 'new' AND machine_id = claim.machine
                           ORDER BY machine_id, id LIMIT claim.share) waiting
                    ORDER BY waiting.id""",
                list(claimed),
                list(claimed.values()),
            )
        )
        return self.browse(row for (row,) in rows)

    def _use(self, rows):
        """Hand messages over and mark what came of them."""
        rows = self.browse([row.id for row in rows])
        facts = {row: row._fact() for row in rows if row.channel != "ack"}
        self.env["wine.bridge.command"]._apply_acks(rows.filtered(lambda r: r.channel == "ack"))
        rows.filtered(lambda row: row.channel == "birth")._watch_numbers()
        if facts:
            self.env["wine.machine"]._project(list(facts.values()))
            self.env["wine.machine"]._after_facts(list(facts.values()))
        marks = []
        for row in rows:
            result = facts[row].result if row in facts else "done"
            state = result.partition(":")[0]
            marks.append(
                (
                    row.id,
                    state if state in ("failed", "unhandled") else "done",
                    None if result == "done" else result[:500],
                )
            )
        self._mark(marks)

    def _mark(self, marks):
        """[(id, state, result)] in one statement; a row that someone else took raises 40001."""
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """UPDATE wine_bridge_event event SET state = new.state, result = new.result
                     FROM (VALUES %s) AS new (id, state, result) WHERE event.id = new.id""",
                SQL(", ").join(SQL("(%s::int, %s::varchar, %s::varchar)", *mark) for mark in marks),
            )
        )
        self.browse([mark[0] for mark in marks]).invalidate_recordset(["state", "result"])

    def _fact(self):
        self.ensure_one()
        return Fact(
            machine_id=self.machine_id.id,
            type=CHANNEL_FACTS.get(self.channel, self.type),
            data=self.data or {},
            moment=self.moment,
            received=self.received_at,
            device_time=self.device_time,
            clock_trusted=self.clock_trusted,
            reference=self.event_id,
            corr=self.corr,
            position=(self.epoch, int(self.seq)) if self.channel == "evt" else None,
        )

    def _count_failure(self, row, error):
        """Count; True where the message was put aside and the machine may go on."""
        machine = row.machine_id.uuid
        _logger.warning(
            "event %s of machine %s fails",
            row.event_id,
            machine,
            exc_info=error,
            extra=about(machine=machine, event=row.event_id, epoch=row.epoch, seq=int(row.seq)),
        )
        attempts = row.attempts + 1
        if attempts < MAX_ATTEMPTS:
            row.attempts = attempts
            return False
        case = self.env["wine.case"]._open_case(
            "message",
            machine=row.machine_id,
            reference=row.event_id,
            text=_lt(
                "The message %(type)s could not be used: %(error)s Mend the cause, then take it in "
                "again from the inbox.",
                type=row.type,
                error=str(error),
            ),
        )
        row.write(
            {
                "attempts": attempts,
                "state": "failed",
                "result": f"failed: {error}"[:500],
                "case_id": case.id,
            }
        )
        return True

    def _watch_numbers(self):
        """A machine that counts anew within its epoch: somebody must give it a new one (§2).

        Its birth names a next number below one that an earlier power-up has used. Events of the
        same power-up are no sign: they may have been stored before the birth was used.
        """
        if not self:
            return
        rows = self.env.execute_query(
            SQL(
                """SELECT birth.id, used.seq FROM wine_bridge_event birth
                     LEFT JOIN LATERAL (
                          SELECT event.seq FROM wine_bridge_event event
                           WHERE event.machine_id = birth.machine_id
                             AND event.epoch = birth.epoch AND event.id < birth.id
                             AND event.seq >= (birth.data->>'next_seq')::numeric
                             AND event.boot IS DISTINCT FROM birth.boot
                           ORDER BY event.seq DESC LIMIT 1) used ON true
                    WHERE birth.id = ANY(%s)""",
                self.ids,
            )
        )
        used = {birth: int(seq) for birth, seq in rows if seq is not None}
        Case = self.env["wine.case"]
        references = {row: f"numbers-{row.machine_id.id}-{row.epoch}" for row in self}
        again = [references[row] for row in self if row.id not in used]
        stale = Case.sudo().search(
            [("kind", "=", "conflict"), ("state", "=", "open"), ("reference", "in", again)]
        )
        if stale:
            stale._close(self.env._("The machine goes on behind the numbers that were used"))
        for row in self.filtered(lambda row: row.id in used):
            Case._open_case(
                "conflict",
                machine=row.machine_id,
                reference=references[row],
                text=_lt(
                    "The machine counts its events anew: the next one has number %(next)s, and "
                    "number %(used)s of epoch %(epoch)s is stored from an earlier life. It was "
                    "reset, or its board was exchanged. What it sends under used numbers is not "
                    "used. Make a claim code on the machine's form and enter it at the machine: "
                    "that begins epoch %(after)s. This closes by itself when it goes on right.",
                    next=(row.data or {}).get("next_seq"),
                    used=used[row.id],
                    epoch=row.epoch,
                    after=row.epoch + 1,
                ),
            )

    @api.model
    def _alarm(self):
        """Open a case for contradictions among the quarantined messages, one for each machine.

        The caller commits. Several projectors: one of them asks, the others go on.
        """
        [[mine]] = self.env.execute_query(SQL("SELECT pg_try_advisory_xact_lock(%s)", ALARM_LOCK))
        if not mine:
            return
        rows = self.search(
            [
                ("state", "=", "quarantined"),
                ("case_id", "=", False),
                ("code", "=", "identity_conflict"),
            ],
            limit=500,
        )
        for machine, of_machine in rows.grouped("machine_id").items():
            of_machine.case_id = self.env["wine.case"]._open_case(
                "conflict",
                machine=machine,
                reference=f"conflict-{machine.id}",
                text=_lt(
                    "The machine sent another message under an identity that it had used before. "
                    "The first one stands; the second is in quarantine. A board that was reset or "
                    "exchanged without a new claim code counts from 1 again: give it one, and it "
                    "starts a new epoch."
                ),
            )
