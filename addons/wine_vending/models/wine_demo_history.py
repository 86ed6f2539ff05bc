# SPDX-License-Identifier: LGPL-3.0-or-later
import random
from datetime import timedelta
from uuid import UUID

from odoo import api, fields, models
from odoo.tools import SQL

from ..core.demo_history import Lane, Place, plan
from ..core.facts import Fact

DAYS, PER_DAY, BATCH = 56, 3.2, 500
SEED = 19_2026


class WineMachine(models.Model):
    """Two months of trade for the machines of the demo, through the same door as real machines.

    For the database in which people look around, not for tests: these count what they make
    themselves. The days before the last one are closed with their region's session.
    """

    _inherit = "wine.machine"

    @api.model
    def _demo_history(self, days=DAYS, per_day=PER_DAY):
        """Let the machines of the demo have sold, been filled and emptied of cash for ``days``.

        Done once: where a machine has sold anything, nothing happens.

        :return: number of facts that were taken in
        """
        machines = self.search([("serial", "=like", "WV-%"), ("state", "=", "active")])
        if not machines or self.env["wine.vend"].search_count([], limit=1):
            return 0
        chance = random.Random(SEED)  # noqa: S311 - the same demo every time, no secret
        now = fields.Datetime.now()
        places = [machine._demo_place(chance) for machine in machines.sorted("serial")]
        happened = list(plan(places, (now - timedelta(days=days)).date(), now, chance, per_day))
        machines._demo_supply(happened)
        facts = self._demo_facts(happened, chance)
        for start in range(0, len(facts), BATCH):
            self._project(facts[start : start + BATCH])
            self.env.flush_all()
            self.env.invalidate_all()
        self._demo_refunds(happened, chance)
        machines._demo_outages(now, days, chance)
        machines._demo_climate(now, days)
        self._demo_close(machines.region_id)
        return len(facts)

    def _demo_place(self, chance):
        lanes = [
            Lane(slot.code, slot.product_id.default_code, f"{slot.price:.2f}", slot.qty, slot.par)
            for slot in self.slot_ids.filtered("product_id")
        ]
        now = fields.Datetime.now()
        there = fields.Datetime.context_timestamp(self.with_context(tz=self.region_id.tz), now)
        return Place(self.id, chance.uniform(0.45, 1.9), lanes, there.replace(tzinfo=None) - now)

    def _demo_supply(self, happened):
        """What the visits will carry into the machines lies in the warehouses before."""
        products = {slot.product_id.default_code: slot.product_id for slot in self.slot_ids}
        wanted = {}
        for place, _moment, kind, rows in happened:
            for lane, filled in rows if kind == "visit" else ():
                stock = self.browse(place.key).region_id.warehouse_id.lot_stock_id
                key = stock, products[lane.sku]
                wanted[key] = wanted.get(key, 0) + filled
        Quant = self.env["stock.quant"].with_context(inventory_mode=True)
        here = {
            (location, product): qty
            for location, product, qty in Quant._read_group(
                [("location_id", "in", [stock.id for stock, _product in wanted])],
                ["location_id", "product_id"],
                ["quantity:sum"],
            )
        }
        Quant.create(
            [
                {
                    "location_id": stock.id,
                    "product_id": product.id,
                    "inventory_quantity": here.get((stock, product), 0) + qty,
                }
                for (stock, product), qty in wanted.items()
            ]
        ).action_apply_inventory()

    # === FACTS === #

    @api.model
    def _demo_facts(self, happened, chance):
        """The plan as machines would report it, in order of time."""
        make = {"sale": self._demo_sale, "visit": self._demo_visit, "cash": self._demo_cash}
        levels, facts = {}, []
        for place, moment, kind, detail in happened:
            kind, data = make[kind](self.browse(place.key), detail, levels, chance)
            identity = str(UUID(int=chance.getrandbits(128), version=4))
            if kind == "vend.local":
                data["vend_id"] = identity
            facts.append(
                Fact(
                    place.key,
                    kind,
                    data,
                    moment=moment,
                    received=moment + timedelta(seconds=2),
                    device_time=moment,
                    reference=identity,
                )
            )
        return facts

    def _demo_sale(self, machine, detail, levels, _chance):
        lane, pay, outcome = detail
        failed = outcome == "failed"
        data = {
            "slot": lane.code,
            "sku": lane.sku,
            "qty": 1,
            "price": lane.price,
            "currency": machine.currency_id.name,
            "pay": pay,
            "outcome": "failed" if failed else "success",
            "price_version": machine.planogram_id.version,
            "sensor": "absent" if failed else "confirmed",
        }
        if failed:
            data["refunded"] = pay != "cash"
        else:
            levels[machine.id, lane.code] = levels.get((machine.id, lane.code), 0) - 1
        return "vend.local", data

    def _demo_visit(self, machine, rows, levels, _chance):
        slots = []
        for lane, filled in rows:
            start = machine.slot_ids.filtered(lambda slot, lane=lane: slot.code == lane.code).qty
            before = start + levels.get((machine.id, lane.code), 0)
            levels[machine.id, lane.code] = before + filled - start
            slots.append(
                {
                    "slot": lane.code,
                    "sku": lane.sku,
                    "before": before,
                    "filled": filled,
                    "removed": 0,
                    "bad": 0,
                    "after": before + filled,
                }
            )
        return "restock.done", {"by": "", "slots": slots}

    def _demo_cash(self, _machine, cash, _levels, chance):
        missing = chance.choice((0, 0, 0, 0, 0, 0, 0, 0.5, 5, -1))
        counted = max(0.0, cash - missing)
        return "cash.collected", {
            "by": "",
            "counted": {"coins": f"{counted % 5:.2f}", "notes": f"{counted - counted % 5:.2f}"},
        }

    # === WHAT PEOPLE, TIME AND THE WEATHER DID === #

    @api.model
    def _demo_refunds(self, happened, chance):
        """Consumers who complained got their money back."""
        count = sum(
            1 for _p, _m, kind, detail in happened if kind == "sale" and detail[2] == "returned"
        )
        sold = self.env["wine.vend"].search([("state", "=", "captured")], order="uuid", limit=count)
        sold._refund(goods_returned=False)

    def _demo_outages(self, now, days, chance):
        """Every machine falls silent now and then, for some minutes up to half a day."""
        self.env["wine.machine.outage"].create(
            [
                {
                    "machine_id": machine.id,
                    "region_id": machine.region_id.id,
                    "kind": chance.choice(("offline", "offline", "offline", "fault")),
                    "started_at": start,
                    "ended_at": start + timedelta(minutes=chance.choice((7, 15, 40, 90, 700))),
                }
                for machine in self
                for day in range(chance.randrange(9), days - 1, 9)
                for start in [now - timedelta(days=days - day, minutes=chance.randrange(600))]
            ]
        )

    def _demo_climate(self, now, days):
        """Hourly temperatures around the middle of the band, too warm in the sun now and then."""
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """INSERT INTO wine_machine_reading_hour
                          (machine_id, kind, hour, lowest, average, highest, count)
                   SELECT id, 'temperature', hour, middle + swing - 0.4, middle + swing,
                          middle + swing + 0.6, 60
                     FROM (
                         SELECT machine.id, hour, (temp_min + temp_max) / 2 AS middle,
                                sin(extract(hour FROM hour) / 3.8 + machine.id)
                                * (temp_max - temp_min) * (0.36 + (machine.id %% 5) * 0.04)
                                AS swing
                           FROM wine_machine machine,
                                generate_series(date_trunc('hour', %s::timestamp),
                                                %s::timestamp - interval '1 hour',
                                                interval '1 hour') AS hour
                          WHERE machine.id IN %s
                     ) curve
                       ON CONFLICT DO NOTHING""",
                now - timedelta(days=days),
                now,
                tuple(self.ids),
            )
        )

    @api.model
    def _demo_close(self, regions):
        """The past is closed; what sells from now on opens a new day."""
        sessions = self.env["pos.session"].search(
            [("wine_region_id", "in", regions.ids), ("state", "=", "opened")]
        )
        for session in sessions:
            session._wine_announce_closing()
            session._wine_close()
        Day, Sales = self.env["wine.report.machine.day"], self.env["wine.report.sales"]
        Day._cron_mark(days=1)
        Sales._rebuild()
        while Sales._refresh():
            pass
        Forecast = self.env["wine.forecast"]
        for machines in Forecast._pools_due():
            Forecast._compute_pool(machines)
        self.env["wine.slot.stockout"]._reckon()
        Day._cron_mark(days=1)
        while Sales._refresh():
            pass
        self.search([("state", "=", "active")])._refresh_needs()
