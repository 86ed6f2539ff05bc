# SPDX-License-Identifier: LGPL-3.0-or-later
import logging
from dataclasses import dataclass, field

from odoo import api, models
from odoo.addons.wine_vending.core.facts import Fact, RetryLater
from odoo.tools import SQL, LazyTranslate

_logger = logging.getLogger(__name__)
_lt = LazyTranslate(__name__)

#: pg_try_advisory_xact_lock(class, machine): one projector per machine at a time
LOCK_CLASS = 7411
MAX_ATTEMPTS = 3
#: channels of the protocol that are facts about the machine itself
CHANNEL_FACTS = {
    "birth": "machine.birth",
    "state": "machine.state",
    "reported": "machine.reported",
}


@dataclass(slots=True)
class Round:
    """What one round of projection did: rows used, and machines that must wait a moment."""

    taken: int = 0
    held: set = field(default_factory=set)


class WineBridgeEvent(models.Model):
    """From stored messages to facts: in batches, each machine's in its own order.

    A round takes the oldest stored messages of machines that no other process is working on, hands
    them over in one call and marks them, all in one transaction. Where that fails, the caller rolls
    back and the machines are tried one by one, then message by message: the one that fails alone is
    counted and, the third time, put aside with a case, and what follows it goes on.
    """

    _inherit = "wine.bridge.event"

    @api.model
    def _project_round(self, limit=500, held=()):
        """One round in this transaction; the caller commits.

        :param held: ids of machines to leave alone for now
        :return: :class:`Round`
        :raise Exception: whatever the facts raised; call :meth:`_project_isolated` after a rollback
        """
        rows = self._take(limit, held)
        if rows:
            self._use(rows)
        self._alarm()
        return Round(taken=len(rows))

    @api.model
    def _project_isolated(self, machine_id, limit=500):
        """The same for one machine after its batch failed: message by message until one fails.

        :return: :class:`Round`; a message that fails is counted, and held back or put aside
        """
        outcome = Round()
        for row in self._take(limit, only=machine_id):
            try:
                with self.env.cr.savepoint():
                    self._use([row])
                    self.env.flush_all()
            except RetryLater:
                outcome.held.add(machine_id)
                break
            except Exception as error:  # noqa: BLE001 - a poison message may raise anything
                self.env.invalidate_all()
                if not self._count_failure(row, error):
                    outcome.held.add(machine_id)
                    break
            outcome.taken += 1
        return outcome

    def _take(self, limit, held=(), only=None):
        """Oldest stored messages, locked by machine."""
        self.flush_model(["state", "machine_id"])
        scope = SQL("TRUE")
        if only:
            scope = SQL("machine_id = %s", only)
        elif held:
            scope = SQL("machine_id <> ALL(%s)", list(held))
        candidates = self.env.execute_query(
            SQL(
                """SELECT id, machine_id FROM wine_bridge_event
                    WHERE state = 'new' AND %s ORDER BY id LIMIT %s""",
                scope,
                limit,
            )
        )
        machines = sorted({machine for _id, machine in candidates})
        locked = {
            machine
            for machine, got in self.env.execute_query(
                SQL(
                    """SELECT machine, pg_try_advisory_xact_lock(%s, machine)
                         FROM unnest(%s::int[]) AS machine""",
                    LOCK_CLASS,
                    machines,
                )
            )
            if got
        }
        ids = [row for row, machine in candidates if machine in locked]
        return self.browse(ids)

    def _use(self, rows):
        """Hand messages over and mark what came of them."""
        rows = self.browse([row.id for row in rows])
        facts = {row: row._fact() for row in rows if row.channel != "ack"}
        self.env["wine.bridge.command"]._apply_acks(rows.filtered(lambda r: r.channel == "ack"))
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
        _logger.warning(
            "event %s of machine %s fails", row.event_id, row.machine_id.id, exc_info=error
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

    def _alarm(self):
        """One open case for each machine that contradicts itself, however often."""
        rows = self.search(
            [
                ("state", "=", "quarantined"),
                ("case_id", "=", False),
                ("code", "=", "identity_conflict"),
            ],
            limit=50,
        )
        for row in rows:
            row.case_id = self.env["wine.case"]._open_case(
                "conflict",
                machine=row.machine_id,
                reference=f"conflict-{row.machine_id.id}",
                text=_lt(
                    "The machine sent other messages under identities that it had used before. "
                    "The first of each stands; the others are in quarantine."
                ),
            )
