# SPDX-License-Identifier: LGPL-3.0-or-later
"""Odoo's own models: a region is a wall there as well, whatever other groups a user has."""

from odoo import Command
from odoo.tests import new_test_user, tagged

from .access import AccessCommon
from .access_odoo import HATS, Furniture

#: what nobody's region is: a warehouse, its places and kinds of transfer, the suppliers' place
SHARED = ("stock.warehouse", "stock.location", "stock.picking.type")
HARMLESS = {
    "stock.warehouse": {"name": "Other"},
    "stock.location": {"barcode": "OTHER"},
    "stock.picking.type": {"name": "Other"},
    "stock.lot": {"ref": "Other"},
    "stock.quant": {"inventory_quantity": 99},
    "stock.picking": {"note": "Other"},
    "stock.move": {"reference": "Other"},
    "stock.move.line": {"quantity": 2},
    "stock.scrap": {"scrap_qty": 2},
    "stock.picking.batch": {"description": "Other"},
    "stock.warehouse.orderpoint": {"product_max_qty": 7},
    "purchase.order": {"note": "Other"},
    "purchase.order.line": {"name": "Other"},
    "sale.order": {"note": "Other"},
    "sale.order.line": {"name": "Other"},
}


class OdooCommon(AccessCommon):
    """The regional administrator wears every hat of Odoo that there is in the house."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for hat in HATS:
            cls.users["region_manager"].group_ids = [Command.link(cls.env.ref(hat).id)]
        cls.me = cls.users["region_manager"]
        cls.rooms = {
            name: Furniture(cls, getattr(cls, name)) for name in ("own", "below", "foreign")
        }
        cls.things = {name: room.records() for name, room in cls.rooms.items()}
        cls.env.flush_all()


@tagged("post_install", "-at_install")
class TestAccessOdoo(OdooCommon):
    """Own and foreign records of each model."""

    def test_every_record_knows_its_region(self):
        for name, records in self.things.items():
            region = getattr(self, name).region
            for model, record in records.items():
                with self.subTest(room=name, model=model):
                    fields = [
                        field
                        for field in ("wine_region_id", "wine_to_region_id")
                        if field in record._fields
                    ]
                    if fields and model != "stock.picking.batch":  # there it is the route's
                        self.assertEqual(record[fields[0]], region)

    def test_regional_administrator(self):
        for name, wanted in (("own", True), ("below", True), ("foreign", False)):
            for model, record in self.things[name].items():
                mine = record.with_user(self.me)
                with self.subTest(room=name, model=model):
                    self.assertIs(self.attempt(lambda m=mine: m.read(["id"])), wanted)
                    self.assertIs(bool(mine.search([("id", "=", record.id)])), wanted)
                    self.assertIs(mine.has_access("read"), wanted)
                    if values := HARMLESS.get(model):
                        done = self.attempt(lambda m=mine, v=values: m.write(v))
                        self.assertIs(done, wanted, "write")
                    if not wanted:
                        self.assertFalse(mine.has_access("unlink"))

    def test_sees_everything(self):
        for role, models in (
            ("admin", self.things["foreign"]),
            ("finance", ("account.journal", "sale.order", "purchase.order", "stock.picking")),
        ):
            for model in models:
                record = self.things["foreign"][model]
                with self.subTest(role=role, model=model):
                    self.env[model].invalidate_model()
                    self.assertTrue(self.seen_by(role, record).search([("id", "=", record.id)]))

    def test_who_has_no_role_here_keeps_what_odoo_gives(self):
        """An ordinary warehouse worker, buyer or seller of the company works as before."""
        user = new_test_user(self.env, "ordinary", ",".join(HATS))
        for name in ("own", "foreign"):
            for model, record in self.things[name].items():
                mine = record.with_user(user)
                with self.subTest(room=name, model=model):
                    self.assertTrue(mine.has_access("read"))
                    if values := HARMLESS.get(model):
                        self.assertTrue(self.attempt(lambda m=mine, v=values: m.write(v)))

    def test_field_staff(self):
        """Stock of own machines is seen; papers are those of the own route; nothing changes."""
        service = self.users["service"]
        service.group_ids = [Command.link(self.env.ref(hat).id) for hat in HATS]
        papers = {"stock.picking", "stock.move", "stock.move.line", "stock.picking.batch"}
        for name, seen in (("own", True), ("foreign", False)):
            for model, record in self.things[name].items():
                mine = record.with_user(service)
                with self.subTest(room=name, model=model):
                    self.assertIs(mine.has_access("read"), seen and model not in papers)
                    if model in HARMLESS and not (seen and model == "stock.lot"):
                        self.assertFalse(mine.has_access("write"))
        batch = self.things["own"]["stock.picking.batch"]
        batch.user_id = service
        self.env.flush_all()
        for record in (batch, batch.picking_ids, batch.move_ids, batch.move_line_ids):
            with self.subTest(model=record._name):
                self.assertTrue(record)
                self.assertTrue(record.with_user(service).has_access("read"))
                self.assertFalse(record.with_user(service).has_access("write"))

    def test_shared_places(self):
        """Suppliers, customers and a depot of no region: seen, for work needs them; not changed."""
        depot = self.env["stock.warehouse"].create({"name": "Depot", "code": "DEPOT"})
        self.env.flush_all()
        suppliers = self.rooms["own"].vendors
        for record in (depot, depot.lot_stock_id, depot.in_type_id, suppliers):
            mine = record.with_user(self.me)
            with self.subTest(model=record._name, name=record.display_name):
                self.assertTrue(mine.has_access("read"))
                self.assertFalse(mine.has_access("write"))
        quants = self.env["stock.quant"].with_user(self.me)
        self.assertFalse(
            quants.search([("location_id", "in", [suppliers.id, self.rooms["own"].customers.id])]),
            "what all regions together bought and sold",
        )

    def test_one_warehouse_serves_one_region(self):
        with self.refused(Exception):
            self.make_region("Twin", "TWIN", warehouse_id=self.region.warehouse_id.id)


@tagged("post_install", "-at_install")
class TestAccessStock(OdooCommon):
    """A day of the regional administrator in the warehouse, alone and without sudo."""

    def setUp(self):
        super().setUp()
        self.room, self.abroad = self.rooms["own"], self.rooms["foreign"]
        self.stock = self.region.warehouse_id.lot_stock_id

    def quantity(self, location):
        return self.env["stock.quant"]._get_available_quantity(self.soda, location)

    def test_receive_move_scrap_and_count(self):
        before = self.quantity(self.machine.location_id)
        receipt = self.room.picking(user=self.me)
        receipt.button_validate()
        self.assertEqual((receipt.state, self.quantity(self.stock)), ("done", 3))
        kit = self.room.transfer(
            self.region.warehouse_id.int_type_id, self.stock, self.machine.location_id, self.me
        )
        kit.action_assign()
        kit.button_validate()
        self.assertEqual(kit.state, "done")
        self.assertEqual(self.quantity(self.machine.location_id), before + 3)
        scrap = self.room.scrap().with_user(self.me)
        scrap.action_validate()
        self.assertEqual(scrap.state, "done")
        quant = self.env["stock.quant"].with_user(self.me).with_context(inventory_mode=True)
        quant.create(
            {
                "product_id": self.soda.id,
                "location_id": self.stock.id,
                "inventory_quantity": 8,
            }
        ).action_apply_inventory()
        self.assertEqual(self.quantity(self.stock), 8)

    def test_buy_and_sell(self):
        order = self.room.purchase(user=self.me)
        order.button_confirm()
        self.assertEqual(order.state, "purchase")
        receipt = order.picking_ids
        receipt.move_ids.quantity = 2
        receipt.button_validate()
        self.assertEqual(self.quantity(self.stock), 2)
        sale = self.room.sale(user=self.me)
        sale.action_confirm()
        sale.picking_ids.move_ids.quantity = 1
        sale.picking_ids.button_validate()
        self.assertEqual(self.quantity(self.stock), 1)

    def test_a_foreign_machine_is_not_counted(self):
        quant = self.env["stock.quant"].search(
            [
                ("location_id", "=", self.foreign.machine.location_id.id),
                ("product_id", "=", self.soda.id),
            ]
        )
        before = quant.quantity
        mine = quant.with_user(self.me).with_context(inventory_mode=True)
        attempts = (
            lambda: mine.write({"inventory_quantity": 0}),
            lambda: mine.action_apply_inventory(),
            lambda: mine.action_set_inventory_quantity_zero(),
            lambda: mine.move_quants(location_dest_id=self.stock),
            lambda: mine.create(
                {
                    "product_id": self.soda.id,
                    "location_id": self.foreign.machine.location_id.id,
                    "inventory_quantity": 1,
                }
            ),
            lambda: mine.create(
                {
                    "product_id": self.wine.id,
                    "location_id": self.foreign.region.warehouse_id.lot_stock_id.id,
                    "inventory_quantity": 1,
                }
            ),
        )
        for number, action in enumerate(attempts):
            with self.subTest(number=number), self.refused():
                action()
        self.env.invalidate_all()
        self.assertEqual(quant.quantity, before)

    def test_no_transfer_reaches_abroad(self):
        """Neither as its source nor as its target, nor later by another place or kind."""
        away, there = self.foreign.machine.location_id, self.foreign.region.warehouse_id
        own_type = self.region.warehouse_id.int_type_id
        for picking_type, source, target in (
            (own_type, away, self.stock),
            (own_type, self.stock, away),
            (own_type, there.lot_stock_id, self.room.customers),
            (there.int_type_id, self.stock, self.machine.location_id),
            (there.in_type_id, self.room.vendors, self.stock),
        ):
            with self.subTest(source=source.display_name, target=target.display_name):
                with self.refused():
                    self.room.transfer(picking_type, source, target, self.me)
        mine = self.room.picking(user=self.me)
        for record, values in (
            (mine, {"location_id": away.id}),
            (mine, {"location_dest_id": away.id}),
            (mine, {"picking_type_id": there.in_type_id.id}),
            (mine.move_ids, {"location_id": away.id}),
            (mine.move_ids, {"location_dest_id": away.id}),
            (mine.move_ids, {"picking_id": self.things["foreign"]["stock.picking"].id}),
            (mine.move_ids.move_line_ids, {"location_id": away.id}),
            (mine.move_ids.move_line_ids, {"location_dest_id": away.id}),
        ):
            with self.subTest(model=record._name, values=values), self.refused():
                record.write(values)

    def test_no_order_reaches_abroad(self):
        for make in (self.abroad.purchase, self.abroad.sale):
            with self.refused():
                make(user=self.me)
        there = self.foreign.region.warehouse_id
        with self.refused():
            self.room.purchase(user=self.me).write({"picking_type_id": there.in_type_id.id})
        with self.refused():
            self.room.sale(user=self.me).write({"warehouse_id": there.id})
        with self.refused():
            self.env["stock.warehouse.orderpoint"].with_user(self.me).create(
                {
                    "product_id": self.wine.id,
                    "warehouse_id": there.id,
                    "location_id": there.lot_stock_id.id,
                }
            )
