# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import Command, fields
from odoo.exceptions import UserError
from odoo.tests import new_test_user, tagged

from .access import AccessCommon


@tagged("post_install", "-at_install")
class TestAccessDefaults(AccessCommon):
    """What a caller slips in beside the values: defaults by context, own defaults, commands."""

    def manager(self, model, **defaults):
        context = {f"default_{name}": value for name, value in defaults.items()}
        return self.env_of("region_manager")[model].with_context(**context)

    def test_new_staff_is_a_person_of_its_own(self):
        victim = self.users["admin"].partner_id
        email = victim.email
        values = {"region_id": self.region.id, "name": "Benno", "login": "benno@example.com"}
        user_default = self.env["ir.default"].with_user(self.users["region_manager"])
        user_default.set("res.users", "partner_id", victim.id, user_id=True)
        guide = self.manager("wine.staff.new", partner_id=victim.id).create(values)
        guide.action_create()
        made = self.env["res.users"].search([("login", "=", "benno@example.com")])
        self.assertTrue(made)
        self.assertNotEqual(made.partner_id, victim)
        self.assertEqual(victim.email, email)

    def test_a_complaint_reaches_into_nothing(self):
        service = self.env_of("service")["wine.complaint"]
        values = {"machine_id": self.own.machine.id, "kind": "nothing"}
        message = self.foreign.machine.message_post(body="Of the other region")
        for extra in (
            {"message_ids": [Command.link(message.id)]},
            {"activity_ids": [Command.create({"summary": "x"})]},
            {"access_token": "mine"},
        ):
            with self.subTest(extra=extra), self.refused():
                service.create({**values, **extra})
        self.assertTrue(service.create(values))

    def test_defaults_are_edits(self):
        moment = fields.Datetime.now()
        bag = self.env["wine.cash.collection"].create(
            {"machine_id": self.foreign.machine.id, "moment": moment, "counted_notes": 5}
        )
        values = {"machine_id": self.own.machine.id, "moment": moment, "counted_notes": 5}
        sly = self.manager("wine.cash.collection", corrects_id=bag.id, state="posted")
        mine = sly.create(values)
        self.assertFalse(mine.corrects_id)
        self.assertEqual(mine.state, "draft")
        planogram = self.manager("wine.planogram", scheduled_by_id=self.users["admin"].id)
        draft = planogram.create({"machine_id": self.own.machine.id})
        self.assertFalse(draft.scheduled_by_id)

    def test_defaults_lead_to_nothing_foreign(self):
        warehouse = self.foreign.region.warehouse_id
        transfer = self.env["stock.picking"].create(
            {
                "picking_type_id": warehouse.int_type_id.id,
                "location_id": warehouse.lot_stock_id.id,
                "location_dest_id": self.foreign.machine.location_id.id,
            }
        )
        with self.refused():
            self.manager("wine.visit", picking_id=transfer.id).create(
                {"machine_id": self.own.machine.id}
            )

    def test_guides_show_nothing_foreign(self):
        site = self.own.machine.site_id
        with self.refused():
            self.manager("wine.machine.move").create(
                {"machine_id": self.foreign.machine.id, "site_id": site.id}
            )
        plan = self.manager("wine.route.plan").create(
            {"region_id": self.region.id, "van_bottles": 10, "max_stops": 3}
        )
        with self.refused():
            plan.line_ids = [Command.create({"machine_id": self.foreign.machine.id})]

    def test_a_route_of_another_region_is_not_extended(self):
        route = self.env["stock.picking.batch"].create(
            {
                "wine_is_route": True,
                "wine_region_id": self.foreign.region.id,
                "picking_type_id": self.foreign.region.warehouse_id.int_type_id.id,
            }
        )
        with self.refused():
            self.manager("wine.route.plan").create(
                {
                    "region_id": self.region.id,
                    "batch_id": route.id,
                    "van_bottles": 10,
                    "max_stops": 3,
                }
            )

    def test_who_wrote_a_collection_down_does_not_check_it(self):
        maker = new_test_user(self.env, "maker", "wine_vending.group_wine_admin")
        bag = (
            self.env["wine.cash.collection"]
            .with_user(maker)
            .create(
                {
                    "machine_id": self.own.machine.id,
                    "moment": fields.Datetime.now(),
                    "counted_notes": 5,
                    "reason": "Found in the box",
                }
            )
        )
        bag.action_post()
        bag.safe_counted = 5
        with self.refused(UserError):
            bag.action_check()
        bag.with_user(self.users["admin"]).action_check()
        self.assertTrue(bag.checked_at)
