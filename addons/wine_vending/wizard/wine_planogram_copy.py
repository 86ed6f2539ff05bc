# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models

from ..core.planogram_diff import diff
from ..models.wine_planogram_line import line_lane


class WinePlanogramCopy(models.TransientModel):
    """The layout of one machine for many others, slot by slot by its code."""

    _name = "wine.planogram.copy"
    _inherit = ["wine.rollout", "wine.guide"]
    _description = "Copy a planogram to machines"

    source_id = fields.Many2one("wine.planogram", "Planogram", required=True)
    keep_prices = fields.Boolean(
        "Keep their own prices",
        help="A product that the machine sells already keeps the price that it has there.",
    )
    fit_lanes = fields.Boolean(
        "Lower to what the lane holds",
        help="Where a lane is smaller, capacity and par level become what it holds.",
    )
    line_ids = fields.One2many("wine.rollout.line", "copy_id", "Machines")

    @api.onchange("source_id", "region_id", "model_id", "machine_ids", "keep_prices", "fit_lanes")
    def _onchange_preview(self):
        if self.source_id:
            self._preview()

    def _target_domain(self):
        return [("id", "!=", self.source_id.machine_id.id)]

    def _plans(self, machines):
        source = self.source_id
        lines = {line.slot_id.code: line._values() for line in source.line_ids}
        slots = {(slot.machine_id, slot.code): slot for slot in machines.slot_ids}
        prices = self._own_prices(machines) if self.keep_prices else {}
        plans = []
        for machine in machines:
            plan = {"machine": machine, "source": source, "lines": [], "refusals": []}
            for code, values in lines.items():
                slot = slots.get((machine, code))
                if slot:
                    plan["lines"].append(self._line_for(slot, values, prices))
                else:
                    plan["refusals"].append(self._no_slot(machine, code))
            plan["text"] = self._changes_text(plan)
            plans.append(plan)
        return plans

    def _line_for(self, slot, values, prices):
        values = {**values, "slot_id": slot.id}
        price = prices.get((slot.machine_id.id, values["product_id"]))
        if price is not None:
            values["price"] = price
        if self.fit_lanes:
            values["capacity"] = min(values["capacity"], slot.capacity)
            values["par"] = min(values["par"], slot.capacity)
        return values

    def _own_prices(self, machines):
        """dict (machine id, product id) → the lowest price at which it is sold there now."""
        rows = self.env["wine.planogram.line"]._read_group(
            [("planogram_id", "in", machines.planogram_id.ids)],
            ["machine_id", "product_id"],
            ["price:min"],
        )
        return {(machine.id, product.id): price for machine, product, price in rows}

    def _no_slot(self, machine, code):
        return self.env._(
            "%(machine)s has no slot %(slot)s. Choose machines of the same model, or leave it out.",
            machine=machine.name,
            slot=code,
        )

    def _changes_text(self, plan):
        digits = plan["machine"].currency_id.decimal_places
        layout = {line["slot_id"]: line_lane(line, digits) for line in plan["lines"]}
        changes = diff(plan["machine"].planogram_id.line_ids._layout(), layout)
        if not changes:
            return self.env._("Holds all of it already")
        return self.env._("%s slots change", len(changes))
