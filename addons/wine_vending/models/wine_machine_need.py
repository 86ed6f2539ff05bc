# SPDX-License-Identifier: LGPL-3.0-or-later
from collections import defaultdict
from datetime import timedelta

from psycopg2.extras import Json, execute_values

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, formatLang

from ..core.order_up_to import shortage
from ..core.told import Told, _lt
from ..core.visit_plan import Reason
from .wine_told import read_told

BATCH = 500
#: what a list of goods names before it says "and others"
NAMED = 2


class WineMachine(models.Model):
    """Which machines need somebody, why, and what it costs to leave them alone.

    Every part of the house adds its reasons to ``_visit_reasons``; the sum of their money and one
    line of text are kept on the machine, so that "Needs me" opens at once and sorts. Refreshed
    every quarter of an hour and after what matters (a route planned, a visit done). Somebody who
    knows better snoozes a machine, with a reason; it comes back by itself.

    Money at risk is what the machine is expected to fail to sell until the next regular visit, by
    its forecast and what lies in its slots now.
    """

    _inherit = "wine.machine"

    need_amount = fields.Monetary("Money at risk", readonly=True, copy=False)
    need_text = fields.Char("Why", compute="_compute_need_text", search="_search_need_text")
    need_told = fields.Json("Why, to be translated", readonly=True, copy=False)
    need_kinds = fields.Char("Kinds of reasons", readonly=True, copy=False)
    need_since = fields.Datetime("Since", readonly=True, copy=False)
    need_at = fields.Datetime("Reckoned at", readonly=True, copy=False)
    need_user_id = fields.Many2one("res.users", "Who is on it", readonly=True, copy=False)
    need_snooze_until = fields.Date("Snoozed until", readonly=True, copy=False)
    need_snooze_reason = fields.Char("Snoozed because", readonly=True, copy=False)
    to_fill = fields.Integer("Bottles to bring", compute="_compute_to_fill")

    _by_need = models.Index("(need_amount DESC) WHERE need_kinds IS NOT NULL")

    @api.depends("need_told")
    @api.depends_context("lang")
    def _compute_need_text(self):
        for machine in self:
            texts = [read_told(self.env, told) for told in machine.need_told or ()]
            machine.need_text = "; ".join(texts) or False

    def _search_need_text(self, operator, value):
        """Whether there is a need; what it says depends on the reader."""
        if value not in (False, True, ""):
            return NotImplemented
        return [("need_kinds", operator, False)]

    @api.depends("slot_ids.qty", "slot_ids.order_up_to")
    def _compute_to_fill(self):
        for machine in self:
            machine.to_fill = sum(machine.slot_ids.mapped("to_fill"))

    # === WHY === #

    def _visit_reasons(self):
        """Why these machines should be visited; others extend the answer with ``super()``.

        :return: dict machine → list of :class:`~..core.visit_plan.Reason`, every machine a key
        """
        result = {machine: [] for machine in self}
        for add in (self._stock_reasons, self._expiry_reasons, self._age_reasons):
            for machine, reason in add():
                result[machine].append(reason)
        for machine in self._full_cash_boxes():
            cash = formatLang(self.env, machine.cash_in_machine, currency_obj=machine.currency_id)
            result[machine].append(Reason("cash", 0.0, _lt("cash box: %s", cash)))
        return result

    def _stock_reasons(self):
        """Yield (machine, reason): sales that will be missed until the next regular visit."""
        empty, low, money, since = (
            defaultdict(list),
            defaultdict(list),
            defaultdict(float),
            defaultdict(list),
        )
        today = {region: region._business_today() for region in self.region_id}
        for machine, product, stock, price, out_since, forecast in self._read_stock():
            region = machine.region_id
            demand = forecast.demand(today[region], region.review_days)
            lost = shortage(*demand, stock) * price
            money[machine] += lost
            if not stock:
                empty[machine].append((lost, product))
                if out_since:
                    since[machine].append(out_since)
            elif lost >= 0.1 * demand[0] * price:
                low[machine].append((lost, product))
        for machine, amount in money.items():
            if not empty[machine] and not low[machine]:
                continue
            out, short = self._named(empty[machine]), self._named(low[machine])
            if empty[machine] and low[machine]:
                text = _lt("empty: %(empty)s, runs out: %(low)s", empty=out, low=short)
            elif empty[machine]:
                text = _lt("empty: %s", out)
            else:
                text = _lt("runs out: %s", short)
            yield machine, Reason("stock", amount, text, min(since[machine], default=None))

    def _named(self, goods):
        """The dearest losses by name, the rest as a number."""
        goods = sorted(goods, key=lambda pair: (-pair[0], pair[1].id))
        names = ", ".join(product.name for _lost, product in goods[:NAMED])
        more = len(goods) - NAMED
        return _lt("%(names)s and %(more)s more", names=names, more=more) if more > 0 else names

    def _read_stock(self):
        """[(machine, product, bottles that can be sold, price, out since, forecast)].

        Products whose bottles last three times as long as they have to are left out: nothing of
        them is at risk.
        """
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """SELECT slot.machine_id, slot.product_id, forecast.id,
                          sum(CASE WHEN slot.state IN ('jammed', 'disabled') THEN 0
                                   ELSE GREATEST(slot.qty, 0) END) AS stock,
                          max(slot.price), max(stockout.started_at)
                     FROM wine_machine_slot slot
                     JOIN wine_forecast forecast ON forecast.machine_id = slot.machine_id
                                                AND forecast.product_id = slot.product_id
                     JOIN wine_region region ON region.id = slot.region_id
                LEFT JOIN wine_slot_stockout stockout ON stockout.slot_id = slot.id
                                                     AND stockout.ended_at IS NULL
                    WHERE slot.machine_id = ANY(%s) AND slot.enabled
                 GROUP BY slot.machine_id, slot.product_id, forecast.id, region.review_days
                   HAVING sum(CASE WHEN slot.state IN ('jammed', 'disabled') THEN 0
                                   ELSE GREATEST(slot.qty, 0) END)
                          <= 3 * forecast.rate_per_day * region.review_days + 3""",
                self.ids,
            )
        )
        Forecast = self.env["wine.forecast"].sudo()
        forecasts = Forecast.browse([row[2] for row in rows])
        forecasts.fetch(["rate_per_day", "shape", "dispersion"])
        machines = {machine.id: machine for machine in self}
        Product = self.env["product.product"]
        return [
            (
                machines[machine],
                Product.browse(product).with_prefetch([row[1] for row in rows]),
                int(stock),
                float(price or 0),
                since,
                Forecast.browse(forecast).with_prefetch(forecasts.ids)._demand(),
            )
            for machine, product, forecast, stock, price, since in rows
        ]

    def _expiry_reasons(self):
        """Yield (machine, reason): bottles past their date, now or before the next visit."""
        now = fields.Datetime.now()
        far = max(self.region_id.mapped("review_days"), default=0)
        rows = self.env.execute_query(
            SQL(
                """SELECT location.wine_machine_id, quant.product_id, sum(quant.quantity),
                          COALESCE(quant.removal_date, quant.expiration_date) AS due
                     FROM stock_quant quant
                     JOIN stock_location location ON location.id = quant.location_id
                    WHERE location.wine_machine_id = ANY(%s) AND quant.quantity > 0
                      AND COALESCE(quant.removal_date, quant.expiration_date) <= %s
                 GROUP BY location.wine_machine_id, quant.product_id, due""",
                self.ids,
                now + timedelta(days=far),
            )
        )
        machines = {machine.id: machine for machine in self}
        found = defaultdict(list)
        for machine_id, product_id, units, date in rows:
            machine = machines[machine_id]
            if date <= now + timedelta(days=machine.region_id.review_days):
                found[machine].append((product_id, int(units), date))
        for machine, goods in found.items():
            prices = {slot.product_id.id: slot.price for slot in machine.slot_ids}
            first = min(date for _product, _units, date in goods)
            past = first <= now
            units = sum(units for _p, units, date in goods if not past or date <= now)
            text = (
                _lt("%s bottles past their date", units)
                if past
                else _lt("%s bottles soon past their date", units)
            )
            amount = sum(units * prices.get(product, 0) for product, units, _date in goods)
            yield machine, Reason("expiry", amount, text, first if past else None)

    def _age_reasons(self):
        """Yield (machine, reason): machines that nobody has been to for too long."""
        last = dict(
            self.env["wine.visit"]
            .sudo()
            ._read_group(
                [("machine_id", "in", self.ids), ("state", "=", "done")],
                ["machine_id"],
                ["done_at:max"],
            )
        )
        now = fields.Datetime.now()
        for machine in self:
            limit = machine.region_id.visit_max_days
            visited = last.get(machine) or machine.create_date
            days = (now - visited).days
            if limit and days >= limit:
                yield (
                    machine,
                    Reason(
                        "age",
                        0.0,
                        _lt("no visit for %s days", days),
                        visited + timedelta(days=limit),
                    ),
                )

    # === KEPT ON THE MACHINE === #

    @api.model
    def _cron_refresh_needs(self):
        """Stock-outs, their losses and the needs of every machine, in batches that are kept."""
        Stockout = self.env["wine.slot.stockout"].sudo()
        Stockout._sync()
        Stockout._reckon()
        before = fields.Datetime.now()
        left = self.sudo().search_count([("state", "!=", "draft")])
        self.env["ir.cron"]._commit_progress(remaining=left)
        while machines := self.sudo().search(
            [("state", "!=", "draft"), "|", ("need_at", "=", False), ("need_at", "<", before)],
            order="need_at NULLS FIRST, id",
            limit=BATCH,
        ):
            machines._refresh_needs()
            if not self.env["ir.cron"]._commit_progress(len(machines)):
                break

    def _refresh_needs(self):
        """Reckon anew why these machines need somebody; one statement for all."""
        machines = self.sudo()
        if not machines:
            return
        active = machines.filtered(lambda machine: machine.state == "active")
        reasons = active._visit_reasons()
        now = fields.Datetime.now()
        rows = [
            (machine.id, *machine._need_values(reasons.get(machine, [])), now)
            for machine in machines
        ]
        self.env.flush_all()
        execute_values(
            self.env.cr._obj,
            """UPDATE wine_machine machine
                  SET need_amount = new.amount, need_told = new.told, need_kinds = new.kinds,
                      need_since = new.since, need_at = new.at,
                      need_user_id = CASE WHEN new.kinds IS NULL THEN NULL ELSE need_user_id END,
                      need_snooze_reason = CASE WHEN need_snooze_until > CURRENT_DATE
                                           THEN need_snooze_reason END,
                      need_snooze_until = CASE WHEN need_snooze_until > CURRENT_DATE
                                          THEN need_snooze_until END
                 FROM (VALUES %s) AS new (id, amount, told, kinds, since, at)
                WHERE machine.id = new.id""",
            rows,
            template="(%s::int, %s::numeric, %s::jsonb, %s::varchar, %s::timestamp, %s::timestamp)",
            page_size=len(rows),
        )
        self.invalidate_recordset(
            [name for name in self._fields if name.startswith("need_")], flush=False
        )

    def _need_values(self, reasons):
        """(amount, sentences, kinds, since) of one machine; a little money alone is no need."""
        self.ensure_one()
        amount = sum(reason.amount for reason in reasons)
        if {reason.kind for reason in reasons} <= {"stock"} and (
            amount < self.region_id.need_min_amount
        ):
            return 0.0, None, None, None
        ordered = sorted(reasons, key=lambda reason: -reason.amount)
        since = [reason.since for reason in reasons if reason.since]
        old = self.need_since
        return (
            self.currency_id.round(amount),
            Json([_kept(reason.text) for reason in ordered]),
            ",".join(sorted({reason.kind for reason in reasons})),
            min(since) if since else old or fields.Datetime.now(),
        )

    def _lifecycle_changed(self):
        result = super()._lifecycle_changed()
        self.env["wine.slot.stockout"].sudo()._sync(self)
        return result

    # === ACTIONS === #

    def action_need_plan(self):
        """Plan a route through the chosen machines; they are fed by one warehouse."""
        self.check_access("write")
        warehouses = self.region_id.sudo().warehouse_id
        if len(warehouses) > 1:
            raise UserError(
                self.env._(
                    "These machines are filled from different warehouses (%s). Choose those of "
                    "one.",
                    ", ".join(warehouses.mapped("name")),
                )
            )
        return self.env["wine.route.plan"]._open(self.region_id[:1], machines=self)

    def action_need_assign(self):
        return self._need_wizard("wine_vending.wine_need_assign_view", self.env._("Who is on it"))

    def action_need_snooze(self):
        return self._need_wizard("wine_vending.wine_need_snooze_view", self.env._("Snooze"))

    def _need_wizard(self, view, name):
        self.check_access("write")
        return {
            "type": "ir.actions.act_window",
            "name": name,
            "res_model": "wine.need.answer",
            "views": [(self.env.ref(view).id, "form")],
            "target": "new",
            "context": {"default_machine_ids": self.ids},
        }

    def action_view_fill(self):
        """How long each slot lasts, and what it lacks."""
        return self._action_of("wine_vending.wine_slot_fill_action", wine_slot_code=True)

    def action_need_wake(self):
        """End the snooze of these machines."""
        self.check_access("write")
        self.sudo().write({"need_snooze_until": False, "need_snooze_reason": False})


def _kept(text):
    """A sentence as it is stored; what is plain text stays so."""
    return text.to_json() if isinstance(text, Told) else str(text)
