# SPDX-License-Identifier: LGPL-3.0-or-later
"""Out of the own region by way of Odoo's own models, by its guides, by its web addresses."""

import json
from contextlib import suppress

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .access import AccessCommon
from .access_odoo import HATS, Furniture
from .access_rpc import RpcCommon


class OutsideCommon(AccessCommon):
    """The regional administrator wears every hat and looks at what is foreign."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.me = cls.users["region_manager"]
        hats = [*HATS, "base.group_allow_export"]
        cls.me.group_ids = [Command.link(cls.env.ref(hat).id) for hat in hats]
        cls.room = Furniture(cls, cls.foreign)
        cls.things = cls.room.records()
        cls.things.update(
            {
                model: record
                for model, record in cls.foreign.records.items()
                if cls.env[model].with_user(cls.me).has_access("read")
            }
        )
        cls.env.flush_all()


@tagged("post_install", "-at_install")
class TestAccessLooking(OutsideCommon):
    def test_no_way_of_reading(self):
        for model, record in self.things.items():
            mine = record.with_user(self.me)
            # an id tells nothing that was not known
            stored = next(n for n, f in record._fields.items() if f.column_type and n != "id")
            with self.subTest(model=model):
                for look in (
                    mine.read,
                    lambda m=mine: m.web_read({"display_name": {}}),
                    lambda m=mine, f=stored: m.export_data([f]),
                ):
                    with self.refused():
                        look()

    def test_no_way_of_finding(self):
        for model, record in self.things.items():
            mine = self.env[model].with_user(self.me).with_context(active_test=False)
            only = [("id", "=", record.id)]
            with self.subTest(model=model):
                self.forget()
                self.assertFalse(mine.search(only))
                self.assertFalse(mine.search_count(only))
                self.assertFalse(mine.search_read(only, ["id"]))
                self.assertFalse(mine.formatted_read_group(only, [], ["__count"])[0]["__count"])
                if mine._rec_name or mine._rec_names_search:
                    self.assertFalse(mine.name_search(record.sudo().display_name or "", only))

    def test_no_way_through_relations(self):
        """Domains with dots and trees, from what may be seen to what may not."""
        away, code = self.foreign, self.foreign.region.code
        product = [("id", "=", self.soda.id)]
        place = away.machine.location_id
        ways = [
            ("product.product", [*product, ("stock_quant_ids.location_id", "=", place.id)]),
            ("product.product", [*product, ("stock_move_ids.wine_to_region_id.code", "=", code)]),
            ("stock.location", [("id", "child_of", away.region.warehouse_id.view_location_id.id)]),
            ("stock.location", [("child_ids.wine_region_id.code", "=", code)]),
            ("stock.location", [("quant_ids.wine_region_id.code", "=", code)]),
            ("stock.warehouse", [("wine_region_ids.code", "=", code)]),
            ("res.partner", [("purchase_line_ids.order_id.wine_region_id.code", "=", code)]),
            ("res.partner", [("sale_order_ids.wine_region_id.code", "=", code)]),
            ("pos.config", [("payment_method_ids.wine_region_id.code", "=", code)]),
            ("stock.picking", [("move_ids.move_orig_ids.wine_from_region_id.code", "=", code)]),
            ("stock.lot", [("quant_ids.wine_region_id.code", "=", code)]),
            ("wine.machine", [("location_id.wine_region_id.code", "=", code)]),
        ]  # fmt: skip
        for model, domain in ways:
            with self.subTest(model=model, domain=domain):
                self.forget()
                records = self.env[model].with_user(self.me).with_context(active_test=False)
                if model == "stock.location":
                    shared = records.search(domain).sudo()
                    self.assertFalse(shared.wine_region_id & away.region)
                    continue
                with suppress(AccessError):  # to say no is as good
                    self.assertFalse(records.search(domain))

    def test_quantities_by_context(self):
        """Odoo's products tell quantities of a place that the context names."""
        place, warehouse = self.foreign.machine.location_id, self.foreign.region.warehouse_id
        for context in (
            {"location": place.id},
            {"location": place.complete_name},
            {"warehouse_id": warehouse.id},
            {"warehouse_id": [warehouse.id]},
        ):
            product = self.soda.with_user(self.me).with_context(**context)
            with self.subTest(context=context):
                self.forget()
                try:
                    told = (product.qty_available, product.incoming_qty, product.virtual_available)
                except AccessError:
                    continue
                self.assertEqual(told, (0, 0, 0))

    def test_reports_of_odoo(self):
        warehouse = self.foreign.region.warehouse_id
        forecast = self.env["stock.forecasted_product_product"].with_user(self.me)
        self.forget()
        try:
            told = forecast.with_context(warehouse_id=warehouse.id).get_report_values(self.soda.ids)
        except AccessError:
            told = {}
        foreign = self.things["stock.picking"].name
        self.assertNotIn(foreign, json.dumps(told, default=str))
        reports = self.env["ir.actions.report"].with_user(self.me)
        for report, model in (
            ("stock.report_picking", "stock.picking"),
            ("stock.report_deliveryslip", "stock.picking"),
            ("stock.report_lot_label", "stock.lot"),
            ("purchase.report_purchasequotation", "purchase.order"),
            ("sale.report_saleorder", "sale.order"),
            ("stock_picking_batch.report_picking_batch", "stock.picking.batch"),
        ):
            with self.subTest(report=report):
                self.forget()
                with self.assertRaisesRegex(Exception, "top-secret|not allowed"):
                    reports._render_qweb_html(report, self.things[model].ids)

    def test_talk_and_papers(self):
        for model in ("stock.picking", "purchase.order", "sale.order", "stock.picking.batch"):
            record = self.things[model]
            note = record.message_post(body="Price agreed")
            task = record.activity_schedule(
                "mail.mail_activity_data_todo", user_id=self.users["admin"].id
            )
            paper = self.env["ir.attachment"].create(
                {"name": "x", "raw": b"x", "res_model": model, "res_id": record.id}
            )
            mine = record.with_user(self.me)
            with self.subTest(model=model):
                for thing in (note, task, paper):
                    self.assertFalse(thing.with_user(self.me).has_access("read"), thing._name)
                for action in (
                    lambda m=mine: m.message_post(body="x"),
                    lambda m=mine: m.activity_schedule("mail.mail_activity_data_todo"),
                    lambda m=mine: (
                        self.env["ir.attachment"]
                        .with_user(self.me)
                        .create({"name": "x", "res_model": m._name, "res_id": m.id})
                    ),
                    lambda m=mine: (
                        self.env["mail.followers"]
                        .with_user(self.me)
                        .create(
                            {
                                "res_model": m._name,
                                "res_id": m.id,
                                "partner_id": self.me.partner_id.id,
                            }
                        )
                    ),
                ):
                    with self.refused():
                        action()

    def test_followed_is_not_seen(self):
        """Being a follower (somebody mentioned the name) opens nothing."""
        for model in ("stock.picking", "wine.machine", "wine.site", "purchase.order"):
            record = self.things[model]
            record.message_subscribe(self.me.partner_id.ids)
            with self.subTest(model=model):
                self.forget()
                self.assertFalse(record.with_user(self.me).has_access("read"))

    def test_tracked_values(self):
        machine = self.foreign.machine
        machine.name = "Another"
        self.env.flush_all()
        values = self.env["mail.tracking.value"].search(
            [("mail_message_id.res_id", "=", machine.id)]
        )
        mine = self.env["mail.message"].with_user(self.me)
        self.assertFalse(mine.search([("model", "=", "wine.machine"), ("res_id", "=", machine.id)]))
        for value in values:
            with self.refused():
                value.with_user(self.me).read()


