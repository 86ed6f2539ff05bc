# SPDX-License-Identifier: LGPL-3.0-or-later
from unittest.mock import patch

from odoo import Command
from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged

from .common import WineCommon


@tagged("post_install", "-at_install")
class TestPlanogram(WineCommon):
    """Draft → published → superseded; a version in use never changes."""

    def test_publishing_supersedes(self):
        first = self.machine.planogram_id
        second = self.publish_planogram(self.machine, {"A1": self.soda}, A1=4.0)
        self.assertEqual((first.state, second.state), ("superseded", "published"))
        self.assertEqual(second.version, first.version + 1)
        slot = self.slot(self.machine, "A1")
        self.assertEqual((slot.product_id, slot.price), (self.soda, 4.0))
        self.assertFalse(self.slot(self.machine, "B1").product_id)

    def test_publishing_tells_the_machine(self):
        with patch.object(type(self.machine), "_publish_desired", autospec=True) as told:
            self.publish_planogram(self.machine, {"A1": self.wine})
        self.assertEqual(told.call_args.args[0], self.machine)

    def test_a_published_version_never_changes(self):
        planogram = self.machine.planogram_id
        with self.assertRaises(UserError):
            planogram.line_ids[0].price = 1
        with self.assertRaises(UserError):
            planogram.line_ids = [Command.clear()]
        with self.assertRaises(UserError):
            planogram.action_publish()
        with self.assertRaises(UserError):
            planogram.unlink()
        with self.assertRaises(UserError):
            self.env["wine.planogram.line"].create(
                {
                    "planogram_id": planogram.id,
                    "slot_id": self.slot(self.machine, "B3").id,
                    "product_id": self.wine.id,
                    "price": 1,
                }
            )

    def test_lane_limit(self):
        with self.assertRaisesRegex(ValidationError, "holds 10 bottles at most"):
            self.env["wine.planogram"].create(
                {
                    "machine_id": self.machine.id,
                    "line_ids": [
                        Command.create(
                            {
                                "slot_id": self.slot(self.machine, "A1").id,
                                "par": 11,
                                "product_id": self.wine.id,
                                "price": 1,
                            }
                        )
                    ],
                }
            )

    def test_a_product_without_a_reference(self):
        nameless = self.make_wine("T-X", 1.0)
        nameless.default_code = False
        with self.assertRaisesRegex(ValidationError, "no internal reference"):
            self.publish_planogram(self.machine, {"A1": nameless})

    def test_a_slot_of_another_machine(self):
        other = self.make_machine(self.region, {"A1": self.wine}, name="Other")
        with self.assertRaisesRegex(ValidationError, "is not a slot of"):
            self.env["wine.planogram"].create(
                {
                    "machine_id": self.machine.id,
                    "line_ids": [
                        Command.create(
                            {
                                "slot_id": other.slot_ids[0].id,
                                "product_id": self.wine.id,
                                "price": 1,
                            }
                        )
                    ],
                }
            )

    def test_an_empty_one_is_not_published(self):
        empty = self.env["wine.planogram"].create({"machine_id": self.machine.id})
        with self.assertRaisesRegex(UserError, "is empty"):
            empty.action_publish()
        empty.unlink()
