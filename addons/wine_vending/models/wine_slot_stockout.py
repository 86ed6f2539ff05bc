# SPDX-License-Identifier: LGPL-3.0-or-later
from collections import defaultdict

from psycopg2.extras import execute_values

from odoo import api, fields, models
from odoo.tools import SQL

from ..core.exposure import all_out


class WineSlotStockout(models.Model):
    """A time in which a slot could not sell what the planogram wants there.

    **open** when the live counter reaches 0 (kind *empty*), or when the machine says that the lane
    is jammed or disabled while bottles lie in it (kind *blocked*); **closed** when it can sell
    again. A slot has one open stock-out at most. What it costs follows from the forecast: the
    bottles that the product would have sold in those hours, none as long as another slot of the
    machine still has it. An open one is reckoned up to now every quarter of an hour; a closed one
    once more, then it is *settled* and stays.
    """

    _name = "wine.slot.stockout"
    _inherit = ["wine.reach"]
    _description = "Stock-out"
    _order = "started_at desc, id desc"
    _rec_name = "slot_id"

    slot_id = fields.Many2one(
        "wine.machine.slot", required=True, readonly=True, index=True, ondelete="cascade"
    )
    machine_id = fields.Many2one(
        "wine.machine", required=True, readonly=True, index=True, ondelete="cascade"
    )
    region_id = fields.Many2one("wine.region", required=True, readonly=True, index=True)
    product_id = fields.Many2one("product.product", required=True, readonly=True, index=True)
    currency_id = fields.Many2one("res.currency", required=True, readonly=True)
    kind = fields.Selection(
        [("empty", "Empty"), ("blocked", "Blocked")], required=True, readonly=True, default="empty"
    )
    started_at = fields.Datetime("Since", required=True, readonly=True, index=True)
    ended_at = fields.Datetime("Until", readonly=True)
    rate_per_day = fields.Float("Bottles a day", digits=(16, 3), readonly=True, aggregator="avg")
    price = fields.Monetary(readonly=True, aggregator=None)
    hours = fields.Float(compute="_compute_hours")
    lost_units = fields.Float("Lost bottles", digits=(16, 2), readonly=True)
    lost_amount = fields.Monetary("Lost sales", readonly=True)
    settled = fields.Boolean(readonly=True, help="Closed, and its loss reckoned for good.")

    _one_open = models.UniqueIndex(
        "(slot_id) WHERE ended_at IS NULL", "A slot is out of stock once at a time."
    )
    _unsettled = models.Index("(machine_id) WHERE settled IS NOT TRUE")

    def _compute_hours(self):
        now = fields.Datetime.now()
        for stockout in self:
            end = stockout.ended_at or now
            stockout.hours = max(0.0, (end - stockout.started_at).total_seconds() / 3600)

    # === OPENING AND CLOSING === #

    @api.model
    def _record_turns(self, turns):
        """Write what slots went through, in two statements whatever their number.

        :param turns: [(slot, [(moment, kind or None)])], each slot's in the order of its moments:
            from ``moment`` on the slot is out (``kind``), or can sell again (None)
        """
        opened, closed = [], []
        for slot, changes in turns:
            since = kind = None
            for moment, turned in changes:
                if since is None and turned is None:
                    closed.append((slot.id, moment))
                elif turned is None:
                    if moment > since:
                        opened.append((slot, kind, since, moment))
                    since = None
                elif since is None:
                    since, kind = moment, turned
            if since is not None:
                opened.append((slot, kind, since, None))
        if closed:
            self._close(closed)
        if opened:
            self._open(opened)

    def _close(self, pairs):
        execute_values(
            self.env.cr._obj,
            """UPDATE wine_slot_stockout stockout
                  SET ended_at = GREATEST(new.moment, stockout.started_at)
                 FROM (VALUES %s) AS new (slot_id, moment)
                WHERE stockout.slot_id = new.slot_id AND stockout.ended_at IS NULL""",
            pairs,
            template="(%s::int, %s::timestamp)",
            page_size=len(pairs),
        )
        self.invalidate_model(["ended_at"])

    def _open(self, rows):
        """What is open already stays; a lane without a product, or not in use, misses nothing."""
        values = [
            (
                slot.id, slot.machine_id.id, slot.region_id.id, slot.product_id.id,
                slot.machine_id.currency_id.id, kind, start, end, slot.rate_per_day, slot.price,
                0, 0, False,
            )
            for slot, kind, start, end in rows
            if slot.product_id and slot.enabled
        ]  # fmt: skip
        if values:
            execute_values(
                self.env.cr._obj,
                """INSERT INTO wine_slot_stockout (slot_id, machine_id, region_id, product_id,
                       currency_id, kind, started_at, ended_at, rate_per_day, price, lost_units,
                       lost_amount, settled) VALUES %s ON CONFLICT DO NOTHING""",
                values,
                page_size=len(values),
            )
            self.invalidate_model(flush=False)

    @api.model
    def _sync(self, machines=None):
        """Open and close what the present counters ask for, however they came to be.

        A slot that lost its product or was taken out of use misses nothing any more.
        """
        self.env.flush_all()
        now = fields.Datetime.now()
        where = SQL("TRUE")
        if machines is not None:
            where = SQL("slot.machine_id = ANY(%s)", machines.ids)
        kind = SQL(
            """CASE WHEN slot.product_id IS NULL OR slot.enabled IS NOT TRUE
                      OR machine.state <> 'active' THEN NULL
                    WHEN slot.qty <= 0 THEN 'empty'
                    WHEN slot.state IN ('jammed', 'disabled') THEN 'blocked' END"""
        )
        self.env.cr.execute(
            SQL(
                """UPDATE wine_slot_stockout stockout SET ended_at = GREATEST(%s, started_at)
                     FROM wine_machine_slot slot
                     JOIN wine_machine machine ON machine.id = slot.machine_id
                    WHERE stockout.slot_id = slot.id AND stockout.ended_at IS NULL AND %s
                      AND ((%s) IS NULL OR stockout.product_id <> slot.product_id)""",
                now,
                where,
                kind,
            )
        )
        self.env.cr.execute(
            SQL(
                """INSERT INTO wine_slot_stockout (slot_id, machine_id, region_id, product_id,
                          currency_id, kind, started_at, rate_per_day, price, lost_units,
                          lost_amount, settled)
                   SELECT slot.id, slot.machine_id, slot.region_id, slot.product_id,
                          company.currency_id, (%s), %s, slot.rate_per_day, slot.price, 0, 0, FALSE
                     FROM wine_machine_slot slot
                     JOIN wine_machine machine ON machine.id = slot.machine_id
                     JOIN res_company company ON company.id = machine.company_id
                    WHERE (%s) IS NOT NULL AND %s
                          AND NOT EXISTS (SELECT 1 FROM wine_slot_stockout known
                                           WHERE known.slot_id = slot.id AND known.ended_at IS NULL)
              ON CONFLICT DO NOTHING""",
                kind,
                now,
                kind,
                where,
            )
        )
        self.invalidate_model()

    # === WHAT IT COSTS === #

    @api.model
    def _read_spans(self, machines, since):
        """[(machine, product, slot, start, end)] of all stock-outs that reach past ``since``."""
        self.flush_model()
        return self.env.execute_query(
            SQL(
                """SELECT machine_id, product_id, slot_id, started_at, COALESCE(ended_at, %s)
                     FROM wine_slot_stockout
                    WHERE machine_id = ANY(%s) AND (ended_at IS NULL OR ended_at > %s)""",
                fields.Datetime.now(),
                machines.ids,
                since,
            )
        )

    @api.model
    def _reckon(self, machines=None):
        """Bring the losses of all that is not settled up to now; settle what is closed."""
        domain = [("settled", "=", False)]
        if machines is not None:
            domain.append(("machine_id", "in", machines.ids))
        stockouts = self.sudo().search(domain, order="id")
        if not stockouts:
            return
        losses = stockouts._losses()
        rows = [
            (
                stockout.id,
                losses[stockout],
                stockout.currency_id.round(losses[stockout] * stockout.price),
                bool(stockout.ended_at),
            )
            for stockout in stockouts
        ]
        execute_values(
            self.env.cr._obj,
            """UPDATE wine_slot_stockout stockout
                  SET lost_units = new.units, lost_amount = new.amount, settled = new.settled
                 FROM (VALUES %s) AS new (id, units, amount, settled)
                WHERE stockout.id = new.id""",
            rows,
            template="(%s::int, %s::numeric, %s::numeric, %s::boolean)",
            page_size=1000,
        )
        stockouts.invalidate_recordset(["lost_units", "lost_amount", "settled"])

    def _losses(self):
        """dict stock-out → bottles that the product would have sold in its time.

        Only while every lane of the product in the machine was out: before, a neighbour sold them.
        The loss of that time is divided evenly over the lanes.
        """
        machines = self.machine_id
        forecasts = {
            (one.machine_id, one.product_id): one._demand()
            for one in self.env["wine.forecast"].sudo().search([("machine_id", "in", machines.ids)])
        }
        lanes = self.env["wine.forecast"]._read_lanes(machines)
        lists = defaultdict(lambda: defaultdict(list))
        since = min(self.mapped("started_at"))
        for machine, product, slot, start, end in self._read_spans(machines, since):
            lists[machine, product][slot].append((start, end))
        now, result = fields.Datetime.now(), {}
        for one in self:
            pair = one.machine_id.id, one.product_id.id
            forecast = forecasts.get((one.machine_id, one.product_id))
            others = [spans for slot, spans in lists[pair].items() if slot != one.slot_id.id]
            count = max(lanes.get(pair, 1), 1)
            if not forecast or len(others) + 1 < count:
                result[one] = 0.0
                continue
            spans = all_out([[(one.started_at, one.ended_at or now)], *others])
            days = one.region_id._selling_hours().shares(spans)
            shares = sum(share * forecast.factors[day.weekday()] for day, share in days.items())
            result[one] = round(shares * forecast.rate / count, 2)
        return result