@tagged("post_install", "-at_install")
class TestAccessReaching(OutsideCommon):
    """By Odoo's guides and buttons."""

    def test_guides_of_odoo(self):
        there = self.foreign.region.warehouse_id
        here = self.region.warehouse_id.lot_stock_id
        foreign, mine = (
            self.things["stock.picking"],
            Furniture(self, self.own).picking(user=self.me),
        )
        lot_quant = self.things["stock.quant"]
        env = self.env(user=self.me, su=False)

        def make(model, values, method, context=None):
            guide = env[model].with_context(**(context or {})).create(values)
            getattr(guide, method)()

        product = {
            "product_id": self.soda.id,
            "product_tmpl_id": self.soda.product_tmpl_id.id,
            "product_uom_id": self.soda.uom_id.id,
            "quantity": 1,
        }
        attempts = {
            "replenish": lambda: make(
                "product.replenish", {**product, "warehouse_id": there.id}, "launch_replenishment"
            ),
            "return": lambda: make(
                "stock.return.picking", {"picking_id": foreign.id}, "action_create_returns_all"
            ),
            "relocate": lambda: make(
                "stock.quant.relocate",
                {"quant_ids": [Command.set(lot_quant.ids)], "dest_location_id": here.id},
                "action_relocate_quants",
            ),
            "batch": lambda: env["stock.picking.batch"].create(
                {"picking_ids": [Command.set(foreign.ids)]}
            ),
            "into my batch": lambda: (
                env["stock.picking.batch"]
                .create({"picking_ids": [Command.set(mine.ids)]})
                .write({"picking_ids": [Command.link(foreign.id)]})
            ),
            "add to batch": lambda: make(
                "stock.picking.to.batch",
                {"mode": "new"},
                "attach_pickings",
                {"active_ids": foreign.ids, "active_model": "stock.picking"},
            ),
            "scrap": lambda: env["stock.scrap"].create(
                {
                    "product_id": self.soda.id,
                    "scrap_qty": 1,
                    "location_id": self.foreign.machine.location_id.id,
                }
            ),
            "scrap of a transfer": lambda: env["stock.scrap"].create(
                {
                    "product_id": self.soda.id,
                    "scrap_qty": 1,
                    "picking_id": foreign.id,
                    "location_id": here.id,
                }
            ),
            "tie to a purchase": lambda: mine.move_ids.write(
                {"purchase_line_id": self.things["purchase.order.line"].id}
            ),
            "tie to a move": lambda: mine.move_ids.write(
                {"move_orig_ids": [Command.link(foreign.move_ids.id)]}
            ),
            "lot goes home": lambda: (
                self.things["stock.lot"].with_user(self.me).write({"location_id": here.id})
            ),
            "count by product": lambda: (
                self.soda.with_user(self.me)
                .with_context(warehouse_id=there.id)
                .write({"qty_available": 77})
            ),
            "a machine's place": lambda: env["stock.location"].create(
                {"name": "x", "location_id": there.view_location_id.id, "usage": "internal"}
            ),
            "adopt a place": lambda: self.foreign.machine.location_id.with_user(self.me).write(
                {"location_id": self.region.warehouse_id.view_location_id.id}
            ),
            "validate": lambda: foreign.with_user(self.me).button_validate(),
            "cancel": lambda: foreign.with_user(self.me).action_cancel(),
            "confirm a purchase": lambda: (
                self.things["purchase.order"].with_user(self.me).button_confirm()
            ),
            "confirm a sale": lambda: self.things["sale.order"].with_user(self.me).action_confirm(),
            "lines of mine": lambda: mine.write(
                {"move_ids": [Command.update(foreign.move_ids.id, {"product_uom_qty": 99})]}
            ),
            "delete through mine": lambda: mine.write(
                {"move_ids": [Command.delete(foreign.move_ids.id)]}
            ),
        }
        before = self.picture()
        for name, action in attempts.items():
            with self.subTest(way=name), self.refused(UserError):
                action()
        self.assertEqual(self.picture(), before)

    def picture(self):
        """What is in the foreign region, as numbers."""
        self.env.flush_all()
        self.env.invalidate_all()
        quants = self.env["stock.quant"].search([("wine_region_id", "=", self.foreign.region.id)])
        moves = self.env["stock.move"].search(
            ["|", ("wine_from_region_id", "=", self.foreign.region.id),
             ("wine_to_region_id", "=", self.foreign.region.id)]
        )  # fmt: skip
        return (
            sorted(quants.mapped(lambda q: (q.id, q.quantity, q.inventory_quantity))),
            sorted(moves.mapped(lambda m: (m.id, m.state, m.product_uom_qty, m.picking_id.id))),
        )

    def test_own_guides_work(self):
        """The same guides at home, so that the refusals above mean something."""
        replenish = (
            self.env["product.replenish"]
            .with_user(self.me)
            .create(
                {
                    "product_id": self.soda.id,
                    "product_tmpl_id": self.soda.product_tmpl_id.id,
                    "product_uom_id": self.soda.uom_id.id,
                    "quantity": 1,
                    "warehouse_id": self.region.warehouse_id.id,
                }
            )
        )
        self.assertTrue(replenish)
        picking = Furniture(self, self.own).picking(user=self.me)
        batch = self.env["stock.picking.batch"].with_user(self.me).create({})
        batch.picking_ids = picking
        batch.action_confirm()
        batch.action_done()
        self.assertEqual(picking.state, "done")
        guide = self.env["stock.return.picking"].with_user(self.me)
        guide.create({"picking_id": picking.id}).action_create_returns_all()


