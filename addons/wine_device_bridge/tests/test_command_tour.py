# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo.addons.wine_vending.tests.test_tour import TourCommon
from odoo.tests import new_test_user, tagged


@tagged("post_install", "-at_install")
class TestCommandTour(TourCommon):
    """At the width of a phone."""

    browser_size = "390x844"
    touch_enabled = True

    def test_unlocking_a_door(self):
        person = new_test_user(self.env, "tour-person", "wine_vending.group_wine_service")
        self.region.staff_ids = person
        self.start_tour("/odoo", "wine_unlock_a_door", login="tour-person")
        self.env.invalidate_all()
        command = self.machine.bridge_told_ids
        self.assertEqual((command.type, command.user_id), ("door.unlock", person))
        self.assertEqual(command.reason, "Slot B2 is stuck")
