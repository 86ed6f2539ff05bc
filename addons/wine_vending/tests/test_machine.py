# SPDX-License-Identifier: LGPL-3.0-or-later
from psycopg2 import IntegrityError

from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import WineCommon


@tagged("post_install", "-at_install")
class TestMachine(WineCommon):
    """A machine: its identity, its slots, its place in the stock, its life."""

    def new(self, **values):
        return self.env["wine.machine"].create(
            {
                "name": "New",
                "serial": "S-NEW",
                "model_id": self.make_model().id,
                "site_id": self.machine.site_id.id,
                **values,
            }
        )

    def test_it_has_slots_and_a_location(self):
        machine = self.new()
        self.assertEqual(machine.slot_ids.mapped("code"), ["A1", "A2", "A3", "B1", "B2", "B3"])
        self.assertEqual(machine.location_id.usage, "internal")
        self.assertEqual(machine.location_id.wine_machine_id, machine)
        warehouse = machine.region_id.warehouse_id
        self.assertEqual(machine.location_id.warehouse_id, warehouse)
        self.assertFalse(
            machine.location_id.parent_path.startswith(warehouse.lot_stock_id.parent_path),
            "what lies in a machine is not for deliveries of the warehouse",
        )

    def test_identity(self):
        machine = self.new()
        self.assertRegex(machine.uuid, r"^[0-9a-f-]{36}$")
        with self.assertRaises(ValidationError):
            machine.uuid = machine.uuid.upper()
        with self.assertRaises(ValidationError):
            machine.uuid = "not-a-uuid"
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError), self.cr.savepoint():
            self.new()

    def test_its_life(self):
        machine = self.new()
        with self.assertRaises(UserError):
            machine.action_activate()
        self.publish_planogram(machine, {"A1": self.wine})
        with self.assertRaisesRegex(UserError, "cannot become"):
            machine.action_activate()
        machine.action_commission()
        machine.action_activate()
        machine.action_activate()
        machine.action_suspend()
        machine.action_activate()
        machine.action_suspend()
        machine.action_retire()
        self.assertEqual(machine.state, "retired")
        with self.assertRaises(UserError):
            machine.action_activate()

    def test_a_machine_begins_as_a_draft(self):
        with self.assertRaises(UserError):
            self.new(state="active")

    def test_the_state_is_not_edited(self):
        with self.assertRaises(UserError):
            self.machine.state = "retired"

    def test_a_full_machine_is_not_retired(self):
        self.machine.action_suspend()
        with self.assertRaisesRegex(UserError, "still holds 30 bottles"):
            self.machine.action_retire()

    def test_one_that_has_sold_is_not_deleted(self):
        self.project(self.local(self.machine))
        with self.assertRaises(UserError):
            self.machine.unlink()

    def test_site_and_region_agree(self):
        other = self.make_region("Elsewhere", "ELSE")
        with self.assertRaisesRegex(UserError, "use “Move”"):
            self.machine.region_id = other
        with self.assertRaises(ValidationError):
            self.machine.site_id.region_id = other

    def test_numbers_of_the_day(self):
        self.project(self.local(self.machine), self.local(self.machine, "A2"))
        self.assertEqual(self.machine.vends_today, 2)
        self.assertEqual(self.machine.sales_today, 123.5)
        self.assertEqual(self.machine.fill_percent, round(100 * 28 / 60))
        self.project(self.local(self.machine, when=self.days_ago(1)))
        self.env.invalidate_all()
        self.assertEqual(self.machine.vends_today, 2, "yesterday's late sale is not today's")

    def test_a_new_planogram_starts_from_the_present_one(self):
        action = self.machine.action_new_planogram()
        draft = self.env["wine.planogram"].browse(action["res_id"])
        self.assertEqual(draft.state, "draft")
        self.assertEqual(len(draft.line_ids), 3)
        self.assertEqual(self.machine.action_new_planogram()["res_id"], draft.id)
