# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import timedelta

from odoo import api, fields, models
from odoo.addons.wine_vending.core.alerting import Cause
from odoo.addons.wine_vending.models.wine_told import as_told
from odoo.tools import SQL, LazyTranslate

from ..core.copies import is_copied

_lt = LazyTranslate(__name__)

KINDS = [("flood", "Sends too much"), ("copied", "Credential in two boards")]
CASCADE = {kind: "cascade" for kind, _label in KINDS}
#: a disturbance that was not seen for so long is over; one that comes later is a new one
OVER, ANEW = timedelta(minutes=2), timedelta(minutes=10)
#: births of a machine that are compared, and how old they may be
BIRTHS, LATELY = 8, timedelta(hours=1)


class WineBridgeDisturbance(models.Model):
    """What a machine does to the line: it sends more than it may, or two boards share its secret.

    One row for each machine and kind, written by the bridge by plain SQL as long as it lasts. The
    watch makes an alert of it, which closes by itself a while after it was seen last.
    """

    _name = "wine.bridge.disturbance"
    _description = "Disturbance on a machine's line"
    _log_access = False
    _order = "seen_at desc"

    machine_id = fields.Many2one("wine.machine", readonly=True, required=True, ondelete="cascade")
    region_id = fields.Many2one(related="machine_id.region_id")
    kind = fields.Selection(KINDS, readonly=True, required=True)
    since = fields.Datetime("Lasts since", readonly=True)
    seen_at = fields.Datetime("Seen last", readonly=True)
    times = fields.Integer(
        "How often", readonly=True, help="Messages not stored, or power-ups that came back."
    )

    is_lasting = fields.Boolean(compute="_compute_is_lasting")
    lasting_text = fields.Char("Now", compute="_compute_is_lasting")

    _identity = models.UniqueIndex("(machine_id, kind)", "This disturbance is already noted.")

    @api.depends("seen_at")
    def _compute_is_lasting(self):
        now = fields.Datetime.now()
        for row in self:
            row.is_lasting = bool(row.seen_at and row.seen_at >= now - OVER)
            row.lasting_text = self.env._("lasts") if row.is_lasting else self.env._("over")

    def action_view_machine(self):
        """The machine's form is where a new credential is made."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "wine.machine",
            "res_id": self.machine_id.id,
            "views": [(False, "form")],
        }

    @api.model
    def _note(self, kind, machines):
        """Note what was seen just now.

        :param machines: {machine id: how often}
        """
        note(self.env.cr, kind, machines)
        self.invalidate_model()

    @api.model
    def _causes(self, now):
        """What lasts, as a list of causes for the watch."""
        rows = self.env.execute_query(
            SQL(
                """SELECT machine_id, kind, since, times FROM wine_bridge_disturbance
                    WHERE seen_at >= %s ORDER BY id""",
                now - OVER,
            )
        )
        return [
            Cause(machine, kind, since=since, value=float(times))
            for machine, kind, since, times in rows
        ]


def note(cr, kind, machines):
    """The same on a cursor; the caller commits."""
    for machine_id, times in sorted(machines.items()):
        cr.execute(
            """INSERT INTO wine_bridge_disturbance AS old (machine_id, kind, since, seen_at, times)
               VALUES (%(machine)s, %(kind)s, now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC',
                       %(times)s)
               ON CONFLICT (machine_id, kind) DO UPDATE
                  SET seen_at = excluded.seen_at,
                      since = CASE WHEN old.seen_at < excluded.seen_at - %(anew)s
                                   THEN excluded.since ELSE old.since END,
                      times = LEAST(2000000000::bigint,
                              excluded.times::bigint + CASE
                                   WHEN old.seen_at < excluded.seen_at - %(anew)s
                                   THEN 0 ELSE old.times END)""",
            {"machine": machine_id, "kind": kind, "times": times, "anew": ANEW},
        )


class WineMachine(models.Model):
    _inherit = "wine.machine"

    @api.model
    def _after_facts(self, facts):
        """Births tell whether two boards speak with one secret."""
        result = super()._after_facts(facts)
        born = sorted({fact.machine_id for fact in facts if fact.type == "machine.birth"})
        copied = {machine: 1 for machine, boots in self._late_boots(born) if is_copied(boots)}
        if copied:
            self.env["wine.bridge.disturbance"]._note("copied", copied)
        return result

    @api.model
    def _late_boots(self, machine_ids):
        """[(machine id, ``boot`` of its latest births in their order)]."""
        if not machine_ids:
            return []
        return self.env.execute_query(
            SQL(
                """SELECT machine.id, array_agg(birth.boot ORDER BY birth.id)
                     FROM unnest(%s::int[]) AS machine (id),
                          LATERAL (SELECT id, boot, received_at FROM wine_bridge_event
                                    WHERE machine_id = machine.id AND channel = 'birth'
                                      AND state <> 'quarantined'
                                    ORDER BY id DESC LIMIT %s) AS birth
                    WHERE birth.received_at >= %s GROUP BY machine.id""",
                list(machine_ids),
                BIRTHS,
                fields.Datetime.now() - LATELY,
            )
        )


class WineAlertRule(models.Model):
    _inherit = "wine.alert.rule"

    kind = fields.Selection(selection_add=KINDS, ondelete=CASCADE)


class WineMachineAlert(models.Model):
    """Disturbances of the line among the other trouble of machines."""

    _inherit = "wine.machine.alert"

    kind = fields.Selection(selection_add=KINDS, ondelete=CASCADE)

    @api.model
    def _watched_kinds(self, slow=True):
        return [*super()._watched_kinds(slow), *CASCADE]

    @api.model
    def _causes(self, kinds, now):
        own = [kind for kind in kinds if kind in CASCADE]
        causes = super()._causes([kind for kind in kinds if kind not in CASCADE], now)
        found = self.env["wine.bridge.disturbance"]._causes(now) if own else []
        return causes + [cause for cause in found if cause.kind in own]

    def _told(self):
        if self.kind == "flood":
            words = _lt("sends more than it may; %s messages were not taken", round(self.value))
            return as_told(words)
        if self.kind == "copied":
            return as_told(_lt("two boards speak with one credential: give it a new one"))
        return super()._told()
