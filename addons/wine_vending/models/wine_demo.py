# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import Command, api, models

#: in how many slots a product comes, over and over: bottles in the towers, cans in the nooks
BOTTLE_LANES = (2, 1, 3, 2, 1, 2, 3)
CAN_LANES = (3, 2, 3, 3, 2)
#: machines (by their place in the demo) in which one slot was sold out over night
SOLD_OUT = {4, 13}


class WineMachine(models.Model):
    """Brings the machines of the demo data to life; nothing else calls it.

    What the machines hold follows from their order and that of the products alone, so that every
    load of the demo gives the same planograms and the same bottles.
    """

    _inherit = "wine.machine"

    @api.model
    def _demo_finish(self):
        """Lay out, publish, commission, activate and fill the draft machines of the demo."""
        machines = self.search(
            [("serial", "=like", "WV-%"), ("state", "=", "draft")], order="serial"
        )
        drinks = self.env["product.product"].search(
            [("wine_is_drink", "=", True), ("default_code", "=like", "WV-%")], order="default_code"
        )
        bottles = drinks.filtered(lambda drink: drink.wine_volume_ml >= 500)
        planograms = self.env["wine.planogram"].create(
            [
                {
                    "machine_id": machine.id,
                    "line_ids": [
                        Command.create(values)
                        for values in machine._demo_lines(
                            number, bottles if machine.model_id.has_lift else drinks - bottles
                        )
                    ],
                }
                for number, machine in enumerate(machines)
            ]
        )
        planograms.action_publish()
        machines.action_commission()
        machines.action_activate()
        for number, machine in enumerate(machines):
            machine._demo_fill(number)
        machines._demo_stock(drinks)

    def _demo_lines(self, number, drinks):
        """Values of planogram lines: the last two slots stay free, prices follow the area."""
        dearer = self.region_id.parent_id == self.env.ref(
            "wine_vending.region_cap", raise_if_not_found=False
        )
        repeats = BOTTLE_LANES if self.model_id.has_lift else CAN_LANES
        shift = number * 5 % len(drinks)
        turned = drinks[shift:] + drinks[:shift]
        lanes = []
        for place, drink in enumerate(turned):
            lanes += [drink] * repeats[(place + number) % len(repeats)]
        slots = self.slot_ids.sorted(lambda slot: (slot.row, slot.column))[:-2]
        lines = []
        for place, (slot, drink) in enumerate(zip(slots, lanes, strict=False)):
            price = drink.list_price * (1.1 if dearer else 1.0)
            lines.append(
                {
                    "slot_id": slot.id,
                    "product_id": drink.id,
                    "price": round(price * 2) / 2,
                    "capacity": slot.capacity,
                    "par": slot.capacity - (place % 4 == 3),
                }
            )
        return lines

    def _demo_fill(self, number):
        """Bottles in the slots: 60 to 100 % of the par level."""
        slots = self.slot_ids.filtered("product_id").sorted(lambda slot: (slot.row, slot.column))
        for place, slot in enumerate(slots):
            share = 60 + (number * 17 + place * 13) % 41
            slot.qty = -(-slot.par * share // 100)
        if number in SOLD_OUT:
            slots[number].write({"qty": 0, "state": "empty"})

    def _demo_stock(self, drinks):
        """The same bottles in the machines' locations, and enough of all in the warehouses."""
        counts = {}
        for slot in self.slot_ids.filtered("qty"):
            key = slot.machine_id.location_id.id, slot.product_id.id
            counts[key] = counts.get(key, 0) + slot.qty
        regions = self.env["wine.region"].search([("id", "parent_of", self.region_id.ids)])
        for warehouse in regions.warehouse_id:
            for drink in drinks:
                counts[warehouse.lot_stock_id.id, drink.id] = (
                    120 if drink.wine_volume_ml >= 500 else 240
                )
        quants = (
            self.env["stock.quant"]
            .with_context(inventory_mode=True)
            .create(
                [
                    {"location_id": location, "product_id": product, "inventory_quantity": qty}
                    for (location, product), qty in counts.items()
                ]
            )
        )
        quants.action_apply_inventory()
