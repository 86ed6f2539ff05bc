# SPDX-License-Identifier: LGPL-3.0-or-later
"""Kit of the replenishment tests: sales of the past, lots, stock of the warehouse."""

from datetime import datetime, time, timedelta
from uuid import uuid4

from odoo import fields

from .common import WineCommon


class ReplenishCommon(WineCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.today = cls.region._business_today()
        cls.warehouse = cls.region.warehouse_id
        cls.since(cls.machine, 200)

    @classmethod
    def since(cls, machine, days):
        """The machine's planogram was published that long ago."""
        machine.planogram_id.published_at = fields.Datetime.now() - timedelta(days=days)
        cls.env.flush_all()

    @classmethod
    def history(cls, machine, code, per_day, days=182, until=0):
        """Sold ``per_day`` bottles (a number, or by weekday) on each of the last days."""
        slot = cls.slot(machine, code)
        values = []
        for number in range(until + 1, days + 1):
            day = cls.today - timedelta(days=number)
            units = per_day if isinstance(per_day, int) else per_day[day.weekday()]
            if units:
                values.append(
                    {
                        "uuid": str(uuid4()),
                        "machine_id": machine.id,
                        "slot_id": slot.id,
                        "region_id": machine.region_id.id,
                        "company_id": machine.company_id.id,
                        "currency_id": machine.currency_id.id,
                        "product_id": slot.product_id.id,
                        "pay_kind": "card",
                        "qty": units,
                        "qty_done": units,
                        "state": "captured",
                        "moment": datetime.combine(day, time(12)),
                        "business_date": day,
                    }
                )
        return cls.env["wine.vend"].with_context(wine_flow=True).create(values)

    @classmethod
    def compute(cls, machines=None):
        cls.env["wine.forecast"]._compute_pool(machines or cls.machine)
        cls.env.invalidate_all()

    @classmethod
    def forecast(cls, machine, product):
        return cls.env["wine.forecast"].search(
            [("machine_id", "=", machine.id), ("product_id", "=", product.id)]
        )

    @classmethod
    def stock(cls, product, qty, location=None, lot=None):
        cls.env["stock.quant"]._update_available_quantity(
            product, location or cls.warehouse.lot_stock_id, qty, lot_id=lot
        )

    @classmethod
    def make_lot(cls, product, name, days):
        return cls.env["stock.lot"].create(
            {
                "product_id": product.id,
                "name": name,
                "expiration_date": fields.Datetime.now() + timedelta(days=days),
                "removal_date": fields.Datetime.now() + timedelta(days=days),
            }
        )

    def by_lot(self, location, product):
        """dict lot name → bottles on hand; False for bottles without a lot."""
        quants = self.env["stock.quant"].search(
            [("location_id", "child_of", location.id), ("product_id", "=", product.id)]
        )
        result = {}
        for quant in quants:
            name = quant.lot_id.name or False
            result[name] = result.get(name, 0) + quant.quantity
        return {name: qty for name, qty in result.items() if qty}
