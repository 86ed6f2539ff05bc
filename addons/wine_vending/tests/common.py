# SPDX-License-Identifier: LGPL-3.0-or-later
"""A region, a site, a machine, a vend in one line each, for this addon and its wings."""

from datetime import timedelta
from uuid import uuid4

from odoo import Command, fields
from odoo.addons.base.tests.common import BaseCommon

from ..core.facts import Fact


class WineCommon(BaseCommon):
    """A company that values stock in real time, one region, one machine of 2 × 3 slots."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company = cls.env.company
        cls.company.inventory_valuation = "real_time"
        cls.category = cls.env["product.category"].create(
            {
                "name": "Test wines",
                "property_valuation": "real_time",
                "property_cost_method": "average",
            }
        )
        cls.region = cls.make_region("Testland", "TST")
        cls.wine = cls.make_wine("T-RED", 120.0, cost=50.0)
        cls.soda = cls.make_wine("T-SODA", 3.5, cost=1.0)
        cls.machine = cls.make_machine(cls.region, {"A1": cls.wine, "A2": cls.soda, "B1": cls.wine})

    @classmethod
    def make_region(cls, name, code, **values):
        values.setdefault("tz", "UTC")
        return cls.env["wine.region"].create({"name": name, "code": code, **values})

    @classmethod
    def make_wine(cls, sku, price, cost=1.0, **values):
        return cls.env["product.product"].create(
            {
                "name": f"Wine {sku}",
                "default_code": sku,
                "is_storable": True,
                "list_price": price,
                "standard_price": cost,
                "categ_id": cls.category.id,
                **values,
            }
        )

    @classmethod
    def make_model(cls, **values):
        return cls.env["wine.machine.model"].create(
            {
                "name": "Two by three",
                "maker": "Test",
                "rows": 2,
                "columns": 3,
                "slot_capacity": 10,
                **values,
            }
        )

    @classmethod
    def make_machine(cls, region, plan, qty=10, **values):
        """An active, online machine whose slots hold ``qty`` bottles, in the stock ledger too."""
        site = cls.env["wine.site"].create({"name": f"Site {uuid4()}", "region_id": region.id})
        machine = cls.env["wine.machine"].create(
            {
                "name": values.pop("name", "Testmachine"),
                "serial": values.pop("serial", str(uuid4())),
                "model_id": (values.pop("model", None) or cls.make_model()).id,
                "site_id": site.id,
                **values,
            }
        )
        cls.publish_planogram(machine, plan)
        machine.action_commission()
        machine.action_activate()
        machine.connection_state = "online"
        cls.fill(machine, qty)
        return machine

    @classmethod
    def publish_planogram(cls, machine, plan, **prices):
        slots = {slot.code: slot for slot in machine.slot_ids}
        planogram = cls.env["wine.planogram"].create(
            {
                "machine_id": machine.id,
                "line_ids": [
                    Command.create(
                        {
                            "slot_id": slots[code].id,
                            "product_id": product.id,
                            "price": prices.get(code, product.list_price),
                        }
                    )
                    for code, product in plan.items()
                ],
            }
        )
        planogram.action_publish()
        return planogram

    @classmethod
    def fill(cls, machine, qty):
        quants = cls.env["stock.quant"]
        for slot in machine.slot_ids.filtered("product_id"):
            slot.qty = qty
            quants._update_available_quantity(slot.product_id, machine.location_id, qty)

    @classmethod
    def slot(cls, machine, code):
        return machine.slot_ids.filtered(lambda slot: slot.code == code)

    @classmethod
    def fact(cls, machine, kind, data, **values):
        now = fields.Datetime.now()
        moment = values.pop("moment", now)
        return Fact(
            machine.id,
            kind,
            data,
            moment=moment,
            received=values.pop("received", now),
            device_time=moment,
            reference=str(uuid4()),
            **values,
        )

    @classmethod
    def local(cls, machine, slot="A1", outcome="success", pay="cash", qty=1, **data):
        """A ``vend.local`` fact at the planned price."""
        record = cls.slot(machine, slot)
        when = data.pop("when", None)
        values = {
            "vend_id": str(uuid4()),
            "slot": slot,
            "sku": record.product_id.default_code,
            "qty": qty,
            "price": f"{record.price:.2f}",
            "currency": machine.currency_id.name,
            "pay": pay,
            "price_version": machine.planogram_id.version,
            "outcome": outcome,
            "sensor": "confirmed" if outcome == "success" else "absent",
            **data,
        }
        return cls.fact(machine, "vend.local", values, **({"moment": when} if when else {}))

    def project(self, *facts):
        """Take facts in; returns their vends in the order of the facts, where they name one."""
        self.env["wine.machine"]._project(list(facts))
        self.env.invalidate_all()
        ids = [fact.data.get("vend_id") for fact in facts]
        ids = [vend_id for vend_id in ids if isinstance(vend_id, str)]
        return (
            self.env["wine.vend"]
            .search([("uuid", "in", ids)])
            .sorted(lambda vend: ids.index(vend.uuid))
        )

    def days_ago(self, days):
        return fields.Datetime.now() - timedelta(days=days)

    def session(self, region=None):
        """The running machine session of a region."""
        return self.env["pos.session"].search(
            [
                ("config_id", "=", (region or self.region).pos_config_id.id),
                ("state", "!=", "closed"),
            ]
        )

    def close(self, region=None):
        """Close a region's day; returns the closed session."""
        session = self.session(region)
        session._wine_announce_closing()
        session._wine_close()
        self.env.invalidate_all()
        return session

    def on_hand(self, machine, product):
        return sum(
            self.env["stock.quant"]
            .search([("location_id", "=", machine.location_id.id), ("product_id", "=", product.id)])
            .mapped("quantity")
        )
