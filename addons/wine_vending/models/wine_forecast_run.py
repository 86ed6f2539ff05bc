# SPDX-License-Identifier: LGPL-3.0-or-later
from collections import defaultdict
from datetime import timedelta

from psycopg2.extras import execute_values

from odoo import api, fields, models
from odoo.tools import SQL

from ..core.exposure import Hours, all_out
from ..core.forecast import Forecast, Series, Window, forecasts
from ..core.order_up_to import order_up_to, spread
from .wine_forecast import WEEKDAYS

FACTORS = tuple(f"factor_{day}" for day in WEEKDAYS)
COLUMNS = (
    "machine_id", "product_id", "region_id", "rate_per_day", *FACTORS, "shape", "dispersion",
    "sigma", "days_used", "source", "computed_at",
)  # fmt: skip
#: a product that could be had on fewer days than this is filled as planned
YOUNG_DAYS = 7


class WineMachine(models.Model):
    _inherit = "wine.machine"

    forecast_on = fields.Date("Forecast of", readonly=True, copy=False, index=True)

    def _follow_planogram(self):
        """Other goods sell at another rate, are filled to another level, missed elsewhere."""
        result = super()._follow_planogram()
        self.env["wine.forecast"]._seed(self)
        self.env["wine.slot.stockout"].sudo()._sync(self)
        return result