@tagged("post_install", "-at_install")
class TestAccessWeb(OutsideCommon, RpcCommon):
    """The same, from a browser and from a program."""

    def test_call_kw(self):
        for model, record in self.things.items():
            with self.subTest(model=model):
                answer = self.rpc("region_manager", model, "read", [record.ids, ["id"]])
                self.assertEqual(answer, "AccessError")
                answer = self.rpc(
                    "region_manager", model, "search_read", [[("id", "=", record.id)], ["id"]]
                )
                self.assertEqual(answer, [])

    def test_json2(self):
        key = self.key_of("region_manager")
        for model, record in self.things.items():
            with self.subTest(model=model):
                answer = self.json2(key, model, "read", ids=record.ids, fields=["id"])
                self.assertEqual(answer.status_code, 403, answer.text[:200])
        quant = self.things["stock.quant"]
        answer = self.json2(
            key,
            "stock.quant",
            "write",
            ids=quant.ids,
            vals={"inventory_quantity": 0},
            context={"inventory_mode": True},
        )
        self.assertEqual(answer.status_code, 403)
        answer = self.json2(
            key,
            "stock.quant",
            "create",
            vals_list=[
                {
                    "product_id": self.soda.id,
                    "location_id": self.foreign.machine.location_id.id,
                    "inventory_quantity": 0,
                }
            ],
            context={"inventory_mode": True},
        )
        self.assertEqual(answer.status_code, 403)
        answer = self.json2(
            key, "wine.machine", "_move_to", ids=self.foreign.machine.ids, site=1, note=""
        )
        self.assertEqual(answer.status_code, 403)

    def test_rules_are_not_rewritten(self):
        """The administrator of a region is none of the database."""
        for model, method, args in (
            ("ir.rule", "search_read", [[], ["domain_force"]]),
            ("ir.rule", "write", [[1], {"active": False}]),
            ("res.users", "_wine_sees", [[self.me.id]]),
            ("res.users", "_wine_bounded", [[self.me.id]]),
        ):
            with self.subTest(model=model, method=method):
                self.assertEqual(self.rpc("region_manager", model, method, args), "AccessError")

    def fetch(self, path, **kwargs):
        if self.speaking != "region_manager":
            self.authenticate(self.me.login, self.me.login)
            self.speaking = "region_manager"
        with mute_logger("odoo.http", "odoo.addons.web.controllers.export"):
            return self.url_open(path, allow_redirects=False, **kwargs)

    def test_web_addresses(self):
        paper = self.env["ir.attachment"].create(
            {
                "name": "secret.txt",
                "raw": b"the alarm code is 4711",
                "res_model": "wine.machine",
                "res_id": self.foreign.machine.id,
            }
        )
        picking = self.things["stock.picking"]
        for path in (
            f"/web/content/{paper.id}",
            f"/web/content/ir.attachment/{paper.id}/raw",
            f"/web/image/{paper.id}",
            f"/report/html/stock.report_picking/{picking.id}",
            f"/report/pdf/stock.report_picking/{picking.id}",
            f"/report/html/sale.report_saleorder/{self.things['sale.order'].id}",
        ):
            with self.subTest(path=path):
                answer = self.fetch(path)
                if "/image/" not in path:  # answers with a placeholder
                    self.assertNotEqual(answer.status_code, 200)
                self.assertNotIn(b"4711", answer.content)

    def test_export(self):
        for model in ("stock.quant", "stock.picking", "wine.machine", "wine.vend"):
            record = self.things[model]
            for ids, domain in ((record.ids, []), (False, [("id", "=", record.id)])):
                data = {
                    "model": model,
                    "fields": [{"name": "create_date", "label": "x"}],
                    "ids": ids,
                    "domain": domain,
                    "import_compat": False,
                    "context": {},
                    "groupby": [],
                }
                with self.subTest(model=model, ids=ids):
                    self.fetch("/odoo")
                    answer = self.fetch(
                        "/web/export/csv",
                        data={"data": json.dumps(data), "csrf_token": self.csrf()},
                    )
                    rows = answer.text.replace('"', "").split()[1:]
                    self.assertTrue(answer.status_code != 200 or not rows, answer.text[:200])

    def csrf(self):
        from odoo import http  # pylint: disable=import-outside-toplevel

        return http.Request.csrf_token(self)