class WineForecast(models.Model):
    """The nightly run: one pool of machines after the other, each pool in a handful of queries."""

    _inherit = "wine.forecast"

    # === THE RUN === #

    @api.model
    def _cron_compute(self):
        """Forecast every pool that today's run has not reached yet; commits after each."""
        pools = self._pools_due()
        self.env["ir.cron"]._commit_progress(remaining=len(pools))
        for machines in pools:
            self._compute_pool(machines)
            if not self.env["ir.cron"]._commit_progress(1):
                break

    @api.model
    def _pools_due(self):
        """Machines that sell, by the region above theirs: near one another, with like goods."""
        today = fields.Date.today()
        machines = (
            self.env["wine.machine"]
            .sudo()
            .search([("state", "in", ("active", "suspended"))], order="region_id, id")
        )
        pools = defaultdict(self.env["wine.machine"].sudo().browse)
        for machine in machines:
            pools[machine.region_id.parent_id or machine.region_id] |= machine
        return [
            pool
            for pool in pools.values()
            if any(not on or on < today for on in pool.mapped("forecast_on"))
        ]

    @api.model
    def _compute_pool(self, machines):
        """Forecast machines that lend one another what each has not shown yet.

        :return: number of forecasts
        """
        machines = machines.sudo()
        self.env.flush_all()
        today = machines[:1].region_id._business_today()
        lanes = self._read_lanes(machines)
        window = Window(today)
        found = forecasts(window, self._read_series(machines, window, lanes))
        wanted = {(machine, product) for machine, product in lanes}
        self._store({pair: one for pair, one in found.items() if pair in wanted}, machines)
        self._store_levels(machines)
        machines.forecast_on = fields.Date.today()
        return len(wanted)

    # === READING, ONCE PER POOL === #

    def _read_lanes(self, machines):
        """dict (machine, product) → number of lanes that shall sell it."""
        rows = self.env.execute_query(
            SQL(
                """SELECT machine_id, product_id, count(*) FROM wine_machine_slot
                    WHERE machine_id = ANY(%s) AND product_id IS NOT NULL AND enabled
                 GROUP BY machine_id, product_id""",
                machines.ids,
            )
        )
        return {(machine, product): count for machine, product, count in rows}

    def _read_series(self, machines, window, lanes):
        series = {pair: Series(*pair) for pair in lanes}
        for machine, product, day, units in self._read_sales(machines, window):
            one = series.setdefault((machine, product), Series(machine, product))
            one.sold[day] = units
        spans = self._read_offers(machines)
        missing = self._read_missing(machines, window, lanes)
        for pair, one in series.items():
            one.spans = spans.get(pair, [])
            one.missing = missing.get(pair, {})
            first = min(one.sold, default=None)
            if first and not any(start <= first for start, _end in one.spans):
                # sold before the oldest planogram that we know of
                starts = [start for start, _end in one.spans] or [window.today]
                one.spans.append((first, min(starts)))
        return list(series.values())

    def _read_sales(self, machines, window):
        return self.env.execute_query(
            SQL(
                """SELECT machine_id, product_id, business_date, sum(qty_done) FROM wine_vend
                    WHERE machine_id = ANY(%s) AND business_date >= %s AND business_date < %s
                      AND qty_done > 0
                 GROUP BY machine_id, product_id, business_date""",
                machines.ids,
                window.first,
                window.today,
            )
        )

    def _read_offers(self, machines):
        """dict (machine, product) → [(first day, day after the last)] by published planograms."""
        rows = self.env.execute_query(
            SQL(
                """WITH version AS (
                       SELECT id, machine_id, published_at::date AS start,
                              lead(published_at::date) OVER (
                                  PARTITION BY machine_id ORDER BY version) AS stop
                         FROM wine_planogram
                        WHERE machine_id = ANY(%s) AND version > 0 AND published_at IS NOT NULL)
                   SELECT DISTINCT version.machine_id, line.product_id, version.start, version.stop
                     FROM version JOIN wine_planogram_line line ON line.planogram_id = version.id
                    WHERE line.enabled ORDER BY version.start""",
                machines.ids,
            )
        )
        spans = defaultdict(list)
        for machine, product, start, stop in rows:
            stop = stop or fields.Date.today() + timedelta(days=2)
            known = spans[machine, product]
            if known and start <= known[-1][1]:
                known[-1] = known[-1][0], max(stop, known[-1][1])
            elif stop > start:
                known.append((start, stop))
        return spans

    def _read_missing(self, machines, window, lanes):
        """dict (machine, product) → {day: share of its selling hours without a bottle}."""
        Stockout = self.env["wine.slot.stockout"]
        hours = {machine.id: machine.region_id._selling_hours() for machine in machines}
        lists = defaultdict(lambda: defaultdict(list))
        for machine, product, slot, start, end in Stockout._read_spans(machines, window.first):
            lists[machine, product][slot].append((start, end))
        return {
            pair: hours[pair[0]].shares(all_out(list(by_slot.values())))
            for pair, by_slot in lists.items()
            if len(by_slot) >= lanes.get(pair, 1)
        }

    # === WRITING, ONCE PER POOL === #

    def _store(self, found, machines):
        """Put the forecasts of a pool in place of its older ones."""
        now = fields.Datetime.now()
        region = {machine.id: machine.region_id.id for machine in machines}
        rows = [
            (
                machine, product, region[machine], one.rate, *one.factors, one.shape,
                one.dispersion, one.demand(now.date(), 7)[1] ** 0.5 / 7**0.5, one.days, one.source,
                now,
            )
            for (machine, product), one in sorted(found.items())
        ]  # fmt: skip
        self.env.cr.execute(
            SQL("DELETE FROM wine_forecast WHERE machine_id = ANY(%s)", machines.ids)
        )
        if rows:
            names = ", ".join(COLUMNS)
            execute_values(
                self.env.cr._obj,
                f"INSERT INTO wine_forecast ({names}) VALUES %s",  # noqa: S608
                rows,
                page_size=1000,
            )
        self.invalidate_model()

    @api.model
    def _store_levels(self, machines):
        """Rate and order-up-to level of every slot, from the forecasts in the database."""
        known = {
            (record.machine_id.id, record.product_id.id): record
            for record in self.sudo().search([("machine_id", "in", machines.ids)])
        }
        rows, today = [], {region: region._business_today() for region in machines.region_id}
        for machine in machines:
            by_product = defaultdict(list)
            for slot in machine.slot_ids:
                by_product[slot.product_id if slot.enabled else False].append(slot)
            for product, slots in by_product.items():
                record = product and known.get((machine.id, product.id))
                rows += self._levels(machine, product, slots, record, today[machine.region_id])
        if not rows:
            return
        execute_values(
            self.env.cr._obj,
            """UPDATE wine_machine_slot slot
                  SET rate_per_day = new.rate, order_up_to = new.level
                 FROM (VALUES %s) AS new (id, rate, level)
                WHERE slot.id = new.id AND (slot.rate_per_day IS DISTINCT FROM new.rate
                                         OR slot.order_up_to IS DISTINCT FROM new.level)""",
            rows,
            template="(%s::int, %s::numeric, %s::int)",
            page_size=2000,
        )
        machines.slot_ids.invalidate_recordset(
            ["rate_per_day", "order_up_to", "days_left", "to_fill"]
        )

    def _levels(self, machine, product, slots, record, today):
        """[(slot id, rate, level)] of one product of a machine, zeros where nothing is sold."""
        if not product:
            return [(slot.id, 0.0, 0) for slot in slots]
        rooms = [slot._room() for slot in slots]
        if not record:
            return [(slot.id, 0.0, room) for slot, room in zip(slots, rooms, strict=True)]
        level = sum(rooms)
        if record.days_used >= YOUNG_DAYS:
            region = machine.region_id
            level = order_up_to(
                record._demand(),
                today,
                region.review_days + region.lead_days,
                region.service_level / 100,
                product._wine_shelf_days(),
            )
        total = sum(rooms)
        return [
            (
                slot.id,
                round(record.rate_per_day * (room / total if total else 1 / len(slots)), 3),
                part,
            )
            for slot, room, part in zip(slots, rooms, spread(level, rooms), strict=True)
        ]

    # === READING BACK === #

    def _demand(self):
        """The forecast as the plain object that the core calculates with."""
        self.ensure_one()
        return Forecast(
            self.rate_per_day,
            tuple(self[name] for name in FACTORS),
            self.shape or 1.0,
            self.dispersion or 1.0,
            self.days_used,
            self.source,
        )

    @api.model
    def _seed(self, machines):
        """Products that are new in these machines begin with the pool's rate, filled as planned.

        Called when planograms are published; the nightly run does the rest.
        """
        machines = machines.sudo()
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """INSERT INTO wine_forecast (machine_id, product_id, region_id, rate_per_day,
                          shape, dispersion, sigma, days_used, source, computed_at, %s)
                   SELECT lane.machine_id, lane.product_id, lane.region_id,
                          avg(known.rate_per_day), 1, avg(known.dispersion), avg(known.sigma), 0,
                          'region', %s, %s
                     FROM (SELECT DISTINCT slot.machine_id, slot.product_id, slot.region_id,
                                  COALESCE(region.parent_id, region.id) AS pool
                             FROM wine_machine_slot slot
                             JOIN wine_region region ON region.id = slot.region_id
                            WHERE slot.machine_id = ANY(%s) AND slot.product_id IS NOT NULL
                              AND slot.enabled) lane
                     JOIN wine_forecast known ON known.product_id = lane.product_id
                                             AND known.machine_id <> lane.machine_id
                     JOIN wine_region region ON region.id = known.region_id
                    WHERE COALESCE(region.parent_id, region.id) = lane.pool
                 GROUP BY lane.machine_id, lane.product_id, lane.region_id
              ON CONFLICT (machine_id, product_id) DO NOTHING""",
                SQL(", ").join(SQL.identifier(name) for name in FACTORS),
                fields.Datetime.now(),
                SQL(", ").join(SQL("avg(known.%s)", SQL.identifier(name)) for name in FACTORS),
                machines.ids,
            )
        )
        self.invalidate_model()
        self._store_levels(machines)


class WineRegion(models.Model):
    _inherit = "wine.region"

    def _selling_hours(self):
        self.ensure_one()
        return Hours(self.tz, self.sales_from, self.sales_to)


class WineMachineSlot(models.Model):
    _inherit = "wine.machine.slot"

    def _room(self):
        """Bottles that the planogram lets this lane hold at most."""
        self.ensure_one()
        return min(self.par or self.capacity, self.capacity)


class ProductProduct(models.Model):
    _inherit = "product.product"

    def _wine_shelf_days(self):
        """Days that a fresh bottle may stay in a machine; 0 for without end."""
        self.ensure_one()
        if not self.use_expiration_date or not self.expiration_time:
            return 0
        return max(0, self.expiration_time - self.removal_time)
